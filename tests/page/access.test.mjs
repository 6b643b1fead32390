// The page for everyone: by keyboard alone, with a screen reader, on any screen, in light and dark.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { choose, eventually, field, openPage, picture, samples, status } from "./browser.mjs";
import { readZip } from "./zip.mjs";

test("everything can be reached and done with the keyboard, in the order it stands", async (t) => {
  const page = await openPage(t);
  await page.getByRole("checkbox", { name: "rust-cli" }).waitFor();
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent || document.activeElement.className);
  const tab = async (expected) => {
    await page.keyboard.press("Tab");
    assert.equal(await focused(), expected);
  };
  for (const stop of ["filter", "pack-base-project", "pack-github-ci", "pack-node-library", "pack-rust-cli"]) await tab(stop);
  await page.keyboard.press("Space");
  await field(page, "crate_name").waitFor();
  await tab("answer-project_name");
  await page.keyboard.type("keyed");
  await eventually(async () => assert.equal(await field(page, "crate_name").inputValue(), "keyed"));
  for (const stop of ["answer-description", "answer-license", "answer-copyright_holder", "answer-crate_name"]) await tab(stop);
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.getByRole("radiogroup", { name: "argument_parser" }).getByLabel("none").isChecked(), true);
  await tab("Download zip");
  const [saved] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  assert.ok("keyed/src/arguments.rs" in readZip(readFileSync(await saved.path())));

  const path = page.locator("#file-path");
  while ((await page.evaluate(() => document.activeElement.name)) !== "file") await page.keyboard.press("Tab");
  const before = await path.textContent();
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await path.textContent(), before);
  await page.keyboard.press("Tab");
  assert.match(await focused(), /code-scroll|^\s*1/);
});

test("every control has a name, every reference a target, every id one owner", async (t) => {
  const page = await openPage(t, { registry: samples });
  await choose(page, "sampler", "editor");
  await field(page, "owner").fill("Ada");
  await field(page, "storage").selectOption("memory");
  await field(page, "token").fill("SESAME");
  await page.getByRole("radiogroup", { name: "public" }).getByLabel("yes").check();
  await eventually(async () => assert.match(await status(page), /files/));

  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const controls = nodes.filter(({ role }) => ["button", "checkbox", "combobox", "radio", "radiogroup", "searchbox", "textbox"].includes(role?.value));
  assert.ok(controls.length > 25, `only ${controls.length} controls were found`);
  const nameless = controls.filter(({ ignored, name }) => !ignored && !name?.value);
  assert.deepEqual(nameless.map(({ role }) => role.value), []);

  const wrong = await page.evaluate(() => {
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    const references = ["for", "aria-labelledby", "aria-describedby"].flatMap((attribute) =>
      [...document.querySelectorAll(`[${attribute}]`)].flatMap((element) => element.getAttribute(attribute).split(" ")),
    );
    return { double: ids.filter((id, index) => ids.indexOf(id) !== index), dangling: references.filter((id) => !ids.includes(id)) };
  });
  assert.deepEqual(wrong, { double: [], dangling: [] });
});

for (const [name, options] of [
  ["light", {}],
  ["dark", { colorScheme: "dark" }],
  ["narrow", { viewport: { width: 390, height: 844 } }],
]) {
  test(`${name}: nothing sticks out, and text stands out from its ground`, async (t) => {
    const page = await openPage(t, options);
    await choose(page, "rust-cli", "github-ci");
    await eventually(async () => assert.match(await status(page), /files/));
    await page.evaluate(() => document.activeElement.blur());
    await picture(page, name);
    await page.locator(".result").scrollIntoViewIfNeeded();
    await picture(page, `${name}-project`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    assert.deepEqual(await page.evaluate(faintTexts), []);
    await field(page, "crate_name").fill("9x");
    await eventually(async () => assert.equal(await status(page), "1 problem"));
    await picture(page, `${name}-problem`);
    assert.deepEqual(await page.evaluate(faintTexts), []);
  });
}

/** The texts whose contrast is below the 4.5 of WCAG 1.4.3. Runs in the page. */
function faintTexts() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (ground, colour) => {
    canvas.fillStyle = `rgb(${ground.join(" ")})`;
    canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((part) => (part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => (element === null ? [255, 255, 255] : over(ground(element.parentElement), getComputedStyle(element).backgroundColor));
  const opacity = (element) => (element === null ? 1 : Number(getComputedStyle(element).opacity) * opacity(element.parentElement));
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
  return [...document.body.querySelectorAll("*")]
    .filter((element) => hasText(element) && element.checkVisibility() && !element.matches(":disabled, noscript"))
    .filter((element) => {
      const back = ground(element);
      const front = over(back, getComputedStyle(element).color).map((part, index) => part * opacity(element) + back[index] * (1 - opacity(element)));
      const [dark, bright] = [luminance(back), luminance(front)].sort((one, other) => one - other);
      return (bright + 0.05) / (dark + 0.05) < 4.5;
    })
    .map((element) => element.textContent.slice(0, 40));
}
