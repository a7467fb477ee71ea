"use strict";
// Policies over all pages: the answer, the intervals and the matrix.

const pagesView = (() => {
  const { byId, element, format, number, colour } = ui;

  // Name and meaning of each metric, and the event whose times it compares.
  const METRICS = {
    painted_area_ms: {
      name: "mean time at which the first screen is seen (painted area)",
      says: "The mean time at which a byte above the fold is shown: the area over the visual progress. Nothing is shown before the document, blocking style sheets and head scripts are complete; after that, images count as they arrive, fonts and other style sheets when they are whole.",
      until: "the average byte of the first screen is shown",
    },
    lcp_candidate_ms: {
      name: "largest image or text in view shown (LCP candidate)",
      says: "The time when the largest image in the viewport is complete and can be shown, or the text of a page without one.",
      until: "the largest image or text in view is shown",
    },
    atf_area_ms: {
      name: "mean arrival of the first screen’s bytes (ATF area)",
      says: "The mean arrival time of a byte above the fold: the area over its byte-progress curve. It counts every byte; a completion time counts the last one.",
      until: "the first screen’s average byte is there",
    },
    render_critical_ms: {
      name: "render-critical resources done",
      says: "The time when the document and the style sheets and scripts that block rendering are complete.",
      until: "rendering can begin",
    },
    atf_ms: {
      name: "first screen complete (ATF)",
      says: "The time when the last byte above the fold arrives.",
      until: "the first screen is complete",
    },
    page_load_ms: {
      name: "page load time",
      says: "The time when the last byte of the page arrives. It hardly depends on the order of the bytes, so it says little about a policy.",
      until: "the page is complete",
    },
  };

  let index;
  let chooseLoad; // shows the load of a page under a policy

  const bytes = (count) => {
    if (count > 0 && count % (1 << 20) === 0) return `${format.count(count >> 20)} MiB`;
    if (count > 0 && count % 1024 === 0) return `${format.count(count / 1024)} KiB`;
    return `${format.count(count)} B`;
  };

  // The other parameters in which settings of one network differ.
  const otherWords = (setting) => {
    const words = setting.late_signals ? ["late signals"] : [];
    if (index.settings.some((other) => other.max_streams !== setting.max_streams)) {
      words.push(`${setting.max_streams} streams`);
    }
    return words;
  };

  // "3g_fast, send buffer 16 KiB"
  const networkName = (setting) =>
    [setting.network, `send buffer ${bytes(setting.send_buffer_bytes)}`, ...otherWords(setting)].join(", ");

  const settingsOf = (signals) => {
    const found = [];
    index.settings.forEach((setting, i) => {
      if (setting.signals === signals) found.push(i);
    });
    return found;
  };

  const summariesOf = (metric, setting) =>
    index.summaries.filter((sum) => sum.metric === metric && sum.setting === setting);

  const policyOf = (sum) => index.policies[sum.policy];
  const isBaseline = (sum) => policyOf(sum) === index.baseline;
  const verdictOf = (sum) => {
    if (isBaseline(sum)) return "the baseline";
    if (sum.pages < index.least_pages) return "too few pages";
    if (sum.noise) return "inside the noise";
    return sum.low > 1 ? "better" : "worse";
  };
  const byMedian = (sums) => [...sums].sort((a, b) => b.median - a.median);

  // The mark after a median that shows no difference.
  const mark = (sum) => (sum.noise && !isBaseline(sum) ? " ≈" : "");

  // Metrics, and after them classes of resources.
  const metricOf = (metric) => {
    const type = index.types[metric - index.metrics.length];
    return METRICS[index.metrics[metric]] ?? {
      name: `all ${type} done`,
      says: `The time when the last byte of the class ${type} arrives, on the pages that have one.`,
      until: `all ${type} is there`,
    };
  };

  // [the answer, its qualification]
  const answer = (metric, sums) => {
    const others = sums.filter((sum) => !isBaseline(sum));
    if (sums.length === 0) return [`No policy can be compared here: the baseline ${index.baseline} did not run.`];
    if (others.length === 0) return [`Only the baseline ${index.baseline} ran here.`];
    const pages = format.of(Math.max(...others.map((sum) => sum.pages)), "page", "pages");
    if (others.every((sum) => sum.pages < index.least_pages)) {
      return [
        `${pages} cannot show which policy is better.`,
        `Fewer than ${index.least_pages} pages show no difference, whatever their ratios. Below is how one page was loaded.`,
      ];
    }
    const shown = others.filter((sum) => verdictOf(sum) === "better");
    if (shown.length === 0) return [`No policy is shown to be better than ${index.baseline}.`, `On ${pages}.`];
    const [best] = byMedian(sums);
    if (verdictOf(best) !== "better") {
      return [
        `${format.list(byMedian(shown).map(policyOf))}: better than ${index.baseline} on ${pages}.`,
        `${policyOf(best)} has the highest median, but too wide an interval to show anything.`,
      ];
    }
    const equal = others.filter((sum) => sum.median === best.median);
    const open = byMedian(others.filter((sum) => sum.mayEqual && sum.median !== best.median));
    return [
      `${format.list(equal.map(policyOf))} ${equal.length === 1 ? "is" : "are"} best: with ${index.baseline} it takes ${best.median.toFixed(2)} times as long until ${metricOf(metric).until}.`,
      `The median of ${pages}; 95 % interval ${best.low.toFixed(2)} – ${best.high.toFixed(2)}. ` +
        (open.length > 0 ? `These pages cannot tell ${format.list(open.map(policyOf))} from the best.` : "No other policy may equal it."),
    ];
  };

  const showVerdicts = (sums) => {
    const groups = [
      ["better", `Better than ${index.baseline}`],
      ["inside the noise", "No difference shown"],
      ["worse", `Worse than ${index.baseline}`],
      ["too few pages", "Too few pages to say"],
    ];
    const cards = groups.flatMap(([verdict, title]) => {
      const group = byMedian(sums.filter((sum) => verdictOf(sum) === verdict));
      if (group.length === 0) return [];
      const id = `verdict-${verdict.replaceAll(" ", "-")}`;
      return [
        element("div", { class: `verdict ${verdict.split(" ")[0]}` },
          element("h3", { id }, `${title} `, element("span", { class: "count" }, String(group.length))),
          element("ul", { "aria-labelledby": id },
            ...group.map((sum) => element("li", {}, `${policyOf(sum)} `, element("b", {}, sum.median.toFixed(2)))))),
      ];
    });
    byId("verdicts").replaceChildren(...cards);
  };

  // By the chosen network's medians, then those that did not run on it.
  const orderedPolicies = (metric, signals, sums) => {
    const all = settingsOf(signals).flatMap((setting) => summariesOf(metric, setting));
    return [...new Set([...byMedian(sums), ...all].map((sum) => sum.policy))];
  };

  // A table of two heads: networks, and the parameters in which their settings
  // differ. Only differences that the pages show have a colour.
  const showMatrix = (metric, signals, chosen, policies) => {
    const settings = settingsOf(signals);
    const cells = settings.map((setting) => new Map(summariesOf(metric, setting).map((sum) => [sum.policy, sum])));
    const all = cells.flatMap((column) => [...column.values()]);
    const reach = Math.max(0.1, ...all.filter((sum) => !sum.noise).map((sum) => Math.abs(sum.median - 1)));
    const heads = element("tr", {}, element("th", { scope: "col", rowspan: "2" }, "policy"));
    const subheads = element("tr");
    for (let i = 0; i < settings.length; ) {
      const { network } = index.settings[settings[i]];
      let end = i;
      for (; end < settings.length && index.settings[settings[end]].network === network; ++end) {
        const setting = index.settings[settings[end]];
        const th = element("th", { scope: "col", class: "number" }, bytes(setting.send_buffer_bytes),
          ...otherWords(setting).flatMap((word) => [element("br"), word]));
        if (settings[end] === chosen) th.setAttribute("aria-current", "true");
        subheads.append(th);
      }
      heads.append(element("th", { scope: "colgroup", colspan: String(end - i), class: "group" }, network, element("small", {}, " send buffer")));
      i = end;
    }
    const body = element("tbody", {}, ...policies.map((policy) =>
      element("tr", {},
        element("th", { scope: "row" }, index.policies[policy]),
        ...cells.map((column) => {
          const sum = column.get(policy);
          if (!sum) return element("td", { class: "number" }, "–");
          const td = element("td", { class: "number", "data-value": sum.median, title: `${policyOf(sum)}: ${verdictOf(sum)}, 95 % interval ${format.ratio(sum.low)} – ${format.ratio(sum.high)}` }, sum.median.toFixed(2) + mark(sum));
          if (!sum.noise) {
            const part = Math.round((100 * Math.abs(sum.median - 1)) / reach);
            td.classList.add("shown");
            td.style.setProperty("background", `color-mix(in srgb, var(--${sum.median > 1 ? "better" : "worse"}) ${part}%, var(--even))`);
          }
          return td;
        }))));
    byId("matrix").replaceChildren(
      ui.scroller("median ratios by policy and network",
        element("table", { class: "matrix" }, element("caption", { class: "unseen" }, "Median ratios by policy and network"), element("thead", {}, heads, subheads), body)));
    byId("overview").classList.toggle("wide", settings.length > 4);
  };

  // [[page, ratio]] of a policy beside the baseline; of several seeds the median.
  const pageRatios = (metric, setting) => {
    const timeOf = (run) => (metric < index.metrics.length ? run.times[metric] : run.classes[metric - index.metrics.length]);
    const runs = index.runs.filter((run) => run.setting === setting && timeOf(run));
    const baseline = index.policies.indexOf(index.baseline);
    const base = new Map(runs.filter((run) => run.policy === baseline).map((run) => [`${run.page} ${run.seed}`, timeOf(run)]));
    const found = new Map();
    for (const run of runs) {
      const time = base.get(`${run.page} ${run.seed}`);
      if (time === undefined) continue;
      if (!found.has(run.policy)) found.set(run.policy, new Map());
      const pages = found.get(run.policy);
      pages.set(run.page, [...(pages.get(run.page) ?? []), time / timeOf(run)]);
    }
    const median = (values) => {
      const sorted = [...values].sort((a, b) => a - b);
      return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
    };
    for (const [policy, pages] of found) found.set(policy, [...pages].map(([page, ratios]) => [page, median(ratios)]));
    return found;
  };

  const drawIntervals = (metric, setting, sums) => {
    const ordered = byMedian(sums);
    const ratios = pageRatios(metric, setting);
    const edges = ordered.flatMap((sum) => [sum.low, sum.high, sum.lowerQuartile, sum.upperQuartile, 1]);
    // The axis is for the intervals: single pages far from them are arrows at its ends.
    const points = ordered.flatMap((sum, y) => (isBaseline(sum) ? [] : ratios.get(sum.policy).map(([page, ratio]) => ({ sum, y, page, ratio }))));
    const reach = Math.max(...edges) - Math.min(...edges);
    const low = Math.max(Math.min(...edges) - 0.4 * reach, Math.min(...edges, ...points.map(({ ratio }) => ratio)));
    const high = Math.min(Math.max(...edges) + 0.4 * reach, Math.max(...edges, ...points.map(({ ratio }) => ratio)));
    const min = Math.floor(5 * low - 0.1) / 5;
    const max = Math.ceil(5 * high + 0.1) / 5;
    const beyond = ({ ratio }) => (ratio > max ? 1 : ratio < min ? -1 : 0);
    // Those of a policy beyond one end, the farthest first.
    const arrows = ordered.map((_, y) => Object.fromEntries([-1, 1].map((end) =>
      [end, points.filter((point) => point.y === y && beyond(point) === end).sort((a, b) => end * (b.ratio - a.ratio))])));
    const outside = points.filter(beyond).length;
    const room = (end) => (points.some((point) => beyond(point) === end) ? 32 : 0);
    const names = ordered.map(policyOf);
    const left = ui.namesWidth("intervals", names, 260);
    const strong = (sum) => colour({ better: "good", worse: "bad" }[verdictOf(sum)] ?? "muted");
    // Its tip is at the end of the axis, further in for those nearer to it. The
    // number beside them is the farthest's.
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
    ui.draw(
      "intervals",
      70 + 24 * ordered.length,
      `Intervals: the median ratio, quartiles, 95 % interval and single pages of ${ordered.length} policies. ` +
        (outside > 0 ? `${format.of(outside, "point is", "points are")} beyond the axis. ` : "") + "The tables have the numbers.",
      {
        grid: { left: left + 8 + room(-1), right: 24 + room(1), top: 8, bottom: 52, outerBoundsMode: "none" },
        xAxis: ui.axis({
          type: "value",
          min,
          max,
          name: `${index.baseline} ÷ policy, right of 1: better`, // fits a narrow screen
          nameLocation: "middle",
          nameGap: 26,
          axisLabel: { formatter: (ratio) => ratio.toFixed(2), hideOverlap: true },
        }),
        yAxis: ui.axis({ type: "category", inverse: true, data: names, axisLabel: { interval: 0, width: left, overflow: "truncate", margin: 8 + room(-1) } }),
        series: [
          {
            type: "custom",
            data: points.map(({ ratio, y }) => [Math.min(Math.max(ratio, min), max), y]),
            renderItem: (params, api) => {
              const [cx, cy] = api.coord([api.value(0), api.value(1)]);
              const point = points[params.dataIndex];
              const end = beyond(point);
              if (end !== 0) return arrow(cx, cy, end, arrows[point.y][end], point);
              return {
                type: "circle",
                shape: { cx, cy, r: 2.6 },
                style: { fill: colour("surface"), stroke: strong(point.sum), lineWidth: 1, opacity: 0.8 },
              };
            },
            tooltip: {
              formatter: ({ dataIndex }) => {
                const { sum, page, ratio } = points[dataIndex];
                return ui.tip(`${index.pages[page].name}: ${format.ratio(ratio)}`, `${policyOf(sum)}; a click shows this load`);
              },
            },
          },
          {
            type: "custom",
            data: ordered.map((sum, y) => ({ value: [sum.median, y] })),
            renderItem: (params, api) => {
              const sum = ordered[params.dataIndex];
              const y = api.coord([1, params.dataIndex])[1];
              const x = (ratio) => api.coord([ratio, params.dataIndex])[0];
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
            },
            tooltip: {
              formatter: ({ dataIndex }) => {
                const sum = ordered[dataIndex];
                return ui.tip(
                  `${policyOf(sum)}: median ${format.ratio(sum.median)}`,
                  `quartiles ${format.ratio(sum.lowerQuartile)} – ${format.ratio(sum.upperQuartile)}`,
                  `95 % interval ${format.ratio(sum.low)} – ${format.ratio(sum.high)}`,
                  verdictOf(sum),
                );
              },
            },
            markLine: {
              silent: true,
              symbol: "none",
              label: { show: false },
              lineStyle: { color: colour("ink"), type: "solid", width: 1 },
              data: [{ xAxis: 1 }],
            },
          },
        ],
      },
      ({ seriesIndex, dataIndex }) => {
        const sum = seriesIndex === 0 ? points[dataIndex].sum : ordered[dataIndex];
        chooseLoad(seriesIndex === 0 ? points[dataIndex].page : null, setting, sum.policy);
      },
    );
    const shown = (ratio) => number(ratio, format.ratio(ratio));
    ui.foldTable(
      "intervals-table",
      "ratios over the pages",
      ["policy", "pages", "median", "lower quartile", "upper quartile", "interval low", "interval high", "verdict", "beyond the axis"],
      () =>
        ordered.map((sum, y) => [
          policyOf(sum),
          number(sum.pages, String(sum.pages)),
          shown(sum.median),
          shown(sum.lowerQuartile),
          shown(sum.upperQuartile),
          shown(sum.low),
          shown(sum.high),
          verdictOf(sum) + (sum.mayEqual && !isBaseline(sum) && sum.pages >= index.least_pages && sum !== ordered[0] ? ", may equal the first" : ""),
          [...arrows[y][1], ...arrows[y][-1]].map(({ page, ratio }) => `${index.pages[page].name} ${format.ratio(ratio)}`).join(", ") || "–",
        ]));
    ui.foldTable(
      "by-page-table",
      "ratios of every page",
      ["page", ...names],
      () =>
        [...new Set([...ratios.values()].flatMap((pages) => pages.map(([page]) => page)))].map((page) => [
          index.pages[page].name,
          ...ordered.map((sum) => {
            const found = ratios.get(sum.policy).find(([of]) => of === page);
            return found ? shown(found[1]) : "–";
          }),
        ]));
  };

  const show = () => {
    const metric = Number(byId("metric").value);
    const signals = byId("sum-signals").value;
    ui.fillSelect(
      byId("sum-network"),
      settingsOf(signals).map((i) => [i, networkName(index.settings[i])]),
    );
    const setting = Number(byId("sum-network").value);
    const sums = summariesOf(metric, setting);
    const [result, caveat] = answer(metric, sums);
    byId("answer").textContent = result;
    byId("caveat").textContent = caveat ?? "";
    byId("metric-says").textContent = metricOf(metric).says;
    showVerdicts(sums);
    showMatrix(metric, signals, setting, orderedPolicies(metric, signals, sums));
    byId("evidence").hidden = sums.length === 0;
    if (sums.length > 0) drawIntervals(metric, setting, sums);
  };

  return {
    networkName,
    // The policy whose load is first shown beside the baseline's.
    best: (setting) => byMedian(summariesOf(0, setting).filter((sum) => !isBaseline(sum)))[0]?.policy,
    start: (read, choose) => {
      index = read;
      chooseLoad = choose;
      const metrics = [...new Set(index.summaries.map(({ metric }) => metric))];
      ui.fillSelect(byId("metric"), metrics.map((metric) => [metric, metricOf(metric).name]));
      const signals = [...new Set(index.settings.map((setting) => setting.signals))];
      ui.fillSelect(byId("sum-signals"), signals.map((name) => [name, name]));
      for (const id of ["metric", "sum-signals", "sum-network"]) byId(id).addEventListener("change", show);
    },
    show,
  };
})();
