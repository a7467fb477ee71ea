// One page load under two policies, and its priorities at a moment.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  folder, SIGNALS, NETWORKS, PAGES, run, shared, open, assertQuiet, rowsOf, rewrite, headsOf,
  choose, settled, pictureOf, lineOf, tenths, near, makeHar, compare, captured,
} from "./report_browser.mjs";

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
    makeHar(500);
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
