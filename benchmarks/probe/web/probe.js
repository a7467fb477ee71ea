"use strict";
// Shows the results of result_page.cc: verdicts of all servers, the strips of one,
// the streams of one experiment.

(() => {
  const { byId, element, format, number, colour } = ui;

  const KINDS = ["honoured", "partly", "ignored", "reversed", "cannot tell"];
  const RANKS = ["html", "js", "css", "font", "image", "fetch", "media", "other"];
  const rankClass = (rank) => `class-${RANKS[Math.min(rank, RANKS.length - 1)]}`;
  const rankWords = (rank) => (rank === 0 ? "most important" : `rank ${rank + 1}`);

  const servers = JSON.parse(byId("results").textContent).map((server) => ({
    ...server,
    experiments: server.experiments.map((experiment) => ({
      ...experiment,
      streams: experiment.streams.map(([id, label, path, rank]) => ({ id, label, path, rank })),
      figures: experiment.figures.map(([name, median, least, most]) => ({ name, median, least, most })),
      marks: experiment.marks.map(([at, words]) => ({ at, words })),
      blocks: place(experiment.blocks),
    })),
  }));

  // Blocks with the bytes that had arrived before them.
  function place(blocks) {
    let from = 0;
    return blocks.map(([stream, bytes, frames]) => {
      const block = { stream, bytes, frames, from, to: from + bytes };
      from = block.to;
      return block;
    });
  }

  const nameOf = (server) => {
    const alike = servers.filter(({ software }) => software === server.software).length > 1;
    if (server.software === "") return server.url;
    return alike ? `${server.software} (${server.url})` : server.software;
  };
  const shownServer = () => servers[Number(byId("server").value)];
  const shownExperiment = () => shownServer().experiments[Number(byId("experiment").value)];
  const kb = (bytes) => `${format.count(Math.round(bytes / 1024))} KB`;
  const figureText = (value) => (Number.isInteger(value) ? format.count(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 1));

  // The colour says what the words say.
  const BACKGROUNDS = {
    honoured: "better",
    partly: "even",
    reversed: "worse",
  };

  const showMatrix = () => {
    const names = [...new Set(servers.flatMap(({ experiments }) => experiments.map(({ name }) => name)))];
    const head = element("tr", {}, element("th", { scope: "col" }, "experiment"),
      ...servers.map((server) => element("th", { scope: "col" }, nameOf(server))));
    const rows = names.map((name) => {
      const cells = servers.map(({ experiments }) => {
        const found = experiments.find((experiment) => experiment.name === name);
        if (!found) return element("td", {}, "–");
        const td = element("td", { "data-verdict": found.kind, ...(found.kind === "cannot tell" ? {} : { class: "shown" }) }, found.verdict);
        const background = BACKGROUNDS[found.kind];
        if (background) td.style.setProperty("background", `var(--${background})`);
        return td;
      });
      return element("tr", {}, element("th", { scope: "row" }, name), ...cells);
    });
    byId("matrix").replaceChildren(
      ui.scroller("verdicts by experiment and server",
        element("table", { class: "matrix" },
          element("caption", { class: "unseen" }, "Verdicts by experiment and server"),
          element("thead", {}, head), element("tbody", {}, ...rows))));
  };

  const showLegend = (server) => {
    const ranks = [...new Set(server.experiments.flatMap(({ streams }) => streams.map(({ rank }) => rank)))].sort((a, b) => a - b);
    byId("legend").replaceChildren(
      ...ranks.map((rank) =>
        element("li", {}, element("span", { class: "swatch", style: `background: var(--${rankClass(rank)})` }), rankWords(rank))));
  };

  const bytesAxis = (most) =>
    ui.axis({
      type: "value",
      min: 0,
      max: Math.max(most / 1024, 1),
      name: "KB of bodies that had arrived",
      nameLocation: "middle",
      nameGap: 24,
      axisLabel: { formatter: (kb) => format.count(Math.round(kb)), hideOverlap: true },
    });

  // Blocks in rows: each has `y`, and `stream` of the experiment `of`.
  const blocksSeries = (blocks, height, words) => ({
    type: "custom",
    data: blocks.map(({ from, y, to }) => [from / 1024, y, to / 1024]),
    encode: { x: [0, 2], y: 1 },
    renderItem: (params, api) => {
      const block = blocks[params.dataIndex];
      const shape = ui.bar(params, api, block.from / 1024, block.to / 1024, block.y, height, 0.5);
      if (shape === null) return null;
      const { label, rank } = block.of.streams[block.stream];
      const rect = {
        type: "rect",
        shape,
        style: { fill: colour(rankClass(rank)), stroke: shape.width > 4 ? colour("surface") : "none", lineWidth: 1 },
      };
      if (shape.width <= 7 * label.length + 4) return rect;
      const text = {
        type: "text",
        style: { text: label, x: shape.x + shape.width / 2, y: shape.y + height / 2, align: "center", verticalAlign: "middle", fill: colour("on-class"), fontSize: 11 },
      };
      return { type: "group", children: [rect, text] };
    },
    tooltip: { formatter: ({ dataIndex }) => ui.tip(...words(blocks[dataIndex])) },
  });

  const blockWords = (block) => {
    const { label, path } = block.of.streams[block.stream];
    return [
      `${block.of.name}: ${label}`,
      ...(path ? [path] : []),
      `${kb(block.from)} – ${kb(block.to)}: ${format.count(block.bytes)} bytes in ${format.of(block.frames, "frame", "frames")}`,
    ];
  };

  const endOf = ({ blocks }) => (blocks.length > 0 ? blocks[blocks.length - 1].to : 0);

  const drawStrips = (server) => {
    const { experiments } = server;
    const blocks = experiments.flatMap((of, y) => of.blocks.map((block) => ({ ...block, y, of })));
    const names = experiments.map(({ name }) => name);
    const left = ui.namesWidth("strips", names, 220);
    ui.draw(
      "strips",
      60 + 30 * names.length,
      `Strips of ${names.length} experiments, coloured by the rank of the stream whose DATA arrived. The table has the blocks in order.`,
      {
        grid: { left: left + 12, right: 18, top: 4, bottom: 44 },
        xAxis: bytesAxis(Math.max(0, ...experiments.map(endOf))),
        yAxis: ui.axis({ type: "category", inverse: true, data: names, axisLabel: { interval: 0, width: left, overflow: "truncate" } }),
        series: [blocksSeries(blocks, 22, blockWords)],
      },
      ({ dataIndex }) => {
        byId("experiment").value = String(blocks[dataIndex].y);
        showExperiment();
        ui.remember();
        byId("experiment-section").scrollIntoView();
      },
    );
    const count = (value) => number(value, format.count(value));
    ui.foldTable(
      "strips-table",
      "blocks of each strip in order",
      ["experiment", "stream", "asked for", "from, bytes", "bytes", "frames"],
      () =>
        blocks.map(({ of, stream, from, bytes, frames }) => [
          of.name, String(of.streams[stream].id), of.streams[stream].label, count(from), count(bytes), count(frames),
        ]));
    const value = (figure) => number(figure, figureText(figure));
    ui.foldTable(
      "figures-table",
      "figures of each experiment",
      ["experiment", "verdict", "figure", "median", "least", "most", "repeats"],
      () =>
        experiments.flatMap((experiment) =>
          experiment.figures.map(({ name, median, least, most }) => [
            experiment.name, experiment.verdict, name.replaceAll("_", " "), value(median), value(least), value(most), count(experiment.repeats),
          ])));
  };

  const drawStreams = (experiment) => {
    const rows = experiment.streams;
    const names = rows.map(({ id, label }) => `${id}  ${label}`);
    const blocks = experiment.blocks.map((block) => ({ ...block, y: block.stream, of: experiment }));
    const marks = experiment.marks.filter(({ at }) => at > 0);
    const left = ui.namesWidth("streams", names, 240);
    ui.draw(
      "streams",
      70 + 20 * rows.length,
      `DATA of ${rows.length} streams of ${experiment.name} in the order of arrival. The table has the streams.`,
      {
        grid: { left: left + 12, right: 18, top: 18, bottom: 44 },
        xAxis: bytesAxis(endOf(experiment)),
        yAxis: ui.axis({ type: "category", inverse: true, data: names, axisLabel: { interval: 0, width: left, overflow: "truncate", fontSize: 10.5 } }),
        series: [
          blocksSeries(blocks, 14, blockWords),
          {
            type: "custom",
            data: marks.map(({ at }) => [at / 1024, 0]),
            renderItem: (params, api) => {
              const x = api.coord([api.value(0), 0])[0];
              const { y } = params.coordSys;
              return {
                type: "polygon",
                z2: 2,
                shape: { points: [[x - 5, y - 12], [x + 5, y - 12], [x, y - 3]] },
                style: { fill: colour("ink"), stroke: colour("surface") },
              };
            },
            tooltip: { formatter: ({ dataIndex }) => ui.tip(marks[dataIndex].words, `after ${kb(marks[dataIndex].at)}`) },
          },
        ],
      },
    );
    const count = (value) => number(value, format.count(value));
    const of = (stream) => experiment.blocks.filter((block) => block.stream === stream);
    ui.foldTable(
      "streams-table",
      `streams of ${experiment.name}`,
      ["stream", "asked for", "path", "rank", "bytes", "first after, bytes", "last after, bytes"],
      () =>
        rows.map(({ id, label, path, rank }, i) => {
          const blocks = of(i);
          const bytes = blocks.reduce((sum, block) => sum + block.bytes, 0);
          const [first, last] = blocks.length > 0 ? [count(blocks[0].from), count(blocks[blocks.length - 1].to)] : ["–", "–"];
          return [String(id), label, path, count(rank + 1), count(bytes), first, last];
        }));
    ui.foldTable(
      "marks-table",
      `signals and later requests of ${experiment.name}`,
      ["sent", "after bytes"],
      () => experiment.marks.map(({ at, words }) => [words, count(at)]));
  };

  const showExperiment = () => {
    const experiment = shownExperiment();
    if (!experiment) {
      ui.clear("streams");
      byId("streams-title").textContent = "";
      byId("experiment-status").textContent = "The server has no experiment.";
      return;
    }
    byId("streams-title").textContent = `${experiment.name}: ${experiment.verdict}`;
    byId("experiment-status").textContent = experiment.about;
    drawStreams(experiment);
  };

  const showServer = () => {
    const server = shownServer();
    const settings = server.settings.map(([name, value]) => `${name} ${value}`).join(", ");
    byId("server-status").textContent =
      `${server.url}${server.software ? `, ${server.software}` : ""}${server.via ? `, via ${server.via}` : ""}` +
      `${server.date ? `, ${server.date}` : ""}: ${format.of(server.connections, "connection", "connections")}, ` +
      `${(server.bytes / 1e6).toFixed(1)} MB, ${server.seconds.toFixed(1)} s. SETTINGS: ${settings || "none"}.` +
      (server.failure ? ` The probe ended early: ${server.failure}` : "");
    showLegend(server);
    ui.fillSelect(byId("experiment"), server.experiments.map(({ name }, i) => [i, name]), 0);
    byId("experiment").disabled = server.experiments.length === 0;
    drawStrips(server);
    showExperiment();
  };

  try {
    if (servers.length === 0) throw new Error("it holds no server");
    const kinds = servers.flatMap(({ experiments }) => experiments.map(({ kind }) => kind));
    const counts = KINDS.filter((kind) => kinds.includes(kind)).map((kind) => `${kinds.filter((other) => other === kind).length} ${kind}`);
    byId("what").textContent = `${format.of(servers.length, "server", "servers")}, ${format.of(kinds.length, "verdict", "verdicts")}: ${format.list(counts)}.`;
    byId("version").textContent = servers[0].version;
    document.title = `Sluice probe: ${servers.length === 1 ? servers[0].url : format.of(servers.length, "server", "servers")}`;
    for (const form of document.forms) form.addEventListener("submit", (event) => event.preventDefault());
    showMatrix();
    ui.fillSelect(byId("server"), servers.map((server, i) => [i, nameOf(server)]), 0);
    showServer();
    byId("server").addEventListener("change", showServer);
    byId("experiment").addEventListener("change", showExperiment);
    document.addEventListener("change", ui.remember);
    ui.onLook(showServer);
    document.documentElement.dataset.ready = "yes";
  } catch (error) {
    byId("failure").hidden = false;
    byId("failure").textContent = `This page cannot be read: ${error.message}`;
    throw error;
  }
})();
