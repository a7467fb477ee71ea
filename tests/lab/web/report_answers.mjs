// The answers of the first screen, and policies over pages.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import {
  folder, POLICIES, SIGNALS, NETWORKS, PAGES, run, shared, newPage, open, drawn, openReport,
  assertQuiet, rowsOf, rewrite, headsOf, choose, settled, pictureOf, lineOf, median, tenths,
  near, compare, report,
} from "./report_browser.mjs";

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
      const page = await newPage({ viewport: { width: 1440, height: 900 } });
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

  test("of a page stand beside those of the baseline page, as --answers has them", async () => {
    run(compare, "--quiet", `--pages=${PAGES}`, "--policies=rfc9218,rr", `--signals=${SIGNALS[0]}`, `--baseline=page=${PAGES[0]}`,
      `--html=${folder}/variants.html`, `--answers=${folder}/variants.jsonl`);
    const answers = readFileSync(`${folder}/variants.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line));
    const page = await open(`${folder}/variants.html`);
    assert.equal(await page.textContent("#answer"), `The baseline is a page, ${PAGES[0]}.`);
    assert.deepEqual(await headsOf(page, "page-table"), ["policy", "time, ms"]);
    assert.match(await page.textContent("#page-caveat"), /This page is the baseline\.$/);
    await choose(page, { page: PAGES[1] });
    assert.deepEqual(await headsOf(page, "page-table"), ["policy", "time, ms", `less ${PAGES[0]}, ms`, `${PAGES[0]} ÷ ${PAGES[1]}`, "earlier", "later"]);
    const rows = await rowsOf(page, "page-table");
    assert.equal(rows.length, 2);
    for (const [policy, ms, less, ratio, ...moved] of rows) {
      const answer = answers.find((line) => line.page === PAGES[1] && line.policy === policy);
      const area = answer.metrics.painted_area_ms;
      assert.deepEqual([ms, ...moved], [area.ms, answer.earlier, answer.later], policy);
      near(less, area.difference_ms, policy);
      near(ratio, area.ratio, policy);
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
