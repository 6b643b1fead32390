// Choosing packs, answering their questions, and seeing what comes of it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { choose, eventually, field, openPage, problem, registryOf, samples, status } from "./browser.mjs";

describe("packs", () => {
  test("are listed with what they are for, and filtered by any of their words", async (t) => {
    const page = await openPage(t);
    const shown = () => page.locator(".pack:visible label").allTextContents();
    await eventually(async () => assert.deepEqual(await shown(), ["base-project", "github-ci", "node-library", "rust-cli"]));
    const height = async () => Math.round((await page.locator(".pack-list").boundingBox()).height);
    const whole = await height();
    for (const [words, expected] of [
      ["devops", ["github-ci"]],
      ["typescript", ["node-library"]],
      ["RUST ci", ["github-ci"]],
      ["nothing like it", []],
    ]) {
      await page.getByRole("searchbox", { name: "Filter packs" }).fill(words);
      assert.deepEqual(await shown(), expected);
      assert.equal(await page.locator(".found").textContent(), `${expected.length} of 4 packs`);
      assert.equal(await height(), whole, "what is below the list moved");
    }
  });

  test("stand in the order chosen, and dependencies say who needs them", async (t) => {
    const page = await openPage(t);
    const chosen = (...expected) => eventually(async () => assert.deepEqual(await page.locator(".chosen li").allTextContents(), expected));
    await choose(page, "rust-cli", "github-ci");
    await chosen("rust-cli 1.0.0", "github-ci 1.0.0", "base-project 1.0.0, needed by rust-cli");
    assert.deepEqual(await page.locator(".pack .needed").allTextContents(), ["included", "", "", ""]);
    await choose(page, "node-library");
    await chosen("rust-cli 1.0.0", "github-ci 1.0.0", "node-library 1.0.0", "base-project 1.0.0, needed by node-library, rust-cli");
    await choose(page, "base-project");
    await chosen("rust-cli 1.0.0", "github-ci 1.0.0", "node-library 1.0.0", "base-project 1.0.0");
    for (const name of ["rust-cli", "node-library", "base-project", "github-ci"]) await page.getByRole("checkbox", { name, exact: true }).uncheck();
    await chosen();
    await page.getByText("Choose a pack to see the files it makes.").waitFor();
  });
});

describe("answers", () => {
  test("are checked as one types", async (t) => {
    const page = await openPage(t);
    await choose(page, "rust-cli");
    const crate = field(page, "crate_name");
    await crate.fill("");
    await crate.pressSequentially("9x");
    await eventually(async () => assert.match(await problem(page, "crate_name"), /^9x will not do for crate_name: expected a text such as word-count/));
    assert.equal(await crate.getAttribute("aria-invalid"), "true");
    assert.equal(await crate.getAttribute("aria-describedby"), "answer-crate_name-hint answer-crate_name-problem");
    assert.equal(await status(page), "1 problem");
    assert.equal(await page.locator(".preview").isVisible(), false, "a project is shown that is not that of the answers");
    assert.equal(await page.getByRole("button", { name: "Download zip" }).isDisabled(), true);

    await crate.press("Home");
    await crate.pressSequentially("a");
    await eventually(async () => assert.equal(await problem(page, "crate_name"), ""));
    assert.equal(await crate.getAttribute("aria-invalid"), "false");
    assert.equal(await crate.inputValue(), "a9x");
    assert.equal(await crate.evaluate((input) => input === document.activeElement && input.selectionStart), 1, "the cursor was moved");
    await eventually(async () => assert.match(await status(page), /^\d+ files/));
  });

  test("that are missing are marked, and complained about only once the person was there", async (t) => {
    const page = await openPage(t, { registry: samples });
    await choose(page, "sampler");
    await eventually(async () => assert.equal(await status(page), "4 answers to go"));
    for (const name of ["owner", "storage", "public", "token"]) {
      assert.equal(await problem(page, name), "");
      assert.equal(await page.locator(".field", { has: page.locator(`#answer-${name}-label`) }).locator(".mark").textContent(), "required");
    }
    const below = await page.locator("#answer-storage-label").boundingBox();
    await field(page, "owner").focus();
    await field(page, "owner").blur();
    assert.equal(await problem(page, "owner"), "This needs an answer.");
    assert.equal(await problem(page, "token"), "");
    assert.deepEqual(await page.locator("#answer-storage-label").boundingBox(), below, "the message moved what is below");

    await page.getByRole("button", { name: "Go to owner" }).click();
    assert.equal(await field(page, "owner").evaluate((input) => input === document.activeElement), true);
    await field(page, "owner").fill("Ada");
    await eventually(async () => assert.equal(await status(page), "3 answers to go"));
    assert.equal(await problem(page, "owner"), "");
  });

  test("of each type are asked for with the control that fits", async (t) => {
    const page = await openPage(t, { registry: samples });
    await choose(page, "sampler");
    const seen = (role, name) => page.getByRole(role, { name, exact: true }).waitFor();
    await seen("textbox", "owner");
    await seen("textbox", "port");
    await seen("combobox", "storage");
    await seen("radiogroup", "level");
    await seen("radiogroup", "public");
    await seen("checkbox", "docker");
    assert.equal(await field(page, "token").getAttribute("type"), "password");
    assert.equal(await field(page, "port").getAttribute("inputmode"), "numeric");
    assert.equal(await field(page, "owner").getAttribute("placeholder"), "e.g. Ada Lovelace");
    assert.deepEqual(await page.locator("fieldset legend").allTextContents(), ["Project", "Server"]);

    await field(page, "port").fill("80");
    await eventually(async () => assert.match(await problem(page, "port"), /an integer from 1024 to 65535/));
    await field(page, "port").fill("eighty");
    await eventually(async () => assert.match(await problem(page, "port"), /^eighty will not do/));
  });

  test("follow earlier ones until they are edited", async (t) => {
    const page = await openPage(t);
    await choose(page, "rust-cli");
    const crate = (value) => eventually(async () => assert.equal(await field(page, "crate_name").inputValue(), value));
    const reset = page.getByRole("button", { name: "Use default for crate_name" });
    await crate("my-project");
    await field(page, "project_name").fill("Word Count");
    await crate("word-count");
    assert.equal(await reset.isVisible(), false);
    await field(page, "crate_name").fill("wc");
    await field(page, "project_name").fill("Line Count");
    await eventually(async () => assert.equal(await field(page, "copyright_holder").inputValue(), "The Line Count authors"));
    await crate("wc");
    await reset.click();
    await crate("line-count");
    assert.equal(await field(page, "crate_name").evaluate((input) => input === document.activeElement), true);
  });

  test("are asked for only when they matter, and are not forgotten meanwhile", async (t) => {
    const page = await openPage(t, { registry: samples });
    await choose(page, "sampler");
    const docker = page.getByRole("checkbox", { name: "docker" });
    await docker.check();
    await field(page, "image").fill("alpine");
    await docker.uncheck();
    await field(page, "image").waitFor({ state: "detached" });
    await page.getByRole("checkbox", { name: "sampler" }).uncheck();
    await field(page, "owner").waitFor({ state: "detached" });
    await choose(page, "editor");
    await eventually(async () => assert.match(await status(page), /^2 files/));
    await choose(page, "sampler");
    await docker.check();
    await eventually(async () => assert.equal(await field(page, "image").inputValue(), "alpine"));
  });
});

describe("the project", () => {
  test("is a tree of files with their content and origin", async (t) => {
    const page = await openPage(t);
    await choose(page, "rust-cli", "github-ci");
    const file = (name) => page.getByRole("radiogroup", { name: "Files" }).getByRole("radio", { name });
    await eventually(async () => assert.equal(await page.locator("#file-path").textContent(), "README.md"));
    await file("main.rs").check();
    assert.equal(await page.locator("#file-path").textContent(), "src/main.rs");
    assert.match(await page.locator(".facts").textContent(), / · templates\/crate\/src\/main\.rs\.j2 of rust-cli 1\.0\.0$/);
    await file("packwright.lock").check();
    assert.match(await page.locator(".facts").textContent(), / · made by Packwright$/);
    await page.getByText("src/", { exact: true }).click();
    assert.equal(await file("main.rs").isVisible(), false);
  });

  test("says of a file that several packs have part in whose each line is", async (t) => {
    const page = await openPage(t, { registry: samples });
    await choose(page, "editor", "sibling");
    await page.getByRole("radio", { name: "tasks.json" }).check();
    assert.match(await page.locator(".facts").textContent(), / · of 2 packs · .*tasks\.json of editor 1\.0\.0 \+ templates\/tasks\.json of sibling 1\.0\.0$/);
    assert.deepEqual((await page.locator(".owners").textContent()).split("\n"), ["editor", "", "", "sibling", "", "", "editor"]);
    await page.getByRole("radio", { name: "packwright.lock" }).check();
    assert.equal(await page.locator(".owners").isVisible(), false);
  });

  test("shows the beginning of a long file, with as many lines of numbers and owners; counts packs, not templates", async (t) => {
    const page = await openPage(t, { registry: registryOf("long") });
    await choose(page, "long-list", "more-lines");
    await page.getByRole("radio", { name: ".gitignore" }).check();
    await eventually(async () => assert.match(await page.locator(".note").textContent(), /^The first 200000 characters of 342\.8 KB$/));
    const lines = async (column) => (await page.locator(column).textContent()).split("\n");
    const [text, numbers, owners] = [await lines(".text"), await lines(".numbers"), await lines(".owners")];
    assert.deepEqual([owners.length, owners.filter((name) => name !== ""), owners[5000]], [text.length, ["long-list", "more-lines"], "more-lines"]);
    assert.equal(numbers.at(-1), String(text.length));
    await page.getByRole("radio", { name: ".dockerignore" }).check();
    const facts = await page.locator(".facts").textContent();
    assert.match(facts, /^14 B · templates\/notes of long-list 1\.0\.0 \+ templates\/more-notes of long-list 1\.0\.0$/);
    assert.equal(await page.locator(".owners").isVisible(), false);
  });

  test("keeps the chosen file while answers change, also when it was away", async (t) => {
    const page = await openPage(t);
    await choose(page, "rust-cli", "node-library");
    await page.getByRole("radio", { name: "Cargo.toml" }).check();
    const shows = (words) => eventually(async () => assert.ok((await page.locator(".text").textContent()).includes(words), words));
    await shows('name = "my-project"');
    await field(page, "crate_name").fill("renamed");
    await shows('name = "renamed"');
    await page.getByRole("checkbox", { name: "rust-cli" }).uncheck();
    await shows("# my-project");
    await choose(page, "rust-cli");
    await shows('name = "renamed"');
  });

  test("says what runs by itself, what packs want to run, what is executable, binary or empty, and shows no secret", async (t) => {
    const page = await openPage(t, { registry: samples });
    await choose(page, "sampler", "editor");
    await field(page, "owner").fill("<img src=x onerror=alert(1)>");
    await field(page, "storage").selectOption("memory");
    await field(page, "token").fill("SESAME");
    await page.getByRole("radiogroup", { name: "public" }).getByLabel("yes").check();
    await eventually(async () => assert.match(await status(page), /^6 files, /));
    const notices = (await page.locator(".notice").allTextContents()).join("\n");
    assert.match(notices, /run by themselves.*\.vscode\/tasks\.json/);
    assert.match(notices, /bin\/start\.sh --setup \(post-generate of sampler\)/);
    for (const [name, facts, note] of [
      ["start.sh", "23 B · executable · templates/start.sh of sampler 1.0.0", ""],
      ["tasks.json", "145 B · runs on open · templates/tasks.json of editor 1.0.0", ""],
      ["noise.bin", "10 B · templates/files/noise.bin of sampler 1.0.0", "A binary file of 10 B"],
      ["empty.txt", "0 B · templates/files/empty.txt of sampler 1.0.0", "An empty file"],
    ]) {
      await page.getByRole("radio", { name }).check();
      assert.equal(await page.locator(".facts").textContent(), facts);
      assert.equal(await page.locator(".note").textContent(), note);
    }
    await page.getByRole("radio", { name: "answers.txt" }).check();
    const text = await page.locator(".text").textContent();
    assert.match(text, /^owner: <img src=x onerror=alert\(1\)>$/m);
    assert.match(text, /^token: ••••••••$/m);
    assert.equal(await page.locator("main img, main b").count(), 0);
  });
});
