// Shows the progress of a comparison on a terminal or in a log.
#ifndef SLUICE_BENCHMARKS_LAB_COMPARISON_PROGRESS_H_
#define SLUICE_BENCHMARKS_LAB_COMPARISON_PROGRESS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace sluice::lab {

// "[17/288] vk chrome7540 rr, 12 s left". On a terminal it overwrites one line,
// at most ten times a second; elsewhere it writes a line for the first run,
// then one every ten seconds at most. It estimates the time left by the runs so
// far, after the first second.
class Progress {
 public:
  // `now_ms` is a clock of milliseconds that never goes back. `out` must
  // outlive this.
  Progress(std::ostream& out, bool terminal, std::function<int64_t()> now_ms)
      : out_(out), terminal_(terminal), now_ms_(std::move(now_ms)) {}

  // On standard error, with the clock of the machine.
  static Progress OnStandardError();

  // Before run number `run` of `total`, counted from 1, and as often as
  // something of that run has been done.
  void OnRun(size_t run, size_t total, absl::string_view name);

  // Before anything else is written on the terminal, and at the end.
  void Clear();

 private:
  std::ostream& out_;
  bool terminal_;
  std::function<int64_t()> now_ms_;
  std::optional<int64_t> began_ms_;
  int64_t shown_ms_ = 0;
  bool line_shown_ = false;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_COMPARISON_PROGRESS_H_
