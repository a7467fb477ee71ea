"use strict";
// One page load under two policies: metrics, waterfalls, progress, the wire.

const loadView = (() => {
  const { byId, format, number, colour, classColour, element } = ui;

  let index;
  // The loads on show: { page, sides: [{ side, name, policy, run, timeline }] };
  // sides without a run are missing.
  let shown = null;
  let shows = 0;

  const METRIC_ROWS = {
    painted_area_ms: "painted area",
    lcp_candidate_ms: "LCP candidate",
    atf_area_ms: "ATF area",
    render_critical_ms: "render-critical done",
    atf_ms: "above the fold done",
    page_load_ms: "page load",
  };

  const chosen = (id) => Number(byId(id).value);

  const signalText = (signal) =>
    signal.kind >= 2
      ? `u=${signal.value}${signal.kind === 3 ? ",i" : ""}`
      : `w${signal.value}→${signal.dependency}${signal.kind === 1 ? "!" : ""}`;

  const signalWords = (signal) =>
    signal.kind >= 2
      ? `urgency ${signal.value}${signal.kind === 3 ? ", incremental" : ""}`
      : `weight ${signal.value}, depends on ${signal.dependency}${signal.kind === 1 ? ", exclusive" : ""}`;

  const mark = (resource) => (resource.renderCritical ? "◆ " : resource.aboveTheFold ? "◇ " : "");

  // The telling end of an address: "app.js".
  const fileOf = ({ url }) => url.replace(/[?#].*$/s, "").match(/[^/]*\/?$/)[0];

  // Resources that have a stream, in the order of their requests.
  const rowsOf = (page, timeline) => {
    const rows = [];
    page.resources.forEach((resource, i) => {
      if (resource.redirect) return;
      const timing = timeline.timings[i];
      const signals = timeline.signals.filter((signal) => signal.stream === timing.stream);
      rows.push({ resource, i, timing, signals, first: null, received: 0 });
    });
    const byResource = new Map(rows.map((row) => [row.i, row]));
    for (const { resource, at } of timeline.requests) byResource.get(resource).received = at;
    for (const arrival of timeline.arrivals) {
      const row = byResource.get(arrival.resource);
      row.first ??= arrival.at;
    }
    return rows.sort((a, b) => a.timing.requested - b.timing.requested || a.i - b.i);
  };

  // The last of each kind of signal, as a browser may send both.
  const lastSignals = (signals) => {
    const kinds = [signals.filter((s) => s.kind >= 2), signals.filter((s) => s.kind < 2)];
    return kinds.filter((of) => of.length > 0).map((of) => of[of.length - 1]);
  };

  const endOf = (timeline) => Math.max(...timeline.timings.map((timing) => timing.completed));

  // The part of the time that the charts show.
  const timeSpan = () => {
    const whole = Math.ceil(Math.max(...shown.sides.map(({ timeline }) => endOf(timeline))) / 10) * 10;
    const length = whole * Number(byId("span").value);
    const start = ((whole - length) * Number(byId("from").value)) / 100;
    byId("from").disabled = length === whole;
    byId("span-shown").textContent = `${format.ms(start)} – ${format.ms(start + length)} ms`;
    byId("from").setAttribute("aria-valuetext", byId("span-shown").textContent);
    return { start, end: start + length };
  };

  const within = ({ start, end }) => (block) => block.end > start && block.start < end;

  const drawWaterfall = ({ side, name, run, timeline }, span) => {
    const id = `waterfall-${side}`;
    const rows = rowsOf(shown.page, timeline);
    const rowOf = new Map(rows.map((row, y) => [row.i, y]));
    const blocks = data.blocks(timeline.arrivals, true).filter(within(span));
    const changes = rows.flatMap((row, y) =>
      row.signals.filter(({ at }) => at > row.received).map((signal) => ({ y, signal })));
    const names = rows.map(({ resource, signals }) =>
      [`${mark(resource)}${resource.label}`, ...lastSignals(signals).map(signalText), fileOf(resource)].join("  "));
    const left = ui.namesWidth(id, names, 220);
    const muted = colour("muted");
    const lines = [
      [run.times[1], "rendering"],
      [run.times[2], "above the fold"],
      [run.times[3], "page"],
    ].filter(([at]) => at > 0 && at >= span.start && at <= span.end);
    ui.draw(
      id,
      70 + 16 * rows.length,
      `Waterfall of ${shown.page.name} under ${name}: ${rows.length} resources, the last byte at ${format.ms(run.times[3])} ms. The table has the numbers.`,
      {
        grid: { left: left + 12, right: 22, top: 62, bottom: 8 },
        xAxis: ui.timeAxis(span, { position: "top", name: "" }),
        yAxis: ui.axis({
          type: "category",
          inverse: true,
          data: names,
          axisLabel: { interval: 0, width: left, overflow: "truncate", fontSize: 10.5 },
        }),
        series: [
          {
            type: "custom",
            data: rows.map((row, y) => [row.timing.requested, y, row.timing.completed]),
            encode: { x: [0, 2], y: 1 },
            renderItem: (params, api) => {
              const shape = ui.bar(params, api, api.value(0), api.value(2), api.value(1), 2, 0);
              return shape && { type: "rect", shape, style: { fill: muted, opacity: 0.55 } };
            },
            tooltip: {
              formatter: ({ dataIndex }) => {
                const { resource, timing } = rows[dataIndex];
                return ui.tip(
                  `${resource.label} (${resource.type}), stream ${timing.stream}`,
                  ...(resource.url ? [resource.url.length > 90 ? `${resource.url.slice(0, 90)}…` : resource.url] : []),
                  `requested ${format.ms(timing.requested)} ms`,
                  `last byte ${format.ms(timing.completed)} ms`,
                );
              },
            },
            markLine: {
              silent: true,
              symbol: "none",
              lineStyle: { color: colour("ink"), type: "dashed", width: 1 },
              data: lines.map(([xAxis, name], i) => ({
                xAxis,
                label: { color: colour("ink"), fontSize: 10.5, formatter: name, position: "start", distance: 18 + 12 * i, align: xAxis > span.start + 0.85 * (span.end - span.start) ? "right" : "center" },
              })),
            },
          },
          {
            type: "custom",
            data: blocks.map((block) => [block.start, rowOf.get(block.resource), block.end]),
            encode: { x: [0, 2], y: 1 },
            renderItem: (params, api) => {
              const shape = ui.bar(params, api, api.value(0), api.value(2), api.value(1), 10, 1);
              const type = rows[api.value(1)].resource.type;
              return shape && { type: "rect", z2: 1, shape, style: { fill: classColour(type) } };
            },
            tooltip: {
              formatter: ({ dataIndex }) => {
                const block = blocks[dataIndex];
                const { resource } = rows[rowOf.get(block.resource)];
                return ui.tip(
                  `${resource.label}: ${format.count(block.bytes)} bytes in ${format.count(block.pieces)} frames`,
                  `${format.ms(block.start)} – ${format.ms(block.end)} ms`,
                );
              },
            },
          },
          {
            type: "custom",
            data: changes.map(({ y, signal }) => [signal.at, y]),
            renderItem: (params, api) => {
              const [x, y] = api.coord([api.value(0), api.value(1)]);
              if (api.value(0) < span.start || api.value(0) > span.end) return null;
              return {
                type: "polygon",
                z2: 2,
                shape: { points: [[x - 4, y + 5], [x + 4, y + 5], [x, y - 4]] },
                style: { fill: colour("ink"), stroke: colour("surface") },
              };
            },
            tooltip: {
              formatter: ({ dataIndex }) => {
                const { y, signal } = changes[dataIndex];
                return ui.tip(
                  `${rows[y].resource.label}: ${signalWords(signal)}`,
                  `received at ${format.ms(signal.at)} ms`,
                );
              },
            },
          },
        ],
      },
    );
    const time = (ms) => number(ms, format.ms(ms));
    const addresses = rows.some(({ resource }) => resource.url !== "");
    ui.foldTable(
      `${id}-table`,
      `resources of ${shown.page.name} under ${name}`,
      ["resource", "class", "needed for", "stream", "signals, in order", "bytes", "requested, ms", "first byte, ms", "last byte, ms", ...(addresses ? ["address"] : [])],
      () =>
        rows.map(({ resource, timing, signals, first }) => [
          resource.label,
          resource.type,
          resource.renderCritical ? "rendering" : resource.aboveTheFold ? "first screen" : "–",
          number(timing.stream, String(timing.stream)),
          signals.map(signalWords).join("; then ") || "none",
          number(resource.bytes, format.count(resource.bytes)),
          time(timing.requested),
          first === null ? "–" : time(first),
          time(timing.completed),
          ...(addresses ? [resource.url] : []),
        ]));
  };

  // [ms, part of the bytes of `counts`] after each arrival.
  const progressOf = (timeline, counts) => {
    const arrivals = timeline.arrivals.filter(({ resource }) => counts(shown.page.resources[resource]));
    const total = arrivals.reduce((sum, { bytes }) => sum + bytes, 0);
    let sum = 0;
    const points = [[0, 0]];
    for (const { at, bytes } of arrivals) points.push([at, (100 * (sum += bytes)) / total]);
    return points;
  };

  const drawProgress = (span) => {
    const curves = shown.sides.flatMap(({ side, name, timeline }) => [
      { name: `${side.toUpperCase()}: ${name}, above the fold`, side, atf: true, points: progressOf(timeline, (r) => r.aboveTheFold) },
      { name: `${side.toUpperCase()}: ${name}, all`, side, atf: false, points: progressOf(timeline, () => true) },
    ]);
    const narrow = byId("progress").clientWidth < 700; // a line each in the legend
    ui.draw(
      "progress",
      narrow ? 370 : 320,
      `Curves of the bytes that had arrived: ${curves.map(({ name }) => name).join("; ")}. The table has the numbers.`,
      {
        grid: { left: 52, right: 20, top: narrow ? 96 : 40, bottom: 44 },
        legend: {
          top: 0,
          itemWidth: 34,
          textStyle: { color: colour("ink"), width: Math.max(60, byId("progress").clientWidth - 60), overflow: "truncate" },
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
        series: curves.map(({ name, side, atf, points }) => {
          const style = {
            color: colour(atf ? `side-${side}` : `side-${side}-pale`),
            width: atf ? 2.5 : 1.5,
            type: side === "a" ? "solid" : "dashed",
          };
          return {
            name,
            type: "line",
            step: "end",
            symbol: "none",
            clip: true,
            data: [...points, [Math.max(span.end, points[points.length - 1][0]), points.length > 1 ? 100 : 0]],
            lineStyle: style,
            itemStyle: { color: style.color },
          };
        }),
      },
    );
    const parts = [0.1, 0.25, 0.5, 0.75, 0.9, 1];
    const reach = (points, part) => points.find(([, percent]) => percent >= 100 * part - 1e-9)?.[0];
    ui.foldTable(
      "progress-table",
      "when a part of the bytes had arrived, ms",
      ["curve", ...parts.map(format.percent)],
      () =>
        curves.map(({ name, points }) => [
          name,
          ...parts.map((part) => {
            const at = reach(points, part);
            return at === undefined ? "–" : number(at, format.ms(at));
          }),
        ]));
  };

  const drawStrip = (span) => {
    const rows = shown.sides.flatMap(({ side, name, timeline }) => [
      { name: `${side.toUpperCase()} chosen`, policy: name, blocks: data.blocks(timeline.picks, false) },
      { name: `${side.toUpperCase()} arrived`, policy: name, blocks: data.blocks(timeline.arrivals, true) },
    ]);
    const blocks = rows.flatMap((row, y) => row.blocks.filter(within(span)).map((block) => ({ ...block, y })));
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
          {
            type: "custom",
            data: blocks.map(({ start, y, end: stop }) => [start, y, stop]),
            encode: { x: [0, 2], y: 1 },
            renderItem: (params, api) => {
              const block = blocks[params.dataIndex];
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
            tooltip: {
              formatter: ({ dataIndex }) => {
                const block = blocks[dataIndex];
                return ui.tip(
                  `${rows[block.y].name}: ${resources[block.resource].label}`,
                  `${format.ms(block.start)} – ${format.ms(block.end)} ms, ${format.count(block.bytes)} bytes`,
                );
              },
            },
          },
        ],
      },
    );
    const most = 300;
    ui.foldTable(
      "strip-table",
      `the first ${most} blocks of each row`,
      ["row", "policy", "resource", "from, ms", "to, ms", "bytes", "frames"],
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
    const rows = index.metrics.map((key, i) => {
      const values = sides.map(({ run }) => run.times[i]);
      return [METRIC_ROWS[key], ...values.map(time), ratio(values)];
    });
    const lower = sides.map(({ run }) => run.lowerFirst);
    rows.push(["lower priority first", ...lower.map((bytes) => number(bytes, `${format.count(bytes)} B`)), ratio(lower)]);
    const reactions = sides.map(({ run }) => run.reaction);
    if (reactions.some((ms) => ms !== null)) rows.push(["reaction", ...reactions.map(time), ratio(reactions)]);
    index.types.forEach((type, i) => {
      const values = sides.map(({ run }) => run.classes[i]);
      if (values.every((ms) => ms === null)) return;
      rows.push([`${type} done`, ...values.map(time), ratio(values)]);
    });
    const heads = sides.map(({ side, name }) => `${side.toUpperCase()}: ${name}`);
    ui.showTable("metrics-table", `Metrics of ${shown.page.name}; B ÷ A above 1: A is the earlier one`, ["metric", ...heads, "B ÷ A"], rows);
  };

  const showLegend = () => {
    const present = new Set(shown.page.resources.filter((r) => !r.redirect).map((r) => r.type));
    byId("legend").replaceChildren(
      ...index.types.filter((type) => present.has(type)).map((type) =>
        element("li", {}, element("span", { class: "swatch", style: `background: var(--class-${type})` }), type)));
  };

  // The runs that the choices leave, narrowed select by select.
  const choose = () => {
    // A load without a waterfall is marked.
    const select = (id, runs, key, words, otherwise) => {
      const drawn = new Set(runs.filter(({ line }) => line >= 0).map(key));
      const options = [...new Set(runs.map(key))].map((value) =>
        [value, words(value) + (drawn.has(value) ? "" : " (no waterfall)")]);
      ui.fillSelect(byId(id), options, otherwise);
      return runs.filter((run) => String(key(run)) === byId(id).value);
    };
    const signalsOf = (run) => index.settings[run.setting].signals;
    let runs = select("page", index.runs, (run) => run.page, (page) => index.pages[page].name);
    runs = select("signals", runs, signalsOf, (name) => name);
    runs = select("network", runs, (run) => run.setting, (i) => pagesView.networkName(index.settings[i]));
    runs = select("seed", runs, (run) => run.seed, (seed) => seed);
    byId("seed-label").hidden = byId("seed").options.length < 2;
    const baseline = index.policies.indexOf(index.baseline);
    const best = pagesView.best(chosen("network")) ?? runs.find(({ policy }) => policy !== baseline)?.policy;
    const policyName = (policy) => index.policies[policy];
    const [a] = select("policy-a", runs, (run) => run.policy, policyName, best);
    const [b] = select("policy-b", runs, (run) => run.policy, policyName, baseline);
    return { a, b };
  };

  const drawAll = () => {
    const span = timeSpan();
    for (const side of shown.sides) drawWaterfall(side, span);
    drawProgress(span);
    drawStrip(span);
  };

  const VIEWS = ["waterfall-a", "waterfall-b", "progress", "strip", "tree-a", "tree-b"];

  const show = async () => {
    const number = ++shows;
    byId("load").setAttribute("aria-busy", "true");
    const runs = choose();
    const page = index.pages[runs.a.page];
    const sides = [];
    for (const side of ["a", "b"]) {
      const run = runs[side];
      const timeline = await data.timeline(run);
      sides.push({ side, run, timeline, name: index.policies[run.policy] });
    }
    if (number !== shows) return; // chosen again meanwhile
    byId("load").removeAttribute("aria-busy");
    shown = { page, sides };
    showMetrics();
    showLegend();
    for (const { side, name } of sides) {
      for (const view of ["waterfall", "tree"]) byId(`${view}-${side}-title`).textContent = `${side.toUpperCase()}: ${name}`;
    }
    const hash = page.sha256 ? `, content ${page.sha256.slice(0, 12)}…` : "";
    byId("load-status").textContent =
      `${page.name}${hash}: ${format.of(page.resources.filter((r) => !r.redirect).length, "resource", "resources")}, ` +
      `${format.count(page.resources.reduce((sum, r) => sum + (r.redirect ? 0 : r.bytes), 0))} bytes.` +
      (page.warnings.length > 0 ? ` Warning: ${page.warnings.join("; ")}.` : "");
    if (sides.some(({ timeline }) => timeline === null)) {
      byId("load-status").textContent += " The report had no room for the timeline of this run: make one of fewer runs to see it.";
      for (const id of VIEWS) ui.clear(id);
      shown.sides = sides.filter(({ timeline }) => timeline !== null);
      treeView.show(null);
      return;
    }
    drawAll();
    treeView.show(shown);
  };

  return {
    start: (read) => {
      index = read;
      for (const id of ["page", "signals", "network", "seed", "policy-a", "policy-b"]) {
        byId(id).addEventListener("change", show);
      }
      for (const id of ["span", "from"]) {
        ui.recallControl(byId(id));
        byId(id).addEventListener("input", () => shown.sides.length > 1 && drawAll());
      }
    },
    show,
    // A page (null: the one that is shown) under a policy, beside the other one.
    choose: (page, setting, policy) => {
      const wanted = { page: page ?? chosen("page"), signals: index.settings[setting].signals, network: setting, "policy-a": policy };
      for (const [id, value] of Object.entries(wanted)) byId(id).replaceChildren(element("option", { value }));
      show().then(ui.remember);
      byId("load").scrollIntoView();
    },
  };
})();
