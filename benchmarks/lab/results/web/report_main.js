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
    const { of } = format;
    const distinct = (key) => new Set(index.settings.map((setting) => setting[key])).size;
    byId("version").textContent = index.version;
    if (index.runs.length === 0) throw new Error("it holds no run");
    const missing = index.runs.filter((run) => run.line < 0).length;
    const buffers = distinct("send_buffer_bytes");
    const warned = index.pages.filter((page) => page.warnings.length > 0);
    const shown = warned.slice(0, 5).map((page) => `${page.name} (${page.warnings.join("; ")})`);
    if (shown.length < warned.length) shown.push(of(warned.length - shown.length, "other page", "other pages"));
    byId("what").textContent =
      `${of(index.runs.length, "page load", "page loads")}: ` +
      `${of(index.pages.length, "page", "pages")} × ${of(index.policies.length, "scheduling policy", "scheduling policies")}, ` +
      `${of(distinct("signals"), "set of signals", "sets of signals")}, ${of(distinct("network"), "network", "networks")}` +
      `${buffers > 1 ? `, ${buffers} send buffers` : ""}. Policies are compared with ${index.baseline}.` +
      (missing > 0 ? ` ${of(missing, "load is", "loads are")} without a waterfall: the report had no room.` : "") +
      (shown.length > 0 ? ` Warning: judge with care ${shown.join(", ")}.` : "");
    document.title = `Sluice lab report: ${of(index.pages.length, "page", "pages")} × ${of(index.policies.length, "policy", "policies")}`;
    for (const form of document.forms) form.addEventListener("submit", (event) => event.preventDefault());
    pagesView.start(index, loadView.choose);
    loadView.start(index);
    treeView.start();
    pagesView.show();
    await new Promise((painted) => setTimeout(painted)); // the answer before the charts below it
    await loadView.show();
    ui.onLook(() => {
      pagesView.show();
      loadView.show().catch(fail);
    });
    document.addEventListener("change", ui.remember);
    document.documentElement.dataset.ready = "yes";
  } catch (error) {
    fail(error);
  }
})();
