"use strict";
// One page load under two policies: metrics, progress, the wire, and with
// report_waterfall.js and report_tree.js the rest.

const loadView = (() => {
  const { byId, format, number, colour, classColour, element } = ui;

  let index;
  // The loads on show: { page, sides: [{ side, name, run, timeline }] }; without
  // sides when one has no timeline.
  let shown = null;
  let shows = 0;

  // The part of the time that the charts show.
  const timeSpan = () => {
    const endOf = ({ timeline }) => Math.max(...timeline.timings.map((timing) => timing.completed));
    const whole = Math.ceil(Math.max(...shown.sides.map(endOf)) / 10) * 10;
    const length = whole * Number(byId("span").value);
    const start = ((whole - length) * Number(byId("from").value)) / 100;
    byId("from").disabled = length === whole;
    byId("span-shown").textContent = `${format.ms(start)} – ${format.ms(start + length)} ms`;
    byId("from").setAttribute("aria-valuetext", byId("span-shown").textContent);
    return { start, end: start + length };
  };

  // Pieces of bodies above the fold when they are shown (measure/metrics.h).
  const shownPieces = ({ run, timeline }) => {
    const rendering = results.timeOf(run, "render_critical_ms");
    return timeline.arrivals
      .filter(({ resource }) => shown.page.resources[resource].aboveTheFold)
      .map(({ resource, bytes, at }) => {
        const whole = shown.page.resources[resource].type === "image" ? at : timeline.timings[resource].completed;
        return { bytes, at: Math.max(rendering, whole) };
      })
      .sort((a, b) => a.at - b.at);
  };

  // [ms, part of the bytes in per cent] after each piece.
  const curveOf = (pieces) => {
    const total = pieces.reduce((sum, { bytes }) => sum + bytes, 0);
    let sum = 0;
    return [[0, 0], ...pieces.map(({ at, bytes }) => [at, (100 * (sum += bytes)) / total])];
  };

  // What was shown, what had arrived of it, and of everything; A beside B.
  const curves = () => {
    const aboveTheFold = ({ resource }) => shown.page.resources[resource].aboveTheFold;
    const kinds = [
      ["shown", shownPieces, (side) => ({ color: colour(`side-${side}`), width: 2.5 })],
      ["above the fold", ({ timeline }) => timeline.arrivals.filter(aboveTheFold), (side) => ({ color: colour(`side-${side}-pale`), width: 1.5 })],
      ["all bytes", ({ timeline }) => timeline.arrivals, () => null],
    ];
    return kinds.flatMap(([words, piecesOf, styleOf]) =>
      shown.sides.map((side) => ({
        side: side.side,
        name: `${side.side.toUpperCase()}: ${side.name}, ${words}`,
        points: curveOf(piecesOf(side)),
        style: styleOf(side.side), // null: only in tables
      })));
  };

  const drawProgress = (found, span) => {
    const drawn = found.filter(({ style }) => style !== null);
    const room = byId("progress").clientWidth;
    const narrow = room < 700; // a line each in the legend
    ui.draw(
      "progress",
      narrow ? 370 : 320,
      `Curves of what was shown and of the bytes that had arrived: ${drawn.map(({ name }) => name).join("; ")}. The tables have the numbers.`,
      {
        grid: { left: 52, right: 20, top: narrow ? 96 : 40, bottom: 44 },
        legend: {
          top: 0,
          itemWidth: 34,
          textStyle: { color: colour("ink"), width: Math.max(60, room - 60), overflow: "truncate" },
        },
        xAxis: ui.timeAxis(span),
        yAxis: ui.axis({ type: "value", min: 0, max: 100, axisLabel: { formatter: "{value} %" } }),
        tooltip: {
          trigger: "axis",
          formatter: (points) =>
            ui.tip(
              `at ${format.ms(points[0].axisValue)} ms`,
              ...points.map(({ seriesName, value }) => `${seriesName}: ${value[1].toFixed(1)} %`),
            ),
        },
        series: drawn.map(({ name, side, points, style }) => ({
          name,
          type: "line",
          step: "end",
          symbol: "none",
          clip: true,
          data: [...points, [Math.max(span.end, points[points.length - 1][0]), points.length > 1 ? 100 : 0]],
          lineStyle: { ...style, type: side === "a" ? "solid" : "dashed" },
          itemStyle: { color: style.color },
        })),
      },
    );
  };

  const showProgressTables = (found) => {
    const partAt = (points, at) => points.findLast(([time]) => time <= at + 1e-9)[1];
    const end = Math.max(...found.map(({ points }) => points[points.length - 1][0]));
    const halves = Array.from({ length: Math.ceil(end / 500) }, (_, i) => 500 * (i + 1));
    ui.showTable(
      "half-seconds",
      "progress at half seconds",
      ["time, s", ...found.map(({ name }) => name)],
      halves.map((at) => [
        number(at, (at / 1000).toFixed(1)),
        ...found.map(({ side, points }) => {
          const part = partAt(points, at);
          return number(part, `${part.toFixed(1)} %`, part / 100, `side-${side}-bar`);
        }),
      ]));
    const parts = [0.1, 0.25, 0.5, 0.75, 0.9, 1];
    const reach = (points, part) => points.find(([, percent]) => percent >= 100 * part - 1e-9)?.[0];
    ui.foldTable(
      "progress-table",
      "when a part of the bytes was there, ms",
      ["curve", ...parts.map(format.percent)],
      () =>
        found.map(({ name, points }) => [
          name,
          ...parts.map((part) => {
            const at = reach(points, part);
            return at === undefined ? "–" : number(at, format.ms(at));
          }),
        ]));
  };

  const stripRows = () =>
    shown.sides.flatMap(({ side, name, timeline }) => [
      { name: `${side.toUpperCase()} chosen`, policy: name, blocks: data.blocks(timeline.picks, false) },
      { name: `${side.toUpperCase()} arrived`, policy: name, blocks: data.blocks(timeline.arrivals, true) },
    ]);

  const drawStrip = (rows, span) => {
    const within = ({ start, end }) => end > span.start && start < span.end;
    const blocks = rows.flatMap((row, y) => row.blocks.filter(within).map((block) => ({ ...block, y })));
    const { resources } = shown.page;
    const surface = colour("surface");
    const onBlock = colour("on-class");
    ui.draw(
      "strip",
      64 + 44 * rows.length,
      `Strips of time coloured by the class of the stream that had the wire, under ${format.list(shown.sides.map(({ name }) => name))}. The table has the blocks in order.`,
      {
        grid: { left: 84, right: 14, top: 8, bottom: 44 },
        xAxis: ui.timeAxis(span),
        yAxis: ui.axis({ type: "category", inverse: true, data: rows.map(({ name }) => name) }),
        series: [
          ui.marks(blocks, {
            value: ({ start, y, end }) => [start, y, end],
            encode: { x: [0, 2], y: 1 },
            shape: (block, api, _, params) => {
              const shape = ui.bar(params, api, block.start, block.end, block.y, 32, 0.5);
              if (shape === null) return null;
              const { label, type } = resources[block.resource];
              const wide = shape.width > 4;
              const rect = { type: "rect", shape, style: { fill: classColour(type), stroke: wide ? surface : "none", lineWidth: 1 } };
              if (shape.width <= 8 * label.length) return rect; // thousands are
              const text = {
                type: "text",
                style: { text: label, x: shape.x + shape.width / 2, y: shape.y + 16, align: "center", verticalAlign: "middle", fill: onBlock, fontSize: 11 },
              };
              return { type: "group", children: [rect, text] };
            },
            tip: (block) => [
              `${rows[block.y].name}: ${resources[block.resource].label}`,
              `${format.ms(block.start)} – ${format.ms(block.end)} ms, ${format.count(block.bytes)} bytes`,
            ],
          }),
        ],
      },
    );
  };

  const showStripTable = (rows) => {
    const { resources } = shown.page;
    const most = 300;
    ui.foldTable(
      "strip-table",
      `the first ${most} blocks of each row`,
      ["row", results.noun().one, "resource", "from, ms", "to, ms", "bytes", "frames"],
      () =>
        rows.flatMap((row) =>
          row.blocks.slice(0, most).map((block) => [
            row.name,
            row.policy,
            resources[block.resource].label,
            number(block.start, format.ms(block.start)),
            number(block.end, format.ms(block.end)),
            number(block.bytes, format.count(block.bytes)),
            number(block.pieces, format.count(block.pieces)),
          ])));
  };

  const showMetrics = () => {
    const { sides } = shown;
    const time = (ms) => (ms === null ? "–" : number(ms, `${format.ms(ms)} ms`));
    const ratio = (values) =>
      values.length < 2 || !values[0] || !values[1] ? "–" : number(values[1] / values[0], format.ratio(values[1] / values[0]));
    const row = (name, values, cell) => (values.every((value) => value === null) ? [] : [[name, ...values.map(cell), ratio(values)]]);
    const times = (metric) => row(results.metricOf(metric).short, sides.map(({ run }) => run.times[metric]), time);
    const classes = index.types.map((_, i) => index.metrics.length + i);
    const rows = [
      ...[...index.metrics.keys()].flatMap(times),
      ...row("lower priority first", sides.map(({ run }) => run.lowerFirst), (bytes) => number(bytes, `${format.count(bytes)} B`)),
      ...row("reaction", sides.map(({ run }) => run.reaction), time),
      ...classes.flatMap(times),
    ];
    const heads = sides.map(({ side, name }) => `${side.toUpperCase()}: ${name}`);
    ui.showTable("metrics-table", `Metrics of ${shown.page.name}; B ÷ A above 1: A is the earlier one`, ["metric", ...heads, "B ÷ A"], rows);
  };

  const showLegend = () => {
    const present = new Set(shown.page.resources.filter((r) => !r.redirect).map((r) => r.type));
    byId("legend").replaceChildren(
      ...index.types.filter((type) => present.has(type)).map((type) =>
        element("li", {}, element("span", { class: "swatch", style: `background: var(--class-${type})` }), type)));
  };

  const drawAll = () => {
    const span = timeSpan();
    waterfall.show(shown, span);
    ui.whenSeen("progress", () => {
      const found = curves();
      drawProgress(found, span);
      showProgressTables(found);
    });
    ui.whenSeen("strip", () => {
      const rows = stripRows();
      drawStrip(rows, span);
      showStripTable(rows);
    });
    ui.whenSeen("tree-a", () => treeView.show(shown));
  };

  const VIEWS = ["waterfall-a", "waterfall-b", "progress", "strip", "tree-a", "tree-b"];

  const sayWhat = ({ name, sha256, resources, warnings }) => {
    const hash = sha256 ? `, content ${sha256.slice(0, 12)}…` : "";
    const sent = resources.filter((r) => !r.redirect);
    byId("load-status").textContent =
      `${name}${hash}: ${format.of(sent.length, "resource", "resources")}, ` +
      `${format.count(sent.reduce((sum, r) => sum + r.bytes, 0))} bytes.` +
      (warnings.length > 0 ? ` Warning: ${warnings.join("; ")}.` : "");
  };

  const show = async ({ page, a, b }) => {
    const number = ++shows;
    const sides = [];
    for (const [side, run] of [["a", a], ["b", b]]) {
      sides.push({ side, run, timeline: await data.timeline(run), name: index.policies[run.policy] });
    }
    if (number !== shows) return; // chosen again meanwhile
    shown = { page, sides };
    showMetrics();
    showLegend();
    for (const { side, name } of sides) {
      for (const view of ["waterfall", "tree"]) byId(`${view}-${side}-title`).textContent = `${side.toUpperCase()}: ${name}`;
    }
    sayWhat(page);
    const drawn = sides.every(({ timeline }) => timeline !== null);
    byId("by-resource").hidden = byId("half-seconds").hidden = !drawn;
    if (drawn) return drawAll();
    byId("load-status").textContent += " The report had no room for the timeline of this run: make one of fewer runs to see it.";
    for (const id of VIEWS) ui.clear(id);
    shown.sides = [];
    treeView.show(null);
  };

  return {
    start: (read) => {
      index = read;
      waterfall.start();
      for (const id of ["span", "from"]) {
        ui.recallControl(byId(id));
        byId(id).addEventListener("input", () => shown.sides.length > 0 && ui.busyWith(drawAll));
      }
    },
    show,
  };
})();
