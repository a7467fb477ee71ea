// Runs clients against a server, within a budget.
#ifndef SLUICE_BENCHMARKS_PROBE_DRIVE_H_
#define SLUICE_BENCHMARKS_PROBE_DRIVE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "benchmarks/probe/client.h"
#include "benchmarks/probe/wire.h"

namespace sluice::probe {

// What the probe of one server may still cost. The time runs from now on.
class Budget {
 public:
  Budget(absl::Duration time, int64_t bytes);

  absl::Duration time_left() const;
  absl::Duration took() const;
  int64_t bytes_left() const { return bytes_left_; }
  int64_t bytes_spent() const { return bytes_ - bytes_left_; }
  void Spend(int64_t bytes) { bytes_left_ -= bytes; }

  // Errors: DeadlineExceeded, ResourceExhausted, a sentence.
  absl::Status Check() const;

 private:
  const absl::Duration time_;
  const absl::Duration began_;
  const int64_t bytes_;
  int64_t bytes_left_;
};

// Opens a connection and runs `client` until it is done. Errors: those of the
// client, of the dialer and its wires, of the budget.
absl::Status Drive(Dialer* dialer, Client* client, Budget* budget);

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_DRIVE_H_
