/**
 * Keeps other processes out of a directory. Each session makes a ticket there, a file of its own, and only then looks for those of others:
 * of two that come at once at least one sees the other, so both never get in. Whoever sees another's ticket takes its own back.
 *
 * The name of a ticket says which process it belongs to. No other process ever has that name, so the ticket of one that is dead can be
 * removed at any time; nothing has to be given back when a process is killed. Whether a process of another machine, or of another
 * container, is dead cannot be known from here: its ticket counts until somebody removes it.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "./host.js";

/** `lock.MACHINE.PID.START.NUMBER`. */
const TICKET = /^lock\.([0-9a-f]{16})\.([0-9]{1,10})\.([0-9a-z-]{1,40})\.([0-9]{1,10})$/;

/** How many times at most a ticket is taken before another process counts as being in: two that come at once may both step back. */
const ATTEMPTS = 4;

/** How many names are tried for a ticket. */
const MOST_TAKEN = 10;

/** The longest step back. Milliseconds. */
const STEP_BACK = 20;

/** What is no ticket is taken for one that is being made, for so long. Milliseconds. */
const IN_THE_MAKING = 10_000;

/** Where Linux says which system process namespace there is before anybody makes another. */
const FIRST_NAMESPACE = "pid:[4026531836]";

/** What of a process is in the name of its ticket. */
interface Owner {
  machine: string;
  pid: number;
  /** Tells it from others that had its number before; `-` where the system does not say. */
  start: string;
}

/** What came of trying: a ticket, or who else is in, for people. */
type Attempt = { ticket: string } | { holder: string };

/** The directories that sessions of this host have locked. */
export class Locks {
  readonly #tickets = new WeakMap<Context, Map<string, string>>();

  /**
   * Locks a directory for a session. `make` makes the directory if it is not there.
   *
   * @returns who else has it, for people; nothing if it is the session's now.
   * @throws Error what the system says when no ticket can be made.
   */
  async lock(directory: string, session: Context, make: () => void): Promise<string | undefined> {
    const tickets = this.#tickets.get(session) ?? new Map<string, string>();
    if (tickets.has(directory)) return undefined;
    const attempt = await taken(directory, make);
    if ("holder" in attempt) return attempt.holder;
    this.#tickets.set(session, tickets.set(directory, attempt.ticket));
    return undefined;
  }

  /** Unlocks what the session has locked; what others have stays. */
  unlock(directory: string, session: Context): void {
    const tickets = this.#tickets.get(session);
    const ticket = tickets?.get(directory);
    if (ticket === undefined) return;
    fs.rmSync(join(directory, ticket), { force: true });
    tickets?.delete(directory);
  }
}

async function taken(directory: string, make: () => void): Promise<Attempt> {
  for (let attempt = 1; ; attempt += 1) {
    const ticket = made(directory, make);
    const holder = holderBeside(ticket, directory);
    if (holder === undefined) return { ticket };
    if (attempt === ATTEMPTS) return { holder };
    await sleep(Math.random() * STEP_BACK);
  }
}

/** Who else is in, for people. The ticket stays only if nobody is. */
function holderBeside(ticket: string, directory: string): string | undefined {
  let stays = false;
  try {
    const other = otherThan(ticket, directory);
    stays = other === undefined;
    return other === undefined ? undefined : described(directory, other);
  } finally {
    if (!stays) fs.rmSync(join(directory, ticket), { force: true });
  }
}

let lastNumber = 0;

/** Makes a ticket of a name that was never used before. */
function made(directory: string, make: () => void): string {
  const { machine, pid, start } = self();
  for (let attempt = 1; ; attempt += 1) {
    lastNumber += 1;
    const name = `lock.${machine}.${pid}.${start}.${lastNumber}`;
    try {
      make();
      write(join(directory, name), { pid, host: hostname(), since: new Date().toISOString() });
      return name;
    } catch (thrown) {
      // A thread of this process may have had the number; and whoever leaves takes an empty directory along.
      if (!isOneOf(thrown, "EEXIST", "ENOENT") || attempt === MOST_TAKEN) throw thrown;
    }
  }
}

function write(path: string, content: object): void {
  const file = fs.openSync(path, "wx");
  try {
    fs.writeFileSync(file, JSON.stringify(content));
  } catch {
    // The name is the ticket, the content is for people. Also where a disk is full, what was interrupted must come to an end.
    return;
  } finally {
    fs.closeSync(file);
  }
}

/** A ticket of somebody else, if there is one. Those of the dead are removed. */
function otherThan(ticket: string, directory: string): string | undefined {
  for (const name of fs.readdirSync(directory)) {
    if (name === ticket || !name.startsWith("lock.")) continue;
    const path = join(directory, name);
    const owner = ownerOf(name);
    if (owner === undefined ? isRecent(path) : isPerhapsAlive(owner)) return name;
    remove(path);
  }
  return undefined;
}

/** Removes the ticket of a process that is dead. It would not count either if it stayed. */
function remove(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch {
    return;
  }
}

function ownerOf(name: string): Owner | undefined {
  const [, machine, pid, start] = TICKET.exec(name) ?? [];
  return machine === undefined || start === undefined ? undefined : { machine, pid: Number(pid), start };
}

function isRecent(path: string): boolean {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs < IN_THE_MAKING;
}

function isPerhapsAlive({ machine, pid, start }: Owner): boolean {
  if (machine !== self().machine) return true;
  if (bootOf(start) !== bootOf(self().start)) return false;
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    // To those of other users nothing may be sent.
    if (isOneOf(thrown, "ESRCH")) return false;
  }
  const now = startOf(pid);
  return now === undefined || now === start;
}

/** Who has a ticket, for people. */
function described(directory: string, name: string): string {
  const path = join(directory, name);
  const owner = ownerOf(name);
  const made = fs.lstatSync(path, { throwIfNoEntry: false })?.mtime;
  const time = made === undefined ? "" : `, since ${clock(made)}`;
  if (owner?.machine === self().machine) return `process ${owner.pid} on this machine${time}, by ${path}`;
  const who = owner === undefined ? "somebody unknown" : `process ${owner.pid} on ${hostOf(path) ?? "another machine"}`;
  return `${who}${time}; if it is gone, remove ${path}`;
}

/** The local time, with the day if that is not today. */
function clock(moment: Date): string {
  const day = moment.toDateString();
  return `${day === new Date().toDateString() ? "" : `${day} `}${moment.toTimeString().slice(0, 8)}`;
}

function hostOf(path: string): string | undefined {
  try {
    const { host } = JSON.parse(fs.readFileSync(path, "utf8")) as { host?: unknown };
    // Others write it, and it is shown.
    return typeof host === "string" && /^[\w.-]{1,255}$/.test(host) ? host : undefined;
  } catch {
    return undefined;
  }
}

let known: Owner | undefined;

/** This process. */
function self(): Owner {
  known ??= { machine: machine(), pid: process.pid, start: startOf(process.pid) ?? "-" };
  return known;
}

/**
 * Stands for all processes that can be judged from here by their number. Containers may share a name and a directory, but not their
 * processes; those of one that was started anew are others.
 */
function machine(): string {
  const namespace = process.platform === "linux" ? (link("/proc/self/ns/pid") ?? "hidden") : FIRST_NAMESPACE;
  const space = namespace === FIRST_NAMESPACE ? "" : `${namespace} ${boot()}`;
  const identity = [hostname(), text("/etc/machine-id") ?? "", space];
  return createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 16);
}

/** When a process began, counted from when the system began; nothing where that cannot be seen, or if the process has ended. */
function startOf(pid: number): string | undefined {
  const stat = process.platform === "linux" ? text(`/proc/${pid}/stat`) : undefined;
  // The name of its program, in parentheses, may have anything in it. Field 3 is the state, field 22 the time. (proc_pid_stat(5))
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, time] = [fields?.[0], fields?.[19]];
  if (state === undefined || time === undefined) return undefined;
  return `${boot()}-${/[ZX]/.test(state) ? "ended" : time}`;
}

/** Which run of the system this is. */
function boot(): string {
  return text("/proc/sys/kernel/random/boot_id")?.slice(0, 8) ?? "";
}

function bootOf(start: string): string {
  return start.slice(0, start.lastIndexOf("-"));
}

function text(path: string): string | undefined {
  return maybe(() => fs.readFileSync(path, "utf8").trim());
}

function link(path: string): string | undefined {
  return maybe(() => fs.readlinkSync(path));
}

/** What may not be there to be read. */
function maybe(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function isOneOf(thrown: unknown, ...codes: string[]): boolean {
  return thrown instanceof Error && "code" in thrown && codes.includes(String(thrown.code));
}
