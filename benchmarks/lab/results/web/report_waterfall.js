"use strict";
// Waterfalls of two loads: the same rows in the same order, under one axis of
// time each that stays in view.

const waterfall = (() => {
  const { byId, format, number, colour, classColour } = ui;

  const signalText = (signal) =>
    signal.kind >= 2
      ? `u=${signal.value}${signal.kind === 3 ? ",i" : ""}`
      : `w${signal.value}→${signal.dependency}${signal.kind === 1 ? "!" : ""}`;

  const signalWords = (signal) =>
    signal.kind >= 2
      ? `urgency ${signal.value}${signal.kind === 3 ? ", incremental" : ""}`
      : `weight ${signal.value}, depends on ${signal.dependency}${signal.kind === 1 ? ", exclusive" : ""}`;

  const mark = (resource) => (resource.renderCritical ? "◆ " : resource.aboveTheFold ? "◇ " : "");
  const neededFor = (resource) => (resource.renderCritical ? "rendering" : resource.aboveTheFold ? "first screen" : "–");

  // The telling end of an address: "app.js".
  const fileOf = ({ url }) => url.replace(/[?#].*$/s, "").match(/[^/]*\/?$/)[0];

  // The resources that have a stream, in the order of the earlier of their
  // requests, so that a row is the same resource on both sides.
  const orderOf = ({ page, sides }) => {
    const asked = (i) => Math.min(...sides.map(({ timeline }) => timeline.timings[i].requested));
    const order = [...page.resources.keys()].filter((i) => !page.resources[i].redirect);
    const first = new Map(order.map((i) => [i, asked(i)]));
    return order.sort((a, b) => first.get(a) - first.get(b) || a - b);
  };

  const rowsOf = (page, order, timeline) => {
    const rows = order.map((i) => {
      const timing = timeline.timings[i];
      const signals = timeline.signals.filter((signal) => signal.stream === timing.stream);
      return { resource: page.resources[i], i, timing, signals, first: null, received: 0 };
    });
    const byResource = new Map(rows.map((row) => [row.i, row]));
    for (const { resource, at } of timeline.requests) byResource.get(resource).received = at;
    for (const { resource, at } of timeline.arrivals) byResource.get(resource).first ??= at;
    return rows;
  };

  // The last of each kind of signal, as a browser may send both.
  const lastSignals = (signals) => {
    const kinds = [signals.filter((s) => s.kind >= 2), signals.filter((s) => s.kind < 2)];
    return kinds.filter((of) => of.length > 0).map((of) => of[of.length - 1]);
  };

  // The axis, and above it what the upright lines of the rows mean. A word stands
  // beside its line, the late ones to the left, so that no line crosses a word.
  const drawAxis = (id, grid, span, lines) => {
    const isLate = ([at]) => at > span.start + 0.75 * (span.end - span.start);
    const words = [...lines.filter((line) => !isLate(line)), ...lines.filter(isLate).reverse()];
    ui.draw(`${id}-axis`, 64, null, {
      grid: { ...grid, top: 60, bottom: 2 },
      xAxis: ui.timeAxis(span, { position: "top", name: "", axisLabel: { formatter: (ms) => `${format.count(Math.round(ms))} ms` } }),
      yAxis: { type: "value", min: 0, max: 1, show: false },
      tooltip: { show: false },
      series: [
        ui.marks(words, {
          value: ([at]) => [at, 0],
          shape: (line, api, i) => {
            const [x] = api.coord([line[0], 0]);
            const y = 6 + 12 * i;
            const [align, aside] = isLate(line) ? ["right", -4] : ["left", 4];
            return {
              type: "group",
              children: [
                { type: "line", shape: { x1: x, x2: x, y1: y - 5, y2: 42 }, style: { stroke: colour("ink"), lineDash: [3, 3], lineWidth: 1 } },
                { type: "text", style: { text: line[1], x: x + aside, y, fill: colour("ink"), fontSize: 11, verticalAlign: "middle", align } },
              ],
            };
          },
          tip: () => [],
        }),
      ],
    });
  };

  const nameOf = ({ resource, signals }) =>
    [`${mark(resource)}${resource.label}`, ...lastSignals(signals).map(signalText), fileOf(resource)].join("  ");

  // `left` is the width of the names.
  const draw = (page, { side, name, run, timeline }, rows, left, span) => {
    const id = `waterfall-${side}`;
    const rowOf = new Map(rows.map((row, y) => [row.i, y]));
    const within = ({ start, end }) => end > span.start && start < span.end;
    const blocks = data.blocks(timeline.arrivals, true).filter(within).map((block) => ({ ...block, y: rowOf.get(block.resource) }));
    const changes = rows.flatMap((row, y) =>
      row.signals.filter(({ at }) => at > row.received && at >= span.start && at <= span.end).map((signal) => ({ y, signal })));
    const grid = { left: left + 12, right: 22 };
    const lines = [["render_critical_ms", "rendering"], ["atf_ms", "above the fold"], ["page_load_ms", "page"]]
      .map(([metric, words]) => [results.timeOf(run, metric), words])
      .filter(([at]) => at > 0 && at >= span.start && at <= span.end);
    drawAxis(id, grid, span, lines);
    ui.draw(
      id,
      12 + 16 * rows.length,
      `Waterfall of ${page.name} under ${name}: ${rows.length} resources, the last byte at ${format.ms(results.timeOf(run, "page_load_ms"))} ms. The table has the numbers.`,
      {
        grid: { ...grid, top: 4, bottom: 8 },
        xAxis: ui.timeAxis(span, { position: "top", name: "", axisLabel: { show: false } }),
        yAxis: ui.axis({
          type: "category",
          inverse: true,
          data: rows.map(nameOf),
          axisLabel: { interval: 0, width: left, overflow: "truncate" },
        }),
        series: [
          ui.marks(rows, {
            value: ({ timing }, y) => [timing.requested, y, timing.completed],
            encode: { x: [0, 2], y: 1 },
            shape: ({ timing }, api, y, params) => {
              const shape = ui.bar(params, api, timing.requested, timing.completed, y, 2, 0);
              return shape && { type: "rect", shape, style: { fill: colour("muted"), opacity: 0.55 } };
            },
            tip: ({ resource, timing }) => [
              `${resource.label} (${resource.type}), stream ${timing.stream}`,
              ...(resource.url ? [resource.url.length > 90 ? `${resource.url.slice(0, 90)}…` : resource.url] : []),
              `requested ${format.ms(timing.requested)} ms`,
              `last byte ${format.ms(timing.completed)} ms`,
            ],
            markLine: ui.uprights(lines.map(([at]) => at), "dashed"),
          }),
          ui.marks(blocks, {
            value: ({ start, y, end }) => [start, y, end],
            encode: { x: [0, 2], y: 1 },
            shape: ({ start, y, end }, api, _, params) => {
              const shape = ui.bar(params, api, start, end, y, 10, 1);
              return shape && { type: "rect", z2: 1, shape, style: { fill: classColour(rows[y].resource.type) } };
            },
            tip: (block) => [
              `${rows[block.y].resource.label}: ${format.count(block.bytes)} bytes in ${format.count(block.pieces)} frames`,
              `${format.ms(block.start)} – ${format.ms(block.end)} ms`,
            ],
          }),
          ui.marks(changes, {
            value: ({ y, signal }) => [signal.at, y],
            shape: (change, api) => {
              const [x, y] = api.coord([api.value(0), api.value(1)]);
              return {
                type: "polygon",
                z2: 2,
                shape: { points: [[x - 4, y + 5], [x + 4, y + 5], [x, y - 4]] },
                style: { fill: colour("ink"), stroke: colour("surface") },
              };
            },
            tip: ({ y, signal }) => [`${rows[y].resource.label}: ${signalWords(signal)}`, `received at ${format.ms(signal.at)} ms`],
          }),
        ],
      },
    );
  };

  const showTable = (page, { side, name }, rows) => {
    const time = (ms) => number(ms, format.ms(ms));
    const addresses = rows.some(({ resource }) => resource.url !== "");
    ui.foldTable(
      `waterfall-${side}-table`,
      `resources of ${page.name} under ${name}`,
      ["resource", "class", "needed for", "stream", "signals, in order", "bytes", "requested, ms", "first byte, ms", "last byte, ms", ...(addresses ? ["address"] : [])],
      () =>
        rows.map(({ resource, timing, signals, first }) => [
          resource.label,
          resource.type,
          neededFor(resource),
          number(timing.stream, String(timing.stream)),
          signals.map(signalWords).join("; then ") || "none",
          number(resource.bytes, format.count(resource.bytes)),
          time(timing.requested),
          first === null ? "–" : time(first),
          time(timing.completed),
          ...(addresses ? [resource.url] : []),
        ]));
  };

  // Where each resource ends under A, beside B; the farthest apart first.
  const showDifferences = ({ page, sides }, order) => {
    const [a, b] = sides.map(({ timeline }) => timeline.timings);
    const time = (ms) => number(ms, format.ms(ms));
    const ends = order.map((i) => ({ i, gap: a[i].completed - b[i].completed, asked: a[i].requested - b[i].requested }));
    const most = Math.max(...ends.map(({ gap }) => Math.abs(gap)));
    ends.sort((x, y) => Math.abs(y.gap) - Math.abs(x.gap));
    const count = (sign) => format.count(ends.filter(({ gap }) => Math.sign(gap) === sign).length);
    const [nameA, nameB] = sides.map(({ name }) => name);
    byId("differences-say").textContent =
      `Of ${format.of(ends.length, "resource", "resources")}, ${nameA} completes ${count(-1)} earlier than ${nameB}, ${count(1)} later, and ${count(0)} at the same time. A minus sign: earlier with A.`;
    ui.showTable(
      "differences",
      `last bytes of ${page.name}: A, ${nameA}, less B, ${nameB}`,
      ["resource", "A less B, ms", "A, ms", "B, ms", "requested, A less B, ms", "bytes", "class", "needed for"],
      ends.map(({ i, gap, asked }) => [
        [page.resources[i].label, fileOf(page.resources[i])].filter((word) => word !== "").join("  "),
        ui.shift(gap, most),
        time(a[i].completed),
        time(b[i].completed),
        ui.shift(asked, 0),
        number(page.resources[i].bytes, format.count(page.resources[i].bytes)),
        page.resources[i].type,
        neededFor(page.resources[i]),
      ]),
      true);
  };

  return {
    start: () => ui.scrollTogether(byId("waterfall-a"), byId("waterfall-b")),
    // `shown` as in report_load.js.
    show: (shown, span) => {
      const order = orderOf(shown);
      showDifferences(shown, order);
      ui.whenSeen("waterfall-a", () => {
        const rows = shown.sides.map(({ timeline }) => rowsOf(shown.page, order, timeline));
        const left = ui.namesWidth("waterfall-a", rows.flat().map(nameOf), 220);
        shown.sides.forEach((side, i) => {
          draw(shown.page, side, rows[i], left, span);
          showTable(shown.page, side, rows[i]);
        });
      });
    },
  };
})();
