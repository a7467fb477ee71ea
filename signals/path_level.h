// One level of choice on the way from the root to a stream, for traces.
#ifndef SLUICE_SIGNALS_PATH_LEVEL_H_
#define SLUICE_SIGNALS_PATH_LEVEL_H_

#include <sluice/signals/stream_id.h>

#include <cstdint>

namespace sluice::signals {

// Tags count 1/256 byte per unit of weight. A member that does not apply is 0.
struct PathLevel {
  StreamId parent = 0;  // whose children share the level; 0: the root, or a
                        // group of the policy's own
  StreamId child = 0;   // the stream on the path; 0: a group of the policy's
  uint32_t group = 0;   // the policy's own number of the level's group, from 1
  double weight = 0;    // of the child; fractional after a removal
  int64_t tag = 0;      // of the child: what it was served, S
  int64_t key = 0;      // the order among the siblings
  int64_t clock = 0;    // of the level, V
  uint32_t active = 0;  // children that can send, themselves or below
  bool child_active = false;  // the child is one of them

  friend bool operator==(const PathLevel&, const PathLevel&) = default;
};

}  // namespace sluice::signals

#endif  // SLUICE_SIGNALS_PATH_LEVEL_H_
