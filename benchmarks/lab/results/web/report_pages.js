"use strict";
// Policies over all pages: the intervals and the matrix.

const pagesView = (() => {
  const { byId, element, format, number, colour } = ui;
  const { summariesOf, policyOf, isBaseline, verdictOf, byMedian } = results;

  let index;
  let chooseLoad; // shows the load of a page under a policy
  let shown = ""; // the choices that were shown last

  // The times of a single page are exact; over pages only an interval shows a
  // difference.
  const isShown = (sum) => (results.ofOnePage() ? sum.median !== 1 : !sum.noise);
  const mark = (sum) => (isShown(sum) || isBaseline(sum) || results.ofOnePage() ? "" : " ≈");
  const verdictWords = (sum) =>
    results.ofOnePage()
      ? `${policyOf(sum)}: ${format.ratio(sum.median)}`
      : `${policyOf(sum)}: ${verdictOf(sum)}, 95 % interval ${format.ratio(sum.low)} – ${format.ratio(sum.high)}`;

  // A table of two heads: networks, and the parameters in which their settings
  // differ. Only differences that the pages show have a colour.
  const showMatrix = (metric, settings, chosen, policies) => {
    const cells = settings.map((setting) => new Map(summariesOf(metric, setting).map((sum) => [sum.policy, sum])));
    const all = cells.flatMap((column) => [...column.values()]);
    const reach = Math.max(0.1, ...all.filter(isShown).map((sum) => Math.abs(sum.median - 1)));
    const heads = element("tr", {}, element("th", { scope: "col", rowspan: "2" }, results.noun().one));
    const subheads = element("tr");
    for (let i = 0; i < settings.length; ) {
      const { network } = index.settings[settings[i]];
      let end = i;
      for (; end < settings.length && index.settings[settings[end]].network === network; ++end) {
        const setting = index.settings[settings[end]];
        const th = element("th", { scope: "col", class: "number" }, results.bytes(setting.send_buffer_bytes),
          ...results.otherWords(setting).flatMap((word) => [element("br"), word]));
        if (settings[end] === chosen) th.setAttribute("aria-current", "true");
        subheads.append(th);
      }
      heads.append(element("th", { scope: "colgroup", colspan: String(end - i), class: "group" }, network, element("small", {}, " send buffer")));
      i = end;
    }
    const cellOf = (sum) => {
      if (!sum) return element("td", { class: "number" }, "–");
      const td = element("td", { class: "number", "data-value": sum.median, title: verdictWords(sum) }, sum.median.toFixed(2) + mark(sum));
      if (isShown(sum)) {
        const part = Math.round((100 * Math.abs(sum.median - 1)) / reach);
        td.classList.add("shown");
        td.style.setProperty("background", `color-mix(in srgb, var(--${sum.median > 1 ? "better" : "worse"}) ${part}%, var(--even))`);
      }
      return td;
    };
    const body = element("tbody", {}, ...policies.map((policy) =>
      element("tr", {}, element("th", { scope: "row" }, index.policies[policy]), ...cells.map((column) => cellOf(column.get(policy))))));
    const name = results.ofOnePage() ? `ratios by ${results.noun().one} and network` : `median ratios by ${results.noun().one} and network`;
    byId("matrix").replaceChildren(
      ui.scroller(name, element("table", { class: "matrix" }, element("caption", { class: "unseen" }, name), element("thead", {}, heads, subheads), body)));
  };

  // The axis is for the intervals: single pages far from them are arrows at its
  // ends.
  const scaleOf = (ordered, points) => {
    const edges = ordered.flatMap((sum) => [sum.low, sum.high, sum.lowerQuartile, sum.upperQuartile, 1]);
    const ratios = points.map(({ ratio }) => ratio);
    const [lowest, highest] = [Math.min(...edges), Math.max(...edges)];
    const reach = 0.4 * (highest - lowest);
    const low = Math.max(lowest - reach, Math.min(lowest, ...ratios));
    const high = Math.min(highest + reach, Math.max(highest, ...ratios));
    const [min, max] = [Math.floor(5 * low - 0.1) / 5, Math.ceil(5 * high + 0.1) / 5];
    return { min, max, beyond: ({ ratio }) => (ratio > max ? 1 : ratio < min ? -1 : 0) };
  };

  const strong = (sum) => colour({ better: "good", worse: "bad" }[verdictOf(sum)] ?? "muted");

  // Its tip is at the end of the axis, further in for those nearer to it. The
  // number beside them is the farthest's. `row` are the policy's at that end.
  const arrow = (x, y, end, row, point) => {
    const at = row.indexOf(point);
    const tip = x + end * (8 - Math.min(9, 60 / row.length) * at);
    const children = [{
      type: "polygon",
      shape: { points: [[tip, y], [tip - end * 8, y - 5], [tip - end * 8, y + 5]] },
      style: { fill: strong(point.sum), stroke: colour("surface"), lineWidth: 1 },
    }];
    if (at === 0) {
      children.push({
        type: "text",
        style: {
          text: point.ratio.toFixed(2), x: x + end * 11, y, fill: colour("ink"), fontSize: 11,
          align: end > 0 ? "left" : "right", verticalAlign: "middle",
        },
      });
    }
    return { type: "group", children };
  };

  // A ring, or for an outlier a filled diamond.
  const dot = (cx, cy, { sum, outlier }) =>
    outlier
      ? {
          type: "polygon",
          shape: { points: [[cx - 4.5, cy], [cx, cy - 4.5], [cx + 4.5, cy], [cx, cy + 4.5]] },
          style: { fill: strong(sum), stroke: colour("surface"), lineWidth: 1 },
        }
      : { type: "circle", shape: { cx, cy, r: 2.6 }, style: { fill: colour("surface"), stroke: strong(sum), lineWidth: 1, opacity: 0.8 } };

  const interval = (sum, y, x) => {
    const fill = strong(sum);
    return {
      type: "group",
      children: [
        {
          type: "rect",
          silent: true, // the pages under it are to be clicked
          shape: { x: x(sum.lowerQuartile), y: y - 8, width: x(sum.upperQuartile) - x(sum.lowerQuartile), height: 16, r: 2 },
          style: { fill, opacity: 0.2 },
        },
        {
          type: "rect",
          shape: { x: x(sum.low), y: y - 1.5, width: Math.max(1, x(sum.high) - x(sum.low)), height: 3 },
          style: { fill },
        },
        { type: "circle", shape: { cx: x(sum.median), cy: y, r: 5 }, style: { fill, stroke: colour("surface"), lineWidth: 1.5 } },
      ],
    };
  };

  // The policies by their medians, and the pages of each, with their outliers.
  const evidenceOf = (metric, setting, sums) => {
    const ordered = byMedian(sums);
    const ratios = results.pageRatios(metric, setting);
    const points = ordered.flatMap((sum, y) =>
      (isBaseline(sum) ? [] : ratios.get(sum.policy).map(([page, ratio]) => ({ sum, y, page, ratio, outlier: results.isOutlier(sum, ratio) }))));
    const { min, max, beyond } = scaleOf(ordered, points);
    // Those of a policy beyond one end, the farthest first.
    const arrows = ordered.map((_, y) => Object.fromEntries([-1, 1].map((end) =>
      [end, points.filter((point) => point.y === y && beyond(point) === end).sort((a, b) => end * (b.ratio - a.ratio))])));
    return { ordered, ratios, points, min, max, beyond, arrows };
  };

  const drawIntervals = ({ ordered, points, min, max, beyond, arrows }) => {
    const counted = (found, one, many) => (found.length > 0 ? `${format.of(found.length, one, many)}. ` : "");
    const room = (end) => (points.some((point) => beyond(point) === end) ? 32 : 0);
    const names = ordered.map(policyOf);
    const left = ui.namesWidth("intervals", names, 260);
    ui.draw(
      "intervals",
      70 + 24 * ordered.length,
      `Intervals: the median ratio, quartiles, 95 % interval and single pages of ${ordered.length} ${results.noun().many}. ` +
        counted(points.filter(beyond), "point is beyond the axis", "points are beyond the axis") +
        counted(points.filter(({ outlier }) => outlier), "point is an outlier", "points are outliers") +
        "The tables have the numbers.",
      {
        grid: { left: left + 8 + room(-1), right: 24 + room(1), top: 8, bottom: 52, outerBoundsMode: "none" },
        xAxis: ui.axis({
          type: "value",
          min,
          max,
          name: `${index.baseline} ÷ ${results.noun().one}, right of 1: better`, // fits a narrow screen
          nameLocation: "middle",
          nameGap: 26,
          axisLabel: { formatter: (ratio) => ratio.toFixed(2), hideOverlap: true },
        }),
        yAxis: ui.axis({ type: "category", inverse: true, data: names, axisLabel: { interval: 0, width: left, overflow: "truncate", margin: 8 + room(-1) } }),
        series: [
          ui.marks(points, {
            value: ({ ratio, y }) => [Math.min(Math.max(ratio, min), max), y],
            shape: (point, api) => {
              const [x, y] = api.coord([api.value(0), api.value(1)]);
              const end = beyond(point);
              return end === 0 ? dot(x, y, point) : arrow(x, y, end, arrows[point.y][end], point);
            },
            tip: ({ sum, page, ratio, outlier }) => [
              `${index.pages[page].name}: ${format.ratio(ratio)}${outlier ? ", an outlier" : ""}`,
              `${policyOf(sum)}; a click shows this load`,
            ],
          }),
          ui.marks(ordered, {
            value: (sum, y) => [sum.median, y],
            shape: (sum, api, y) => interval(sum, api.coord([1, y])[1], (ratio) => api.coord([ratio, y])[0]),
            tip: (sum) => [
              `${policyOf(sum)}: median ${format.ratio(sum.median)}`,
              `quartiles ${format.ratio(sum.lowerQuartile)} – ${format.ratio(sum.upperQuartile)}`,
              `95 % interval ${format.ratio(sum.low)} – ${format.ratio(sum.high)}`,
              verdictOf(sum),
            ],
            markLine: ui.uprights([1], "solid"),
          }),
        ],
      },
      ({ seriesIndex, dataIndex }) => {
        const sum = seriesIndex === 0 ? points[dataIndex].sum : ordered[dataIndex];
        chooseLoad(seriesIndex === 0 ? points[dataIndex].page : null, sum.policy);
      },
    );
  };

  const showTables = ({ ordered, ratios, points, arrows }) => {
    const shownRatio = (ratio) => number(ratio, format.ratio(ratio));
    const named = (found) => found.map(({ page, ratio }) => `${index.pages[page].name} ${format.ratio(ratio)}`).join(", ") || "–";
    const mayEqual = (sum) => sum.mayEqual && !isBaseline(sum) && sum.pages >= index.least_pages && sum !== ordered[0];
    ui.foldTable(
      "intervals-table",
      "ratios over the pages",
      [results.noun().one, "pages", "median", "lower quartile", "upper quartile", "interval low", "interval high", "verdict", "beyond the axis", "outliers"],
      () =>
        ordered.map((sum, y) => [
          policyOf(sum),
          number(sum.pages, String(sum.pages)),
          shownRatio(sum.median),
          shownRatio(sum.lowerQuartile),
          shownRatio(sum.upperQuartile),
          shownRatio(sum.low),
          shownRatio(sum.high),
          verdictOf(sum) + (mayEqual(sum) ? ", may equal the first" : ""),
          named([...arrows[y][1], ...arrows[y][-1]]),
          named(points.filter((point) => point.sum === sum && point.outlier)),
        ]));
    ui.foldTable(
      "by-page-table",
      "ratios of every page",
      ["page", ...ordered.map(policyOf)],
      () => {
        const byPage = ordered.map((sum) => new Map(ratios.get(sum.policy)));
        return [...new Set(byPage.flatMap((pages) => [...pages.keys()]))].map((page) => [
          index.pages[page].name,
          ...byPage.map((pages) => (pages.has(page) ? shownRatio(pages.get(page)) : "–")),
        ]);
      });
  };

  const show = ({ metric, setting }) => {
    const { signals } = index.settings[setting];
    const settings = results.settingsOf(signals);
    const sums = summariesOf(metric, setting);
    // By the chosen network's medians, then those that did not run on it.
    const policies = [...byMedian(sums), ...settings.flatMap((other) => summariesOf(metric, other))].map(({ policy }) => policy);
    byId("evidence").hidden = results.ofOnePage() || sums.length === 0;
    byId("pages").hidden = results.ofOnePage() && settings.length < 2;
    byId("comparison").hidden = settings.length < 2; // the intervals say it all
    byId("overview").classList.toggle("wide", settings.length < 2 || settings.length > 4);
    showMatrix(metric, settings, setting, [...new Set(policies)]);
    if (byId("evidence").hidden) return;
    const evidence = evidenceOf(metric, setting, sums);
    ui.whenSeen("intervals", () => {
      drawIntervals(evidence);
      showTables(evidence);
    });
  };

  return {
    start: (read, choose) => {
      index = read;
      chooseLoad = choose;
    },
    // Does nothing when the choices for it are those of the last time.
    show: (chosen, again) => {
      const now = [chosen.metric, chosen.setting].join();
      if (now !== shown || again) show(chosen);
      shown = now;
    },
  };
})();
