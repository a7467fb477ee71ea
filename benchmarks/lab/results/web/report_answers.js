"use strict";
// The first screen: the answer for all pages, and the exact one for one page.

const answersView = (() => {
  const { byId, element, format, number } = ui;
  const { policyOf, isBaseline, verdictOf, byMedian } = results;

  let index;
  let shows = 0;

  const are = (names) => `${format.list(names)} ${names.length === 1 ? "is" : "are"}`;
  const pagesWords = (count) => format.of(count, "page", "pages");

  // [the answer over pages, its qualification]
  const overPages = (metric, setting, sums) => {
    const { one } = results.noun();
    if (index.compared === "page") {
      return [`The baseline is a page, ${index.baseline}.`, "The table of every other page has its ratios, policy by policy; --verdicts and --answers have all of them."];
    }
    const others = sums.filter((sum) => !isBaseline(sum));
    if (sums.length === 0) return [`No ${one} can be compared here: the baseline ${index.baseline} did not run.`];
    if (others.length === 0) return [`Only the baseline ${index.baseline} ran here.`];
    const pages = pagesWords(Math.max(...others.map((sum) => sum.pages)));
    if (others.every((sum) => sum.pages < index.least_pages)) {
      return [
        `${pages} cannot show which ${one} is better.`,
        `Fewer than ${index.least_pages} pages show no difference between ${results.noun().many} on other pages, whatever their ratios.`,
      ];
    }
    const shown = others.filter((sum) => verdictOf(sum) === "better");
    if (shown.length === 0) return [`No ${one} is shown to be better than ${index.baseline}.`, `On ${pages}.`];
    const [best] = byMedian(sums);
    if (verdictOf(best) !== "better") {
      return [
        `${format.list(byMedian(shown).map(policyOf))}: better than ${index.baseline} on ${pages}.`,
        `${policyOf(best)} has the highest median, but too wide an interval to show anything.`,
      ];
    }
    const equal = others.filter((sum) => sum.median === best.median);
    const open = byMedian(others.filter((sum) => sum.mayEqual && sum.median !== best.median));
    const outliers = results.pageRatios(metric, setting).get(best.policy).filter(([, ratio]) => results.isOutlier(best, ratio));
    return [
      `${are(equal.map(policyOf))} best: with ${index.baseline} it takes ${best.median.toFixed(2)} times as long until ${results.metricOf(metric).until}.`,
      `The median of ${pages}; 95 % interval ${best.low.toFixed(2)} – ${best.high.toFixed(2)}. ` +
        (open.length > 0 ? `These pages cannot tell ${format.list(open.map(policyOf))} from the best.` : `No other ${one} may equal it.`) +
        (outliers.length > 0 ? ` ${format.of(outliers.length, "page is an outlier", "pages are outliers")}: below, the chart marks and its table names them.` : ""),
    ];
  };

  const showVerdicts = (sums) => {
    const groups = [
      ["better", `Better than ${index.baseline}`],
      ["inside the noise", "No difference shown"],
      ["worse", `Worse than ${index.baseline}`],
      ["too few pages", "Too few pages to say"],
    ];
    const cards = groups.flatMap(([verdict, title]) => {
      const group = byMedian(sums.filter((sum) => verdictOf(sum) === verdict));
      if (group.length === 0) return [];
      const id = `verdict-${verdict.replaceAll(" ", "-")}`;
      return [
        element("div", { class: `verdict ${verdict.split(" ")[0]}` },
          element("h3", { id }, `${title} `, element("span", { class: "count" }, String(group.length))),
          element("ul", { "aria-labelledby": id },
            ...group.map((sum) => element("li", {}, `${policyOf(sum)} `, element("b", {}, sum.median.toFixed(2)))))),
      ];
    });
    byId("verdicts").replaceChildren(...cards);
  };

  // How the best policies of the chosen page do on the other pages.
  const elsewhere = ({ metric, setting, page }, best) => {
    const ratios = results.pageRatios(metric, setting);
    const others = (ratios.get(best.policy) ?? []).filter(([i]) => index.pages[i] !== page);
    if (others.length === 0) return "It says nothing about other pages.";
    const mostOn = (i) => Math.max(...[...ratios.values()].map((pages) => pages.find(([of]) => of === i)?.[1] ?? 0));
    const first = others.filter(([i, ratio]) => ratio === mostOn(i)).length;
    const worse = others.filter(([, ratio]) => ratio < 1).length;
    return (
      `It says nothing about other pages: of the ${pagesWords(others.length)} besides, ` +
      `${policyOf(best)} is best on ${first} and worse than ${index.baseline} on ${worse}.`
    );
  };

  // [the answer for one page, its qualification]. `rows` are the page's runs
  // that have the metric, the fastest first.
  const onePage = (chosen, rows) => {
    const { until } = results.metricOf(chosen.metric);
    const { one, many } = results.noun();
    const timeOf = (run) => run.times[chosen.metric];
    if (rows.length === 0) return [`No ${one} has this metric on ${chosen.page.name}.`];
    const exact = "Exact: the same inputs give the same times everywhere.";
    const [best] = rows;
    const equal = rows.filter((run) => format.ms(timeOf(run)) === format.ms(timeOf(best)));
    const first = `${are(equal.map(policyOf))} first: ${format.ms(timeOf(best))} ms until ${until}.`;
    if (index.compared === "page") {
      const beside = chosen.page.name === index.baseline ? "This page is the baseline." : `The table has each ${one} beside the same one on ${index.baseline}.`;
      return [first, `${exact} ${beside}`];
    }
    const base = rows.find(isBaseline);
    if (!base) return [first, `${exact} The baseline ${index.baseline} did not run. It says nothing about other pages.`];
    if (equal.includes(base)) {
      const alike = equal.length === rows.length && rows.length > 1;
      return [
        alike
          ? `All ${many} take ${format.ms(timeOf(base))} ms until ${until}.`
          : `No ${one} is faster than ${index.baseline}, which takes ${format.ms(timeOf(base))} ms until ${until}.`,
        `${exact} ${elsewhere(chosen, best)}`,
      ];
    }
    return [
      `${are(equal.map(policyOf))} best: with ${index.baseline} it takes ${(timeOf(base) / timeOf(best)).toFixed(2)} times as long, ` +
        `${format.ms(timeOf(base) - timeOf(best))} ms more, until ${until}.`,
      `${exact} ${elsewhere(chosen, best)}`,
    ];
  };

  // Resources that a run completes earlier, and later, than the baseline. Of two
  // pages those that both have, by their ids; redirects have no stream.
  const shifts = async (run, base) => {
    if (!base) return null;
    const [mine, its] = [await data.timings(run), await data.timings(base)];
    if (mine === null || its === null) return null;
    const places = new Map(index.pages[base.page].resources.map(({ id, redirect }, i) => [redirect ? null : id, i]));
    const gaps = index.pages[run.page].resources.flatMap(({ id, redirect }, i) =>
      !redirect && places.has(id) ? [mine[i].completed - its[places.get(id)].completed] : []);
    return { earlier: gaps.filter((gap) => gap < 0).length, later: gaps.filter((gap) => gap > 0).length };
  };

  // The best order of the page, where the lab looked for it and the metric is its
  // own.
  const bestOf = ({ metric, setting, page, a }) =>
    index.metrics[metric] === "painted_area_ms"
      ? index.best.find((best) => best.setting === setting && best.seed === a.seed && index.pages[best.page] === page)
      : undefined;

  const bestWords = (chosen) => {
    const best = bestOf(chosen);
    if (!best) return "";
    const bound = best.bound === null ? "" : `, and no order takes less than ${format.ms(best.bound)} ms`;
    return ` The best order that a search found takes ${format.ms(best.found)} ms${bound}.`;
  };

  const showPageTable = async (chosen, rows) => {
    const { metric, page } = chosen;
    const best = bestOf(chosen);
    const turn = ++shows;
    const timeOf = (run) => run.times[metric];
    const bases = rows.map(results.baselineOf).map((base) => (base?.times[metric] ? base : undefined));
    const gaps = rows.map((run, i) => (bases[i] ? timeOf(run) - timeOf(bases[i]) : undefined));
    const compared = bases.some((base) => base !== undefined);
    const shared = compared && best && index.compared !== "page";
    const most = Math.max(...gaps.filter((gap) => gap !== undefined).map(Math.abs));
    const moved = await Promise.all(rows.map((run, i) => shifts(run, bases[i])));
    if (turn !== shows) return; // chosen again meanwhile
    const count = (value) => (value === undefined ? "–" : number(value, format.count(value)));
    const { one } = results.noun();
    const divisor = index.compared === "page" ? page.name : one;
    const share = (part) => (Number.isFinite(part) ? number(part, format.percent(part)) : "–");
    const beside = (run, i) => {
      if (!bases[i]) return ["–", "–"];
      const ratio = timeOf(bases[i]) / timeOf(run);
      return [ui.shift(gaps[i], most), number(ratio, format.ratio(ratio))];
    };
    const columns = [one, "time, ms", ...(compared ? [`less ${index.baseline}, ms`, `${index.baseline} ÷ ${divisor}`, "earlier", "later"] : []), ...(shared ? ["of the possible gain"] : [])];
    const { short } = results.metricOf(metric);
    ui.showTable(
      "page-table",
      `${short} of ${page.name}` + (compared ? `; earlier and later: resources that end before and after those of ${index.baseline}` : ""),
      columns,
      rows.map((run, i) => [
        policyOf(run) + (run === bases[i] ? " (baseline)" : ""),
        number(timeOf(run), format.ms(timeOf(run))),
        ...(compared ? [...beside(run, i), count(moved[i]?.earlier), count(moved[i]?.later)] : []),
        ...(shared ? [share((timeOf(bases[i]) - timeOf(run)) / (timeOf(bases[i]) - best.found))] : []),
      ]));
  };

  return {
    start: (read) => {
      index = read;
      byId("over-pages").hidden = byId("verdicts").hidden = results.ofOnePage();
    },
    show: async (chosen) => {
      const { metric, setting, page } = chosen;
      byId("metric-says").textContent = results.metricOf(metric).says;
      const sums = results.summariesOf(metric, setting);
      const say = (ids, words) => ids.forEach((id, i) => (byId(id).textContent = words[i] ?? ""));
      byId("over-pages-title").textContent = `Over ${pagesWords(Math.max(0, ...sums.map((sum) => sum.pages)))}`;
      say(["answer", "caveat"], overPages(metric, setting, sums));
      showVerdicts(sums);
      const rows = chosen.runs.filter((run) => run.times[metric]).sort((a, b) => a.times[metric] - b.times[metric] || a.policy - b.policy);
      byId("one-page-title").textContent = `On ${page.name} alone`;
      say(["page-answer", "page-caveat"], onePage(chosen, rows));
      byId("page-caveat").textContent += bestWords(chosen);
      await showPageTable(chosen, rows);
    },
  };
})();
