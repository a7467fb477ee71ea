#include "benchmarks/lab/comparison/progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "absl/strings/str_cat.h"

namespace sluice::lab {
namespace {

constexpr int64_t kTerminalPauseMs = 100;
constexpr int64_t kLogPauseMs = 10'000;
constexpr int64_t kFirstEstimateMs = 1000;
constexpr size_t kColumns = 79;  // a line that is broken cannot be cleared
constexpr absl::string_view kEraseLine = "\r\x1b[K";

std::string Duration(int64_t ms) {
  const int64_t seconds = (ms + 999) / 1000;
  if (seconds < 100) return absl::StrCat(seconds, " s");
  const int64_t minutes = (seconds + 59) / 60;
  if (minutes < 100) return absl::StrCat(minutes, " min");
  return absl::StrCat(minutes / 60, " h ", minutes % 60, " min");
}

}  // namespace

Progress Progress::OnStandardError() {
  return Progress(std::cerr, isatty(STDERR_FILENO) == 1, [] {
    using std::chrono::steady_clock;  // Abseil's clocks may go back
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               steady_clock::now().time_since_epoch())
        .count();
  });
}

void Progress::OnRun(size_t run, size_t total, absl::string_view name) {
  const int64_t now = now_ms_();
  if (!began_ms_.has_value()) {
    began_ms_ = now;
  } else if (now - shown_ms_ < (terminal_ ? kTerminalPauseMs : kLogPauseMs)) {
    return;
  }
  shown_ms_ = now;
  std::string left;
  const int64_t elapsed = now - *began_ms_;
  if (elapsed >= kFirstEstimateMs && run > 1) {
    const double runs_done = static_cast<double>(run - 1);
    const double runs_left = static_cast<double>(total - run + 1);
    left =
        absl::StrCat(", ",
                     Duration(static_cast<int64_t>(
                         static_cast<double>(elapsed) / runs_done * runs_left)),
                     " left");
  }
  std::string line = absl::StrCat("[", run, "/", total, "] ", name);
  if (!terminal_) {
    out_ << line << left << std::endl;
    return;
  }
  line.resize(std::min(line.size(), kColumns - left.size()));
  out_ << kEraseLine << line << left << std::flush;
  line_shown_ = true;
}

void Progress::Clear() {
  if (line_shown_) out_ << kEraseLine << std::flush;
  line_shown_ = false;
}

}  // namespace sluice::lab
