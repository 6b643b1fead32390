// The built page in a headless Chromium: one browser and one server for each test file.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";
import { serve } from "../../www/serve.mjs";

export const root = join(import.meta.dirname, "../..");
export const cli = join(root, "pkg/npm/dist/cli.js");
export const starter = join(root, "pkg/npm/registry");

const screenshots = join(root, "target/screenshots");
const scratchDirectories = [];
const { address, close } = await serve();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
after(async () => {
  await browser.close();
  await close();
  for (const directory of scratchDirectories) rmSync(directory, { recursive: true });
});

/** A registry with a question and a file of every kind, made from packs/ beside this file. */
export const samples = registryOf("packs");

/** A registry made from a directory of packs beside this file. */
export function registryOf(name) {
  const registry = join(scratch(), "registry");
  execFileSync(process.execPath, [cli, "registry", "build", join(root, "tests/page", name), registry]);
  return registry;
}

/**
 * Opens the page. `registry` is a directory to serve instead of the starter registry, `now` the time it is; the rest are Playwright's
 * context options. At the end of test `t` nothing may have been logged but what `expected` matches.
 */
export async function openPage(t, { registry, now, expected, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, permissions: ["clipboard-read", "clipboard-write"], ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const logged = [];
  page.on("pageerror", (error) => logged.push(String(error)));
  page.on("console", (message) => {
    if (!expected?.test(message.text())) logged.push(message.text());
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(logged, []);
  });
  if (now !== undefined) await page.clock.setFixedTime(now);
  if (registry !== undefined) {
    await page.route("**/registry/**", (route) => route.fulfill({ path: join(registry, new URL(route.request().url()).pathname.replace("/registry/", "")) }));
  }
  await page.goto(address);
  return page;
}

/** Chooses packs in this order. */
export async function choose(page, ...packs) {
  for (const name of packs) await page.getByRole("checkbox", { name, exact: true }).check();
}

/** The text field of a variable. */
export function field(page, name) {
  return page.locator(`#answer-${name}`);
}

/** What stands below the field of a variable as its problem. */
export function problem(page, name) {
  return page.locator(`#answer-${name}-problem`).textContent();
}

/** What is said about the project: its size, or how many problems there are. */
export function status(page) {
  return page.locator(".result .status").textContent();
}

/** Tries an assertion until it holds. */
export async function eventually(assertion) {
  const end = Date.now() + 10_000;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > end) throw error;
      await pause(25);
    }
  }
}

/** Presses the download button and reads the zip. */
export async function download(page) {
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download zip" }).click()]);
  return { name: saved.suggestedFilename(), bytes: readFileSync(await saved.path()) };
}

/** Every file below a directory, but for the way back to what was there before: by path, its content and the permissions it has. */
export function filesOf(directory) {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).filter((path) => !path.includes("/.packwright/undo/"));
  return Object.fromEntries(
    paths.sort().map((path) => [path.slice(directory.length + 1), { content: readFileSync(path, "latin1"), mode: (statSync(path).mode & 0o777).toString(8) }]),
  );
}

/** A new directory that goes when the tests end. */
export function scratch() {
  const directory = mkdtempSync(join(tmpdir(), "packwright-page-"));
  scratchDirectories.push(directory);
  return directory;
}

/** Leaves a picture in target/screenshots/ for people to look at. */
export async function picture(page, name) {
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}
