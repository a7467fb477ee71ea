"use strict";
// Shows the results of one of the servers' benchmarks: its cells have labels, such
// as the server and the transport, and figures.

(() => {
  const { byId, element, format, number, colour } = ui;

  const results = JSON.parse(byId("results").textContent);

  const TITLES = {
    reaction: "How servers react to an urgent request on a slow link",
    share: "How servers share a slow link by weights",
    throughput: "What a request costs at each server",
    idle: "What an idle connection costs at each server",
  };

  // Name, meaning and digits of each figure.
  const FIGURES = {
    low_kb_before: ["low KB before", "KB of low-priority bodies that arrived after the urgent request and before its body began.", 0],
    low_kb_between: ["low KB between", "KB of low-priority bodies between the first and the last byte of the urgent body.", 0],
    round_trips_to_first_frame: ["round trips to the first frame", "From the urgent request to the first DATA frame of its body.", 1],
    round_trips: ["round trips to the last byte", "From the urgent request to the last byte of its body.", 1],
    ratio: ["ratio", "Bytes under weight 224 by bytes under weight 32; the ideal is 7.", 2],
    cpu_us: ["CPU µs a request", "CPU time of all threads of the server.", 2],
    busiest_cpu_us: ["µs of the busiest thread", "CPU time of the thread that takes most.", 2],
    requests_per_second: ["requests a second", "As h2load counts them.", 0],
    system_calls: ["system calls a request", "Counted by strace in a run of their own.", 2],
    handshake_bytes: ["bytes after the handshake", "Resident memory that a connection adds.", 0],
    request_bytes: ["bytes after one request", "Resident memory that a connection adds.", 0],
    most_late_ms: ["ms that a packet was late", "How much later than the link’s rate says a packet was delivered, at most.", 1],
    load: ["load average", "Of the machine at the end of the run.", 1],
  };
  const figureOf = (key) => FIGURES[key] ?? [key, "", 2];

  const text = (key, value) => {
    const digits = figureOf(key)[2];
    return digits === 0 ? format.count(Math.round(value)) : value.toFixed(digits);
  };

  const cells = results.cells;
  const labels = [...new Set(cells.flatMap((cell) => Object.keys(cell.labels)))].filter((key) => key !== "ours_by_its");
  const figures = [...new Set(cells.flatMap((cell) => Object.keys(cell.figures)))];
  // Those that a reader chooses: the server is an axis.
  const choices = labels.filter((key) => key !== "server" && valuesOf(key).length > 1);

  function valuesOf(key) {
    return [...new Set(cells.map((cell) => String(cell.labels[key])))];
  }

  const isOurs = ({ labels: { server } }) => server === "sluice" || server.endsWith("+sluice");
  const shownFigure = () => byId("figure").value;

  const shownCells = () =>
    cells.filter((cell) =>
      choices.every((key) => {
        const { value } = byId(`choice-${key}`);
        return value === "all" || String(cell.labels[key]) === value;
      }));

  // The server, and the labels that are not chosen.
  const nameOf = (cell) => {
    const rest = choices.filter((key) => byId(`choice-${key}`).value === "all").map((key) => cell.labels[key]);
    return [cell.labels.server, ...rest].join(", ");
  };

  const cellText = (cell, key) => {
    const figure = cell.figures[key];
    if (figure) return number(figure.median, `${text(key, figure.median)} (${text(key, figure.least)}–${text(key, figure.most)})`);
    return cell.errors.length > 0 ? cell.errors[0] : "–";
  };

  const drawChart = (shown, key) => {
    const drawn = shown.filter((cell) => cell.figures[key]);
    const names = drawn.map(nameOf);
    const left = ui.namesWidth("chart", names, 260);
    const [name] = figureOf(key);
    ui.draw(
      "chart",
      60 + 26 * names.length,
      `${name} of ${names.length} cells. The table has the figures.`,
      {
        grid: { left: left + 12, right: 24, top: 4, bottom: 44 },
        xAxis: ui.axis({ type: "value", min: 0, name, nameLocation: "middle", nameGap: 24, axisLabel: { hideOverlap: true } }),
        yAxis: ui.axis({ type: "category", inverse: true, data: names, axisLabel: { interval: 0, width: left, overflow: "truncate" } }),
        series: [
          {
            type: "custom",
            data: drawn.map(({ figures: { [key]: figure } }, y) => [figure.least, y, figure.most, figure.median]),
            encode: { x: [0, 2], y: 1 },
            renderItem: (params, api) => {
              const cell = drawn[params.dataIndex];
              const figure = cell.figures[key];
              const fill = colour(isOurs(cell) ? "good" : "muted");
              const range = ui.bar(params, api, figure.least, figure.most, params.dataIndex, 6, 2);
              const [x, y] = api.coord([figure.median, params.dataIndex]);
              return {
                type: "group",
                children: [
                  { type: "rect", shape: range ?? { x, y, width: 0, height: 0 }, style: { fill, opacity: 0.45 } },
                  { type: "circle", shape: { cx: x, cy: y, r: 5 }, style: { fill } },
                ],
              };
            },
            tooltip: {
              formatter: ({ dataIndex }) => {
                const { median, least, most } = drawn[dataIndex].figures[key];
                return ui.tip(names[dataIndex], `${name}: ${text(key, median)} (${text(key, least)}–${text(key, most)})`);
              },
            },
          },
        ],
        tooltip: { trigger: "item" },
      },
    );
  };

  const showCells = () => {
    const key = shownFigure();
    const [name, says] = figureOf(key);
    const shown = shownCells();
    byId("figure-says").textContent = says;
    byId("chart-title").textContent = name;
    drawChart(shown, key);
    const columns = ["server", ...choices];
    ui.showTable("chart-table", name, [...columns, name],
      shown.map((cell) => [...columns.map((column) => String(cell.labels[column])), cellText(cell, key)]));
    ui.remember();
  };

  const showAll = () => {
    ui.foldTable("all-table", "all cells", [...labels, ...figures.map((key) => figureOf(key)[0])], () =>
      cells.map((cell) => [...labels.map((key) => String(cell.labels[key])), ...figures.map((key) => cellText(cell, key))]));
    ui.foldTable("runs-table", "all runs", [...labels, ...figures.map((key) => figureOf(key)[0])], () =>
      cells.flatMap((cell) =>
        cell.runs.map((run) => [
          ...labels.map((key) => String(cell.labels[key])),
          ...figures.map((key) => (typeof run[key] === "number" ? number(run[key], text(key, run[key])) : "–")),
        ])));
  };

  const words = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));
  const showCircumstances = () => {
    ui.showTable("circumstances", "circumstances", ["", ""], [
      ["date", results.date],
      ["kernel", results.kernel],
      ...Object.entries(results.versions ?? {}),
      ...Object.entries(results.options ?? {}).map(([key, value]) => [key.replaceAll("_", " "), words(value)]),
      ...(results.notes ?? []).map((note) => ["left out", note]),
    ]);
  };

  byId("title").textContent = TITLES[results.benchmark] ?? results.benchmark;
  document.title = `Sluice: ${byId("title").textContent}`;
  byId("what").textContent = `${format.of(cells.length, "cell", "cells")}, measured on ${results.date} (UTC).`;
  for (const key of choices) {
    byId("choices").append(element("label", {}, `${key} `, element("select", { id: `choice-${key}` })));
    ui.fillSelect(byId(`choice-${key}`), [["all", "all"], ...valuesOf(key).map((value) => [value, value])], valuesOf(key)[0]);
  }
  ui.fillSelect(byId("figure"), figures.map((key) => [key, figureOf(key)[0]]), figures[0]);
  byId("choices").addEventListener("change", showCells);
  showCells();
  showAll();
  showCircumstances();
  ui.onLook(showCells);
})();
