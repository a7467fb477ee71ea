#include <sluice/h2/budgets.h>
#include <sluice/h2/options.h>

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"

namespace sluice::h2 {

bool Budget::Spend() {
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void Budget::Work(int64_t units) {
  Add(static_cast<double>(units) * options_.per_work_unit);
}

void Budget::Advance(absl::Duration elapsed) {
  Add(absl::ToDoubleSeconds(elapsed) * options_.per_second);
}

void Budget::Add(double tokens) {
  tokens_ = std::min<double>(options_.burst, tokens_ + tokens);
}

Budgets::Budgets(const BudgetSet& options)
    : priority(options.priority),
      priority_update(options.priority_update),
      empty_data(options.empty_data),
      window_update(options.window_update),
      settings(options.settings),
      ping_ack(options.ping_ack),
      goaway(options.goaway),
      informational(options.informational),
      unknown_frame(options.unknown_frame),
      peer_reset(options.peer_reset),
      provoked_reset(options.provoked_reset) {}

void Budgets::Work(int64_t units) {
  for (Budget* budget :
       {&priority, &priority_update, &empty_data, &window_update, &settings,
        &ping_ack, &goaway, &informational, &unknown_frame, &peer_reset,
        &provoked_reset}) {
    budget->Work(units);
  }
}

void Budgets::Advance(absl::Duration elapsed) {
  for (Budget* budget :
       {&priority, &priority_update, &empty_data, &window_update, &settings,
        &ping_ack, &goaway, &informational, &unknown_frame, &peer_reset,
        &provoked_reset}) {
    budget->Advance(elapsed);
  }
}

}  // namespace sluice::h2
