// NOTICES.md: the licences of every crate that is compiled into the core.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { wasmTarget } from "./setup.mjs";
import { Failure, exec, root } from "./step.mjs";

/**
 * The licences we take, best first, and how a crate that has several names the file of each. A crate that offers
 * none of them ends the build: what its licence asks for must be looked at first.
 */
const accepted = new Map([
  ["MIT", /MIT/i],
  ["Apache-2.0", /APACHE/i],
  ["Zlib", /ZLIB/i],
  ["Unicode-3.0", /UNICODE/i],
  ["MPL-2.0", /MPL/i],
]);

/** Also in the core, but not a crate that cargo lists. */
const standardLibrary = {
  name: "Rust standard library",
  version: "",
  license: "MIT",
  authors: ["The Rust Project Contributors"],
  files: [],
};

const introduction = `# Notices

Packwright is licensed under MIT or Apache-2.0, at your choice. \`packwright.wasm\` also contains the software below,
each part under its own licence. Where a part may be had under several, the one used here is given.
`;

/** What a licence asks for beyond its text. */
const sourceOffer = new Map([
  ["MPL-2.0", "These are used unchanged. Their source code is on crates.io, under the names and versions given here."],
]);

export async function notices() {
  const groups = new Map();
  const crates = [...(await compiledCrates()), standardLibrary];
  for (const crate of crates) {
    for (const licence of licences(crate)) {
      const text = licenceText(crate, licence) ?? standardText(licence, crate, crates);
      const key = `${licence}\n${text.replaceAll(/\s+/g, " ")}`;
      if (!groups.has(key)) groups.set(key, { licence, text, crates: [] });
      groups.get(key).crates.push(`${crate.name} ${crate.version}`.trim());
    }
  }
  const order = [...accepted.keys()];
  const sections = [...groups.values()].sort((a, b) => order.indexOf(a.licence) - order.indexOf(b.licence));
  return [introduction, ...sections.map(section)].join("\n");
}

function section({ licence, text, crates }) {
  const offer = sourceOffer.has(licence) ? `${sourceOffer.get(licence)}\n\n` : "";
  return `## ${crates.join(", ")} (${licence})\n\n${offer}\`\`\`text\n${text}\n\`\`\`\n`;
}

/** Only what ends up in the file: neither build-time crates nor those of tests. */
async function compiledCrates() {
  const selection = ["--features", "wasm", "--locked"];
  const edges = ["--target", wasmTarget, "--edges", "normal,no-proc-macro", "--prefix", "none"];
  const tree = await exec("cargo", ["tree", ...selection, ...edges]);
  const listed = new Set(tree.split("\n").map((line) => line.split(" ").slice(0, 2).join(" ")));
  const metadata = await exec("cargo", ["metadata", ...selection, "--filter-platform", wasmTarget, "--format-version", "1", "--quiet"]);
  return JSON.parse(metadata)
    .packages.filter(({ name, version, source }) => source !== null && listed.has(`${name} v${version}`))
    .map(({ name, version, license, authors, manifest_path }) => {
      const directory = dirname(manifest_path);
      const files = readdirSync(directory).filter((file) => /^(licen[cs]e|copying|unlicense)/i.test(file));
      return { name, version, license, authors, files: files.map((file) => join(directory, file)) };
    });
}

/** One of each choice: for `(MIT OR Apache-2.0) AND Unicode-3.0` that is MIT and Unicode-3.0. */
function licences({ name, license }) {
  return license.replaceAll(/[()]/g, "").split(" AND ").map((part) => {
    const choices = part.split(/ OR |\//);
    const chosen = [...accepted.keys()].find((licence) => choices.includes(licence));
    if (!chosen) throw new Failure(`The crate ${name} is licensed as “${license}”, which pkg-templates/notices.mjs does not accept`);
    return chosen;
  });
}

function licenceText({ files }, licence) {
  const named = files.find((file) => accepted.get(licence).test(file.slice(dirname(file).length)));
  const only = files.find((file) => /licen[cs]e(\.\w+)?$/i.test(file));
  const file = named ?? only;
  return file && readFileSync(file, "utf8").trim();
}

/** For a crate that ships no text: MIT with its authors, else the text as another crate has it. */
function standardText(licence, { authors, name }, crates) {
  if (licence === "MIT") {
    const terms = readFileSync(join(root, "LICENSE-MIT"), "utf8").replace(/^.*?(?=Permission is hereby)/s, "");
    return `Copyright (c) ${authors.join(", ") || `the authors of ${name}`}\n\n${terms.trim()}`;
  }
  const other = crates.find((crate) => crate.files.length > 0 && licences(crate).includes(licence));
  if (!other) throw new Failure(`No crate has the text of ${licence}, which ${name} is under`);
  return licenceText(other, licence);
}
