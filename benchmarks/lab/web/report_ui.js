"use strict";
// Elements, tables and charts, as every view uses them.

const ui = (() => {
  const byId = (id) => document.getElementById(id);

  const element = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };

  const grouped = new Intl.NumberFormat("en");
  const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const format = {
    count: (n) => grouped.format(n),
    ms: (ms) => tenths.format(ms),
    ratio: (ratio) => ratio.toFixed(3),
    percent: (part) => `${Math.round(100 * part)} %`,
    // "a, b and c"
    list: (words) =>
      words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`,
  };

  // A cell with the exact number beside the one for people.
  const number = (value, text) => ({ value, text });

  const cell = (tag, content) => {
    const isNumber = content !== null && typeof content === "object";
    const node = element(tag, isNumber ? { class: "number", "data-value": content.value } : {});
    node.textContent = isNumber ? content.text : content;
    return node;
  };

  const tableOf = (caption, columns, rows) => {
    const head = element("tr");
    for (const column of columns) {
      const th = cell("th", column);
      th.scope = "col";
      head.append(th);
    }
    const body = element("tbody");
    for (const row of rows) {
      const [first, ...others] = row;
      const th = cell("th", first);
      th.scope = "row";
      body.append(element("tr", {}, th, ...others.map((content) => cell("td", content))));
    }
    const table = element("table", {}, element("caption", {}, caption), element("thead", {}, head), body);
    return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
  };

  // A table that is always there.
  const showTable = (id, caption, columns, rows) => {
    byId(id).replaceChildren(tableOf(caption, columns, rows));
  };

  // A table behind a summary, made when it is opened. `rows` is a function.
  const foldTable = (id, caption, columns, rows) => {
    const place = byId(id);
    const before = place.querySelector("details");
    const details = before ?? element("details", {}, element("summary"));
    details.firstChild.textContent = `Table: ${caption}`;
    const fill = () => {
      if (details.childElementCount > 1) details.lastChild.remove();
      if (details.open) details.append(tableOf(caption, columns, rows()));
    };
    details.ontoggle = fill;
    fill();
    if (!before) place.append(details);
  };

  // Fills a select with [value, text], keeps the choice when it is still there.
  const fillSelect = (select, options, otherwise) => {
    const chosen = select.value;
    select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
    const values = options.map(([value]) => String(value));
    const wanted = [chosen, String(otherwise)].find((value) => values.includes(value));
    select.value = wanted ?? values[0] ?? "";
  };

  // The colours of the style sheet, for canvases.
  const colours = new Map();
  const colour = (name) => {
    if (!colours.has(name)) {
      colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
    }
    return colours.get(name);
  };
  const onColours = (redraw) =>
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      colours.clear();
      redraw();
    });
  const classColour = (type) => colour(`class-${type}`);

  const charts = new Map();

  // Draws `option` into the element `id`, `height` pixels high; `label` says
  // what it shows to those who do not see it.
  const draw = (id, height, label, option) => {
    const place = byId(id);
    let chart = charts.get(id);
    if (!chart) {
      place.append(element("div", { class: "canvas", role: "img" }));
      chart = { canvas: place.firstChild };
      charts.set(id, chart);
    }
    chart.canvas.style.height = `${height}px`;
    chart.canvas.setAttribute("aria-label", label);
    if (!chart.echarts) {
      chart.echarts = echarts.init(chart.canvas);
      new ResizeObserver(() => chart.echarts.resize()).observe(chart.canvas);
    } else {
      chart.echarts.resize();
    }
    const ink = colour("ink");
    chart.echarts.setOption(
      {
        animation: false,
        backgroundColor: "transparent",
        textStyle: { color: ink, fontFamily: "system-ui, sans-serif" },
        tooltip: {
          confine: true,
          backgroundColor: colour("surface"),
          borderColor: colour("line"),
          textStyle: { color: ink, fontSize: 12 },
        },
        ...option,
      },
      { notMerge: true },
    );
  };

  // What a tooltip says, line by line.
  const tip = (...lines) => element("div", {}, ...lines.map((line) => element("div", {}, line)));

  const clear = (id) => {
    charts.get(id)?.echarts.clear();
    byId(id).parentElement.querySelector(".table")?.replaceChildren();
  };

  // An axis in this report's colours.
  const axis = (options) => ({
    ...options,
    nameTextStyle: { color: colour("muted") },
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { show: options.type === "value", lineStyle: { color: colour("line") } },
    axisLabel: { color: colour("ink"), fontSize: 11, ...options.axisLabel },
  });

  const timeAxis = ({ start, end }, options = {}) =>
    axis({
      type: "value",
      min: start,
      max: end,
      name: "ms",
      nameLocation: "middle",
      nameGap: 24,
      ...options,
      axisLabel: { formatter: (ms) => (options.name === "" ? `${format.count(Math.round(ms))} ms` : format.count(Math.round(ms))), hideOverlap: true },
    });

  return {
    byId, element, format, number, showTable, foldTable, fillSelect,
    colour, classColour, onColours, draw, tip, clear, axis, timeAxis,
  };
})();
