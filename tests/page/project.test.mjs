// What the page makes: the same bytes as the command line, for the same answers.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import { choose, cli, download, eventually, field, filesOf, openPage, samples, scratch, starter, status } from "./browser.mjs";
import { readZip } from "./zip.mjs";

/** Runs a line and more arguments in a shell, in a new directory, with ours for `npx packwright`; gives the directory. */
function shell(line, ...more) {
  const directory = scratch();
  const command = line.replace("npx packwright", '"$NODE" "$CLI"');
  execFileSync("sh", ["-c", `umask 022; ${command} "$@"`, "sh", ...more], { cwd: directory, env: { ...process.env, NODE: process.execPath, CLI: cli } });
  return directory;
}

/** Checks that the zip has exactly what the command line writes for `args`, and also for the command that the page shows. */
async function sameAsCommandLine(page, folder, args, registry = starter) {
  await eventually(async () => assert.match(await status(page), /^\d+ files, /));
  const { name, bytes } = await download(page);
  assert.equal(name, `${folder}.zip`);
  const zip = readZip(bytes);
  const [, timestamp] = /^timestamp = "(.*)"$/m.exec(zip[`${folder}/packwright.lock`].content);
  assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const more = ["--timestamp", timestamp, "--registry", `starter=${registry}`];
  assert.deepEqual(zip, filesOf(shell("npx packwright generate", ...args, "--output", folder, "--yes", ...more)));

  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(command, await page.locator("#command").textContent());
  return { zip, command, byCommand: () => filesOf(shell(command, ...more)) };
}

describe("the zip is what the command line writes", () => {
  test("one pack and its dependency, with defaults", async (t) => {
    const page = await openPage(t);
    await choose(page, "rust-cli");
    const { zip, command, byCommand } = await sameAsCommandLine(page, "my-project", ["rust-cli", "--name", "my-project"]);
    assert.equal(command, "npx packwright generate rust-cli --name my-project --yes");
    assert.deepEqual(byCommand(), zip);
  });

  test("three packs with answers of every type", async (t) => {
    const page = await openPage(t);
    await choose(page, "rust-cli", "node-library", "github-ci");
    await field(page, "project_name").fill("Crème Brûlée");
    await field(page, "description").fill("It's sweet; \"very\" $HOME `sweet` \\ 100 %");
    await field(page, "license").selectOption("BSD-3-Clause");
    await field(page, "crate_name").fill("creme");
    await page.getByRole("radiogroup", { name: "language", exact: true }).getByLabel("javascript").check();
    await page.getByRole("group", { name: "ci_platforms" }).getByLabel("macos-latest").check();
    await page.getByRole("checkbox", { name: "dependabot" }).uncheck();
    const { zip, byCommand } = await sameAsCommandLine(page, "creme-brulee", [
      ...["rust-cli", "node-library", "github-ci", "--name", "Crème Brûlée", "--var", "license=BSD-3-Clause", "--var", "crate_name=creme"],
      ...["--var", "description=It's sweet; \"very\" $HOME `sweet` \\ 100 %", "--var", "language=javascript"],
      ...["--var", "ci_platforms=ubuntu-latest,macos-latest", "--var", "dependabot=false"],
    ]);
    assert.ok("creme-brulee/js/index.js" in zip);
    assert.ok(!("creme-brulee/.github/dependabot.yml" in zip));
    assert.deepEqual(byCommand(), zip);
  });

  test("an executable, a binary, an empty file and a secret", async (t) => {
    const page = await openPage(t, { registry: samples });
    await choose(page, "editor", "sampler");
    await field(page, "owner").fill("Ada");
    await field(page, "storage").selectOption("mysql");
    await field(page, "token").fill("SESAME");
    await field(page, "limit").fill("7");
    await page.getByRole("radiogroup", { name: "level" }).getByLabel("2").check();
    await page.getByRole("radiogroup", { name: "public" }).getByLabel("no").check();
    const known = ["owner=Ada", "limit=7", "public=false", "storage=mysql", "level=2"];
    const { zip, command } = await sameAsCommandLine(
      page,
      "my-project",
      ["editor", "sampler", "--name", "my-project", ...[...known, "token=SESAME"].flatMap((pair) => ["--var", pair]), "--trust"],
      samples,
    );
    assert.equal(zip["my-project/bin/start.sh"].mode, "755");
    assert.equal(zip["my-project/noise.bin"].content, "\0\x01\xffbinary\n");
    assert.match(zip["my-project/answers.txt"].content, /^token: SESAME$/m);

    // The terminal asks for the secret and for consent, so the command must not tell it to ask nothing.
    assert.equal(command.includes("SESAME"), false);
    assert.equal(command.includes("--yes"), false);
    for (const pair of known) assert.ok(command.includes(`--var ${pair}`), command);
    assert.equal(await page.locator(".asking").textContent(), "The terminal asks for token: secrets are not part of the command.");
  });
});

test("the same answers at the same time give the same zip, wherever the clock hangs", async (t) => {
  const zips = await Promise.all(
    ["Pacific/Auckland", "America/New_York"].map(async (timezoneId) => {
      const page = await openPage(t, { now: "2026-11-22T14:51:07.890Z", timezoneId });
      await choose(page, "node-library");
      await eventually(async () => assert.match(await status(page), /files/));
      const first = await download(page);
      await page.clock.setFixedTime("2026-11-22T23:59:59Z");
      await field(page, "project_name").fill("other");
      await field(page, "project_name").fill("my-project");
      assert.deepEqual((await download(page)).bytes, first.bytes);
      return first.bytes;
    }),
  );
  assert.deepEqual(zips[0], zips[1]);
  assert.match(readZip(zips[0])["my-project/packwright.lock"].content, /^timestamp = "2026-11-22T14:51:07Z"$/m);
});

test("a download right after a key press has what was typed", async (t) => {
  const page = await openPage(t);
  await choose(page, "base-project");
  await eventually(async () => assert.match(await status(page), /files/));
  await field(page, "project_name").fill("typed-last");
  const { name, bytes } = await download(page);
  assert.equal(name, "typed-last.zip");
  assert.match(readZip(bytes)["typed-last/README.md"].content, /^# typed-last$/m);
});
