/**
 * Shows how work goes on, on stderr: on a terminal a bar for each transfer and one for all, drawn again in place and gone in the end;
 * elsewhere a line for each archive. What is waited for and what hooks print are lines in either case. It knows no command.
 *
 * The bars are made of letters that are one column wide, and the cursor is never hidden, so there is nothing to restore whatever happens.
 */
import { stripVTControlCharacters } from "node:util";
import type { WriteStream } from "node:tty";
import type { ProgressEvent, Transfer } from "../progress.js";
import { bytes, harmless, type Paint } from "./terminal.js";

/** Milliseconds between two drawings. */
const FRAME = 100;

/** The most transfers that get a bar of their own. */
const MOST_BARS = 8;

/** The columns of a bar. */
const BAR = 24;

/** The columns of the longest name that is shown whole. */
const NAME = 32;

/** Shows events until its end. */
export interface Display {
  show(event: ProgressEvent): void;
  /** Takes away what is not to stay. */
  end(): void;
}

/** The display for a stream. */
export function displayOn(stream: WriteStream, paint: Paint): Display {
  const capable = stream.isTTY === true && process.env["TERM"] !== "dumb";
  return capable ? new Bars(stream, paint) : new Lines(stream);
}

/** Text that stays, for whoever reads it later. */
class Lines implements Display {
  readonly #stream: WriteStream;
  /** Whether what was written last was the end of a line. */
  #fresh = true;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  show(event: ProgressEvent): void {
    if (event.type === "output") return this.#write(printed(event.text));
    const line = event.type === "fetched" ? `Fetched ${event.label} (${bytes(event.unpacked)}), ${event.done} of ${event.of}` : said(event);
    if (line !== undefined) this.#write(`${this.#fresh ? "" : "\n"}${harmless(line)}\n`);
  }

  end(): void {
    if (!this.#fresh) this.#write("\n");
  }

  #write(text: string): void {
    if (text === "") return;
    this.#stream.write(text);
    this.#fresh = text.endsWith("\n");
  }
}

/** Bars below lines that stay. */
class Bars implements Display {
  readonly #stream: WriteStream;
  readonly #paint: Paint;
  readonly #lines: Lines;
  readonly #transfers = new Map<string, Transfer>();
  readonly #timer: NodeJS.Timeout;
  #archives = { done: 0, of: 0 };
  #start: number | undefined;
  /** How many lines of bars stand there. */
  #drawn = 0;

  constructor(stream: WriteStream, paint: Paint) {
    this.#stream = stream;
    this.#paint = paint;
    this.#lines = new Lines(stream);
    this.#timer = setInterval(() => this.#draw(), FRAME).unref();
  }

  show(event: ProgressEvent): void {
    if (event.type === "transfer") {
      this.#start ??= performance.now();
      this.#transfers.set(event.label, event);
    } else if (event.type === "resolved") {
      const of = event.packs + event.packages;
      this.#archives = { done: of - event.missing, of };
    } else if (event.type === "fetched") {
      this.#archives = event;
    } else if (event.type === "output" || said(event) !== undefined) {
      this.#clear();
      this.#lines.show(event);
    }
  }

  end(): void {
    clearInterval(this.#timer);
    this.#clear();
    this.#lines.end();
  }

  #draw(): void {
    const { columns = 80, rows = 24 } = this.#stream;
    const pending = [...this.#transfers.values()].filter(({ received, total }) => received !== total);
    const shown = pending.slice(0, Math.max(0, Math.min(MOST_BARS, rows - 3)));
    const lines = pending.length === 0 ? [] : [...shown.map((transfer) => this.#bar(transfer)), this.#total(pending.length - shown.length)];
    this.#clear();
    if (lines.length === 0) return;
    this.#lines.end();
    this.#stream.write(lines.map((line) => `${fitted(line, columns - 1, this.#paint)}\n`).join(""));
    this.#drawn = lines.length;
  }

  #clear(): void {
    if (this.#drawn > 0) this.#stream.write(`\x1b[${this.#drawn}F\x1b[J`);
    this.#drawn = 0;
  }

  #bar({ label, received, total }: Transfer): Line {
    const amount = total === null ? bytes(received) : `${bytes(received)} of ${bytes(total)}`;
    return { name: label, share: total === null ? undefined : received / total, amount };
  }

  #total(hidden: number): Line {
    const received = [...this.#transfers.values()].reduce((sum, transfer) => sum + transfer.received, 0);
    const seconds = (performance.now() - (this.#start ?? 0)) / 1000;
    const { done, of } = this.#archives;
    const more = hidden === 0 ? "" : `, ${hidden} more on their way`;
    return {
      name: of === 0 ? "all" : `${done} of ${of}`,
      share: of === 0 ? undefined : done / of,
      amount: `${bytes(received)}, ${bytes(Math.round(received / Math.max(seconds, 0.001)))}/s${more}`,
    };
  }
}

interface Line {
  name: string;
  /** How much of it is there, from 0 to 1; nothing if that is unknown. */
  share: number | undefined;
  amount: string;
}

/** A line that is no wider than so many columns: one that the terminal breaks could not be taken away. */
function fitted({ name, share, amount }: Line, columns: number, paint: Paint): string {
  const full = Math.round(Math.min(1, share ?? 0) * BAR);
  const short = name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name.padEnd(NAME);
  const rest = (share === undefined ? " " : "─").repeat(BAR - full);
  const whole = `${short} ${"━".repeat(full)}${rest} ${amount}`.slice(0, Math.max(0, columns));
  return whole.replace(/━+/, (done) => paint("cyan", done)).replace(/─+/, (open) => paint("dim", open));
}

/** What is said of an event in words; nothing of most. */
function said(event: ProgressEvent): string | undefined {
  switch (event.type) {
    case "locked":
      return `Waiting for ${event.by}`;
    case "retrying":
      return `Trying again in ${(event.milliseconds / 1000).toFixed(1)} s, after attempt ${event.attempts}: ${event.reason}`;
    case "running":
      return `Running \`${event.command}\` of ${event.pack}`;
    case "rolling-back":
      return "Taking back what was begun";
    default:
      return undefined;
  }
}

/** What a hook printed, without what would steer the terminal. */
function printed(text: string): string {
  return harmless(stripVTControlCharacters(text).replace(/\r\n?/g, "\n"));
}
