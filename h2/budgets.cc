#include <sluice/h2/budgets.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/options.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sluice::h2 {
namespace {

constexpr int64_t kBytesOfAUnit = 1024;

struct Row {
  BudgetOptions BudgetSet::*options;
  absl::string_view frames;  // for error texts
};

// In the order of Budgets::Kind.
constexpr Row kRows[] = {
    {&BudgetSet::priority, "PRIORITY frames"},
    {&BudgetSet::priority_update, "PRIORITY_UPDATE frames"},
    {&BudgetSet::empty_data, "empty DATA frames"},
    {&BudgetSet::window_update, "WINDOW_UPDATE frames"},
    {&BudgetSet::settings, "SETTINGS frames"},
    {&BudgetSet::ping_ack, "answers to PINGs that were not sent"},
    {&BudgetSet::goaway, "GOAWAY frames"},
    {&BudgetSet::informational, "informational responses"},
    {&BudgetSet::unknown_frame, "frames of unknown types"},
    {&BudgetSet::peer_reset, "RST_STREAM frames"},
    {&BudgetSet::provoked_reset, "stream errors"},
    {&BudgetSet::dropped_headers, "header blocks or ends that no stream takes"},
};
constexpr size_t kKinds = std::size(kRows);
static_assert(kKinds == Budgets::kDroppedHeaders + 1);

template <size_t... kIndex>
std::array<Budget, kKinds> FullBudgets(const BudgetSet& options,
                                       std::index_sequence<kIndex...>) {
  return {Budget(&(options.*kRows[kIndex].options))...};
}

}  // namespace

bool Budget::Spend() {
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void Budget::Add(double tokens) {
  tokens_ = std::min<double>(options_->burst, tokens_ + tokens);
}

Budgets::Budgets(const BudgetSet* options)
    : budgets_(FullBudgets(*options, std::make_index_sequence<kKinds>())) {}

absl::Status Budgets::Spend(Kind kind) {
  GiveTokensForWork();
  Budget& budget = budgets_[kind];
  if (budget.Spend()) return absl::OkStatus();
  return ConnectionFault(ErrorKind::kDenialOfService, "too many ",
                         kRows[kind].frames, ": ", budget.options().burst,
                         " at once and ", budget.options().per_second,
                         " a second are allowed (RFC 9113 10.5)");
}

void Budgets::GiveTokensForWork() {
  const int64_t units = work_ + bytes_ / kBytesOfAUnit;
  if (units == 0) return;
  for (Budget& budget : budgets_) budget.Work(units);
  work_ = 0;
  bytes_ %= kBytesOfAUnit;
}

void Budgets::Advance(absl::Duration elapsed) {
  for (Budget& budget : budgets_) budget.Advance(elapsed);
}

}  // namespace sluice::h2
