#include "benchmarks/lab/results/text_report.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/lines.h"

namespace sluice::lab {
namespace {

constexpr size_t kShown = 20;
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
  Row row = {SignalsInWords(run.setting), run.policy, run.metrics, {}, {}};
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
  if (rows_.size() < runs_a_table_) return absl::OkStatus();
  sink_(absl::StrCat(first_page_ ? "" : "\n", PageText()));
  first_page_ = false;
  rows_.clear();
  return absl::OkStatus();
}

absl::Status TextOutput::Finish() {
  const absl::StatusOr<std::string> over_pages = summary_.Text();
  if (!over_pages.ok()) return over_pages.status();
  if (!over_pages->empty()) sink_(absl::StrCat("\n", *over_pages));
  return absl::OkStatus();
}

std::string TextOutput::PageText() const {
  size_t signals_width = 7;
  size_t policy_width = 6;
  for (const Row& row : rows_) {
    signals_width = std::max(signals_width, row.signals.size());
    policy_width = std::max(policy_width, row.policy.size());
  }
  const auto names = [&](absl::string_view signals, absl::string_view policy) {
    return absl::StrFormat("  %-*s  %-*s ", signals_width, signals,
                           policy_width, policy);
  };
  std::string text = absl::StrCat(title_, names("signals", "policy"));
  absl::StrAppendFormat(&text, " %15s  %11s  %11s  %11s  %11s\n",
                        "render-critical", "ATF", "ATF area", "page load",
                        "lower first");
  for (const Row& row : rows_) {
    absl::StrAppend(&text, names(row.signals, row.policy));
    absl::StrAppendFormat(&text,
                          " %12.1f ms  %8.1f ms  %8.1f ms  %8.1f ms  %8d KB\n",
                          ToMilliseconds(row.metrics.render_critical_ns),
                          ToMilliseconds(row.metrics.atf_ns),
                          ToMilliseconds(row.metrics.atf_area_ns),
                          ToMilliseconds(row.metrics.page_load_ns),
                          row.metrics.lower_first_bytes / 1000);
  }
  if (rows_.size() > kRunsWithOrders) {
    absl::StrAppend(&text, "\n  more than ", kRunsWithOrders,
                    " runs: only --json has the order of picks\n");
    return text;
  }
  absl::StrAppend(&text, "\n  first ", kShown,
                  " picks (one stream's in a row count as one)\n");
  for (const Row& row : rows_) {
    absl::StrAppend(&text, Wrap(names(row.signals, row.policy), row.picks));
  }
  absl::StrAppend(&text, "\n  first ", kShown, " resources to complete\n");
  for (const Row& row : rows_) {
    absl::StrAppend(&text, Wrap(names(row.signals, row.policy), row.completed));
  }
  return text;
}

}  // namespace sluice::lab
