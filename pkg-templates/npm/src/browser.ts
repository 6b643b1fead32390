/**
 * The host for browsers, workers and other places without a file system: it fetches, and refuses everything else.
 */
import { fetchBytes } from "./fetch.js";
import { failure, type Host } from "./host.js";

/** A host that only fetches. */
export function browserHost(): Host {
  return {
    capabilities: { rename: false, modes: false },
    async perform(request, { signal }) {
      if (request.type === "fetch") return fetchBytes(request, signal);
      return failure("unsupported", "there is no file system here; pass a host that has one to open()");
    },
  };
}
