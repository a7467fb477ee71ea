// How fast a server reacts to an urgent request while it sends bodies of low
// priority.
#ifndef SLUICE_BENCHMARKS_SERVERS_REACTION_METER_H_
#define SLUICE_BENCHMARKS_SERVERS_REACTION_METER_H_

#include <cstdint>

#include "absl/time/time.h"

namespace sluice::servers {

struct Reaction {
  // Bytes of low-priority bodies that the client received after it had asked
  // and before the urgent body began, and between that and its last byte.
  int64_t low_before = 0;
  int64_t low_between = 0;
  // From the request to the urgent body's first DATA frame and to its last.
  absl::Duration to_first = absl::ZeroDuration();
  absl::Duration to_last = absl::ZeroDuration();
};

// Takes the client's events in their order, at times that do not decrease.
class ReactionMeter {
 public:
  // The client wrote the urgent request.
  void OnAsked(absl::Duration now);

  // DATA of a low-priority body arrived.
  void OnLowData(int64_t bytes) { low_since_ += bytes; }

  // DATA of the urgent body arrived.
  void OnUrgentData(absl::Duration now, int64_t bytes);

  // Low-priority bytes after the last byte of the urgent body are in neither
  // figure.
  const Reaction& reaction() const { return reaction_; }

 private:
  absl::Duration asked_ = absl::ZeroDuration();
  int64_t low_since_ = 0;  // since the request, or the last urgent byte
  bool begun_ = false;
  Reaction reaction_;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_REACTION_METER_H_
