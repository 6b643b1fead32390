/** Work that is started anew with every change, of which only the newest run counts. */
export class Latest<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  readonly #delay: number;
  #run = new AbortController();
  #result: Promise<T | undefined> = Promise.resolve(undefined);

  /** `work` is given up by its signal, `delay` milliseconds after the last change it begins. */
  constructor(delay: number, work: (signal: AbortSignal) => Promise<T>) {
    this.#delay = delay;
    this.#work = work;
  }

  /** Gives up what is under way and begins again. */
  start(): void {
    this.#run.abort();
    this.#run = new AbortController();
    const { signal } = this.#run;
    this.#result = new Promise<void>((begin) => setTimeout(begin, this.#delay)).then(() =>
      signal.aborted ? undefined : this.#work(signal),
    );
  }

  /** The result of the newest run, however many begin while waiting. */
  async settled(): Promise<T | undefined> {
    for (;;) {
      const awaited = this.#result;
      const result = await awaited;
      if (awaited === this.#result) return result;
    }
  }
}
