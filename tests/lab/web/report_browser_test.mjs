// The HTML report as a reader meets it, in Chromium: what each view shows is
// what --json says, by mouse and by keyboard, in light and in dark.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { after, before, describe, test } from "node:test";
import { deflateSync, inflateSync } from "node:zlib";

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(`${process.env.NODE_MODULES}/axe-core/axe.min.js`, "utf8");
const [compare, report, captured] = process.env.FILES.split(":");
const folder = process.env.TEST_TMPDIR;

const POLICIES = ["rfc9218", "rr", "fifo"];
const SIGNALS = ["chromium_h2_156", "firefox7540"]; // both kinds, and one
const NETWORKS = ["3g_fast", "cable"];
const PAGES = ["squoosh", "wikipedia_mobile"];

const quick = (program) => (program === compare ? ["--best_order=0"] : []);
const run = (program, ...args) => execFileSync(program, [...quick(program), ...args], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });

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
  await drawn(page);
  return page;
};

// The first screen is there, and every chart is drawn.
const drawn = async (page) => {
  await page.waitForSelector("html[data-ready]");
  await page.waitForSelector("#results:not([aria-busy])");
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

// Every table that is folded.
const openTables = async (page) => {
  for (const summary of await page.locator(".table summary").all()) {
    if (!(await summary.evaluate((node) => node.parentElement.open))) await summary.click();
  }
};

// A copy of a report with another index: `change` gets it.
const rewrite = (from, to, change) => {
  const html = readFileSync(from, "utf8");
  const written = html.replace(/(<script type="text\/plain" id="index">)([^<]+)/, (_, tag, packed) => {
    const index = JSON.parse(inflateSync(Buffer.from(packed, "base64")));
    change(index);
    return tag + deflateSync(JSON.stringify(index)).toString("base64");
  });
  assert.notEqual(written, html);
  writeFileSync(to, written);
};

const headsOf = (page, id) => page.locator(`#${id} thead th`).allTextContents();

const choose = async (page, choices) => {
  for (const [id, label] of Object.entries(choices)) {
    await page.selectOption(`#${id}`, { label: await page.locator(`#${id} option`, { hasText: label }).first().textContent() });
  }
  await settled(page);
};

// Until the charts of the last choice are drawn: its timelines are inflated first.
const settled = async (page) => {
  await drawn(page);
  await page.evaluate(() => new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve), 50)));
};

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
    assert.match(await page.textContent("#what"), /24 page loads: 2 pages × 3 policies, 2 sets of signals, 2 networks/);
    for (const control of await page.locator("select, input").all()) {
      assert.ok(await control.evaluate((node) => node.labels.length === 1 && node.labels[0].textContent.trim() !== ""));
    }
    assert.match(await page.locator("footer pre").textContent(), /Apache ECharts[^]*Apache License[^]*ZRender/);
    assertQuiet(page);
    await page.close();
  });

  test("has a described chart and its table in every figure, and no chart is blank", async () => {
    const page = await openReport();
    assert.equal(await page.locator("figure").count(), 8);
    const figures = page.locator("figure:has(.chart)");
    assert.equal(await figures.count(), 7); // the matrix is a table itself
    for (const figure of await figures.all()) {
      const canvas = figure.locator('[role="img"]');
      assert.ok((await canvas.getAttribute("aria-label")).length > 20);
      assert.ok((await figure.locator(".table summary").count()) >= 1);
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

  test("fits wide and narrow screens, and zoomed ones, without scrolling sideways", async () => {
    const page = await openReport();
    await openTables(page);
    for (const width of [1440, 1024, 768, 390, 320]) {
      await page.setViewportSize({ width, height: 800 });
      await settled(page);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} px`);
    }
    assertQuiet(page);
    await page.close();
  });

  test("has nothing that axe finds wrong, in light and in dark", async () => {
    for (const colorScheme of ["light", "dark"]) {
      const page = await openReport({ colorScheme });
      await openTables(page);
      await page.evaluate(() => { // rows are alike, and axe is slow
        for (const body of document.querySelectorAll("tbody")) while (body.rows.length > 3) body.rows[3].remove();
      });
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`), []);
      assert.ok(passes.length > 20, "axe looked at something");
      await page.close();
    }
  });

  test("names are text, whatever they hold, and however long they are", async () => {
    const evil = `</script><img src=x onerror="document.title='owned'"><!--${"日本語 🎉 ".repeat(30)}`;
    rewrite(`${folder}/report.html`, `${folder}/evil.html`, (index) => {
      index.policies[0] = evil;
      index.settings.forEach((setting) => (setting.network += evil));
      index.pages.forEach((page) => {
        page.name += evil;
        for (const resource of page.resources) {
          resource[1] += evil;
          resource[8] = `https://example.org/${evil}${"x".repeat(2000)}`;
        }
      });
    });
    const page = await open(`${folder}/evil.html`, { viewport: { width: 768, height: 900 } });
    await openTables(page);
    for (const id of ["intervals", "waterfall-a", "progress", "strip", "tree-a"]) { // tooltips, too
      await page.locator(`#${id}`).scrollIntoViewIfNeeded();
      const box = await page.locator(`#${id} > .canvas`).boundingBox();
      // Along a row, as a reader who wants to know what is there.
      const shown = () => page.locator(`#${id} .tip`).evaluateAll((tips) => tips.some((tip) => tip.checkVisibility({ visibilityProperty: true })));
      const y = box.y + ({ intervals: 20, "waterfall-a": 12, progress: 200, strip: 30 }[id] ?? 70);
      for (let x = 0; x < box.width && !(await shown()); x += 4) await page.mouse.move(box.x + x, y);
      assert.ok(await shown(), `${id} has no tooltip`);
    }
    assert.equal(await page.title(), "Sluice lab report: 2 pages × 3 policies");
    assert.equal(await page.locator("img").count(), 0);
    assert.equal(await page.locator("script:not([type])").count(), 11);
    assert.equal((await page.locator("#policy-a option").allTextContents()).filter((text) => text === evil).length, 1);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    assertQuiet(page);
    await page.close();
  });

  test("opens offline", async () => {
    const context = await browser.newContext({ offline: true });
    const page = await context.newPage();
    await page.goto(`file://${folder}/report.html`);
    await page.waitForSelector("html[data-ready]");
    assert.notEqual(await page.textContent("#answer"), "");
    await context.close();
  });

  test("keeps what was chosen in its address", async () => {
    const page = await openReport();
    assert.equal(new URL(page.url()).hash, "", "nothing was chosen");
    await choose(page, {
      metric: "page load", signals: SIGNALS[0], network: "cable", page: PAGES[1],
      "policy-a": "rr", "policy-b": "rfc9218", span: "half of it",
    });
    await page.locator("#from").fill("40");
    await page.locator("#time").fill("700");
    await page.selectOption("#tree-kind", "9218");
    const read = () => page.evaluate(() =>
      Object.fromEntries([...document.querySelectorAll("select, input")].map((node) => [node.id, node.selectedOptions?.[0].text ?? node.value])));
    const chosen = await read();
    const table = await rowsOf(page, "metrics-table");
    await page.reload();
    await drawn(page);
    assert.deepEqual(await read(), chosen);
    assert.deepEqual(await rowsOf(page, "metrics-table"), table);
    // Of another report, or by hand: what is not there is left out.
    await page.goto(`file://${folder}/report.html#page=nowhere&span=%3Cb%3E&from=x`);
    await page.reload();
    await drawn(page);
    assert.equal((await read()).page, PAGES[0]);
    assertQuiet({ ...page, asked: page.asked.slice(0, 1) });
    await page.close();
  });

  // The darkest and the brightest that a chart draws, 0 to 255.
  const brightness = (page, id) =>
    page.locator(`#${id} canvas`).first().evaluate((node) => {
      const copy = new OffscreenCanvas(node.width, node.height).getContext("2d");
      copy.drawImage(node, 0, 0);
      const { data } = copy.getImageData(0, 0, node.width, node.height);
      let [low, high] = [255, 0];
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] < 255) continue;
        const value = (data[i] + data[i + 1] + data[i + 2]) / 3;
        [low, high] = [Math.min(low, value), Math.max(high, value)];
      }
      return [low, high];
    });

  test("prints dark on white paper, whole, from a dark screen", async () => {
    const page = await openReport({ colorScheme: "dark" });
    assert.ok((await brightness(page, "progress"))[0] > 50, "no dark ink on the screen");
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await settled(page);
    assert.ok((await brightness(page, "progress"))[0] < 40, "dark ink on paper");
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
    const cut = await page.evaluate(() => [...document.querySelectorAll(".chart, .scroll")]
      .filter((node) => node.scrollHeight > node.clientHeight + 1).map((node) => node.id || node.className));
    assert.deepEqual(cut, []);
    assert.ok((await page.pdf({ format: "A4" })).length > 50_000);
    assertQuiet(page);
    await page.close();
  });

  test("draws its charts in the system’s colours where these are forced", async () => {
    // The system's ink is black and white, the style sheet's is not.
    for (const [colorScheme, ink, authored] of [["light", "0,0,0", "23,27,33"], ["dark", "255,255,255", "233,236,240"]]) {
      const page = await openReport({ colorScheme, forcedColors: "active" });
      const drawn = await page.locator("#tree-a canvas").first().evaluate((node) => {
        const { data } = node.getContext("2d").getImageData(0, 0, node.width, node.height);
        return [...new Set(Array.from({ length: data.length / 4 }, (_, i) => data.slice(4 * i, 4 * i + 3).join()))];
      });
      assert.ok(drawn.includes(ink) && !drawn.includes(authored), colorScheme);
      assertQuiet(page);
      await page.close();
    }
  });

  test("is sharp at any zoom, for one resource and for many", async () => {
    for (const count of [1, 500]) {
      makeHar(count);
      const page = await open(`${folder}/${count}.html`);
      assert.match(await page.textContent("#load-status"), new RegExp(`: ${count} resources?, `));
      // A page of a document alone is warned of, on top and beside its load.
      for (const id of ["warnings-list", "load-status"]) {
        assert.equal((await page.textContent(`#${id}`)).includes("the document alone is render-critical"), count === 1, id);
      }
      // The chart's pixels a CSS pixel, and whether its lowest row is drawn.
      const drawn = () => page.locator("#waterfall-a > .canvas canvas").first().evaluate((node) => {
        const pixels = node.width / node.clientWidth;
        const row = Math.ceil(24 * pixels);
        const copy = new OffscreenCanvas(node.width, row).getContext("2d");
        copy.drawImage(node, 0, row - node.height);
        return [pixels, new Set(new Uint32Array(copy.getImageData(0, 0, node.width, row).data.buffer)).size > 3];
      });
      assert.deepEqual(await drawn(), [1, true]);
      const session = await page.context().newCDPSession(page);
      for (const zoom of [2, 3]) {
        await session.send("Emulation.setDeviceMetricsOverride",
          { width: Math.round(1400 / zoom), height: Math.round(900 / zoom), deviceScaleFactor: zoom, mobile: false });
        await page.waitForFunction((zoom) => devicePixelRatio === zoom, zoom);
        await settled(page);
        const [pixels, lowest] = await drawn();
        // Browsers draw canvases of some 16,000 pixels.
        assert.ok(count === 1 ? pixels === zoom : pixels > 1.5 && pixels < 2.01, `${count}: ${pixels} at ${zoom}`);
        assert.ok(lowest);
      }
      assertQuiet(page);
      await page.close();
    }
  });

  test("moves nothing", async () => {
    const page = await openReport({ reducedMotion: "reduce" });
    await page.mouse.move(700, 800);
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
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

// A page of `count` scripts, as a HAR.
const makeHar = (count) => {
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

// Bundled pages, each also with its sizes scaled: `count` files.
const makePages = (count) => {
  const names = ["squoosh", "wikipedia_mobile", "sitespeedio_2017", "react_starter", "mikescerealshack", "filamentgroup_2017_chrome"];
  return Array.from({ length: count }, (_, i) => {
    const name = names[i % names.length];
    const scale = 1 + 0.3 * Math.floor(i / names.length);
    const page = JSON.parse(readFileSync(`${dirname(compare)}/pages/${name}.json`));
    page.page = `${name}_${scale.toFixed(1)}`;
    for (const resource of page.resources) {
      for (const key of ["bytes", "discovered_at_byte"]) if (key in resource) resource[key] = Math.floor(scale * resource[key]);
    }
    writeFileSync(`${folder}/${page.page}.json`, JSON.stringify(page));
    return `${folder}/${page.page}.json`;
  });
};

describe("the first screen", () => {
  test("has the answer for many pages and for one, on wide and on narrow screens", async () => {
    for (const count of [1, 6, 60]) {
      run(compare, "--quiet", `--pages=${makePages(count)}`, "--policies=rr,rfc9218,fifo", "--signals=chromium_h2_156", `--html=${folder}/pages${count}.html`);
      for (const [width, height] of [[1440, 900], [390, 844]]) {
        for (const colorScheme of ["light", "dark"]) {
          const page = await open(`${folder}/pages${count}.html`, { viewport: { width, height }, colorScheme });
          const what = `${count} pages, ${width} px, ${colorScheme}`;
          assert.equal(await page.isVisible("#answer"), count > 1, what);
          const answers = page.locator(".says:visible");
          assert.equal(await answers.count(), count > 1 ? 2 : 1, what);
          for (const answer of await answers.all()) {
            const box = await answer.boundingBox();
            assert.ok(box.y + box.height <= height, `${what}: ${await answer.textContent()} ends at ${box.y + box.height}`);
          }
          if (count === 6) assert.equal(await page.textContent("#over-pages-title"), "Over 6 pages");
          // Nothing is cut off at a side, and no text is tiny.
          assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), what);
          const smallest = await page.evaluate(() => Math.min(...[...document.querySelectorAll("main *, header *")]
            .filter((node) => node.checkVisibility() && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== ""))
            .map((node) => parseFloat(getComputedStyle(node).fontSize))));
          assert.ok(smallest >= 10.5, `${what}: text of ${smallest} px`);
          assertQuiet(page);
          await page.close();
        }
      }
    }
  });

  test("compares all policies on the chosen page as --json does, the fastest first", async () => {
    const page = shared;
    for (const [key, metric] of [["painted_area_ms", "painted area"], ["page_load_ms", "page load"]]) {
      await choose(page, { metric, signals: SIGNALS[0], network: "cable", page: PAGES[1], "policy-a": "fifo", "policy-b": "rr" });
      const time = (policy) => lineOf({ page: PAGES[1], signals: SIGNALS[0], network: "cable", policy })[key];
      const rows = await rowsOf(page, "page-table");
      assert.deepEqual(rows.map(([, ms]) => ms), POLICIES.map(time).sort((a, b) => a - b));
      for (const [name, ms, less, ratio] of rows) {
        const policy = name.replace(" (baseline)", "");
        assert.equal(name !== policy, policy === "rr", name);
        assert.equal(ms, time(policy));
        near(less, ms - time("rr"), policy);
        near(ratio, time("rr") / ms, policy);
      }
      const best = time("rr") - rows[0][1];
      const said = await page.textContent("#page-answer");
      assert.ok(best > 0 ? said.includes(`${(time("rr") / rows[0][1]).toFixed(2)} times as long, ${tenths(best)} ms more`) : /^(No policy is faster than rr|All policies take)/.test(said), said);
      assert.match(await page.textContent("#page-caveat"), /^Exact: .* It says nothing about other pages: of the 1 page besides, /);
      // Resources that end earlier and later, as the two waterfalls have them.
      const ends = async (side) => new Map((await rowsOf(page, `waterfall-${side}-table`)).map((row) => [row[0], row[8]]));
      const [fifo, rr] = [await ends("a"), await ends("b")];
      const gaps = [...fifo].map(([label, end]) => end - rr.get(label));
      const row = rows.find(([name]) => name === "fifo");
      assert.deepEqual(row.slice(4), [gaps.filter((gap) => gap < 0).length, gaps.filter((gap) => gap > 0).length]);
    }
    assertQuiet(page);
  });

  test("has the best order of the page, and each policy's share of what it gains", async () => {
    const index = [PAGES[0], SIGNALS[0], NETWORKS[0]];
    const area = (policy) => lineOf({ page: index[0], signals: index[1], network: index[2], policy }).painted_area_ms;
    const best = Math.min(...POLICIES.map(area)) - 10;
    rewrite(`${folder}/report.html`, `${folder}/best.html`, (of) => {
      const setting = of.settings.findIndex(({ signals, network }) => signals === index[1] && network === index[2]);
      of.best = [[0, setting, "1", Math.round(1000 * best), 100000]];
    });
    const page = await open(`${folder}/best.html`);
    await choose(page, { metric: "painted area", signals: index[1], network: index[2], page: index[0] });
    assert.equal((await headsOf(page, "page-table")).at(-1), "of the possible gain");
    for (const row of await rowsOf(page, "page-table")) {
      near(row.at(-1), (area("rr") - row[1]) / (area("rr") - best), row[0]);
    }
    assert.ok((await page.textContent("#page-caveat")).includes(`takes ${tenths(best)} ms, and no order takes less than 100.0 ms.`));
    await choose(page, { metric: "page load" });
    assert.equal((await headsOf(page, "page-table")).at(-1), "later", "it is the painted area's");
    assertQuiet(page);
    await page.close();
  });

  test("waits for no chart and for one line of timelines, of however many loads", async () => {
    // As many as benchmarks/lab/sweeps:full has.
    rewrite(`${folder}/report.html`, `${folder}/large.html`, (index) => {
      const [settings, runs, summaries] = [index.settings, index.runs, index.summaries];
      const copies = Math.ceil(8640 / runs.length);
      const places = settings.length;
      index.settings = Array.from({ length: copies }, (_, i) => settings.map((setting) => ({ ...setting, send_buffer_bytes: 1024 * i }))).flat();
      index.runs = Array.from({ length: copies }, (_, i) => runs.map((of) => of.with(1, of[1] + places * i))).flat();
      index.summaries = Array.from({ length: copies }, (_, i) => summaries.map((of) => of.with(1, of[1] + places * i))).flat();
    });
    const counts = [];
    for (const file of ["report", "large"]) {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      await page.addInitScript(() => {
        let inflations = 0;
        const { DecompressionStream: Stream } = globalThis;
        globalThis.DecompressionStream = function (format) {
          ++inflations;
          return new Stream(format);
        };
        new MutationObserver((_, observer) => {
          if (document.documentElement.dataset.ready === undefined) return;
          observer.disconnect();
          globalThis.atReady = { inflations, charts: document.querySelectorAll("canvas").length, nodes: document.querySelectorAll("main *").length };
        }).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-ready"] });
      });
      await page.goto(`file://${folder}/${file}.html`);
      await drawn(page);
      counts.push(await page.evaluate(() => globalThis.atReady));
      await page.close();
    }
    const [small, large] = counts;
    assert.deepEqual([small.inflations, small.charts], [2, 0], "the index and the line of the page");
    assert.deepEqual([large.inflations, large.charts], [2, 0]);
    // The matrix has a cell for each policy and setting.
    assert.ok(small.nodes < 300 && large.nodes < 6000, `${small.nodes} and ${large.nodes} elements`);
  });
});

describe("policies over pages", () => {
  test("show the medians of the ratios that --json gives, for each choice", async () => {
    const page = shared;
    for (const [key, metric] of [["painted_area_ms", "painted area"], ["atf_area_ms", "ATF area"], ["page_load_ms", "page load"]]) {
      for (const signals of SIGNALS) {
        await choose(page, { metric, signals });
        const rows = await rowsOf(page, "matrix");
        const heads = await page.locator("#matrix thead tr").first().locator("th").allTextContents();
        assert.deepEqual(heads, ["policy", ...NETWORKS.map((network) => `${network} send buffer`)]);
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
      await choose(page, { metric: "painted area", signals: SIGNALS[0], network });
      assert.equal(await page.textContent("#answer"), "2 pages cannot show which policy is better.");
      assert.match(await page.textContent("#caveat"), /^Fewer than 7 pages show no difference/);
      assert.deepEqual(await page.locator("#verdicts h3").allTextContents(), ["Too few pages to say 2"]);
      assert.equal(await page.locator("#matrix .shown").count(), 0, "coloured");
      for (const [policy, pages, , , , , , verdict] of await rowsOf(page, "intervals-table")) {
        assert.equal(pages, 2);
        assert.equal(verdict, policy === "rr" ? "the baseline" : "too few pages");
      }
    }
  });

  test("name each policy that may equal the best, whatever its median", async () => {
    rewrite(`${folder}/report.html`, `${folder}/equal.html`, (index) => {
      for (const sum of index.summaries) {
        const policy = index.policies[sum[2]];
        const [median, noise] = { rfc9218: [1.3, false], rr: [1, true], fifo: [0.9, true] }[policy];
        sum.splice(3, 8, 9, median, median, median, median, median, noise, policy !== "rr");
      }
    });
    const page = await open(`${folder}/equal.html`);
    assert.match(await page.textContent("#answer"), /^rfc9218 is best: /);
    assert.match(await page.textContent("#caveat"), /These pages cannot tell fifo from the best\./);
    const verdicts = new Map((await rowsOf(page, "intervals-table")).map((row) => [row[0], row[7]]));
    assert.equal(verdicts.get("fifo"), "inside the noise, may equal the first");
    assertQuiet(page);
    await page.close();
  });

  test("are signal sets, edits or whatever else is compared", async () => {
    run(compare, "--quiet", "--pages=squoosh,wikipedia_mobile", "--policies=rfc9218,rr", `--signals=${SIGNALS}`, `--baseline=${SIGNALS[1]}`,
      `--html=${folder}/signals.html`, `--json=${folder}/signals.jsonl`);
    const runs = readFileSync(`${folder}/signals.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line));
    const page = await open(`${folder}/signals.html`);
    assert.equal(await page.textContent("#pages-title"), "Sets of signals over all pages");
    assert.match(await page.textContent("#what"), /2 pages × 2 sets of signals, 2 policies, 1 network/);
    for (const policy of ["rfc9218", "rr"]) {
      await choose(page, { signals: policy, page: "squoosh", "policy-a": SIGNALS[0], "policy-b": SIGNALS[1] });
      assert.equal(await page.evaluate(() => document.getElementById("signals").labels[0].firstChild.data), "Policy ");
      const area = (signals) => runs.find((line) => line.page === "squoosh" && line.policy === policy && line.signals === signals).painted_area_ms;
      const rows = new Map((await rowsOf(page, "page-table")).map((row) => [row[0], row]));
      near(rows.get(SIGNALS[0])[2], area(SIGNALS[0]) - area(SIGNALS[1]), policy);
    }
    assertQuiet(page);
    await page.close();
  });

  test("without the baseline say so, and stay silent", async () => {
    run(compare, "--quiet", "--pages=squoosh", "--policies=fifo", "--signals=none", `--html=${folder}/fifo.html`);
    const page = await open(`${folder}/fifo.html`);
    assert.match(await page.textContent("#page-answer"), /^fifo is first: /);
    assert.match(await page.textContent("#page-caveat"), /The baseline rr did not run/);
    assert.ok(await page.isHidden("#evidence"));
    assert.deepEqual(await headsOf(page, "metrics-table"), ["metric", "A: fifo", "B: fifo", "B ÷ A"]);
    assertQuiet(page);
    await page.close();
  });
});

describe("single pages over policies", () => {
  // The report with other ratios of rfc9218: 1.1 on one page and `ratio` on the
  // other, beside intervals whose axis reaches from 0.8 to 1.4.
  const openWith = async (ratio, options) => {
    const file = `${folder}/ratio.html`;
    rewrite(`${folder}/report.html`, file, (index) => {
      const timeOf = (page, policy) => (policy === "rfc9218" ? 1e6 / [1.1, ratio][page] : 1e6);
      for (const run of index.runs) run[4].fill(timeOf(run[0], index.policies[run[2]]));
      for (const sum of index.summaries) sum.splice(4, 5, 1, 1.1, 1.15, 0.9, 1.2);
    });
    const page = await open(file, options);
    await settled(page);
    return page;
  };

  test("are arrows with a number where they lie beyond the axis", async () => {
    for (const options of [{ colorScheme: "light" }, { colorScheme: "dark" }, { forcedColors: "active" }]) {
      const pictures = new Set();
      for (const ratio of [1.4, 3, 4, 0.8, 0.3, 0.2]) { // on the axis, and two beyond each end
        const page = await openWith(ratio, options);
        pictures.add(await pictureOf(page, "intervals"));
        assertQuiet(page);
        await page.close();
      }
      assert.equal(pictures.size, 6, JSON.stringify(options));
    }
  });

  test("beyond the axis are told to those who do not see it", async () => {
    for (const [ratio, words] of [[1.4, "–"], [3, "wikipedia_mobile 3.000"], [0.25, "wikipedia_mobile 0.250"]]) {
      const page = await openWith(ratio);
      const label = await page.locator('#intervals [role="img"]').getAttribute("aria-label");
      assert.equal(/1 point is beyond the axis/.test(label), words !== "–", label);
      const rows = await rowsOf(page, "intervals-table");
      assert.equal((await headsOf(page, "intervals-table")).at(8), "beyond the axis");
      assert.deepEqual(new Map(rows.map((row) => [row[0], row[8]])), new Map([["rfc9218", words], ["fifo", "–"], ["rr", "–"]]));
      await page.close();
    }
  });

  test("are named where they are outliers", async () => {
    // The middle half reaches from 1 to 1.15, so the fences are 0.775 and 1.375.
    for (const [ratio, words] of [[1.37, "–"], [1.38, "wikipedia_mobile 1.380"], [0.77, "wikipedia_mobile 0.770"]]) {
      const page = await openWith(ratio);
      const label = await page.locator('#intervals [role="img"]').getAttribute("aria-label");
      assert.equal(/1 point is an outlier/.test(label), words !== "–", label);
      assert.equal((await rowsOf(page, "intervals-table")).find(([policy]) => policy === "rfc9218").at(-1), words);
      assert.equal((await headsOf(page, "intervals-table")).at(-1), "outliers");
      await page.close();
    }
  });

  test("have the ratios of --json, of several seeds the median", async () => {
    const networks = ["--network=mobile", "--policies=rr,fifo", "--signals=none", `--pages=${PAGES}`];
    for (const seed of [1, 2]) run(compare, "--quiet", ...networks, `--seed=${seed}`, `--runs=${folder}/${seed}.runs`);
    run(report, `--html=${folder}/seeds.html`, `--json=${folder}/seeds.jsonl`, `${folder}/1.runs`, `${folder}/2.runs`);
    const runs = readFileSync(`${folder}/seeds.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line));
    const area = (policy, seed) => runs.find((line) => line.page === PAGES[0] && line.policy === policy && line.seed === seed).painted_area_ms;
    const page = await open(`${folder}/seeds.html`);
    const [[name, ...ratios]] = await rowsOf(page, "by-page-table");
    const heads = await headsOf(page, "by-page-table");
    assert.equal(name, "squoosh");
    near(ratios[heads.indexOf("fifo") - 1], median([1, 2].map((seed) => area("rr", seed) / area("fifo", seed))), "fifo");
    assert.equal(ratios[heads.indexOf("rr") - 1], 1);
    assertQuiet(page);
    await page.close();
  });

  test("beyond the axis lead to their load by a click", async () => {
    const page = await openWith(3);
    const names = (await rowsOf(page, "intervals-table")).map(([policy]) => policy);
    const box = await page.locator("#intervals .canvas").boundingBox();
    const y = box.y + 8 + (box.height - 60) * ((names.indexOf("rfc9218") + 0.5) / names.length);
    // Left of the number, as far in as the arrow is long.
    for (let x = box.x + box.width - 30; x > box.x + box.width - 70 && !page.url().includes("page="); x -= 3) await page.mouse.click(x, y);
    await settled(page);
    assert.equal(await page.locator("#page").evaluate((node) => node.selectedOptions[0].text), "wikipedia_mobile");
    assertQuiet(page);
    await page.close();
  });

  test("lead to their load by a click", async () => {
    const page = await openReport();
    await choose(page, { metric: "painted area", signals: SIGNALS[1], network: "cable" });
    const names = (await rowsOf(page, "intervals-table")).map(([policy]) => policy);
    const box = await page.locator("#intervals .canvas").boundingBox();
    // Along the row of the policy until something is hit.
    const y = box.y + 8 + (box.height - 60) * ((names.indexOf("fifo") + 0.5) / names.length);
    const shown = (id) => page.locator(`#${id}`).evaluate((node) => node.selectedOptions[0].text);
    for (let x = box.x + 60; x < box.x + box.width && (await page.evaluate(() => location.hash.includes("policy-a=rfc9218"))); x += 4) {
      await page.mouse.click(x, y);
    }
    await settled(page);
    assert.deepEqual([await shown("policy-a"), await shown("signals"), (await shown("network")).split(",")[0]], ["fifo", SIGNALS[1], "cable"]);
    assert.match(new URL(page.url()).hash, /policy-a=fifo/);
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
            assert.equal(rows.get("painted area")[i], line.painted_area_ms);
            assert.equal(rows.get("LCP candidate")[i], line.lcp_candidate_ms);
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
    assert.equal(rows.length, 6, "what is shown, above the fold, all");
    ["rfc9218", "rr", "rfc9218", "rr", "rfc9218", "rr"].forEach((policy, i) => {
      const line = lineOf({ page: "squoosh", signals: SIGNALS[0], network: "3g_fast", policy });
      if (policy === "rfc9218") assert.ok(line.atf_ms < line.page_load_ms, "the two can be told apart");
      const [name, ...parts] = rows[i];
      assert.ok(name.includes(policy));
      near(parts[parts.length - 1], i < 4 ? line.atf_ms : line.page_load_ms, name);
      assert.deepEqual([...parts].sort((a, b) => a - b), parts);
    });
  });

  test("has at each half second the progress of --json", async () => {
    const page = shared;
    await choose(page, { page: "wikipedia_mobile", signals: SIGNALS[0], network: "3g_fast", "policy-a": "fifo", "policy-b": "rr" });
    const rows = await rowsOf(page, "half-seconds");
    for (const [column, policy] of [[1, "fifo"], [2, "rr"]]) {
      const line = lineOf({ page: "wikipedia_mobile", signals: SIGNALS[0], network: "3g_fast", policy });
      rows.forEach((row, i) => {
        assert.equal(row[0], 500 * (i + 1));
        // --json has whole per cents.
        const part = line.visual_progress.findLast(([ms]) => ms <= row[0])?.[1] ?? 0;
        assert.equal(Math.floor(row[column] + 1e-9), part, `${policy} at ${row[0]} ms`);
      });
      assert.ok(rows.at(-2)[5] < 100 && rows.at(-1)[5] === 100, "the last half second has the last byte");
    }
  });

  test("has the difference of every resource between the two, the largest first", async () => {
    const page = shared;
    await choose(page, { page: "squoosh", signals: SIGNALS[0], network: "3g_fast", "policy-a": "rfc9218", "policy-b": "fifo" });
    const [a, b] = [await rowsOf(page, "waterfall-a-table"), await rowsOf(page, "waterfall-b-table")];
    assert.deepEqual(a.map(([label]) => label), b.map(([label]) => label), "the waterfalls have the same rows");
    const rows = await rowsOf(page, "differences");
    assert.equal(rows.length, a.length);
    const gaps = rows.map((row) => Math.abs(row[1]));
    assert.deepEqual(gaps, [...gaps].sort((x, y) => y - x));
    for (const [label, gap, endA, endB, asked] of rows) {
      const [of, other] = [a, b].map((table) => table.find((row) => row[0] === label));
      assert.deepEqual([endA, endB, gap, asked], [of[8], other[8], of[8] - other[8], of[6] - other[6]]);
    }
    const count = (sign) => rows.filter((row) => Math.sign(row[1]) === sign).length;
    assert.ok(count(-1) > 0 && count(1) > 0);
    assert.match(await page.textContent("#differences-say"),
      new RegExp(`^Of ${rows.length} resources, rfc9218 completes ${count(-1)} earlier than fifo, ${count(1)} later, and ${count(0)} at the same time`));
    // Its heads sort it.
    await page.locator("#differences th:nth-child(2) button").click();
    const sorted = (await rowsOf(page, "differences")).map((row) => row[1]);
    assert.deepEqual(sorted, rows.map((row) => row[1]).sort((x, y) => x - y));
  });

  test("has waterfalls that scroll together, their axes in view", async () => {
    const page = await open(`${folder}/500.html`);
    for (const [from, to] of [["a", "b"], ["b", "a"]]) {
      for (const top of [2000, 0]) {
        await page.locator(`#waterfall-${from}`).evaluate((node, y) => (node.scrollTop = y), top);
        await page.waitForFunction(([id, y]) => document.getElementById(id).scrollTop === y, [`waterfall-${to}`, top]);
        for (const side of ["a", "b"]) {
          const [box, axis] = [await page.locator(`#waterfall-${side}`).boundingBox(), await page.locator(`#waterfall-${side}-axis`).boundingBox()];
          assert.equal(axis.y, box.y, `the axis of ${side} at ${top}`);
        }
      }
    }
    await page.close();
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

  test("has the frames of --qlog at their times", async () => {
    run(compare, "--quiet", "--pages=squoosh", "--policies=rfc9218,rr", `--signals=${SIGNALS[1]}`, `--qlog=${folder}/qlog`);
    const name = readdirSync(`${folder}/qlog`).find((file) => file.includes("__rfc9218__"));
    const { events } = JSON.parse(readFileSync(`${folder}/qlog/${name}`)).traces[0];
    const sent = events.filter((event) => event.name === "transport:packet_sent").map(({ time, data }) => ({ time, ...data.frames[0] }));
    const page = shared;
    await choose(page, { page: "squoosh", signals: SIGNALS[1], network: "3g_fast", "policy-a": "rfc9218", "policy-b": "rr" });
    const bytes = new Map();
    for (const { http2_stream_id: stream, length } of sent) bytes.set(stream, (bytes.get(stream) ?? 0) + length);
    for (const [label, , , stream, , size] of await rowsOf(page, "waterfall-a-table")) assert.equal(bytes.get(stream) ?? 0, size, label);
    const times = new Set(sent.map(({ time }) => time.toFixed(3)));
    const blocks = (await rowsOf(page, "strip-table")).filter(([row]) => row === "A chosen");
    for (const [, , label, from] of blocks) assert.ok(times.has(from.toFixed(3)), `${label} at ${from}`);
    assert.equal(blocks.reduce((sum, block) => sum + block[6], 0), sent.length, "frames");
  });

  test("shows the part of the time that is chosen", async () => {
    const page = shared;
    const picture = async () => {
      await settled(page);
      return pictureOf(page, "waterfall-a > .canvas");
    };
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
    writeFileSync(har, readFileSync(captured));
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
    rewrite(`${folder}/report.html`, `${folder}/cut.html`, (index) => {
      for (const run of index.runs) if (index.policies[run[2]] === "fifo") run[8] = -1;
    });
    const page = await open(`${folder}/cut.html`);
    assert.match(await page.textContent("#what"), /8 loads are without a waterfall/);
    const options = await page.locator("#policy-a option").allTextContents();
    assert.deepEqual(options.sort(), ["fifo (no waterfall)", "rfc9218", "rr"]);
    await choose(page, { "policy-a": "fifo", "policy-b": "rr" });
    assert.match(await page.textContent("#load-status"), /no room for the timeline/);
    const [, area] = (await rowsOf(page, "metrics-table"))[0];
    const line = lineOf({ page: PAGES[0], signals: SIGNALS[0], network: NETWORKS[0], policy: "fifo" });
    assert.equal(area, line.painted_area_ms);
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
    for (let i = 0; i < 120; ++i) {
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
    const controls = ["metric", "signals", "network", "page", "policy-a", "policy-b", "span",
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
    // A table is sorted by the buttons in its head.
    const bytesOf = () => page.locator("#strip-table tbody tr").evaluateAll((rows) => rows.map((row) => Number(row.cells[5].dataset.value)));
    const unsorted = await bytesOf();
    const rising = [...unsorted].sort((a, b) => a - b);
    for (const [sort, order] of [["ascending", rising], ["descending", [...rising].reverse()]]) {
      await focus("#strip-table th:nth-child(6) button");
      await page.keyboard.press("Enter");
      assert.deepEqual(await bytesOf(), order);
      assert.equal(await page.getAttribute("#strip-table th:nth-child(6)", "aria-sort"), sort);
    }
    assert.notDeepEqual(rising, unsorted);
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
    const groups = new Map();
    for (const group of await page.locator("#verdicts .verdict").all()) {
      groups.set(await group.locator("h3").textContent(), await group.locator("li").allTextContents());
    }
    const titles = { better: "Better than rr", worse: "Worse than rr", "inside the noise": "No difference shown" };
    const verdicts = new Set();
    const cells = new Map(await page.locator("#matrix tbody tr").evaluateAll((trs) => trs.map((tr) => [...tr.cells].map((cell) => cell.textContent))));
    const rows = await rowsOf(page, "intervals-table");
    for (const [policy, pages, middle, , , low, high, words] of rows) {
      assert.equal(pages, 16);
      assert.ok(low <= middle && middle <= high);
      const verdict = words.replace(", may equal the first", "");
      const expected = policy === "rr" ? "the baseline" : low > 1 ? "better" : high < 1 ? "worse" : "inside the noise";
      assert.equal(verdict, expected);
      verdicts.add(verdict);
      if (policy === "rr") continue;
      const told = [...groups].filter(([, policies]) => policies.includes(`${policy} ${middle.toFixed(2)}`)).map(([title]) => title);
      assert.equal(told.length, 1, policy);
      assert.match(told[0], new RegExp(`^${titles[verdict]} \\d+$`));
      assert.equal(cells.get(policy), middle.toFixed(2) + (verdict === "inside the noise" ? " ≈" : ""));
    }
    const [[best, , ratio, , , low, high]] = rows;
    const said = await page.textContent("#answer");
    assert.ok(said.startsWith(best) && said.includes(`with rr it takes ${ratio.toFixed(2)} times as long`), said);
    assert.ok((await page.textContent("#caveat")).startsWith(`The median of 16 pages; 95 % interval ${low.toFixed(2)} – ${high.toFixed(2)}.`));
    const equal = rows.filter(([, , , , , , , words]) => words.includes("may equal the first")).map(([policy]) => policy);
    assert.ok(equal.length > 0 && equal.length < rows.length - 2, equal.join());
    for (const policy of equal) assert.match(`${said} ${await page.textContent("#caveat")}`, new RegExp(`\\b${policy}\\b`));
    assert.equal(await page.locator("#policy-a").evaluate((node) => node.selectedOptions[0].text), best, "the first load is of the best");
    assert.ok(verdicts.has("better") && verdicts.has("inside the noise"), [...verdicts].join());
    assertQuiet(page);
    await page.close();
  });
});
