"use strict";
// The choices of the reader: one setting, one page and two policies, for every
// view.

const choices = (() => {
  const { byId, element } = ui;

  const SELECTS = ["metric", "signals", "network", "page", "seed", "policy-a", "policy-b"];

  let index;

  // Fills a select from runs and keeps those of its choice. A choice that no
  // load with a waterfall has is marked.
  const select = (id, runs, key, words, otherwise) => {
    const drawn = new Set(runs.filter(({ line }) => line >= 0).map(key));
    const options = [...new Set(runs.map(key))].map((value) =>
      [value, words(value) + (drawn.has(value) ? "" : " (no waterfall)")]);
    ui.fillSelect(byId(id), options, otherwise);
    return runs.filter((run) => String(key(run)) === byId(id).value);
  };

  // Narrowed select by select: the metric, the setting, and of the chosen page
  // the runs of all policies and of the two that stand side by side.
  const read = () => {
    const metric = Number(byId("metric").value);
    let runs = select("signals", index.runs, (run) => index.settings[run.setting].signals, (name) => name);
    runs = select("network", runs, (run) => run.setting, (i) => results.networkName(index.settings[i]));
    const [{ setting }] = runs;
    runs = select("page", runs, (run) => run.page, (page) => index.pages[page].name);
    runs = select("seed", runs, (run) => run.seed, (seed) => seed);
    byId("seed-label").hidden = byId("seed").options.length < 2;
    const baseline = index.policies.indexOf(index.baseline);
    const [best] = results.byMedian(results.summariesOf(metric, setting).filter((sum) => !results.isBaseline(sum)));
    const first = best?.policy ?? runs.find(({ policy }) => policy !== baseline)?.policy;
    const policyName = (policy) => index.policies[policy];
    const [a] = select("policy-a", runs, (run) => run.policy, policyName, first);
    const [b] = select("policy-b", runs, (run) => run.policy, policyName, baseline);
    return { metric, setting, page: index.pages[a.page], runs, a, b };
  };

  return {
    start: (read, changed) => {
      index = read;
      const metrics = [...new Set([...index.metrics.keys(), ...index.summaries.map(({ metric }) => metric)])];
      ui.fillSelect(byId("metric"), metrics.map((metric) => {
        const { short, until } = results.metricOf(metric);
        return [metric, `${short}: ${until}`];
      }));
      for (const id of SELECTS) byId(id).addEventListener("change", changed);
    },
    read,
    // Chooses a page (null: the one that is shown) and its first policy.
    choose: (page, policy) => {
      const wanted = { page: page ?? byId("page").value, "policy-a": policy };
      for (const [id, value] of Object.entries(wanted)) byId(id).replaceChildren(element("option", { value }));
      byId("policy-a").dispatchEvent(new Event("change", { bubbles: true }));
      byId("load").scrollIntoView();
    },
  };
})();
