// `node benches/resolve.mjs`: what `cargo bench --bench resolve` measures, and ours as wasm against PubGrub natively.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const corpus = join(root, "../shared/corpora/pubgrub/large_case.json");

/** How often each problem is run; the middle counts. */
const rounds = 9;

function cargo(...args) {
  return execFileSync("cargo", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

/** The module as we ship it: optimised for size, by the compiler and then by binaryen. */
function compile() {
  const wasmTarget = "wasm32-unknown-unknown";
  cargo("build", "--release", "--example", "resolve", "--target", wasmTarget, "--config", 'profile.release.strip = "debuginfo"');
  const compiled = join(target, wasmTarget, "release/examples/resolve.wasm");
  const optimised = join(target, "resolve-bench.wasm");
  execFileSync(join(root, "node_modules/.bin/wasm-opt"), ["-Oz", compiled, "-o", optimised], { stdio: "inherit" });
  return new WebAssembly.Module(readFileSync(optimised));
}

/** Milliseconds of one problem, and how many packs it has. */
function measure(module, place) {
  const { feed, prepare, run } = new WebAssembly.Instance(module).exports;
  if (existsSync(corpus)) readFileSync(corpus).forEach((byte) => feed(byte));
  if (!prepare(place)) throw new Error(`there is no problem ${place}`);
  const times = [];
  let packs = 0;
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    packs = run();
    times.push(performance.now() - started);
  }
  return { packs, time: times.sort((a, b) => a - b)[rounds >> 1] };
}

const module = compile();
// A line is a name, then the packs, our time, PubGrub's time and the ratio, or words.
const line = /^(.{28}) +(\d+) +[\d.]+ ms +([\d.]+) ms +[\d.]+$/;
const [head, ...lines] = cargo("bench", "--quiet", "--bench", "resolve").trimEnd().split("\n");
console.log(`${head} ${"wasm".padStart(12)} ${"ratio".padStart(7)}`);
lines.forEach((text, place) => {
  const measured = line.exec(text);
  if (!measured) return console.log(text);
  const { packs, time } = measure(module, place);
  if (packs !== Number(measured[2])) throw new Error(`${measured[1]}: ${packs} packs as wasm, ${measured[2]} natively`);
  const ratio = time / Number(measured[3]);
  console.log(`${text} ${time.toFixed(2).padStart(9)} ms ${ratio.toFixed(2).padStart(7)}`);
});
