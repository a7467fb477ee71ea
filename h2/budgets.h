// Budgets for what is legal and cheap to send, and useless in masses: rapid
// reset, floods of PRIORITY, SETTINGS, empty DATA, … (RFC 9113 §10.5).
#ifndef SLUICE_H2_BUDGETS_H_
#define SLUICE_H2_BUDGETS_H_

#include <sluice/h2/options.h>

#include <cstdint>

#include "absl/time/time.h"

namespace sluice::h2 {

// A bucket of tokens. Starts full.
class Budget {
 public:
  explicit Budget(const BudgetOptions& options)
      : options_(options), tokens_(options.burst) {}

  // Takes one token. False: there was none.
  bool Spend();

  // The connection did `units` of useful work.
  void Work(int64_t units);

  // Time went by. Parts of a token are kept.
  void Advance(absl::Duration elapsed);

 private:
  void Add(double tokens);

  BudgetOptions options_;
  double tokens_;
};

// All budgets of a connection.
struct Budgets {
  explicit Budgets(const BudgetSet& options);

  void Work(int64_t units);
  void Advance(absl::Duration elapsed);

  Budget priority;
  Budget priority_update;
  Budget empty_data;
  Budget window_update;
  Budget settings;
  Budget ping_ack;
  Budget goaway;
  Budget informational;
  Budget unknown_frame;
  Budget peer_reset;
  Budget provoked_reset;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_BUDGETS_H_
