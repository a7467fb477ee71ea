// The RFC 9218 priority of one stream, and the text of it in a `priority` field
// or a PRIORITY_UPDATE frame: a dictionary of structured fields (RFC 8941
// §3.2).
//
//   ParseRfc9218Priority("u=1, i")      → urgency 1, incremental
//   ParseRfc9218Priority("u=9, x=a")    → the default: neither is known or in
//                                         range
//   ParseRfc9218Priority("u=1,")        → nothing: it is no dictionary
//   ParseRfc9218Parameters("i")         → incremental; the urgency is not named
#ifndef SLUICE_SIGNALS_RFC9218_PRIORITY_H_
#define SLUICE_SIGNALS_RFC9218_PRIORITY_H_

#include <sluice/signals/views.h>

#include <optional>
#include <string>

namespace sluice::signals {

inline constexpr int kMinUrgency = 0;
inline constexpr int kMaxUrgency = 7;
inline constexpr int kDefaultUrgency = 3;

// `urgency` is 0…7, 0 the most urgent (§4.1). An `incremental` response is
// useful in pieces (§4.2).
struct Rfc9218Priority {
  int urgency = kDefaultUrgency;
  bool incremental = false;

  friend bool operator==(const Rfc9218Priority&,
                         const Rfc9218Priority&) = default;
};

// The parameters that a text names. A response's field changes only those (§8).
struct Rfc9218Parameters {
  std::optional<int> urgency;
  std::optional<bool> incremental;

  friend bool operator==(const Rfc9218Parameters&,
                         const Rfc9218Parameters&) = default;
};

// Returns nothing when `text` is no dictionary: then all of it is ignored. A
// parameter that is unknown, of another type or out of range is ignored alone
// (§4). Join several lines of one field by ", " first (RFC 8941 §4.2).
// O(bytes), no recursion.
std::optional<Rfc9218Parameters> ParseRfc9218Parameters(StringView text);

// The same, with the default for each parameter that is not named: the meaning
// of a request's field and of PRIORITY_UPDATE (§4, §7).
std::optional<Rfc9218Priority> ParseRfc9218Priority(StringView text);

// `client`, but for the parameters that the response's field names (§8).
Rfc9218Priority MergeResponse(const Rfc9218Priority& client,
                              const Rfc9218Parameters& response);

// "u=3" or "u=3, i".
std::string FormatRfc9218Priority(const Rfc9218Priority& priority);

}  // namespace sluice::signals

#endif  // SLUICE_SIGNALS_RFC9218_PRIORITY_H_
