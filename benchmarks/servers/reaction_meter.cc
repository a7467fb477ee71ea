#include "benchmarks/servers/reaction_meter.h"

#include <cstdint>

#include "absl/time/time.h"

namespace sluice::servers {

void ReactionMeter::OnAsked(absl::Duration now) {
  asked_ = now;
  low_since_ = 0;
}

void ReactionMeter::OnUrgentData(absl::Duration now, int64_t bytes) {
  // An empty frame that only ends the stream comes later than the last byte.
  if (bytes == 0) return;
  if (begun_) {
    reaction_.low_between += low_since_;
  } else {
    begun_ = true;
    reaction_.low_before = low_since_;
    reaction_.to_first = now - asked_;
  }
  reaction_.to_last = now - asked_;
  low_since_ = 0;
}

}  // namespace sluice::servers
