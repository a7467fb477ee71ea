"use strict";
// Policies over all pages: the matrix and the intervals.

const pagesView = (() => {
  const { byId, format, number, colour } = ui;

  const METRICS = {
    atf_area_ms: "area over the above-the-fold bytes (ATF area)",
    render_critical_ms: "render-critical resources done",
    atf_ms: "above the fold done (ATF)",
    page_load_ms: "page load time",
  };

  let index;

  // What tells the settings of one set of signals apart.
  const networkWords = (setting) => {
    const words = [setting.network, `send buffer ${format.count(setting.send_buffer_bytes)} B`];
    if (setting.late_signals) words.push("late signals");
    if (index.settings.some((other) => other.max_streams !== setting.max_streams)) {
      words.push(`${setting.max_streams} streams`);
    }
    return words;
  };

  // "3g_fast, send buffer 16,384 B"
  const networkName = (setting) => networkWords(setting).join(", ");

  const settingsOf = (signals) => {
    const found = [];
    index.settings.forEach((setting, i) => {
      if (setting.signals === signals) found.push(i);
    });
    return found;
  };

  const summariesOf = (metric, setting) =>
    index.summaries.filter((sum) => sum.metric === metric && sum.setting === setting);

  const isBaseline = (sum) => index.policies[sum.policy] === index.baseline;
  const verdictOf = (sum) => {
    if (isBaseline(sum)) return "the baseline";
    if (sum.pages < index.least_pages) return "too few pages";
    if (sum.noise) return "inside the noise";
    return sum.low > 1 ? "better" : "worse";
  };

  // What stands behind a median that shows nothing.
  const mark = (sum) => (sum.noise && !isBaseline(sum) ? " ≈" : "");

  // Metrics, and after them classes of resources.
  const metricName = (metric) =>
    METRICS[index.metrics[metric]] ?? `all ${index.types[metric - index.metrics.length]} done`;

  const sentence = (metric, setting, sums) => {
    const where = `${networkName(index.settings[setting])}, with ${index.settings[setting].signals}`;
    const others = sums.filter((sum) => !isBaseline(sum));
    if (sums.length === 0) {
      return `No policy can be compared on ${where}: the baseline ${index.baseline} did not run there.`;
    }
    if (others.length === 0) return `Only the baseline ${index.baseline} ran on ${where}.`;
    const count = Math.max(...others.map(({ pages }) => pages));
    const named = (verdict) => {
      const list = others.filter((sum) => verdictOf(sum) === verdict).sort((a, b) => b.median - a.median);
      return format.list(list.map((sum) => `${index.policies[sum.policy]} (${format.ratio(sum.median)})`));
    };
    const parts = [
      ["better", `better than ${index.baseline}: `],
      ["worse", `worse than ${index.baseline}: `],
      ["inside the noise", "inside the noise, so that these pages show no difference: "],
      ["too few pages", `on fewer than ${index.least_pages} pages, which show no difference whatever their ratios: `],
    ];
    const told = parts.map(([verdict, words]) => [words, named(verdict)]).filter(([, list]) => list !== "");
    return (
      `Over ${count} ${count === 1 ? "page" : "pages"} on ${where}, by “${metricName(metric)}” – ` +
      `${told.map((words) => words.join("")).join("; ")}.`
    );
  };

  // By the chosen network's medians, then those that did not run on it.
  const orderedPolicies = (metric, signals, sums) => {
    const all = settingsOf(signals).flatMap((setting) => summariesOf(metric, setting));
    const chosen = [...sums].sort((a, b) => b.median - a.median);
    return [...new Set([...chosen, ...all].map((sum) => sum.policy))];
  };

  const drawMatrix = (metric, signals, policies) => {
    const settings = settingsOf(signals);
    const names = settings.map((i) => networkName(index.settings[i]));
    const cells = settings.flatMap((setting, x) =>
      summariesOf(metric, setting).map((sum) => ({ ...sum, x, y: policies.indexOf(sum.policy) })));
    const reach = Math.max(0.1, ...cells.map((sum) => Math.abs(sum.median - 1)));
    const ink = colour("ink");
    ui.draw(
      "matrix",
      90 + 24 * policies.length,
      `Heat map: the median ratio of ${policies.length} policies on ${names.length} networks. The table has the numbers.`,
      {
        grid: { left: 120, right: 12, top: 8, bottom: 82 },
        xAxis: ui.axis({
          type: "category",
          data: settings.map((i) => networkWords(index.settings[i]).join("\n")),
          axisLabel: { interval: 0, lineHeight: 14, rotate: settings.length > 6 ? 30 : 0 },
        }),
        yAxis: ui.axis({ type: "category", inverse: true, data: policies.map((i) => index.policies[i]) }),
        visualMap: {
          type: "continuous",
          min: 1 - reach,
          max: 1 + reach,
          calculable: false,
          orient: "horizontal",
          left: "center",
          bottom: 0,
          itemHeight: 160,
          itemWidth: 12,
          precision: 2,
          text: ["better", "worse"],
          textStyle: { color: ink },
          inRange: { color: [colour("worse"), colour("even"), colour("better")] },
        },
        series: [
          {
            type: "heatmap",
            data: cells.map((sum) => ({
              value: [sum.x, sum.y, sum.median],
              sum,
            })),
            itemStyle: { borderColor: colour("surface"), borderWidth: 1 },
            label: {
              show: true,
              color: ink,
              formatter: ({ data: { sum } }) => sum.median.toFixed(2) + mark(sum),
            },
            tooltip: {
              formatter: ({ data: { sum } }) =>
                ui.tip(
                  `${index.policies[sum.policy]} on ${names[sum.x]}`,
                  `median ${format.ratio(sum.median)}, 95 % interval ${format.ratio(sum.low)} – ${format.ratio(sum.high)}`,
                  verdictOf(sum),
                ),
            },
            emphasis: { disabled: true },
          },
        ],
      },
    );
    ui.foldTable("matrix-table", `median ratios by policy and network (≈: these pages show no difference)`, ["policy", ...names], () =>
      policies.map((policy) => [
        index.policies[policy],
        ...settings.map((_, x) => {
          const sum = cells.find((other) => other.policy === policy && other.x === x);
          if (!sum) return "–";
          return number(sum.median, format.ratio(sum.median) + mark(sum));
        }),
      ]));
  };

  const drawIntervals = (sums) => {
    const ordered = [...sums].sort((a, b) => b.median - a.median);
    const edges = ordered.flatMap((sum) => [sum.low, sum.high, sum.lowerQuartile, sum.upperQuartile, 1]);
    const low = Math.floor(10 * Math.min(...edges) - 0.1) / 10;
    const high = Math.ceil(10 * Math.max(...edges) + 0.1) / 10;
    ui.draw(
      "intervals",
      90 + 24 * ordered.length,
      `Intervals: the median ratio, quartiles and 95 % interval of ${ordered.length} policies. The table has the numbers.`,
      {
        grid: { left: 120, right: 24, top: 8, bottom: 82 },
        xAxis: ui.axis({
          type: "value",
          min: low,
          max: high,
          name: `${index.baseline} ÷ policy: right of 1 is better`,
          nameLocation: "middle",
          nameGap: 26,
          axisLabel: { formatter: (ratio) => ratio.toFixed(2), hideOverlap: true },
        }),
        yAxis: ui.axis({
          type: "category",
          inverse: true,
          data: ordered.map((sum) => index.policies[sum.policy]),
        }),
        series: [
          {
            type: "custom",
            data: ordered.map((sum, y) => ({ value: [sum.median, y], sum })),
            renderItem: (params, api) => {
              const sum = ordered[params.dataIndex];
              const y = api.coord([1, params.dataIndex])[1];
              const x = (ratio) => api.coord([ratio, params.dataIndex])[0];
              const strong = colour({ better: "good", worse: "bad" }[verdictOf(sum)] ?? "muted");
              return {
                type: "group",
                children: [
                  {
                    type: "rect",
                    shape: { x: x(sum.lowerQuartile), y: y - 7, width: x(sum.upperQuartile) - x(sum.lowerQuartile), height: 14 },
                    style: { fill: strong, opacity: 0.25 },
                  },
                  {
                    type: "rect",
                    shape: { x: x(sum.low), y: y - 1.5, width: Math.max(1, x(sum.high) - x(sum.low)), height: 3 },
                    style: { fill: strong },
                  },
                  { type: "circle", shape: { cx: x(sum.median), cy: y, r: 5 }, style: { fill: strong } },
                ],
              };
            },
            tooltip: {
              formatter: ({ dataIndex }) => {
                const sum = ordered[dataIndex];
                return ui.tip(
                  `${index.policies[sum.policy]}: median ${format.ratio(sum.median)}`,
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
    );
    const shown = (ratio) => number(ratio, format.ratio(ratio));
    ui.foldTable(
      "intervals-table",
      "ratios over the pages",
      ["policy", "pages", "median", "lower quartile", "upper quartile", "interval low", "interval high", "verdict"],
      () =>
        ordered.map((sum) => [
          index.policies[sum.policy],
          number(sum.pages, String(sum.pages)),
          shown(sum.median),
          shown(sum.lowerQuartile),
          shown(sum.upperQuartile),
          shown(sum.low),
          shown(sum.high),
          verdictOf(sum),
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
    byId("verdict").textContent = sentence(metric, setting, sums);
    drawMatrix(metric, signals, orderedPolicies(metric, signals, sums));
    drawIntervals(sums);
  };

  return {
    networkName,
    settingsOf,
    METRICS,
    start: (read) => {
      index = read;
      const metrics = [...new Set(index.summaries.map(({ metric }) => metric))];
      ui.fillSelect(byId("metric"), metrics.map((metric) => [metric, metricName(metric)]));
      const signals = [...new Set(index.settings.map((setting) => setting.signals))];
      ui.fillSelect(byId("sum-signals"), signals.map((name) => [name, name]));
      for (const id of ["metric", "sum-signals", "sum-network"]) byId(id).addEventListener("change", show);
    },
    show,
  };
})();
