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
  try {
    const index = await data.index();
    const { of } = format;
    const distinct = (key) => new Set(index.settings.map((setting) => setting[key])).size;
    byId("version").textContent = index.version;
    if (index.runs.length === 0) throw new Error("it holds no run");
    const missing = index.runs.filter((run) => run.line < 0).length;
    const buffers = distinct("send_buffer_bytes");
    byId("what").textContent =
      `${of(index.runs.length, "page load", "page loads")}: ` +
      `${of(index.pages.length, "page", "pages")} × ${of(index.policies.length, "scheduling policy", "scheduling policies")}, ` +
      `${of(distinct("signals"), "set of signals", "sets of signals")}, ${of(distinct("network"), "network", "networks")}` +
      `${buffers > 1 ? `, ${buffers} send buffers` : ""}. Policies are compared with ${index.baseline}.` +
      (missing > 0 ? ` ${of(missing, "load is", "loads are")} without a waterfall: the report had no room.` : "");
    warn(index.pages.filter((page) => page.warnings.length > 0));
    document.title = `Sluice lab report: ${of(index.pages.length, "page", "pages")} × ${of(index.policies.length, "policy", "policies")}`;
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
    results.start(index);
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
