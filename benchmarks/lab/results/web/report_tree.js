"use strict";
// The priorities that the server knew at a moment.

const treeView = (() => {
  const { byId, format, number, colour, classColour } = ui;

  // tree_history.h: TreeChange::State.
  const OPEN = 1;
  const IDLE = 2;
  const GONE = 0;

  let shown = null;
  let time = 0;
  let moments = []; // when something changed, on either side

  const endOf = () =>
    Math.max(...shown.sides.map(({ timeline }) => Math.max(...timeline.timings.map(({ completed }) => completed))));

  // Bytes that the server had sent of each resource, and the last stream.
  const sentAt = ({ timeline }) => {
    const sent = new Map();
    let last = null;
    for (const { resource, bytes, at } of timeline.picks) {
      if (at > time) break;
      sent.set(resource, (sent.get(resource) ?? 0) + bytes);
      last = timeline.timings[resource].stream;
    }
    return { sent, last };
  };

  const describe = (side, stream, progress) => {
    const { timeline } = side;
    const i = timeline.timings.findIndex((timing) => timing.stream === stream);
    if (i < 0) return { stream, label: "placeholder", type: null, part: 0, resource: null };
    const resource = shown.page.resources[i];
    const part = resource.bytes === 0 ? 1 : (progress.sent.get(i) ?? 0) / resource.bytes;
    return { stream, label: resource.label, type: resource.type, part, resource };
  };

  // Rows of the tree in preorder, the heavier and older siblings first.
  const dependencies = (side) => {
    const nodes = new Map();
    for (const change of side.timeline.tree) {
      if (change.at > time) break;
      nodes.set(change.stream, change);
    }
    const children = new Map();
    for (const node of nodes.values()) {
      if (node.state === GONE) continue;
      if (!children.has(node.parent)) children.set(node.parent, []);
      children.get(node.parent).push(node);
    }
    for (const list of children.values()) list.sort((a, b) => b.weight - a.weight || a.stream - b.stream);
    const progress = sentAt(side);
    const rows = [];
    const todo = [...(children.get(0) ?? [])].reverse().map((node) => [node, 0]);
    while (todo.length > 0) {
      const [node, depth] = todo.pop();
      rows.push({
        ...describe(side, node.stream, progress),
        depth,
        open: node.state === OPEN,
        idle: node.state === IDLE,
        parent: node.parent,
        says: `w${node.weight}`,
        current: progress.last === node.stream,
      });
      for (const child of [...(children.get(node.stream) ?? [])].reverse()) todo.push([child, depth + 1]);
    }
    return rows;
  };

  // Rows of the streams that were requested, under their urgencies.
  const urgencies = (side) => {
    const { timeline } = side;
    const said = new Map();
    for (const { stream, at, kind, value } of timeline.signals) {
      if (at > time) break;
      if (kind >= 2) said.set(stream, { urgency: value, incremental: kind === 3 });
    }
    const progress = sentAt(side);
    const rows = [];
    for (let urgency = 0; urgency < 8; ++urgency) {
      const streams = timeline.requests
        .filter(({ at }) => at <= time)
        .map(({ resource }) => timeline.timings[resource].stream)
        .filter((stream) => (said.get(stream)?.urgency ?? 3) === urgency)
        .sort((a, b) => a - b);
      if (streams.length === 0) continue;
      rows.push({ group: true, depth: 0, label: `urgency ${urgency}`, stream: null, type: null, says: "", part: 0, parent: null });
      for (const stream of streams) {
        const row = describe(side, stream, progress);
        rows.push({
          ...row,
          depth: 1,
          open: row.part < 1,
          idle: false,
          parent: null,
          says: `u=${urgency}${said.get(stream)?.incremental ? ",i" : ""}${said.has(stream) ? "" : " by default"}`,
          current: progress.last === stream,
        });
      }
    }
    return rows;
  };

  const stateOf = (row) => (row.group ? "group" : row.idle ? "placeholder" : row.open && row.part < 1 ? "open" : "finished");

  const drawSide = (side) => {
    const kind = byId("tree-kind").value;
    const rows = kind === "7540" ? dependencies(side) : urgencies(side);
    const deepest = Math.max(1, ...rows.map((row) => row.depth));
    const id = `tree-${side.side}`;
    const ink = colour("ink");
    const muted = colour("muted");
    const surface = colour("surface");
    const rowHeight = 18;
    const what = kind === "7540" ? "Dependency tree" : "Urgencies";
    const open = rows.filter((row) => stateOf(row) === "open").length;
    ui.draw(
      id,
      Math.max(60, 16 + rowHeight * rows.length),
      `${what} of ${shown.page.name} under ${side.name} at ${format.ms(time)} ms: ${open} open streams. The table has the rows.`,
      {
        grid: { left: 8, right: 8, top: 8, bottom: 8 },
        xAxis: { type: "value", min: 0, max: 1, show: false },
        yAxis: { type: "value", min: 0, max: Math.max(1, rows.length), inverse: true, show: false },
        series: [
          ui.marks(rows, {
            value: (_, y) => [0, y],
            shape: (row, _, at, { coordSys: area }) => {
              const step = Math.min(16, (area.width * 0.45) / deepest);
              const y = area.y + rowHeight * (at + 0.5);
              const x = area.x + 16 + step * row.depth;
              const state = stateOf(row);
              const children = [];
              if (row.depth > 0) {
                const up = rows.slice(0, at).findLastIndex((other) => other.depth === row.depth - 1);
                const elbow = x - step + Math.min(4, step / 2);
                const top = area.y + rowHeight * (up + 0.5) + 5;
                children.push({
                  type: "polyline",
                  shape: { points: [[elbow, top], [elbow, y], [x - 5, y]] },
                  style: { stroke: colour("line"), fill: "none", lineWidth: 1 },
                });
              }
              const fill = row.type ? classColour(row.type) : muted;
              if (!row.group) {
                children.push({
                  type: "rect",
                  shape: { x: x - 5, y: y - 5, width: 10, height: 10, r: 2 },
                  style: { fill: state === "open" ? fill : surface, stroke: fill, lineWidth: 1.5 },
                });
              }
              if (row.current) {
                children.push({
                  type: "polygon",
                  shape: { points: [[x - 15, y - 5], [x - 15, y + 5], [x - 8, y]] },
                  style: { fill: ink },
                });
              }
              const text = row.group ? row.label : `${row.stream}  ${row.label}  ${row.says}`;
              children.push({
                type: "text",
                style: {
                  text,
                  x: x + (row.group ? -4 : 10),
                  y,
                  verticalAlign: "middle",
                  fill: state === "open" || row.group ? ink : muted,
                  fontSize: 11.5,
                  fontWeight: row.group || row.current ? "bold" : "normal",
                },
              });
              if (row.resource) {
                const right = area.x + area.width;
                children.push(
                  { type: "rect", shape: { x: right - 62, y: y - 3, width: 60, height: 6 }, style: { fill: colour("line") } },
                  { type: "rect", shape: { x: right - 62, y: y - 3, width: 60 * row.part, height: 6 }, style: { fill } },
                );
              }
              return { type: "group", children };
            },
            tip: (row) =>
              row.group
                ? [row.label]
                : [`stream ${row.stream}: ${row.label}, ${row.says}`, `${stateOf(row)}, ${format.percent(row.part)} sent`],
          }),
        ],
      },
    );
    const caption = `${what.toLowerCase()} under ${side.name} at ${format.ms(time)} ms`;
    ui.foldTable(`${id}-table`, caption, ["stream", "resource", "priority", "depends on", "state", "sent", "sent last"], () =>
      rows.filter((row) => !row.group).map((row) => [
        number(row.stream, String(row.stream)),
        row.label,
        row.says,
        row.parent === null ? "–" : number(row.parent, String(row.parent)),
        stateOf(row),
        number(row.part, format.percent(row.part)),
        row.current ? "yes" : "",
      ]));
  };

  const draw = () => {
    const words = `${format.ms(time)} ms`;
    byId("time-shown").textContent = words;
    byId("time").setAttribute("aria-valuetext", words);
    byId("before").disabled = !moments.some((at) => at < time);
    byId("after").disabled = !moments.some((at) => at > time);
    for (const side of shown.sides) drawSide(side);
  };

  const goTo = (at) => {
    time = at;
    byId("time").value = (1000 * time) / endOf();
    draw();
  };

  return {
    // Null: nothing to show.
    show: (load) => {
      shown = load;
      for (const id of ["time", "before", "after", "tree-kind"]) byId(id).disabled = !load;
      if (!load) return;
      const of = (timeline) => [...timeline.tree, ...timeline.signals, ...timeline.requests].map(({ at }) => at);
      moments = [...new Set(load.sides.flatMap(({ timeline }) => of(timeline)))].sort((a, b) => a - b);
      const signals = load.sides.flatMap(({ timeline }) => timeline.signals);
      ui.recallControl(byId("tree-kind"));
      if (!signals.some(({ kind }) => kind < 2)) byId("tree-kind").value = "9218";
      else if (!signals.some(({ kind }) => kind >= 2)) byId("tree-kind").value = "7540";
      // The address's moment is for the load of the address.
      byId("time").value = 300;
      ui.recallControl(byId("time"));
      goTo((Number(byId("time").value) / 1000) * endOf());
    },
    start: () => {
      byId("tree-kind").addEventListener("change", draw);
      byId("time").addEventListener("input", () => {
        time = (Number(byId("time").value) / 1000) * endOf();
        draw();
      });
      const step = (at) => {
        goTo(at);
        ui.remember();
      };
      byId("before").addEventListener("click", () => step(moments.findLast((at) => at < time)));
      byId("after").addEventListener("click", () => step(moments.find((at) => at > time)));
    },
  };
})();
