/**
 * Remembers what the registries answered for as long as a `Packwright` is in use, so that all its calls see the same packs, and asking
 * for the questions after every key press costs no traffic. Failures are asked for again, and the target and source directories are never
 * remembered.
 */
import type { Host, HostRequest } from "./host.js";
import type { Reply } from "./protocol.js";

/** A host that carries out each successful registry request once. */
export function remembering(host: Host): Host {
  const known = new Map<string, Reply>();
  return {
    capabilities: host.capabilities,
    async perform(request, context) {
      if (!ofRegistry(request)) return host.perform(request, context);
      const key = JSON.stringify({ ...request, id: 0 });
      const remembered = known.get(key);
      if (remembered !== undefined) return remembered;
      const reply = await host.perform(request, context);
      if (succeeded(reply)) known.set(key, reply);
      return reply;
    },
  };
}

function ofRegistry(request: HostRequest): boolean {
  return request.type === "fetch" || ("path" in request && request.root.startsWith("registry:"));
}

function succeeded(reply: Reply): boolean {
  return reply.type === "response" ? reply.status === 200 : reply.type !== "error";
}
