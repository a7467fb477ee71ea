// The HTML report as a reader meets it, in Chromium: what each view shows is
// what --json says, by mouse and by keyboard, in light and in dark.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { deflateSync, inflateSync } from "node:zlib";

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { chromium } = require("playwright-core");
const [compare, report] = process.env.PROGRAMS.split(":");
const folder = process.env.TEST_TMPDIR;

const POLICIES = ["rfc9218", "rr", "fifo"];
const SIGNALS = ["chromium_h2_156", "firefox7540"]; // both kinds, and one
const NETWORKS = ["3g_fast", "cable"];
const PAGES = ["squoosh", "wikipedia_mobile"];

const run = (program, ...args) => execFileSync(program, args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });

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

let browser;
let lines;
let shared; // the report, for tests that begin with choices of their own
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

// Opens a file, keeps what the console says and what the page asks for.
const open = async (file, options = {}) => {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, ...options });
  page.said = [];
  page.asked = [];
  page.on("console", (message) => page.said.push(message.text()));
  page.on("pageerror", (error) => page.said.push(String(error)));
  page.on("request", (request) => page.asked.push(request.url()));
  await page.goto(`file://${file}`);
  await page.waitForSelector("html[data-ready]");
  return page;
};

const openReport = (options) => open(`${folder}/report.html`, options);

const assertQuiet = (page) => {
  assert.deepEqual(page.said, [], "the console says something");
  const outside = page.asked.filter((url) => !url.startsWith("file://") && !url.startsWith("data:"));
  assert.deepEqual(outside, [], "the page asks for something");
  assert.equal(page.asked.filter((url) => url.startsWith("file://")).length, 1, "other files");
};

// The rows of a table as arrays of texts, exact numbers where there are any.
const rowsOf = async (page, id) => {
  const details = page.locator(`#${id} details`);
  if ((await details.count()) > 0 && !(await details.evaluate((node) => node.open))) {
    await details.locator("summary").click();
  }
  await page.waitForSelector(`#${id} table`); // made when it is opened
  return page.locator(`#${id} tbody tr`).evaluateAll((rows) =>
    rows.map((row) => [...row.cells].map((cell) => (cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value)))));
};

const headsOf = (page, id) => page.locator(`#${id} thead th`).allTextContents();

const choose = async (page, choices) => {
  for (const [id, label] of Object.entries(choices)) {
    await page.selectOption(`#${id}`, { label: await page.locator(`#${id} option`, { hasText: label }).first().textContent() });
  }
  await settled(page);
};

// Until the charts of the last choice are drawn.
const settled = (page) => page.evaluate(() => new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve), 50)));

// The pixels of a chart, all layers.
const pictureOf = (page, id) =>
  page.locator(`#${id} canvas`).evaluateAll((layers) => layers.map((node) => node.toDataURL()).join());

const lineOf = (of) => lines.find((line) => Object.entries(of).every(([key, value]) => line[key] === value));

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 ? sorted[half - 0.5] : (sorted[half - 1] + sorted[half]) / 2;
};

const tenths = (ms) => ms.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const near = (a, b, what) => assert.ok(Math.abs(a - b) < 1e-4 * Math.max(1, Math.abs(b)), `${what}: ${a}, not ${b}`);

describe("the document", () => {
  test("has a language, a title, one main heading, labels, and stays silent", async () => {
    const page = await openReport();
    assert.equal(await page.getAttribute("html", "lang"), "en");
    assert.equal(await page.title(), "Sluice lab report: 2 pages × 3 policies");
    assert.equal(await page.locator("h1").count(), 1);
    assert.match(await page.textContent("#what"), /24 page loads: 2 pages, 3 policies, 2 sets of signals, 2 networks/);
    for (const control of await page.locator("select, input").all()) {
      assert.ok(await control.evaluate((node) => node.labels.length === 1 && node.labels[0].textContent.trim() !== ""));
    }
    assert.match(await page.locator("footer pre").textContent(), /Apache ECharts[^]*Apache License[^]*ZRender/);
    assertQuiet(page);
    await page.close();
  });

  test("has a described chart and a table in every figure, and no chart is blank", async () => {
    const page = await openReport();
    const figures = page.locator("figure");
    assert.equal(await figures.count(), 8);
    for (const figure of await figures.all()) {
      const canvas = figure.locator('[role="img"]');
      assert.ok((await canvas.getAttribute("aria-label")).length > 20);
      assert.equal(await figure.locator(".table summary").count(), 1);
      const colours = await canvas.locator("canvas").evaluateAll((layers) =>
        new Set(layers.flatMap((node) => {
          const { data } = node.getContext("2d").getImageData(0, 0, node.width, node.height);
          return [...new Set(new Uint32Array(data.buffer))];
        })).size);
      assert.ok(colours > 8, `${colours} colours`);
    }
    assertQuiet(page);
    await page.close();
  });

  test("fits a narrow screen without scrolling sideways", async () => {
    const page = await openReport({ viewport: { width: 400, height: 800 } });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await page.close();
  });

  test("is readable in light and in dark, and follows a change", async () => {
    const page = await openReport({ colorScheme: "light" });
    const contrast = (ink) => page.evaluate((name) => {
      const style = getComputedStyle(document.documentElement);
      const luminance = (variable) => {
        const hex = style.getPropertyValue(variable).trim().slice(1);
        const [r, g, b] = [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
          .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const [low, high] = [luminance(name), luminance("--page")].sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05);
    }, ink);
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const picture = () => pictureOf(page, "strip");
    const light = [await background(), await picture()];
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      await settled(page);
      assert.ok((await contrast("--ink")) >= 7, scheme);
      for (const name of ["--muted", "--accent"]) assert.ok((await contrast(name)) >= 4.5, `${scheme} ${name}`);
      for (const name of ["--good", "--bad", "--side-a", "--side-b"]) {
        assert.ok((await contrast(name)) >= 3, `${scheme} ${name}`);
      }
    }
    assert.notEqual(await background(), light[0]);
    assert.notEqual(await picture(), light[1], "the charts kept their colours");
    assertQuiet(page);
    await page.close();
  });
});

describe("policies over pages", () => {
  test("show the medians of the ratios that --json gives, for each choice", async () => {
    const page = shared;
    for (const [key, metric] of [["atf_area_ms", "area"], ["page_load_ms", "page load"]]) {
      for (const signals of SIGNALS) {
        await choose(page, { metric, "sum-signals": signals });
        const rows = await rowsOf(page, "matrix-table");
        const heads = await headsOf(page, "matrix-table");
        assert.deepEqual(heads.map((head) => head.split(",")[0]), ["policy", ...NETWORKS]);
        assert.equal(rows.length, POLICIES.length);
        for (const [policy, ...cells] of rows) {
          NETWORKS.forEach((network, i) => {
            const ratio = (name) => lineOf({ page: name, policy: "rr", signals, network })[key] / lineOf({ page: name, policy, signals, network })[key];
            near(cells[i], median(PAGES.map(ratio)), `${policy} on ${network}`);
          });
        }
      }
    }
  });

  test("say that a few pages show nothing", async () => {
    const page = shared;
    for (const network of NETWORKS) {
      await choose(page, { metric: "area", "sum-signals": SIGNALS[0], "sum-network": network });
      assert.match(await page.textContent("#verdict"),
        new RegExp(`^Over 2 pages on ${network}, .* on fewer than 6 pages, which show no difference whatever their ratios: `));
      for (const [policy, pages, , , , , , verdict] of await rowsOf(page, "intervals-table")) {
        assert.equal(pages, 2);
        assert.equal(verdict, policy === "rr" ? "the baseline" : "too few pages");
      }
    }
  });

  test("without the baseline say so, and stay silent", async () => {
    run(compare, "--quiet", "--pages=squoosh", "--policies=fifo", "--signals=none", `--html=${folder}/fifo.html`);
    const page = await open(`${folder}/fifo.html`);
    assert.match(await page.textContent("#verdict"), /the baseline rr did not run there/);
    assert.deepEqual(await headsOf(page, "metrics-table"), ["metric", "A: fifo", "B: fifo", "B ÷ A"]);
    assertQuiet(page);
    await page.close();
  });
});

describe("a page load", () => {
  test("has the metrics of --json under both policies, for every choice", async () => {
    const page = shared;
    for (const name of PAGES) {
      for (const signals of SIGNALS) {
        for (const network of NETWORKS) {
          const policies = ["fifo", "rfc9218"];
          await choose(page, { page: name, signals, network, "policy-a": policies[0], "policy-b": policies[1] });
          assert.deepEqual(await headsOf(page, "metrics-table"), ["metric", "A: fifo", "B: rfc9218", "B ÷ A"]);
          const rows = new Map((await rowsOf(page, "metrics-table")).map(([metric, ...values]) => [metric, values]));
          policies.forEach((policy, i) => {
            const line = lineOf({ page: name, signals, network, policy });
            assert.equal(rows.get("ATF area")[i], line.atf_area_ms);
            assert.equal(rows.get("render-critical done")[i], line.render_critical_ms);
            assert.equal(rows.get("above the fold done")[i], line.atf_ms);
            assert.equal(rows.get("page load")[i], line.page_load_ms);
            assert.equal(rows.get("lower priority first")[i], line.lower_first_bytes);
            for (const [type, done] of Object.entries(line.class_done_ms)) {
              assert.equal(rows.get(`${type} done`)[i], done);
            }
          });
        }
      }
    }
    assertQuiet(page);
  });

  test("has a waterfall whose rows end when --json says that classes do", async () => {
    const page = shared;
    await choose(page, { page: "wikipedia_mobile", signals: SIGNALS[0], network: "cable", "policy-a": "rfc9218", "policy-b": "rr" });
    for (const [side, policy] of [["a", "rfc9218"], ["b", "rr"]]) {
      assert.equal(await page.textContent(`#waterfall-${side}-title`), `${side.toUpperCase()}: ${policy}`);
      const line = lineOf({ page: "wikipedia_mobile", signals: SIGNALS[0], network: "cable", policy });
      const rows = await rowsOf(page, `waterfall-${side}-table`);
      const bytes = new Map();
      for (const [resource, , sent] of line.picks) bytes.set(resource, (bytes.get(resource) ?? 0) + sent);
      const done = {};
      for (const [label, type, , stream, signals, size, requested, first, last] of rows) {
        assert.equal(bytes.get(Number(label.match(/\d+$/)[0])) ?? 0, size, label);
        assert.ok(requested < first && first <= last, label);
        assert.ok(line.picks.some((pick) => pick[1] === stream), label);
        assert.match(signals, /weight \d+, depends on \d+/, label);
        done[type] = Math.max(done[type] ?? 0, last);
      }
      assert.deepEqual(Object.keys(done).sort(), Object.keys(line.class_done_ms).sort());
      for (const [type, ms] of Object.entries(line.class_done_ms)) near(done[type], ms, type);
    }
  });

  test("has curves that end with the first screen and with the page", async () => {
    const page = shared;
    await choose(page, { page: "squoosh", signals: SIGNALS[0], network: "3g_fast", "policy-a": "rfc9218", "policy-b": "rr" });
    const rows = await rowsOf(page, "progress-table");
    ["rfc9218", "rfc9218", "rr", "rr"].forEach((policy, i) => {
      const line = lineOf({ page: "squoosh", signals: SIGNALS[0], network: "3g_fast", policy });
      if (policy === "rfc9218") assert.ok(line.atf_ms < line.page_load_ms, "the two can be told apart");
      const [name, ...parts] = rows[i];
      assert.ok(name.includes(policy));
      near(parts[parts.length - 1], i % 2 === 0 ? line.atf_ms : line.page_load_ms, name);
      assert.deepEqual([...parts].sort((a, b) => a - b), parts);
    });
  });

  test("has strips with the picks of --json, in their order", async () => {
    const page = shared;
    await choose(page, { page: "squoosh", signals: SIGNALS[1], network: "3g_fast", "policy-a": "rfc9218", "policy-b": "fifo" });
    const rows = await rowsOf(page, "strip-table");
    for (const [row, policy] of [["A chosen", "rfc9218"], ["A arrived", "rfc9218"], ["B chosen", "fifo"], ["B arrived", "fifo"]]) {
      const blocks = rows.filter(([name]) => name === row);
      assert.ok(blocks.length > 10 && blocks.length < 300, `${row}: ${blocks.length}`);
      // A pause splits a block, and --json joins over it.
      const joined = [];
      let end = 0;
      for (const [, of, label, from, to, bytes] of blocks) {
        assert.equal(of, policy);
        assert.ok(end <= from + 1e-6 && from <= to, row);
        end = to;
        const id = Number(label.match(/\d+$/)[0]);
        if (joined.length > 0 && joined[joined.length - 1][0] === id) joined[joined.length - 1][1] += bytes;
        else joined.push([id, bytes]);
      }
      const line = lineOf({ page: "squoosh", signals: SIGNALS[1], network: "3g_fast", policy });
      assert.deepEqual(joined, line.picks.map(([id, , bytes]) => [id, bytes]), row);
    }
  });

  test("shows the part of the time that is chosen", async () => {
    const page = shared;
    const picture = () => pictureOf(page, "waterfall-a");
    const whole = await picture();
    const end = await page.textContent("#span-shown").then((text) => Number(text.split(" ")[2].replace(",", "")));
    assert.ok(await page.isDisabled("#from"));
    await choose(page, { span: "a fifth" });
    const first = await picture();
    assert.notEqual(first, whole);
    await page.locator("#from").fill("100");
    assert.equal(await page.textContent("#span-shown"), `${tenths(0.8 * end)} – ${tenths(end)} ms`);
    assert.notEqual(await picture(), first);
    await page.locator("#from").fill("0");
    await choose(page, { span: "whole load" });
    assert.equal(await picture(), whole);
    assertQuiet(page);
  });

  test("names the addresses of a HAR", async () => {
    const har = `${folder}/page.har`;
    writeFileSync(har, readFileSync(process.env.HAR));
    run(compare, "--quiet", `--pages=${har}`, "--policies=rr,fifo", "--signals=none", `--html=${folder}/har.html`);
    const page = await open(`${folder}/har.html`);
    const rows = await rowsOf(page, "waterfall-a-table");
    const urls = JSON.parse(readFileSync(har)).log.entries.map((entry) => entry.request.url);
    assert.ok(rows.length > 3);
    for (const row of rows) assert.ok(urls.includes(row[row.length - 1]), row.join());
    assertQuiet(page);
    await page.close();
  });

  test("says so when the report had no room for its timeline", async () => {
    const html = readFileSync(`${folder}/report.html`, "utf8");
    const cut = html.replace(/(<script type="text\/plain" id="index">)([^<]+)/, (_, tag, packed) => {
      const index = JSON.parse(inflateSync(Buffer.from(packed, "base64")));
      for (const run of index.runs) if (index.policies[run[2]] === "fifo") run[8] = -1;
      return tag + deflateSync(JSON.stringify(index)).toString("base64");
    });
    assert.notEqual(cut, html);
    writeFileSync(`${folder}/cut.html`, cut);
    const page = await open(`${folder}/cut.html`);
    assert.match(await page.textContent("#what"), /8 loads are without a timeline/);
    await choose(page, { "policy-a": "fifo", "policy-b": "rr" });
    assert.match(await page.textContent("#load-status"), /no room for the timeline/);
    const [, area] = (await rowsOf(page, "metrics-table"))[0];
    const line = lineOf({ page: PAGES[0], signals: SIGNALS[0], network: NETWORKS[0], policy: "fifo" });
    assert.equal(area, line.atf_area_ms);
    await choose(page, { "policy-a": "rfc9218" });
    assert.ok((await rowsOf(page, "waterfall-a-table")).length > 5, "and comes back");
    assertQuiet(page);
    await page.close();
  });
});

describe("priorities at a moment", () => {
  test("are the client's tree: Firefox's groups, with requests under them", async () => {
    const page = shared;
    await choose(page, { page: "squoosh", signals: "firefox7540", network: "3g_fast", "policy-a": "rr", "policy-b": "fifo" });
    assert.equal(await page.inputValue("#tree-kind"), "7540");
    // Nothing at first; then what was sent before the document's request.
    await page.locator("#time").fill("0");
    assert.equal((await rowsOf(page, "tree-a-table")).length, 0);
    await page.click("#after");
    assert.deepEqual((await rowsOf(page, "tree-a-table")).map(([stream]) => stream).sort((a, b) => a - b), [3, 5, 7, 9, 11, 13, 15]);
    await page.locator("#time").fill("1000");
    const rows = new Map((await rowsOf(page, "tree-a-table")).map(([stream, ...row]) => [stream, row]));
    // Placeholders of Firefox until 128: leaders, unblocked, background,
    // speculative under it, followers under the leaders, urgent start.
    for (const [stream, weight, parent] of [[3, 201, 0], [5, 101, 0], [7, 1, 0], [9, 1, 7], [11, 1, 3], [13, 241, 0]]) {
      assert.deepEqual(rows.get(stream).slice(0, 4), ["placeholder", `w${weight}`, parent, "placeholder"]);
    }
    const waterfall = await rowsOf(page, "waterfall-a-table");
    assert.equal(rows.size, waterfall.length + 6);
    for (const [label, , , stream, signals] of waterfall) {
      const [weight, parent] = signals.match(/weight (\d+), depends on (\d+)/).slice(1).map(Number);
      assert.deepEqual(rows.get(stream).slice(0, 5), [label, `w${weight}`, parent, "finished", 1]);
    }
  });

  test("change with the slider and the buttons, up to the end and back", async () => {
    const page = shared;
    await choose(page, { page: "wikipedia_mobile", signals: SIGNALS[0], network: "3g_fast", "policy-a": "rfc9218", "policy-b": "rr" });
    await page.selectOption("#tree-kind", "9218");
    const now = async () => Number((await page.textContent("#time-shown")).replace(/[^\d.]/g, ""));
    await page.locator("#time").fill("0");
    assert.equal(await now(), 0);
    assert.equal((await rowsOf(page, "tree-a-table")).length, 0);
    assert.ok(await page.isDisabled("#before"));
    // Each press is a change later; the streams only become more.
    let steps = 0;
    for (let streams = 0, time = 0; await page.isEnabled("#after"); ++steps) {
      await page.click("#after");
      const rows = await rowsOf(page, "tree-a-table");
      assert.ok((await now()) >= time && rows.length >= streams);
      assert.ok(rows.filter((row) => row[6] === "yes").length <= 1);
      [time, streams] = [await now(), rows.length];
    }
    const waterfall = await rowsOf(page, "waterfall-a-table");
    assert.ok(steps >= 3, `${steps} changes`);
    await page.locator("#time").fill("1000");
    const rows = await rowsOf(page, "tree-a-table");
    assert.equal(rows.length, waterfall.length);
    for (const [stream, label, priority, , state, part] of rows) {
      assert.deepEqual([state, part], ["finished", 1], label);
      const said = waterfall.find((row) => row[3] === stream)[4].match(/urgency (\d)(, incremental)?/g)?.pop();
      const urgency = said ? `u=${said[8]}${said.endsWith("incremental") ? ",i" : ""}` : "u=3 by default";
      assert.equal(priority, urgency, label);
    }
    await page.click("#before");
    assert.ok((await now()) < Number(lineOf({ page: "wikipedia_mobile", signals: SIGNALS[0], network: "3g_fast", policy: "rfc9218" }).page_load_ms));
    assertQuiet(page);
  });
});

describe("by keyboard alone", () => {
  test("every control is reached in the order of the page, and shows its focus", async () => {
    const page = await openReport();
    const reached = [];
    for (let i = 0; i < 80; ++i) {
      await page.keyboard.press("Tab");
      const what = await page.evaluate(() => {
        const node = document.activeElement;
        if (node === document.body) return null;
        const outline = getComputedStyle(node).outlineStyle;
        return { name: node.id || `${node.tagName} ${node.textContent.slice(0, 24).trim()}`, outline };
      });
      if (what === null) break;
      assert.notEqual(what.outline, "none", what.name);
      reached.push(what.name);
    }
    const controls = ["metric", "sum-signals", "sum-network", "page", "signals", "network", "policy-a", "policy-b", "span",
      "waterfall-a", "waterfall-b", "tree-kind", "time", "before", "after", "tree-a", "tree-b"];
    assert.deepEqual(reached.filter((name) => controls.includes(name)), controls);
    assert.equal(reached.filter((name) => name.startsWith("SUMMARY Table")).length, 8);
    await page.close();
  });

  test("choices, tables and the slider work", async () => {
    const page = await openReport();
    const focus = (id) => page.locator(id).focus();
    await focus("#page");
    await page.keyboard.press("ArrowDown");
    await settled(page);
    assert.match(await page.textContent("#load-status"), new RegExp(`^${PAGES[1]}`));
    await focus("#strip-table summary");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#strip-table table");
    assert.ok((await page.locator("#strip-table tbody tr").count()) > 10);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("role")), "region", "a table can be scrolled");
    await focus("#time");
    const before = await page.textContent("#time-shown");
    for (let i = 0; i < 5; ++i) await page.keyboard.press("ArrowRight");
    const text = await page.textContent("#time-shown");
    assert.notEqual(text, before);
    assert.equal(await page.getAttribute("#time", "aria-valuetext"), text);
    assertQuiet(page);
    await page.close();
  });
});

describe("the full sweep", () => {
  test("of all real pages and policies is under 5 MB and opens silently", async () => {
    run(compare, "--quiet", "--pages=real", "--policies=all", "--signals=chrome9218_2023", `--html=${folder}/full.html`);
    const size = statSync(`${folder}/full.html`).size;
    assert.ok(size < 5e6, `${size} bytes`);
    const start = performance.now();
    const page = await open(`${folder}/full.html`);
    const ms = Math.round(performance.now() - start);
    console.log(`full sweep: ${size} bytes, opens in ${ms} ms; ${await page.textContent("#what")}`);
    const words = await page.textContent("#verdict");
    assert.match(words, /^Over 16 pages on 3g_fast/);
    const verdicts = new Set();
    for (const [policy, pages, middle, , , low, high, verdict] of await rowsOf(page, "intervals-table")) {
      assert.equal(pages, 16);
      assert.ok(low <= middle && middle <= high);
      const expected = policy === "rr" ? "the baseline" : low > 1 ? "better" : high < 1 ? "worse" : "inside the noise";
      assert.equal(verdict, expected);
      verdicts.add(verdict);
      if (policy !== "rr") {
        const told = words.split(/ – |; /).find((part) => part.includes(`${policy} (${middle.toFixed(3)})`));
        assert.ok(told?.startsWith(verdict), `${policy}: ${told}`);
      }
    }
    assert.ok(verdicts.has("better") && verdicts.has("inside the noise"), [...verdicts].join());
    assertQuiet(page);
    await page.close();
  });
});
