/** What is told of work while it goes on: what the core says, how transfers come along, and what commands print. */
import type { Progress } from "./protocol.js";

/** Bytes that arrived of something that people wait for. One that is begun anew, after a failure, tells fewer bytes than before. */
export interface Transfer {
  type: "transfer";
  /** What is on its way, such as `web-api@1.2.0`. */
  label: string;
  /** The bytes that are here. */
  received: number;
  /** How many there will be, if the server says so; with the last of them it is always known. */
  total: number | null;
}

/** What the hook printed that was told to be running. */
export interface HookOutput {
  type: "output";
  /** Any part of it, with all the control characters it has. */
  text: string;
}

/** Something to tell of work that goes on. */
export type ProgressEvent = Progress | Transfer | HookOutput;

/** Whoever wants to be told. */
export type Subscriber<T> = (event: T) => void;

/** Tells a subscriber. What it throws, now or later, is its own affair: the work goes on. */
export function tell<T>(subscriber: Subscriber<T>, event: T): void {
  try {
    // An asynchronous function passes for one that gives nothing.
    void Promise.resolve(subscriber(event) as unknown).catch(() => undefined);
  } catch {
    return;
  }
}
