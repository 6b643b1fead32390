// What the page says when something does not work.
import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, eventually, field, openPage, samples, status } from "./browser.mjs";

test("packs that do not go together: code, message, causes and suggestion, and no project", async (t) => {
  const page = await openPage(t, { registry: samples });
  await choose(page, "editor");
  await eventually(async () => assert.match(await status(page), /files/));
  await choose(page, "wants-newer");
  await eventually(async () => assert.equal(await status(page), "1 problem"));
  const card = page.locator(".problem-card");
  assert.equal(await card.locator(".code").textContent(), "conflict");
  assert.match(await card.textContent(), /wants-newer, and its only version, 1\.0\.0, depends on editor@\^2/);
  assert.match(await card.locator(".suggestion").textContent(), /^Try: /);
  assert.equal(await page.locator(".preview").isVisible(), false);
  assert.equal(await page.getByRole("button", { name: "Copy" }).isDisabled(), true);
  await page.getByText("The questions come once the packs go together.").waitFor();

  await page.getByRole("checkbox", { name: "wants-newer" }).uncheck();
  await eventually(async () => assert.match(await status(page), /files/));
  assert.equal(await field(page, "project_name").inputValue(), "my-project");
});

test("two packs that disagree about a file: both are named with their lines, and the rest is shown", async (t) => {
  const page = await openPage(t, { registry: samples });
  await choose(page, "editor", "twin");
  await eventually(async () => assert.equal(await status(page), "1 problem"));
  const words = await page.locator(".problem-card").textContent();
  for (const part of ["path-conflict", ".vscode/tasks.json", "editor@1.0.0", "twin@1.0.0", "tasks.json:2"]) assert.ok(words.includes(part), words);
  const files = page.getByRole("radiogroup", { name: "Files" });
  assert.equal(await files.getByRole("radio", { name: "packwright.lock" }).isVisible(), true);
  assert.equal(await files.getByRole("radio", { name: "tasks.json" }).count(), 0);
  assert.equal(await page.getByRole("button", { name: "Download zip" }).isDisabled(), true);
});

test("a registry out of reach: why, and another try", async (t) => {
  const page = await openPage(t, { expected: /ERR_FAILED|404/ });
  await page.getByRole("checkbox", { name: "rust-cli" }).waitFor();
  await page.route("**/registry/**", (route) => route.abort());
  // What was fetched a moment ago would do.
  await page.evaluate(() => caches.delete("packwright"));
  await page.reload();
  const alert = page.getByRole("alert");
  await alert.getByRole("heading", { name: "The packs could not be loaded" }).waitFor();
  assert.match(await alert.locator(".problem-card").textContent(), /^network.*\/registry\//);
  await page.unrouteAll();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("checkbox", { name: "rust-cli" }).waitFor();
});

test("a pack out of reach: why, and the next change tries again", async (t) => {
  const page = await openPage(t, { expected: /ERR_FAILED/ });
  await page.getByRole("checkbox", { name: "rust-cli" }).waitFor();
  await page.route("**/archives/**", (route) => route.abort());
  await choose(page, "rust-cli");
  await eventually(async () => assert.match(await page.locator(".problem-card .code").first().textContent(), /^network$/));
  await page.unrouteAll();
  await choose(page, "github-ci");
  await eventually(async () => assert.match(await status(page), /^\d+ files/));
});

test("a slow answer to an earlier choice does not replace that to a later one", async (t) => {
  const page = await openPage(t);
  await page.getByRole("checkbox", { name: "rust-cli" }).waitFor();
  let release;
  const asked = new Promise((begun) =>
    page.route("**/archives/rust-cli/**", async (route) => {
      await new Promise((go) => {
        release = go;
        begun();
      });
      await route.continue();
    }),
  );
  await choose(page, "rust-cli");
  await asked;
  await page.getByRole("checkbox", { name: "rust-cli" }).uncheck();
  await choose(page, "github-ci");
  const expected = async () => assert.deepEqual(await page.locator(".chosen li").allTextContents(), ["github-ci 1.0.0"]);
  await eventually(expected);
  release();
  await page.waitForTimeout(500);
  await expected();
});

test("a core that cannot be loaded", async (t) => {
  const page = await openPage(t, { expected: /404|ERR_FAILED/ });
  await page.getByRole("checkbox", { name: "rust-cli" }).waitFor();
  await page.route("**/*.wasm", (route) => route.fulfill({ status: 404 }));
  await page.reload();
  await eventually(async () => assert.match(await page.getByRole("alert").textContent(), /internal.*packwright\.wasm/));
});

test("no JavaScript: a line says so", async (t) => {
  const page = await openPage(t, { javaScriptEnabled: false });
  assert.match(await page.locator(".noscript").textContent(), /npx packwright/);
});
