// The report as a document: what it is made of, screens, colours, paper, keyboard.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  axe, folder, SIGNALS, PAGES, browser, open, drawn, openReport, assertQuiet, rowsOf,
  openTables, rewrite, choose, settled, pictureOf, makeHar,
} from "./report_browser.mjs";

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
