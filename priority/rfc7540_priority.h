// The RFC 7540 §5.3 parameters of one stream.
#ifndef SLUICE_PRIORITY_RFC7540_PRIORITY_H_
#define SLUICE_PRIORITY_RFC7540_PRIORITY_H_

#include <cstdint>

namespace sluice::priority {

// A 31-bit stream identifier; 0 is the root of the dependency tree.
using StreamId = uint32_t;

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

}  // namespace sluice::priority

#endif  // SLUICE_PRIORITY_RFC7540_PRIORITY_H_
