// Registries that hold only what resolving needs: index entries, made from a few words.

/** Stands for the digest of an archive that nobody fetches. */
const integrity = `sha256-${"A".repeat(43)}=`;

/**
 * The files of a static index by path.
 *
 * `packs` maps `NAME@VERSION` to requirements: `NAME@CONSTRAINT`, behind `?` an optional one, behind `REGISTRY:` one on a package. An entry
 * is of a pack and a package alike. `yanked` names those that are withdrawn.
 */
export function universe(packs, yanked = []) {
  const lines = new Map();
  for (const [label, requirements] of Object.entries(packs)) {
    const [name, version] = split(label);
    const required = requirements.map((text) => requirement(text));
    const entry = {
      ...{ v: 1, name, version, integrity, size: 1, yanked: yanked.includes(label) },
      dependencies: required.filter(({ registry }) => registry === undefined),
      packages: required.filter(({ registry }) => registry !== undefined),
    };
    lines.set(name, [...(lines.get(name) ?? []), JSON.stringify(entry)]);
  }
  const index = [...lines].map(([name, entries]) => [`index/${name}.jsonl`, `${entries.join("\n")}\n`]);
  const config = { v: 1, archives: "archives/{name}/{version}/{digest}.tgz", auth: false };
  const catalog = [...lines.keys()].map((name) => ({ name, version: "1.0.0", description: "", category: "other", license: null, tags: [] }));
  return new Map([["config.json", JSON.stringify(config)], ["catalog.json", JSON.stringify({ v: 1, packs: catalog })], ...index]);
}

function requirement(text) {
  const optional = text.startsWith("?");
  const [, registry, label] = /^\??(?:([a-z0-9-]+):)?(.*)$/.exec(text);
  const [name, constraint] = split(label);
  return { name, constraint, optional, ...(registry === undefined ? {} : { registry }) };
}

function split(label) {
  const at = label.lastIndexOf("@");
  return [label.slice(0, at), label.slice(at + 1)];
}

/** A host that gives the files of an index from memory, as the directory of each registry. */
export function inMemory(index) {
  const encoder = new TextEncoder();
  const files = new Map([...index].map(([path, text]) => [path, encoder.encode(text)]));
  return {
    capabilities: { rename: false, modes: false },
    async perform({ type, path }) {
      if (type === "read" && files.has(path)) return { type: "bytes", bytes: files.get(path) };
      return { type: "error", kind: type === "read" ? "not-found" : "unsupported", message: path };
    },
  };
}

/**
 * One pigeon more than there are holes. Pigeon P in version V requires hole V in version P, and every hole has one version for each pigeon:
 * no two pigeons fit into one hole, and no resolver that only learns pairs finds that out soon.
 */
export function pigeons(holes) {
  const packs = {};
  const all = Array.from({ length: holes + 1 }, (_, pigeon) => pigeon + 1);
  for (const pigeon of all) {
    for (let hole = 1; hole <= holes; hole += 1) {
      packs[`pigeon-${pigeon}@${hole}.0.0`] = [`hole-${hole}@=${pigeon}.0.0`];
      packs[`hole-${hole}@${pigeon}.0.0`] = [];
    }
  }
  packs["coop@1.0.0"] = all.map((pigeon) => `pigeon-${pigeon}@*`);
  return packs;
}
