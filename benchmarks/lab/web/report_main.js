"use strict";
// Reads the index and shows everything once; each view then listens to its own
// choices.

(async () => {
  const { byId, format } = ui;
  const fail = (error) => {
    byId("failure").hidden = false;
    byId("failure").textContent = `This report cannot be read: ${error.message}`;
    throw error;
  };
  try {
    const index = await data.index();
    const count = (n, one, many) => `${format.count(n)} ${n === 1 ? one : many}`;
    const distinct = (key) => new Set(index.settings.map((setting) => setting[key])).size;
    byId("version").textContent = index.version;
    if (index.runs.length === 0) throw new Error("it holds no run");
    const missing = index.runs.filter((run) => run.line < 0).length;
    byId("what").textContent =
      `${count(index.runs.length, "page load", "page loads")}: ` +
      `${count(index.pages.length, "page", "pages")}, ${count(index.policies.length, "policy", "policies")}, ` +
      `${count(distinct("signals"), "set of signals", "sets of signals")}, ${count(distinct("network"), "network", "networks")}. ` +
      `Ratios compare with ${index.baseline}.` +
      (missing > 0 ? ` ${count(missing, "load is", "loads are")} without a timeline: the report had no room.` : "");
    document.title = `Sluice lab report: ${count(index.pages.length, "page", "pages")} × ${count(index.policies.length, "policy", "policies")}`;
    for (const form of document.forms) form.addEventListener("submit", (event) => event.preventDefault());
    pagesView.start(index);
    loadView.start(index);
    treeView.start();
    pagesView.show();
    await loadView.show();
    ui.onColours(() => {
      pagesView.show();
      loadView.show().catch(fail);
    });
    document.documentElement.dataset.ready = "yes";
  } catch (error) {
    fail(error);
  }
})();
