// The RFC 7540 §5.3 priority of one stream.
#ifndef SLUICE_SIGNALS_RFC7540_PRIORITY_H_
#define SLUICE_SIGNALS_RFC7540_PRIORITY_H_

#include <sluice/signals/stream_id.h>

namespace sluice::signals {

inline constexpr int kMinWeight = 1;
inline constexpr int kMaxWeight = 256;
inline constexpr int kDefaultWeight = 16;

// `weight` is 1…256: the octet on the wire plus one (RFC 7540 §5.3.2, §6.3).
// The default is RFC 7540 §5.3.5's: depend on the root with weight 16.
struct Rfc7540Priority {
  StreamId depends_on = 0;
  int weight = kDefaultWeight;
  bool exclusive = false;

  friend bool operator==(const Rfc7540Priority&,
                         const Rfc7540Priority&) = default;
};

}  // namespace sluice::signals

#endif  // SLUICE_SIGNALS_RFC7540_PRIORITY_H_
