// The probe's page as a reader meets it, in Chromium: it shows what --json says,
// on wide and narrow screens, in light and in dark.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { once } from "node:events";
import { after, before, test } from "node:test";

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(`${process.env.NODE_MODULES}/axe-core/axe.min.js`, "utf8");
const [probe, faultyServer] = process.env.FILES.split(":");
const folder = process.env.TEST_TMPDIR;

const EXPERIMENTS = ["no-signals", "rfc7540-weights", "rfc9218-late", "priority-update-late"];

let browser;
let servers;
const started = [];
before(async () => {
  const urls = [];
  for (const policy of ["auto", "rr"]) {
    const server = spawn(faultyServer, [policy, "none"], { stdio: ["ignore", "pipe", "inherit"] });
    started.push(server);
    const [port] = await once(server.stdout, "data");
    urls.push(`http://127.0.0.1:${Number(port)}/big`);
  }
  execFileSync(probe, [...urls, "--repeat=2", `--experiments=${EXPERIMENTS}`,
    `--html=${folder}/probe.html`, `--json=${folder}/probe.json`], { stdio: ["ignore", "ignore", "inherit"] });
  servers = readFileSync(`${folder}/probe.json`, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});
after(async () => {
  for (const server of started) server.kill();
  await browser?.close();
});

const open = async (file, options = {}) => {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
  page.said = [];
  page.on("console", (message) => {
    // About the tests' own looks at the pixels.
    if (!message.text().startsWith("Canvas2D: Multiple readback")) page.said.push(message.text());
  });
  page.on("pageerror", (error) => page.said.push(String(error)));
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) page.said.push(`asks for ${request.url()}`);
  });
  await page.goto(`file://${file}`);
  await page.waitForSelector("html[data-ready]");
  return page;
};

const settled = (page) =>
  page.evaluate(() => new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve), 50)));

const openTables = async (page) => {
  for (const summary of await page.locator(".table summary").all()) {
    if (!(await summary.evaluate((node) => node.parentElement.open))) await summary.click();
  }
};

const rowsOf = (page, id) =>
  page.locator(`#${id} tbody tr`).evaluateAll((rows) =>
    rows.map((row) => [...row.cells].map((cell) => (cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value)))));

test("shows the verdicts and the figures of --json", async () => {
  const page = await open(`${folder}/probe.html`);
  const verdicts = EXPERIMENTS.map((name) =>
    [name, ...servers.map(({ experiments }) => experiments.find((of) => of.name === name).verdict)]);
  assert.deepEqual(await rowsOf(page, "matrix"), verdicts);
  assert.equal(await page.title(), "Sluice probe: 2 servers");
  for (const [i, server] of servers.entries()) {
    await page.selectOption("#server", String(i));
    await openTables(page);
    const figures = server.experiments.flatMap(({ name, verdict, figures, repeats }) =>
      Object.entries(figures).map(([figure, median]) => {
        const values = repeats.map((repeat) => repeat[figure]);
        return [name, verdict, figure.replaceAll("_", " "), median, Math.min(...values), Math.max(...values), repeats.length];
      }));
    const rounded = (rows) => rows.map((row) => row.map((cell) => (typeof cell === "number" ? Math.round(1000 * cell) / 1000 : cell)));
    assert.deepEqual(rounded(await rowsOf(page, "figures-table")), rounded(figures));
    const blocks = await rowsOf(page, "strips-table");
    for (const name of EXPERIMENTS) assert.ok(blocks.filter(([of]) => of === name).length >= 2, `${name} has a strip`);
    assert.match(await page.textContent("#server-status"), new RegExp(`${server.url}.*${server.connections} connections`));
  }
  await page.selectOption("#experiment", { label: "rfc9218-late" });
  assert.match(await page.textContent("#streams-title"), /^rfc9218-late: /);
  assert.ok((await rowsOf(page, "marks-table")).length > 0, "the late request is marked");
  assert.deepEqual(page.said, []);
  await page.close();
});

test("fits wide and narrow screens, in light and in dark, and axe finds nothing wrong", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await open(`${folder}/probe.html`, { colorScheme });
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 800 });
      await settled(page);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} px`);
      for (const canvas of await page.locator('figure [role="img"]').all()) {
        const colours = await canvas.locator("canvas").evaluateAll((layers) =>
          new Set(layers.flatMap((node) => {
            const { data } = node.getContext("2d").getImageData(0, 0, node.width, node.height);
            return [...new Set(new Uint32Array(data.buffer))];
          })).size);
        assert.ok(colours > 8, `${colours} colours`);
      }
    }
    await openTables(page);
    await page.evaluate(axe);
    const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`), []);
    assert.ok(passes.length > 15, "axe looked at something");
    assert.deepEqual(page.said, []);
    await page.close();
  }
});

test("a server's words are text, whatever they hold", async () => {
  const evil = `<img src=x onerror="document.title='owned'">${"日本語 ".repeat(60)}`;
  const html = readFileSync(`${folder}/probe.html`, "utf8");
  const written = html.replaceAll('"software":"faulty"', `"software":${JSON.stringify(evil).replaceAll("<", "\\u003c")}`);
  assert.notEqual(written, html);
  writeFileSync(`${folder}/evil.html`, written);
  const page = await open(`${folder}/evil.html`, { viewport: { width: 390, height: 800 } });
  assert.equal(await page.locator("img").count(), 0);
  assert.ok((await page.textContent("#matrix")).includes(evil));
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  assert.deepEqual(page.said, []);
  await page.close();
});
