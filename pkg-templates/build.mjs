// `npm run build`: fills pkg/ with what is published. pkg/npm is the npm package, pkg/www the page.
import { chmodSync, cpSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { notices } from "./notices.mjs";
import { nodeModules, rustTarget, rustc, tools, wasmBindgen, wasmTarget } from "./setup.mjs";
import { Failure, exec, main, root, step } from "./step.mjs";

/** The npm package and where it is put, relative to the root. */
const source = "pkg-templates/npm";
const target = "pkg/npm";

/** wasm-bindgen's output and the inline form of the core; tsc finds their types here, `dist/` gets a copy. */
const glue = "target/glue";
const linked = ["glue.js", "glue.d.ts", "wasm-base64.js", "wasm-base64.d.ts"];

/** DESIGN's limit on the memory of the core. */
const maxMemory = 256 * 1024 * 1024;

/** Raw, gzip and brotli bytes of the core that the last build made. */
export function coreSizes() {
  return JSON.parse(readFileSync(at(glue, "sizes.json"), "utf8"));
}

export async function build() {
  await rustTarget();
  await wasmBindgen();
  await nodeModules();
  await core();
  await npmPackage();
  await page();
}

async function core() {
  const compiled = `target/${wasmTarget}/release/packwright.wasm`;
  await step("core: compile", {
    inputs: ["Cargo.toml", "Cargo.lock", ".cargo", "src"],
    values: [await rustc("-vV"), process.env.RUSTFLAGS],
    outputs: [compiled],
    run: () =>
      exec("cargo", [
        ...["rustc", "--lib", "--crate-type", "cdylib", "--release", "--target", wasmTarget, "--features", "wasm"],
        // A full strip would take the section that tells wasm-bindgen and wasm-opt which instructions are allowed.
        ...["--config", 'profile.release.strip = "debuginfo"'],
        ...["--", "-C", `link-arg=--max-memory=${maxMemory}`],
      ]),
  });
  await step("core: bind and optimise", {
    inputs: [compiled, "node_modules/binaryen/package.json"],
    values: [await exec(at(tools, "bin/wasm-bindgen"), ["--version"])],
    outputs: [...linked.map((name) => `${glue}/${name}`), `${glue}/sizes.json`, `${target}/packwright.wasm`],
    run: async () => {
      rmSync(at(glue), { recursive: true, force: true });
      await exec(at(tools, "bin/wasm-bindgen"), [
        ...["--target", "web", "--omit-default-module-path", "--out-name", "glue", "--out-dir", at(glue)],
        // Gives the host the means to start a fresh instance after a trap.
        "--experimental-reset-state-function",
        at(compiled),
      ]);
      mkdirSync(at(target), { recursive: true });
      const wasm = at(target, "packwright.wasm");
      await exec(bin("wasm-opt"), ["-Oz", at(glue, "glue_bg.wasm"), "-o", wasm]);
      const bytes = readFileSync(wasm);
      const gzip = gzipSync(bytes, { level: 9 });
      const sizes = { raw: bytes.length, gzip: gzip.length, brotli: brotliCompressSync(bytes).length };
      writeFileSync(at(glue, "sizes.json"), JSON.stringify(sizes));
      writeFileSync(at(glue, "wasm-base64.js"), `export default "${gzip.toString("base64")}";\n`);
      const doc = "/** The core, as base64 of its gzip form. */";
      writeFileSync(at(glue, "wasm-base64.d.ts"), `${doc}\ndeclare const wasm: string;\nexport default wasm;\n`);
    },
  });
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
  const { raw, gzip, brotli } = coreSizes();
  console.log(`  packwright.wasm: ${kilobytes(raw)} raw, ${kilobytes(gzip)} gzip, ${kilobytes(brotli)} brotli`);
}

async function npmPackage() {
  await step("npm package: compile", {
    inputs: [
      ...["src", "tsconfig.json", "package.json"].map((name) => `${source}/${name}`),
      ...linked.map((name) => `${glue}/${name}`),
      ...["package.json", "package-lock.json"],
    ],
    outputs: [`${target}/dist`],
    run: async () => {
      const { devDependencies } = JSON.parse(readFileSync(at("package.json"), "utf8"));
      for (const [name, range] of Object.entries(manifest().dependencies ?? {})) {
        if (devDependencies[name] === range) continue;
        throw new Failure(`package.json must have ${name} "${range}", as ${source}/package.json has it`);
      }
      const dist = at(target, "dist");
      rmSync(dist, { recursive: true, force: true });
      const output = ["--noEmit", "false", "--noEmitOnError", "--declaration", "--rootDir", at(source, "src"), "--outDir", dist];
      await exec(bin("tsc"), ["-p", at(source), ...output]);
      for (const name of linked) cpSync(at(glue, name), join(dist, name));
      for (const path of Object.values(manifest().bin)) chmodSync(at(target, path), 0o755);
    },
  });
  const copied = [`${source}/README.md`, `${source}/pack.schema.json`, "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];
  await step("npm package: manifest and documents", {
    inputs: [`${source}/package.json`, "Cargo.toml", ...copied],
    outputs: ["package.json", ...copied.map((path) => basename(path))].map((name) => `${target}/${name}`),
    run: async () => {
      const version = /^version = "(.*)"$/m.exec(readFileSync(at("Cargo.toml"), "utf8"))[1];
      writeFileSync(at(target, "package.json"), `${JSON.stringify({ ...manifest(), version }, null, 2)}\n`);
      for (const path of copied) cpSync(at(path), at(target, basename(path)));
    },
  });
  await step("npm package: licence notices", {
    inputs: ["Cargo.toml", "Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT"],
    outputs: [`${target}/NOTICES.md`],
    run: async () => writeFileSync(at(target, "NOTICES.md"), await notices()),
  });
  await step("npm package: starter registry", {
    inputs: ["www/registry", `${target}/dist`, `${target}/packwright.wasm`],
    outputs: [`${target}/registry`],
    run: async () => {
      rmSync(at(target, "registry"), { recursive: true, force: true });
      const directories = [at("www/registry"), at(target, "registry")];
      await exec(process.execPath, [at(target, manifest().bin.packwright), "registry", "build", ...directories]);
    },
  });
  // The page, the tests and `npx packwright` find the package where any user's would be.
  link("../pkg/npm", "node_modules/packwright");
  link(join("../packwright", manifest().bin.packwright), "node_modules/.bin/packwright");
}

async function page() {
  await step("page", {
    inputs: ["www", "package-lock.json", target],
    outputs: ["pkg/www"],
    run: async () => {
      await exec(bin("vite"), ["build", at("www"), "--outDir", at("pkg/www"), "--emptyOutDir"]);
      cpSync(at(target, "registry"), at("pkg/www/registry"), { recursive: true });
      cpSync(at(target, "NOTICES.md"), at("pkg/www/NOTICES.md"));
    },
  });
}

function link(to, path) {
  if (lstatSync(at(path), { throwIfNoEntry: false })) rmSync(at(path), { recursive: true });
  mkdirSync(dirname(at(path)), { recursive: true });
  symlinkSync(to, at(path));
}

function manifest() {
  return JSON.parse(readFileSync(at(source, "package.json"), "utf8"));
}

function bin(name) {
  return at("node_modules/.bin", name);
}

function at(...path) {
  return join(root, ...path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(build);
