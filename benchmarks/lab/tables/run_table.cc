#include "benchmarks/lab/tables/run_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/measure/statistics.h"

namespace sluice::lab {
namespace {

constexpr uint64_t kIntervalSeed = 1;

// The parameters of a run, but for its page and its seed.
constexpr const char* kParameters[] = {"edit",       "policy",
                                       "signals",    "late_signals",
                                       "network",    "send_buffer_bytes",
                                       "max_streams"};

// RFC 4180 without line breaks inside values, which no value has.
std::optional<std::vector<std::string>> SplitCsv(absl::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      const bool escaped = quoted && i + 1 < line.size() && line[i + 1] == '"';
      if (escaped) {
        cells.back().push_back(line[i++]);
      } else {
        quoted = !quoted;
      }
    } else if (line[i] == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back().push_back(line[i]);
    }
  }
  if (quoted) return std::nullopt;
  return cells;
}

const std::string& Value(const RunRecord& run, const std::string& name) {
  static const auto* const kNone = new std::string;
  auto found = run.find(name);
  return found == run.end() ? *kNone : found->second;
}

bool Matches(const RunRecord& run, const Selection& where) {
  return std::all_of(where.begin(), where.end(), [&](const auto& wanted) {
    return Value(run, wanted.first) == wanted.second;
  });
}

std::vector<const RunRecord*> Select(absl::Span<const RunRecord> runs,
                                     const Selection& where) {
  std::vector<const RunRecord*> selected;
  for (const RunRecord& run : runs) {
    if (Matches(run, where)) selected.push_back(&run);
  }
  return selected;
}

std::vector<std::string> Distinct(absl::Span<const RunRecord* const> runs,
                                  const std::string& name) {
  std::vector<std::string> values;
  for (const RunRecord* run : runs) {
    const std::string& value = Value(*run, name);
    if (std::find(values.begin(), values.end(), value) == values.end()) {
      values.push_back(value);
    }
  }
  return values;
}

Selection Joined(Selection a, const Selection& b) {
  for (const auto& [name, value] : b) a[name] = value;
  return a;
}

std::string Describe(const Selection& where) {
  std::string text;
  for (const auto& [name, value] : where) {
    absl::StrAppend(&text, text.empty() ? "" : " ", name, "=", value);
  }
  return text;
}

// Pages that lack the metric are left out.
absl::StatusOr<ByPage> Values(absl::Span<const RunRecord> runs,
                              const Selection& where,
                              const std::string& metric) {
  const std::vector<const RunRecord*> selected = Select(runs, where);
  for (const char* parameter : kParameters) {
    if (Distinct(selected, parameter).size() > 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", Describe(where), "\" mixes several values of ",
                       parameter, "; select one"));
    }
  }
  ByPage values;
  std::set<std::pair<std::string, uint64_t>> seen;
  for (const RunRecord* run : selected) {
    const std::string& page = Value(*run, "page");
    uint64_t seed = 0;
    if (!absl::SimpleAtoi(Value(*run, "seed"), &seed)) {
      return absl::InvalidArgumentError(
          absl::StrCat("page ", page, " has a run without a seed"));
    }
    if (!seen.emplace(page, seed).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("page ", page, " with ", Describe(where),
                       " and one seed comes twice"));
    }
    auto found = run->find(metric);
    double value = 0;
    if (found == run->end() ||
        (!found->second.empty() && !absl::SimpleAtod(found->second, &value))) {
      return absl::InvalidArgumentError(
          absl::StrCat("the runs have no number called \"", metric, "\""));
    }
    if (found->second.empty()) continue;
    values[page][seed] = value;
  }
  return values;
}

// The CSV column of what is compared.
std::string Column(const Baseline& baseline) {
  return std::string(ComparedName(baseline.compared));
}

// Baseline ÷ run of every page, the median over its seeds.
absl::StatusOr<PageRatios> Ratios(absl::Span<const RunRecord> runs,
                                  const Selection& where,
                                  const std::string& metric,
                                  const Baseline& baseline) {
  auto ours = Values(runs, where, metric);
  if (!ours.ok()) return ours.status();
  auto theirs =
      Values(runs, Joined(where, {{Column(baseline), baseline.name}}), metric);
  if (!theirs.ok()) return theirs.status();
  for (const auto& [page, by_seed] : *ours) {
    for (const auto& [seed, value] : by_seed) {
      const auto base = theirs->find(page);
      if (base == theirs->end() || !base->second.contains(seed)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "there is no run of the baseline ", baseline.name, " for page ",
            page, ", seed ", seed, " with ", Describe(where)));
      }
    }
  }
  return RatiosOfPages(*theirs, *ours);
}

bool IsRatio(const TableColumn& column) { return column.statistic != "value"; }

std::string Between(double low, double high) {
  return absl::StrFormat("%.3f – %.3f", low, high);
}

struct Cell {
  std::string text;
  double rank = 0;  // what rows are sorted by
};

absl::StatusOr<Cell> ValueCell(absl::Span<const RunRecord> runs,
                               const Selection& where,
                               const TableColumn& column) {
  auto by_page = Values(runs, where, column.metric);
  if (!by_page.ok()) return by_page.status();
  if (by_page->empty()) return Cell{"–", 0};
  std::vector<double> values;
  for (const auto& [page, by_seed] : *by_page) {
    std::vector<double> of_page;
    for (const auto& [seed, value] : by_seed) of_page.push_back(value);
    values.push_back(Median(of_page));
  }
  const double median = Median(values);
  int decimals = 0;
  if (absl::EndsWith(column.metric, "_ms")) decimals = 1;
  if (absl::StartsWith(column.metric, "share_")) decimals = 2;
  return Cell{absl::StrFormat("%.*f", decimals, median), median};
}

Cell RatioCell(const PageRatios& ratios, const Spread& spread,
               const std::string& statistic) {
  if (spread.count == 0) return {"–", 0};
  Cell cell{"", spread.median};
  if (statistic == "median") {
    cell.text = absl::StrFormat("%.3f", spread.median);
  } else if (statistic == "quartiles") {
    cell.text = Between(spread.lower_quartile, spread.upper_quartile);
  } else if (statistic == "interval") {
    cell.text = absl::StrCat(Between(spread.interval_low, spread.interval_high),
                             spread.InsideTheNoise() ? ", noise" : "");
  } else {
    const auto [low, high] = std::minmax_element(
        ratios.begin(), ratios.end(),
        [](const auto& a, const auto& b) { return a.second < b.second; });
    cell.text = Between(low->second, high->second);
  }
  return cell;
}

// The cells of a column. Each row selects its runs with one of `wheres`; the
// intervals of the rows hold together.
absl::StatusOr<std::vector<Cell>> CellsOf(absl::Span<const RunRecord> runs,
                                          absl::Span<const Selection> wheres,
                                          const TableColumn& column,
                                          const Baseline& baseline) {
  std::vector<Cell> cells;
  std::vector<PageRatios> ratios;
  for (const Selection& where : wheres) {
    if (IsRatio(column)) {
      auto of_row = Ratios(runs, where, column.metric, baseline);
      if (!of_row.ok()) return of_row.status();
      ratios.push_back(*std::move(of_row));
    } else {
      auto cell = ValueCell(runs, where, column);
      if (!cell.ok()) return cell.status();
      cells.push_back(*std::move(cell));
    }
  }
  const std::vector<Spread> spreads = SpreadsOf(ratios, kIntervalSeed);
  for (size_t i = 0; i < ratios.size(); ++i) {
    cells.push_back(RatioCell(ratios[i], spreads[i], column.statistic));
  }
  return cells;
}

std::string RowOf(absl::Span<const std::string> cells) {
  std::string line = "|";
  for (const std::string& cell : cells) absl::StrAppend(&line, " ", cell, " |");
  return absl::StrCat(line, "\n");
}

}  // namespace

absl::Status ParseRuns(absl::string_view text, absl::string_view file,
                       std::vector<RunRecord>& runs) {
  const std::vector<absl::string_view> lines =
      absl::StrSplit(text, '\n', absl::SkipEmpty());
  if (lines.empty() || !absl::StartsWith(lines.front(), "version,page,")) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": is not a CSV file of the lab's runs"));
  }
  const std::vector<std::string> names = *SplitCsv(lines.front());
  std::vector<RunRecord> read;
  for (size_t i = 1; i < lines.size(); ++i) {
    const auto values = SplitCsv(lines[i]);
    if (!values.has_value() || values->size() != names.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ":", i + 1, ": does not have the ", names.size(),
                       " values of a run"));
    }
    RunRecord run;
    for (size_t j = 0; j < names.size(); ++j) run[names[j]] = (*values)[j];
    const RunRecord& first =
        runs.empty() ? (read.empty() ? run : read.front()) : runs.front();
    if (Value(first, "version") != Value(run, "version")) {
      return absl::InvalidArgumentError(absl::StrCat(
          file, ": comes from version ", Value(run, "version"),
          " of the lab; the runs before it from ", Value(first, "version")));
    }
    read.push_back(std::move(run));
  }
  std::move(read.begin(), read.end(), std::back_inserter(runs));
  return absl::OkStatus();
}

absl::StatusOr<Selection> ParseSelection(absl::string_view spec) {
  Selection where;
  for (absl::string_view item : absl::StrSplit(spec, ' ', absl::SkipEmpty())) {
    const size_t equals = item.find('=');
    if (equals == absl::string_view::npos || equals == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", item, "\" is not NAME=VALUE"));
    }
    where[std::string(item.substr(0, equals))] =
        std::string(item.substr(equals + 1));
  }
  return where;
}

absl::StatusOr<TableColumn> ParseTableColumn(absl::string_view spec) {
  const std::vector<std::string> parts = absl::StrSplit(spec, '|');
  const std::vector<std::string> words =
      parts.size() == 2 ? absl::StrSplit(parts[1], absl::MaxSplits(' ', 2))
                        : std::vector<std::string>();
  if (words.size() < 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", spec, "\" is not TITLE|METRIC STATISTIC NAME=VALUE…"));
  }
  constexpr const char* kStatistics[] = {"median", "quartiles", "interval",
                                         "range", "value"};
  if (std::none_of(std::begin(kStatistics), std::end(kStatistics),
                   [&](const char* known) { return words[1] == known; })) {
    return absl::InvalidArgumentError(absl::StrCat(
        "unknown statistic \"", words[1],
        "\"; known are median, quartiles, interval, range, value"));
  }
  absl::StatusOr<Selection> where =
      ParseSelection(words.size() > 2 ? words[2] : "");
  if (!where.ok()) return where.status();
  return TableColumn{parts[0], words[0], words[1], *std::move(where)};
}

absl::StatusOr<std::string> MarkdownTable(absl::Span<const RunRecord> runs,
                                          const TableSpec& spec) {
  const bool only_ratios =
      std::all_of(spec.columns.begin(), spec.columns.end(), IsRatio);
  struct Row {
    std::vector<std::string> cells;
    double rank = 0;
  };
  std::vector<Row> rows;
  std::vector<Selection> wheres;
  for (const std::string& value :
       Distinct(Select(runs, spec.where), spec.rows)) {
    const bool is_baseline =
        spec.rows == Column(spec.baseline) && value == spec.baseline.name;
    if (is_baseline && only_ratios) continue;
    Row row;
    row.cells.push_back(absl::StrCat("`", value, "`"));
    if (!spec.published_title.empty()) {
      auto found = spec.published.find(value);
      row.cells.push_back(found == spec.published.end() ? "–" : found->second);
    }
    rows.push_back(std::move(row));
    wheres.push_back({{spec.rows, value}});
  }
  if (rows.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("no run has ", Describe(spec.where)));
  }
  for (const TableColumn& column : spec.columns) {
    std::vector<Selection> of_rows;
    of_rows.reserve(wheres.size());
    for (const Selection& row : wheres) {
      of_rows.push_back(Joined(Joined(spec.where, column.where), row));
    }
    absl::StatusOr<std::vector<Cell>> cells =
        CellsOf(runs, of_rows, column, spec.baseline);
    if (!cells.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "column \"", column.title, "\": ", cells.status().message()));
    }
    for (size_t i = 0; i < rows.size(); ++i) {
      if (&column == &spec.columns.front()) rows[i].rank = (*cells)[i].rank;
      rows[i].cells.push_back(std::move((*cells)[i].text));
    }
  }
  if (spec.sorted) {
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
      return a.rank > b.rank;
    });
  }
  std::vector<std::string> titles = {spec.rows};
  if (!spec.published_title.empty()) titles.push_back(spec.published_title);
  for (const TableColumn& column : spec.columns) titles.push_back(column.title);
  std::string text = RowOf(titles);
  absl::StrAppend(&text, "|---");
  for (size_t i = 1; i < titles.size(); ++i) absl::StrAppend(&text, "|---:");
  absl::StrAppend(&text, "|\n");
  for (const Row& row : rows) absl::StrAppend(&text, RowOf(row.cells));
  return text;
}

absl::StatusOr<std::string> MarkdownReport(absl::Span<const RunRecord> runs,
                                           const Baseline& baseline) {
  const std::vector<TableColumn> ratios = {
      {"painted area", "painted_area_ms", "median", {}},
      {"quartiles", "painted_area_ms", "quartiles", {}},
      {"95 % interval", "painted_area_ms", "interval", {}},
      {"LCP candidate", "lcp_candidate_ms", "median", {}},
      {"render-critical", "render_critical_ms", "median", {}},
      {"ATF area", "atf_area_ms", "median", {}},
      {"ATF", "atf_ms", "median", {}},
      {"page load", "page_load_ms", "median", {}}};
  const std::vector<TableColumn> values = {
      {"painted area, ms", "painted_area_ms", "value", {}},
      {"LCP candidate, ms", "lcp_candidate_ms", "value", {}},
      {"ATF area, ms", "atf_area_ms", "value", {}},
      {"render-critical, ms", "render_critical_ms", "value", {}},
      {"ATF, ms", "atf_ms", "value", {}},
      {"page load, ms", "page_load_ms", "value", {}},
      {"lower first, bytes", "lower_first_bytes", "value", {}}};
  // Each setting's runs apart, in the order of their first.
  std::vector<Selection> settings;
  std::map<Selection, std::vector<RunRecord>> runs_of;
  for (const RunRecord& run : runs) {
    Selection setting;
    for (const char* name : kParameters) setting[name] = Value(run, name);
    setting.erase(Column(baseline));
    std::vector<RunRecord>& group = runs_of[setting];
    if (group.empty()) settings.push_back(std::move(setting));
    group.push_back(run);
  }
  std::string text;
  for (const Selection& setting : settings) {
    const std::vector<RunRecord>& group = runs_of[setting];
    const std::vector<const RunRecord*> selected = Select(group, {});
    const std::vector<std::string> pages = Distinct(selected, "page");
    const std::vector<std::string> variants =
        Distinct(selected, Column(baseline));
    const bool compared = pages.size() > 1 && variants.size() > 1 &&
                          std::find(variants.begin(), variants.end(),
                                    baseline.name) != variants.end();
    absl::StrAppend(&text, text.empty() ? "" : "\n", "## ", Describe(setting),
                    "\n");
    TableSpec spec{.rows = Column(baseline),
                   .sorted = compared,
                   .where = setting,
                   .baseline = baseline,
                   .columns = compared ? ratios : values};
    if (compared) {
      absl::StrAppend(&text, "\nMedians over ", pages.size(), " pages of ",
                      baseline.name, " ÷ ", Column(baseline),
                      "; above 1 is better than ", baseline.name, ".\n");
    }
    for (const std::string& page :
         compared ? std::vector<std::string>{""} : pages) {
      if (!compared) {
        absl::StrAppend(&text, "\n", page, ":\n");
        spec.where["page"] = page;
      }
      absl::StatusOr<std::string> table = MarkdownTable(group, spec);
      if (!table.ok()) return table.status();
      absl::StrAppend(&text, "\n", *table);
    }
  }
  return text;
}

}  // namespace sluice::lab
