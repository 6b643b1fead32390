/**
 * Lets others in the same process know what is done: subscribers of `node:diagnostics_channel`, and OpenTelemetry if the application has
 * set it up. Where nobody listens this costs a look.
 */
import { channel } from "node:diagnostics_channel";
import type { Watchers } from "./desk.js";
import type { Measurement } from "./metrics.js";
import type { Telemetry } from "./telemetry.node.js";

const CHANNELS = {
  install: channel("packwright:install"),
  generation: channel("packwright:generation"),
  cache: channel("packwright:cache"),
  progress: channel("packwright:progress"),
};

/** Those who watch in Node. */
export const watchers: Watchers = {
  async around(work, packs, run) {
    const telemetry = await current();
    return telemetry === undefined ? run() : telemetry.span(work, packs, run);
  },
  measured(measurement) {
    const { type } = measurement;
    if (CHANNELS[type].hasSubscribers) CHANNELS[type].publish(measurement);
    record(measurement);
  },
  progress(event) {
    if (CHANNELS.progress.hasSubscribers) CHANNELS.progress.publish(event);
  },
};

/** What an application registers its providers under, of any version 1 of the API. Importing the API alone does not make it. */
const SET_UP = Symbol.for("opentelemetry.js.api.1");

let loading: Promise<Telemetry | undefined> | undefined;
let loaded: Telemetry | undefined;

/** What to record with; nothing unless the application has set the API up. */
async function current(): Promise<Telemetry | undefined> {
  if (!(SET_UP in globalThis)) return undefined;
  loading ??= import("./telemetry.node.js").then(({ loadTelemetry }) => loadTelemetry());
  loaded = await loading;
  return loaded;
}

function record(measurement: Measurement): void {
  // Whoever asks for metrics when the work is done is to find it counted, so it is not put off.
  if (loaded !== undefined) loaded.record(measurement);
  else if (SET_UP in globalThis) void current().then((telemetry) => telemetry?.record(measurement));
}
