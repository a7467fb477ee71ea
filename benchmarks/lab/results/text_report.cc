#include "benchmarks/lab/results/text_report.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/lines.h"

namespace sluice::lab {
namespace {

constexpr size_t kShown = 20;
constexpr size_t kFarthest = 6;
constexpr size_t kPoliciesByResource = 6;
constexpr size_t kRunsWithOrders = 12;
constexpr size_t kLineWidth = 100;

// "a b c …" broken before kLineWidth, further lines indented.
std::string Wrap(absl::string_view head,
                 const std::vector<std::string>& words) {
  const std::string indent(head.size(), ' ');
  std::string text(head);
  size_t column = head.size();
  for (const std::string& word : words) {
    if (column + 1 + word.size() > kLineWidth) {
      absl::StrAppend(&text, "\n", indent);
      column = indent.size();
    }
    absl::StrAppend(&text, " ", word);
    column += 1 + word.size();
  }
  return absl::StrCat(text, "\n");
}

// "+12.3", "-4.0", "0.0".
std::string Difference(int64_t ns) {
  return absl::StrFormat("%s%.1f", ns > 0 ? "+" : "",
                         static_cast<double>(ns) / 1e6);
}

// The last column; empty without a search for the best order.
std::string PossibleGain(const std::optional<BestOrder>& best,
                         int64_t painted_area_ns) {
  if (!best.has_value()) return "";
  const std::optional<double> share =
      ShareOfPossibleGain(*best, painted_area_ns);
  if (!share.has_value()) return absl::StrFormat("  %20s", "-");
  return absl::StrFormat("  %18.0f %%", 100 * *share);
}

void SortByDistance(std::vector<ResourceShift>& shifts) {
  std::stable_sort(shifts.begin(), shifts.end(),
                   [](const ResourceShift& a, const ResourceShift& b) {
                     return std::abs(a.DoneNs()) > std::abs(b.DoneNs());
                   });
}

}  // namespace

absl::Status TextOutput::Write(const Run& run, const PageLoad& load) {
  const Page& page = *run.page;
  if (rows_.empty()) {
    title_ = absl::StrFormat(
        "%s: %d resources, %d bytes, network %s, send buffer %d bytes%s\n\n",
        page.name, page.resources.size(), page.BodyBytes(), run.setting.network,
        run.setting.send_buffer_bytes,
        run.seed == 1 ? "" : absl::StrCat(", seed ", run.seed));
  }
  Row row = {.pair = PairOf(run, options_.baseline.compared),
             .seed = run.seed,
             .signals = SignalsInWords(run.setting),
             .policy = run.policy,
             .metrics = run.metrics,
             .best = run.best,
             .resources = TimesOfResources(page, load)};
  for (const Pick& pick : JoinPicks(load.picks)) {
    if (row.picks.size() == kShown) break;
    row.picks.push_back(page.resources[pick.resource].label);
  }
  for (const size_t index : CompletionOrder(page, load)) {
    if (row.completed.size() == kShown) break;
    row.completed.push_back(page.resources[index].label);
  }
  rows_.push_back(std::move(row));
  if (absl::Status status = summary_.Add(run); !status.ok()) return status;
  if (rows_.size() < options_.runs_a_table) return absl::OkStatus();
  SortRows();
  sink_(absl::StrCat(first_table_ ? "" : "\n", TableText()));
  first_table_ = false;
  if (options_.baseline.compared == Compared::kPage &&
      IsBaseline(rows_.front())) {
    std::move(rows_.begin(), rows_.end(), std::back_inserter(baselines_));
  }
  rows_.clear();
  return absl::OkStatus();
}

absl::Status TextOutput::Finish() {
  const absl::StatusOr<std::string> over_pages = summary_.Text();
  if (!over_pages.ok()) return over_pages.status();
  if (!over_pages->empty()) sink_(absl::StrCat("\n", *over_pages));
  if (options_.only_page) {
    sink_(
        "\nThese times are exact: the same inputs give them again. They say "
        "nothing about other pages.\n");
  }
  return absl::OkStatus();
}

// Those that are compared with each other stand together.
void TextOutput::SortRows() {
  std::vector<Row> sorted;
  while (!rows_.empty()) {
    const Setting setting = rows_.front().pair.setting;
    const auto rest = std::stable_partition(
        rows_.begin(), rows_.end(),
        [&](const Row& row) { return row.pair.setting == setting; });
    std::stable_sort(rows_.begin(), rest, [](const Row& a, const Row& b) {
      return a.metrics.painted_area_ns < b.metrics.painted_area_ns;
    });
    std::move(rows_.begin(), rest, std::back_inserter(sorted));
    rows_.erase(rows_.begin(), rest);
  }
  rows_ = std::move(sorted);
}

const TextOutput::Row* TextOutput::BaselineOf(const Row& row) const {
  for (const std::vector<Row>* rows : {&rows_, &baselines_}) {
    const auto found =
        std::find_if(rows->begin(), rows->end(), [&](const Row& other) {
          return IsBaseline(other) && other.pair.page == row.pair.page &&
                 other.pair.setting == row.pair.setting &&
                 other.seed == row.seed;
        });
    if (found != rows->end()) return &*found;
  }
  return nullptr;
}

std::string TextOutput::Names(absl::string_view signals,
                              absl::string_view policy) const {
  size_t signals_width = 7;
  size_t policy_width = 6;
  for (const Row& row : rows_) {
    signals_width = std::max(signals_width, row.signals.size());
    policy_width = std::max(policy_width, row.policy.size());
  }
  return absl::StrFormat("  %-*s  %-*s ", signals_width, signals, policy_width,
                         policy);
}

std::string TextOutput::TableText() const {
  std::string text =
      absl::StrCat(title_, MetricsText(), BestOrdersText(), ShiftsText());
  if (options_.only_page) absl::StrAppend(&text, ResourcesText());
  absl::StrAppend(&text, OrdersText());
  return text;
}

std::string TextOutput::MetricsText() const {
  const std::string& name = options_.baseline.name;
  const size_t width = std::max<size_t>(8, name.size() + 5);
  const bool searched =
      std::any_of(rows_.begin(), rows_.end(),
                  [](const Row& row) { return row.best.has_value(); });
  std::string text = absl::StrCat(
      Names("signals", "policy"),
      absl::StrFormat(
          " painted area  %*s  %*s  %8s  %15s  %8s  %8s  %9s  %s%s\n", width,
          absl::StrCat("less ", name), width - 1, absl::StrCat(name, " ÷"),
          "LCP", "render-critical", "ATF area", "ATF", "page load",
          "lower first", searched ? "  of the possible gain" : ""));
  for (const Row& row : rows_) {
    const Row* baseline = BaselineOf(row);
    const int64_t area = row.metrics.painted_area_ns;
    std::string less = "-";
    std::string ratio = "-";
    if (&row == baseline) {
      less = "baseline";
    } else if (baseline != nullptr) {
      const int64_t base = baseline->metrics.painted_area_ns;
      less = Difference(area - base);
      if (area > 0) {
        ratio = absl::StrFormat(
            "%.3f", static_cast<double>(base) / static_cast<double>(area));
      }
    }
    absl::StrAppend(
        &text, Names(row.signals, row.policy),
        absl::StrFormat(" %9.1f ms  %*s  %*s  %8.1f  %15.1f  %8.1f  %8.1f  "
                        "%9.1f  %8d KB%s\n",
                        ToMilliseconds(area), width, less, width - 2, ratio,
                        ToMilliseconds(row.metrics.lcp_candidate_ns),
                        ToMilliseconds(row.metrics.render_critical_ns),
                        ToMilliseconds(row.metrics.atf_area_ns),
                        ToMilliseconds(row.metrics.atf_ns),
                        ToMilliseconds(row.metrics.page_load_ns),
                        row.metrics.lower_first_bytes / 1000,
                        PossibleGain(row.best, area)));
  }
  return text;
}

std::string TextOutput::BestOrdersText() const {
  std::string text;
  const Row* before = nullptr;
  for (const Row& row : rows_) {
    const bool same = before != nullptr && before->signals == row.signals &&
                      before->best == row.best;
    before = &row;
    if (same || !row.best.has_value()) continue;
    absl::StrAppendFormat(&text, "  %s: the best order found has %.1f ms",
                          row.signals,
                          ToMilliseconds(row.best->painted_area_ns));
    if (row.best->bound_ns.has_value()) {
      absl::StrAppendFormat(&text, "; no order is below %.1f ms",
                            ToMilliseconds(*row.best->bound_ns));
    }
    absl::StrAppend(&text, "\n");
  }
  return text.empty() ? "" : absl::StrCat("\n", text);
}

std::string TextOutput::ShiftsText() const {
  std::string text;
  for (const Row& row : rows_) {
    const Row* baseline = BaselineOf(row);
    if (baseline == nullptr || baseline == &row) continue;
    std::vector<ResourceShift> shifts =
        ShiftsOf(row.resources, baseline->resources);
    const auto count = [&shifts](int sign) {
      return std::count_if(shifts.begin(), shifts.end(),
                           [sign](const ResourceShift& shift) {
                             return shift.DoneNs() * sign > 0;
                           });
    };
    std::vector<std::string> words = {absl::StrCat(count(-1), " earlier,"),
                                      absl::StrCat(count(1), " later")};
    SortByDistance(shifts);
    for (size_t i = 0; i < std::min(shifts.size(), kFarthest); ++i) {
      if (shifts[i].DoneNs() == 0) break;
      if (i == 0) words.back().push_back(':');
      words.push_back(absl::StrCat(shifts[i].resource->label, " ",
                                   Difference(shifts[i].DoneNs())));
    }
    absl::StrAppend(&text, Wrap(Names(row.signals, row.policy), words));
  }
  if (text.empty()) return "";
  return absl::StrCat("\n  resources that end earlier and later than with ",
                      options_.baseline.name,
                      ", and those that moved most, ms\n", text);
}

std::string TextOutput::ResourcesText() const {
  std::string text;
  for (const Row& baseline : rows_) {
    if (!IsBaseline(baseline)) continue;
    std::vector<const Row*> others;
    for (const Row& row : rows_) {
      if (&row != &baseline && BaselineOf(row) == &baseline) {
        others.push_back(&row);
      }
    }
    if (!others.empty()) {
      absl::StrAppend(&text, ResourcesText(baseline, others));
    }
  }
  return text;
}

std::string TextOutput::ResourcesText(
    const Row& baseline, absl::Span<const Row* const> others) const {
  const absl::Span<const Row* const> shown =
      others.subspan(0, kPoliciesByResource);
  std::vector<std::vector<ResourceShift>> columns;
  for (const Row* row : shown) {
    columns.push_back(ShiftsOf(row->resources, baseline.resources));
  }
  // The farthest that a resource moves in any of them.
  struct Line {
    const ResourceTimes* resource;
    int64_t farthest;
  };
  std::vector<Line> lines;
  for (const ResourceTimes& resource : baseline.resources) {
    Line line = {&resource, 0};
    for (const std::vector<ResourceShift>& column : columns) {
      for (const ResourceShift& shift : column) {
        if (shift.baseline != &resource) continue;
        line.farthest = std::max(line.farthest, std::abs(shift.DoneNs()));
      }
    }
    lines.push_back(line);
  }
  std::stable_sort(
      lines.begin(), lines.end(),
      [](const Line& a, const Line& b) { return a.farthest > b.farthest; });
  const size_t left_out = lines.size() - std::min(lines.size(), kShown);
  lines.resize(lines.size() - left_out);

  std::string text = absl::StrFormat(
      "\n  by resource, ms: its end with %s, and what the others add%s\n"
      "  %-10s  %9s",
      options_.baseline.name,
      baseline.signals.empty() ? "" : absl::StrCat(" (", baseline.signals, ")"),
      "resource", options_.baseline.name);
  const auto width = [](const Row& row) {
    return std::max<size_t>(9, row.pair.variant.size());
  };
  for (const Row* row : shown) {
    absl::StrAppendFormat(&text, "  %*s", width(*row), row->pair.variant);
  }
  absl::StrAppend(&text, "\n");
  for (const Line& line : lines) {
    absl::StrAppendFormat(&text, "  %-10s  %9.1f", line.resource->label,
                          ToMilliseconds(line.resource->done_ns));
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto found = std::find_if(columns[i].begin(), columns[i].end(),
                                      [&line](const ResourceShift& shift) {
                                        return shift.baseline == line.resource;
                                      });
      absl::StrAppendFormat(
          &text, "  %*s", width(*shown[i]),
          found == columns[i].end() ? "-" : Difference(found->DoneNs()));
    }
    absl::StrAppend(&text, "\n");
  }
  if (left_out > 0 || shown.size() < others.size()) {
    absl::StrAppendFormat(
        &text, "  --answers and --html have all %d resources and %d others\n",
        baseline.resources.size(), others.size());
  }
  return text;
}

std::string TextOutput::OrdersText() const {
  if (rows_.size() > kRunsWithOrders) {
    return absl::StrCat("\n  more than ", kRunsWithOrders,
                        " runs: only --json has the order of picks\n");
  }
  std::string text = absl::StrCat(
      "\n  first ", kShown, " picks (one stream's in a row count as one)\n");
  for (const Row& row : rows_) {
    absl::StrAppend(&text, Wrap(Names(row.signals, row.policy), row.picks));
  }
  absl::StrAppend(&text, "\n  first ", kShown, " resources to complete\n");
  for (const Row& row : rows_) {
    absl::StrAppend(&text, Wrap(Names(row.signals, row.policy), row.completed));
  }
  return text;
}

}  // namespace sluice::lab
