// Budgets for frames that are legal, cheap to send and useless in masses: rapid
// reset, floods of PRIORITY, SETTINGS, empty DATA, … (RFC 9113 §10.5).
#ifndef SLUICE_H2_BUDGETS_H_
#define SLUICE_H2_BUDGETS_H_

#include <sluice/h2/options.h>

#include <array>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace sluice::h2 {

// A bucket of tokens. Starts full. `options` outlives it.
class Budget {
 public:
  explicit Budget(const BudgetOptions* options)
      : options_(options), tokens_(options->burst) {}

  // Takes one token. False: there was none.
  bool Spend();

  // The connection did `units` of useful work.
  void Work(int64_t units) { Add(double(units) * options_->per_work_unit); }

  // Time went by. Parts of a token are kept.
  void Advance(absl::Duration elapsed) {
    Add(absl::ToDoubleSeconds(elapsed) * options_->per_second);
  }

  const BudgetOptions& options() const { return *options_; }

 private:
  void Add(double tokens);

  const BudgetOptions* options_;
  double tokens_;
};

// All budgets of a connection.
class Budgets {
 public:
  // The members of BudgetSet.
  enum Kind : uint8_t {
    kPriority,
    kPriorityUpdate,
    kEmptyData,
    kWindowUpdate,
    kSettings,
    kPingAck,
    kGoAway,
    kInformational,
    kUnknownFrame,
    kPeerReset,
    kProvokedReset,
    kDroppedHeaders,
  };

  // `options` outlives the object.
  explicit Budgets(const BudgetSet* options);

  // Takes one token of `kind`. Error: DenialOfService; there was none.
  absl::Status Spend(Kind kind);

  // Work is frequent, and Spend() is not: the tokens are given there.
  void Work(int64_t units) { work_ += units; }
  // Payload came in or went out: 1024 bytes of it are a unit of work.
  void WorkOnBytes(int64_t bytes) { bytes_ += bytes; }
  void Advance(absl::Duration elapsed);

 private:
  void GiveTokensForWork();

  std::array<Budget, kDroppedHeaders + 1> budgets_;
  // Without tokens for it yet.
  int64_t work_ = 0;   // in units
  int64_t bytes_ = 0;  // of payload
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_BUDGETS_H_
