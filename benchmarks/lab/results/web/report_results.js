"use strict";
// What the index says, in words: metrics, settings, sums over pages and single
// pages.

const results = (() => {
  const { format } = ui;

  // A metric's name, its meaning, and the event whose times it compares.
  const METRICS = {
    painted_area_ms: {
      short: "painted area",
      says: "The mean time at which a byte above the fold is shown: the area over the visual progress. Nothing is shown before the document, blocking style sheets and head scripts are complete; after that, images count as they arrive, fonts and other style sheets when they are whole.",
      until: "the average byte of the first screen is shown",
    },
    lcp_candidate_ms: {
      short: "LCP candidate",
      says: "The time when the largest image in the viewport is complete and can be shown, or the text of a page without one.",
      until: "the largest image or text in view is shown",
    },
    atf_area_ms: {
      short: "ATF area",
      says: "The mean arrival time of a byte above the fold: the area over its byte-progress curve. It counts every byte; a completion time counts the last one.",
      until: "the first screen’s average byte is there",
    },
    render_critical_ms: {
      short: "render-critical done",
      says: "The time when the document and the style sheets and scripts that block rendering are complete.",
      until: "rendering can begin",
    },
    atf_ms: {
      short: "above the fold done",
      says: "The time when the last byte above the fold arrives.",
      until: "the first screen is complete",
    },
    page_load_ms: {
      short: "page load",
      says: "The time when the last byte of the page arrives. It hardly depends on the order of the bytes, so it says little about a policy.",
      until: "the page is complete",
    },
  };

  // What is compared (measure/baseline.h), and what settings have instead: one
  // of each, and many. Where pages are compared, each of their policies is.
  const NOUNS = {
    policy: { one: "policy", many: "policies", given: ["set of signals", "sets of signals"] },
    signals: { one: "set of signals", many: "sets of signals", given: ["policy", "policies"] },
    edit: { one: "edit", many: "edits", given: ["policy with its signals", "policies with their signals"] },
  };

  let index;

  const bytes = (count) => {
    if (count > 0 && count % (1 << 20) === 0) return `${format.count(count >> 20)} MiB`;
    if (count > 0 && count % 1024 === 0) return `${format.count(count / 1024)} KiB`;
    return `${format.count(count)} B`;
  };

  // The other parameters in which settings of one network differ.
  const otherWords = (setting) => {
    const words = setting.late_signals ? ["late signals"] : [];
    if (index.settings.some((other) => other.max_streams !== setting.max_streams)) {
      words.push(`${setting.max_streams} streams`);
    }
    return words;
  };

  // "3g_fast, send buffer 16 KiB"
  const networkName = (setting) =>
    [setting.network, `send buffer ${bytes(setting.send_buffer_bytes)}`, ...otherWords(setting)].join(", ");

  const settingsOf = (signals) => {
    const found = [];
    index.settings.forEach((setting, i) => {
      if (setting.signals === signals) found.push(i);
    });
    return found;
  };

  // Times, and after them classes of resources.
  const metricOf = (metric) => {
    const type = index.types[metric - index.metrics.length];
    return METRICS[index.metrics[metric]] ?? {
      short: `${type} done`,
      says: `The time when the last byte of the class ${type} arrives, on the pages that have one.`,
      until: `all ${type} is there`,
    };
  };

  const summariesOf = (metric, setting) =>
    index.summaries.filter((sum) => sum.metric === metric && sum.setting === setting);

  const policyOf = ({ policy }) => index.policies[policy];
  const isBaseline = (sum) => policyOf(sum) === index.baseline;
  // The run that `run` is compared with; of the baseline itself its own, but of a
  // baseline page none.
  const baselineOf = (run) =>
    index.runs.find((other) => {
      if (other.setting !== run.setting || other.seed !== run.seed) return false;
      if (index.compared !== "page") return other.page === run.page && isBaseline(other);
      return other.page !== run.page && other.policy === run.policy && index.pages[other.page].name === index.baseline;
    });
  const verdictOf = (sum) => {
    if (isBaseline(sum)) return "the baseline";
    if (sum.pages < index.least_pages) return "too few pages";
    if (sum.noise) return "inside the noise";
    return sum.low > 1 ? "better" : "worse";
  };
  const byMedian = (sums) => [...sums].sort((a, b) => b.median - a.median);

  // Beyond the quartiles by more than one and a half times their distance
  // (Tukey's fences).
  const isOutlier = ({ lowerQuartile, upperQuartile }, ratio) => {
    const reach = 1.5 * (upperQuartile - lowerQuartile);
    return ratio < lowerQuartile - reach || ratio > upperQuartile + reach;
  };

  const median = (values) => {
    const sorted = [...values].sort((a, b) => a - b);
    return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  };

  // By policy [[page, ratio]] beside the baseline; of several seeds the median.
  const findRatios = (metric, setting) => {
    const runs = index.runs.filter((run) => run.setting === setting && run.times[metric]);
    const base = new Map(runs.filter(isBaseline).map((run) => [`${run.page} ${run.seed}`, run.times[metric]]));
    const found = new Map();
    for (const run of runs) {
      const time = base.get(`${run.page} ${run.seed}`);
      if (time === undefined) continue;
      if (!found.has(run.policy)) found.set(run.policy, new Map());
      const pages = found.get(run.policy);
      pages.set(run.page, [...(pages.get(run.page) ?? []), time / run.times[metric]]);
    }
    for (const [policy, pages] of found) found.set(policy, [...pages].map(([page, ratios]) => [page, median(ratios)]));
    return found;
  };

  let kept = {}; // the last ratios: every view asks for the same
  const pageRatios = (metric, setting) => {
    if (kept.metric !== metric || kept.setting !== setting) kept = { metric, setting, ratios: findRatios(metric, setting) };
    return kept.ratios;
  };

  return {
    start: (read) => {
      index = read;
    },
    noun: () => NOUNS[index.compared] ?? NOUNS.policy,
    // In milliseconds; `name` as in --json.
    timeOf: (run, name) => run.times[index.metrics.indexOf(name)],
    bytes, otherWords, networkName, settingsOf, metricOf, summariesOf, policyOf, isBaseline, baselineOf, verdictOf,
    byMedian, isOutlier, pageRatios,
    // There is nothing to infer from one page.
    ofOnePage: () => index.pages.length === 1,
  };
})();
