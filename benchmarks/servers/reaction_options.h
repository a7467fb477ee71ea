// Values of flags of the benchmarks on a slow link.
#ifndef SLUICE_BENCHMARKS_SERVERS_REACTION_OPTIONS_H_
#define SLUICE_BENCHMARKS_SERVERS_REACTION_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/prober.h"

namespace sluice::servers {

// When the urgent request comes, and how much the link's queue holds, in KB of
// 1,024 bytes.
struct Scenario {
  std::string name;
  int queue_kb = 0;
  int ask_after_kb = 0;

  friend bool operator==(const Scenario&, const Scenario&) = default;
};

// "full": early, while congestion control still fills the link's queue.
// "drained": a smaller queue, and late enough that it has been drained.
inline constexpr char kFull[] = "full";
inline constexpr char kDrained[] = "drained";

// "800kbit", "1.6mbit", "1gbit": bits per second, 64 kbit to 1 Gbit. Error:
// InvalidArgument, a sentence; so in the next two.
absl::StatusOr<int64_t> ParseRate(absl::string_view text);

// A list of "full" and "drained", or "all". `queue_kb` and `ask_after_kb` above
// 0 replace the scenario's own.
absl::StatusOr<std::vector<Scenario>> ParseScenarios(absl::string_view text,
                                                     int queue_kb,
                                                     int ask_after_kb);

// A list of names of signals, or "all".
absl::StatusOr<std::vector<Signals>> ParseSignals(absl::string_view text);

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_REACTION_OPTIONS_H_
