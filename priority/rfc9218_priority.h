// The RFC 9218 §4 parameters of one stream.
#ifndef SLUICE_PRIORITY_RFC9218_PRIORITY_H_
#define SLUICE_PRIORITY_RFC9218_PRIORITY_H_

namespace sluice::priority {

inline constexpr int kMinUrgency = 0;
inline constexpr int kMaxUrgency = 7;
inline constexpr int kDefaultUrgency = 3;

// `urgency` is 0…7, 0 the most urgent (§4.1); `incremental` says that the
// response is useful in pieces (§4.2).
struct Rfc9218Priority {
  int urgency = kDefaultUrgency;
  bool incremental = false;

  friend bool operator==(const Rfc9218Priority&,
                         const Rfc9218Priority&) = default;
};

}  // namespace sluice::priority

#endif  // SLUICE_PRIORITY_RFC9218_PRIORITY_H_
