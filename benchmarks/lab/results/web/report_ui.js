"use strict";
// Elements, tables, charts and choices, as every view uses them.

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
    // "1 page", "16 pages"
    of: (n, one, many) => `${grouped.format(n)} ${n === 1 ? one : many}`,
    // "a, b and c"
    list: (words) =>
      words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`,
  };

  // A cell with the exact number beside the one for people, and a bar that fills
  // `part` of it in the style sheet's colour `tone`.
  const number = (value, text, part = 0, tone = "even") => ({ value, text, part, tone });

  // A difference of times beside the largest of its column: less is better.
  const shift = (ms, most) =>
    number(ms, `${ms > 0 ? "+" : ms < 0 ? "−" : "±"}${format.ms(Math.abs(ms))}`, most > 0 ? Math.abs(ms) / most : 0, ms < 0 ? "better" : "worse");

  const cell = (tag, content) => {
    const isNumber = content !== null && typeof content === "object";
    const node = element(tag, isNumber ? { class: "number", "data-value": content.value } : {});
    node.textContent = isNumber ? content.text : content;
    if (isNumber && content.part > 0) {
      node.classList.add("bar");
      node.style.setProperty("--part", `${(100 * content.part).toFixed(1)}%`);
      node.style.setProperty("--tone", `var(--${content.tone})`);
    }
    return node;
  };

  // The keyboard must reach everything that scrolls.
  const scroller = (name, ...children) =>
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name }, ...children);

  // Numbers in their order, before texts.
  const compare = (a, b) => {
    const isNumber = (content) => content !== null && typeof content === "object";
    if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1;
    return isNumber(a) ? a.value - b.value : String(a).localeCompare(String(b), "en", { numeric: true });
  };

  // The heads of a sortable table are buttons.
  const tableOf = (caption, columns, rows, sortable) => {
    const body = element("tbody");
    const fill = (order) =>
      body.replaceChildren(...order.map((row) => {
        const [first, ...others] = row;
        const th = cell("th", first);
        th.scope = "row";
        return element("tr", {}, th, ...others.map((content) => cell("td", content)));
      }));
    const heads = columns.map((column, i) => {
      const isNumber = rows.some((row) => row[i] !== null && typeof row[i] === "object");
      const th = element("th", { scope: "col", ...(isNumber ? { class: "number" } : {}) });
      if (!sortable) {
        th.textContent = column;
        return th;
      }
      const button = element("button", { type: "button", class: "sort" }, column);
      button.addEventListener("click", () => {
        const falls = th.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        th.setAttribute("aria-sort", falls ? "descending" : "ascending");
        fill([...rows].sort((a, b) => (falls ? -1 : 1) * compare(a[i], b[i])));
      });
      th.append(button);
      return th;
    });
    fill(rows);
    const head = element("thead", {}, element("tr", {}, ...heads));
    return scroller(caption, element("table", {}, element("caption", {}, caption), head, body));
  };

  // A table that is always there.
  const showTable = (id, caption, columns, rows, sortable = false) => {
    byId(id).replaceChildren(tableOf(caption, columns, rows, sortable));
  };

  // A table behind a summary, made when it is opened. `rows` is a function.
  const foldTable = (id, caption, columns, rows) => {
    const place = byId(id);
    const before = place.querySelector("details");
    const details = before ?? element("details", {}, element("summary"));
    details.firstChild.textContent = `Table: ${caption}`;
    const fill = () => {
      if (details.childElementCount > 1) details.lastChild.remove();
      if (details.open) details.append(tableOf(caption, columns, rows(), true));
    };
    details.ontoggle = fill;
    fill();
    if (!before) place.append(details);
  };

  // The address keeps the choices after #, by the texts of their controls, so that
  // a reload and a copied address show the same. The first choice writes it.
  const recalled = new Map(new URLSearchParams(location.hash.slice(1)));
  const recall = (id) => {
    const value = recalled.get(id);
    recalled.delete(id);
    return value;
  };
  const remember = () => {
    const words = [...document.querySelectorAll("select, input")]
      .filter((control) => !control.disabled && control.value !== "")
      .map((control) => [control.id, control.selectedOptions?.[0].text ?? control.value]);
    history.replaceState(null, "", `#${new URLSearchParams(words)}`);
  };

  // Fills a select with [value, text]. It keeps its choice, else takes that of
  // the address, when it is there.
  const fillSelect = (select, options, otherwise) => {
    const chosen = select.value;
    const text = recall(select.id);
    select.replaceChildren(...options.map(([value, words]) => element("option", { value }, words)));
    const values = options.map(([value]) => String(value));
    const named = options.find(([, words]) => words === text)?.[0];
    const wanted = [chosen, String(named), String(otherwise)].find((value) => values.includes(value));
    select.value = wanted ?? values[0] ?? "";
  };

  // Of controls that are in the document from the beginning.
  const recallControl = (control) => {
    const text = recall(control.id);
    const named = [...(control.options ?? [])].find((option) => option.text === text);
    if (named) control.value = named.value;
    else if (control.type === "range" && text !== undefined) control.value = text;
  };

  // The colours of the style sheet as canvases take them: names of the system's
  // are resolved.
  const colours = new Map();
  const probe = element("span", { class: "probe", hidden: "" });
  document.body.append(probe);
  const colour = (name) => {
    if (!colours.has(name)) {
      probe.style.color = `var(--${name})`;
      colours.set(name, getComputedStyle(probe).color);
    }
    return colours.get(name);
  };
  const classColour = (type) => colour(`class-${type}`);

  // Changes that canvases do not follow by themselves: the scheme, forced colours,
  // paper, and zooming, which changes the pixels of an inch.
  const onLook = (redraw) => {
    const changed = () => {
      colours.clear();
      redraw();
    };
    for (const query of ["screen and (prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(query).addEventListener("change", changed);
    }
    const watchPixels = () =>
      matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener(
        "change",
        () => {
          redraw();
          watchPixels();
        },
        { once: true },
      );
    watchPixels();
  };

  // As many pixels as the screen has, unless the canvas grew higher than
  // browsers draw.
  const pixelsFor = (height) => Math.min(devicePixelRatio, 16000 / height);

  // Charts wait until they are about to be seen or nothing else is to be done, so
  // that the first screen need not wait for them.
  const waiting = new Map(); // element → its drawing
  const drawWaiting = (node) => {
    const drawing = waiting.get(node);
    waiting.delete(node);
    observer.unobserve(node);
    drawing?.();
  };
  const observer = new IntersectionObserver(
    (entries) => entries.filter(({ isIntersecting }) => isIntersecting).forEach(({ target }) => drawWaiting(target)),
    { rootMargin: "25%" });
  const whenSeen = (id, drawing) => {
    waiting.set(byId(id), drawing);
    observer.observe(byId(id));
  };
  // Does `work`, and draws what it left; the results are busy meanwhile.
  let works = 0;
  const busyWith = async (work) => {
    ++works;
    byId("results").setAttribute("aria-busy", "true");
    await work();
    while (waiting.size > 0) {
      await new Promise((idle) => requestIdleCallback(idle, { timeout: 200 }));
      if (waiting.size > 0) drawWaiting(waiting.keys().next().value);
    }
    if (--works === 0) byId("results").removeAttribute("aria-busy");
  };
  addEventListener("beforeprint", () => [...waiting.keys()].forEach(drawWaiting));

  const charts = new Map();

  const makeChart = (id, label) => {
    const canvas = element("div", { class: "canvas", ...(label === null ? { "aria-hidden": "true" } : { role: "img" }) });
    byId(id).append(canvas);
    const chart = { canvas, echarts: null, pixels: 0, width: 0, onClick: null };
    // The first call has the size that is drawn already.
    new ResizeObserver(() => {
      if (canvas.clientWidth === chart.width) return;
      chart.width = canvas.clientWidth;
      chart.echarts.resize();
    }).observe(canvas);
    charts.set(id, chart);
    return chart;
  };

  // Draws `option` into the element `id`, `height` pixels high; `label` describes
  // it for screen readers, null hides it from them. `onClick` gets the clicked
  // item.
  const draw = (id, height, label, option, onClick = null) => {
    const chart = charts.get(id) ?? makeChart(id, label);
    chart.canvas.style.height = `${height}px`;
    if (label !== null) chart.canvas.setAttribute("aria-label", label);
    chart.onClick = onClick;
    chart.width = chart.canvas.clientWidth;
    const pixels = pixelsFor(height);
    if (chart.pixels !== pixels) {
      chart.echarts?.dispose();
      chart.echarts = echarts.init(chart.canvas, null, { devicePixelRatio: pixels });
      chart.echarts.on("click", (event) => chart.onClick?.(event));
      chart.pixels = pixels;
    } else {
      chart.echarts.resize();
    }
    const ink = colour("ink");
    chart.echarts.setOption(
      {
        animation: false,
        backgroundColor: "transparent",
        textStyle: { color: ink, fontFamily: "system-ui, sans-serif" },
        ...option,
        tooltip: {
          confine: true,
          transitionDuration: 0,
          backgroundColor: colour("surface"),
          borderColor: colour("line"),
          textStyle: { color: ink, fontSize: 12 },
          ...option.tooltip,
        },
      },
      { notMerge: true },
    );
  };

  // The text of a tooltip, line by line.
  const tip = (...lines) => element("div", { class: "tip" }, ...lines.map((line) => element("div", {}, line)));

  const clear = (id) => {
    waiting.delete(byId(id));
    observer.unobserve(byId(id));
    charts.get(id)?.echarts.clear();
    byId(id).parentElement.querySelector(".table")?.replaceChildren();
  };

  // The greatest width of an axis's names, and the width of these.
  const namesWidth = (id, names, most) => {
    const longest = Math.max(...names.map((name) => 6.6 * name.length));
    return Math.ceil(Math.min(longest + 8, most, 0.4 * byId(id).clientWidth));
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
      name: "time since the browser began, ms",
      nameLocation: "middle",
      nameGap: 24,
      ...options,
      axisLabel: { formatter: (ms) => format.count(Math.round(ms)), hideOverlap: true, ...options.axisLabel },
    });

  // The rectangle from one value of the x axis to another, `height` around the row
  // `y`, cut to the chart; null when it is outside.
  const bar = ({ coordSys }, api, from, to, y, height, least) => {
    const [left, middle] = api.coord([from, y]);
    const x = Math.max(left, coordSys.x);
    const right = Math.min(Math.max(api.coord([to, y])[0], left + least), coordSys.x + coordSys.width);
    return right < x || right <= coordSys.x ? null : { x, y: middle - height / 2, width: Math.max(right - x, least), height };
  };

  // A series of shapes, one for each item: `value` is its place on the axes,
  // `shape` draws it, `tip` has the lines of its tooltip.
  const marks = (items, { value, shape, tip: lines, ...options }) => ({
    type: "custom",
    progressive: 0, // what is left to paint would outlive a chart that is made anew
    data: items.map(value),
    renderItem: (params, api) => shape(items[params.dataIndex], api, params.dataIndex, params),
    tooltip: { formatter: ({ dataIndex }) => tip(...lines(items[dataIndex])) },
    ...options,
  });

  // Upright lines through a chart.
  const uprights = (values, type) => ({
    silent: true,
    symbol: "none",
    label: { show: false },
    lineStyle: { color: colour("ink"), type, width: 1 },
    data: values.map((xAxis) => ({ xAxis })),
  });

  // Two elements that scroll as one.
  const scrollTogether = (a, b) => {
    for (const [from, to] of [[a, b], [b, a]]) {
      from.addEventListener("scroll", () => {
        if (to.scrollTop !== from.scrollTop) to.scrollTop = from.scrollTop;
      });
    }
  };

  return {
    byId, element, format, number, shift, scroller, showTable, foldTable, fillSelect, recallControl, remember,
    colour, classColour, onLook, whenSeen, busyWith, draw, tip, clear, namesWidth, axis, timeAxis, bar, marks, uprights, scrollTogether,
  };
})();
