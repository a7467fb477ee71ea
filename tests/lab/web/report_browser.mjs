// What the tests of the HTML report share: a report, the same runs as JSON, and
// Chromium with a reader's hands.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before } from "node:test";
import { deflateSync, inflateSync } from "node:zlib";

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { chromium } = require("playwright-core");
export const axe = readFileSync(`${process.env.NODE_MODULES}/axe-core/axe.min.js`, "utf8");
export const [compare, report, captured] = process.env.FILES.split(":");
export const folder = process.env.TEST_TMPDIR;

export const POLICIES = ["rfc9218", "rr", "fifo"];
export const SIGNALS = ["chromium_h2_156", "firefox7540"]; // both kinds, and one
export const NETWORKS = ["3g_fast", "cable"];
export const PAGES = ["squoosh", "wikipedia_mobile"];

const quick = (program) => (program === compare ? ["--best_order=0"] : []);
export const run = (program, ...args) => execFileSync(program, [...quick(program), ...args], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });

// A report of two files of runs, and the same runs as JSON.
const makeReport = () => {
  for (const network of NETWORKS) {
    run(compare, "--quiet", `--pages=${PAGES}`, `--policies=${POLICIES}`, `--signals=${SIGNALS}`,
      `--network=${network}`, `--runs=${folder}/${network}.runs`);
  }
  run(report, `--html=${folder}/report.html`, `--json=${folder}/report.jsonl`,
    ...NETWORKS.map((network) => `${folder}/${network}.runs`));
  return readFileSync(`${folder}/report.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line));
};

export let browser;
let lines;
export let shared; // the report, for tests that begin with choices of their own
before(async () => {
  lines = makeReport();
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  shared = await openReport();
});
after(() => browser?.close());

// A page that waits as long as a busy machine needs; the test's own limit is 15 minutes.
export const newPage = async (options) => {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(300_000);
  return page;
};

// Opens a file, keeps what the console says and what the page asks for.
export const open = async (file, options = {}) => {
  const page = await newPage({ viewport: { width: 1400, height: 900 }, ...options });
  page.said = [];
  page.asked = [];
  page.on("console", (message) => page.said.push(message.text()));
  page.on("pageerror", (error) => page.said.push(String(error)));
  page.on("request", (request) => page.asked.push(request.url()));
  await page.goto(`file://${file}`);
  await drawn(page);
  return page;
};

// The first screen is there, and every chart is drawn.
export const drawn = async (page) => {
  await page.waitForSelector("html[data-ready]");
  await page.waitForSelector("#results:not([aria-busy])");
};

export const openReport = (options) => open(`${folder}/report.html`, options);

export const assertQuiet = (page) => {
  assert.deepEqual(page.said, [], "the console says something");
  const outside = page.asked.filter((url) => !url.startsWith("file://") && !url.startsWith("data:"));
  assert.deepEqual(outside, [], "the page asks for something");
  assert.equal(page.asked.filter((url) => url.startsWith("file://")).length, 1, "other files");
};

// The rows of a table as arrays of texts, exact numbers where there are any.
export const rowsOf = async (page, id) => {
  const details = page.locator(`#${id} details`);
  if ((await details.count()) > 0 && !(await details.evaluate((node) => node.open))) {
    await details.locator("summary").click();
  }
  await page.waitForSelector(`#${id} table`); // made when it is opened
  return page.locator(`#${id} tbody tr`).evaluateAll((rows) =>
    rows.map((row) => [...row.cells].map((cell) => (cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value)))));
};

// Every table that is folded.
export const openTables = async (page) => {
  for (const summary of await page.locator(".table summary").all()) {
    if (!(await summary.evaluate((node) => node.parentElement.open))) await summary.click();
  }
};

// A copy of a report with another index: `change` gets it.
export const rewrite = (from, to, change) => {
  const html = readFileSync(from, "utf8");
  const written = html.replace(/(<script type="text\/plain" id="index">)([^<]+)/, (_, tag, packed) => {
    const index = JSON.parse(inflateSync(Buffer.from(packed, "base64")));
    change(index);
    return tag + deflateSync(JSON.stringify(index)).toString("base64");
  });
  assert.notEqual(written, html);
  writeFileSync(to, written);
};

export const headsOf = (page, id) => page.locator(`#${id} thead th`).allTextContents();

export const choose = async (page, choices) => {
  for (const [id, label] of Object.entries(choices)) {
    await page.selectOption(`#${id}`, { label: await page.locator(`#${id} option`, { hasText: label }).first().textContent() });
  }
  await settled(page);
};

// Until the charts of the last choice are drawn: its timelines are inflated first.
export const settled = async (page) => {
  await drawn(page);
  await page.evaluate(() => new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve), 50)));
};

// The pixels of a chart, all layers.
export const pictureOf = (page, id) =>
  page.locator(`#${id} canvas`).evaluateAll((layers) => layers.map((node) => node.toDataURL()).join());

export const lineOf = (of) => lines.find((line) => Object.entries(of).every(([key, value]) => line[key] === value));

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 ? sorted[half - 0.5] : (sorted[half - 1] + sorted[half]) / 2;
};

export const tenths = (ms) => ms.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const near = (a, b, what) => assert.ok(Math.abs(a - b) < 1e-4 * Math.max(1, Math.abs(b)), `${what}: ${a}, not ${b}`);

// Makes N.html, the report of a page of `count` scripts, if it is not there.
export const makeHar = (count) => {
  if (existsSync(`${folder}/${count}.html`)) return;
  const resource = (i) => ({
    startedDateTime: "2024-01-01T00:00:00.000Z", time: 100, timings: { send: 0, wait: 50, receive: 50 }, cache: {},
    request: { method: "GET", url: `https://example.org/${i === 0 ? "" : `${i}.js`}`, httpVersion: "h2", headers: [], queryString: [], cookies: [], headersSize: -1, bodySize: 0 },
    response: {
      status: 200, statusText: "", httpVersion: "h2", headers: [], cookies: [], redirectURL: "", headersSize: -1, bodySize: 2000,
      content: { size: 2000, mimeType: i === 0 ? "text/html" : "text/javascript" },
    },
  });
  const entries = Array.from({ length: count }, (_, i) => resource(i));
  writeFileSync(`${folder}/${count}.har`, JSON.stringify({ log: { version: "1.2", creator: { name: "test", version: "1" }, entries } }));
  run(compare, "--quiet", `--pages=${folder}/${count}.har`, "--policies=rr,fifo", "--signals=none", `--html=${folder}/${count}.html`);
};
