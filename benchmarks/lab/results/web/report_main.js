"use strict";
// Reads the index and shows everything, again after each choice.

(async () => {
  const { byId, format } = ui;
  const fail = (error) => {
    byId("failure").hidden = false;
    byId("failure").textContent = `This report cannot be read: ${error.message}`;
    throw error;
  };
  const warn = (pages) => {
    byId("warnings").hidden = pages.length === 0;
    byId("warned").textContent = `${format.of(pages.length, "page", "pages")} to judge with care`;
    byId("warnings-list").replaceChildren(
      ...pages.map(({ name, warnings }) => ui.element("li", {}, `${name}: ${warnings.join("; ")}`)));
  };
  // The report's parts are named after what it compares.
  const sayWhat = (index) => {
    const { of } = format;
    const { one, many, given } = results.noun();
    const capital = (words) => words[0].toUpperCase() + words.slice(1);
    const distinct = (key) => new Set(index.settings.map((setting) => setting[key])).size;
    const missing = index.runs.filter((run) => run.line < 0).length;
    const buffers = distinct("send_buffer_bytes");
    const pages = of(index.pages.length, "page", "pages");
    const compared = of(index.policies.length, one, many);
    byId("what").textContent =
      `${of(index.runs.length, "page load", "page loads")}: ${pages} × ${compared}, ` +
      `${of(distinct("signals"), ...given)}, ${of(distinct("network"), "network", "networks")}` +
      `${buffers > 1 ? `, ${buffers} send buffers` : ""}. ${capital(many)} are compared with ${index.baseline}.` +
      (missing > 0 ? ` ${of(missing, "load is", "loads are")} without a waterfall: the report had no room.` : "");
    document.title = `Sluice lab report: ${pages} × ${compared}`;
    byId("pages-title").textContent = `${capital(many)} over all pages`;
    byId("matrix-title").textContent = `${capital(one)} × network: ${results.ofOnePage() ? "" : "median "}ratios`;
    byId("load-title").textContent = `One page load, two ${many}`;
    const label = (id, words) => (byId(id).labels[0].firstChild.data = `${words} `);
    if (index.compared !== "policy") label("signals", capital(given[0]));
    for (const side of ["a", "b"]) label(`policy-${side}`, `${capital(one)} ${side.toUpperCase()}`);
  };
  try {
    const index = await data.index();
    byId("version").textContent = index.version;
    if (index.runs.length === 0) throw new Error("it holds no run");
    results.start(index);
    sayWhat(index);
    warn(index.pages.filter((page) => page.warnings.length > 0));
    for (const form of document.forms) form.addEventListener("submit", (event) => event.preventDefault());
    // Everything by the reader's choices; `again`: in other colours.
    const show = (again) =>
      ui.busyWith(async () => {
        const chosen = choices.read();
        await answersView.show(chosen);
        pagesView.show(chosen, again);
        document.documentElement.dataset.ready = "yes"; // the first screen is there
        await loadView.show(chosen);
      });
    choices.start(index, () => show(false).catch(fail));
    answersView.start(index);
    pagesView.start(index, choices.choose);
    loadView.start(index);
    treeView.start();
    ui.onLook(() => show(true).catch(fail));
    document.addEventListener("change", ui.remember);
    await show(true);
  } catch (error) {
    fail(error);
  }
})();
