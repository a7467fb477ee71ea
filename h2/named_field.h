// A header field inside the core: its text, and which name it has.
#ifndef SLUICE_H2_NAMED_FIELD_H_
#define SLUICE_H2_NAMED_FIELD_H_

#include <sluice/h2/short_text.h>
#include <sluice/h2/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {

// The names that a rule of HTTP/2 mentions, and all others.
enum class FieldName : uint8_t {
  kIllegal,  // RFC 9113 §8.2.1 forbids it, or it is an unknown pseudo-header
  kOther,    // a legal one
  kMethod,
  kScheme,
  kAuthority,
  kPath,
  kProtocol,
  kStatus,
  kHost,
  kTe,
  kContentLength,
  kCookie,
  kPriority,
  kCredentials,         // authorization, proxy-authorization
  kConnectionSpecific,  // about one hop of HTTP/1.1 (RFC 9113 §8.2.2)
};
inline constexpr size_t kFieldNames = 15;

struct NamedField : HeaderView {
  FieldName is = FieldName::kOther;
  bool legal_value = true;  // as ValueIsLegal() says
};
using NamedFields = std::vector<NamedField>;

// A name that most messages have.
struct KnownName {
  absl::string_view text;
  FieldName is;
};

// Where a name, which is not empty, stands in kKnownIndex. Each known one has a
// place of its own: the length, the first and the last character tell them
// apart.
constexpr uint8_t KnownPlace(absl::string_view name) {
  const auto first = static_cast<unsigned char>(name[0]);
  const auto last = static_cast<unsigned char>(name[name.size() - 1]);
  return static_cast<uint8_t>(name.size() + size_t{16} * first +
                              size_t{8} * last);
}
extern const KnownName kKnownNames[];
extern const std::array<uint8_t, 256> kKnownIndex;

// The one that is equal to `name`, which is for ever; or null. O(bytes).
inline const KnownName* FindKnownName(absl::string_view name) {
  if (name.empty()) return nullptr;
  const KnownName* const known = &kKnownNames[kKnownIndex[KnownPlace(name)]];
  return SameText(known->text, name) ? known : nullptr;
}

// Of a name that FindKnownName() does not find: kOther or kIllegal. O(bytes).
FieldName OtherNameOf(absl::string_view name);

inline FieldName NameOf(absl::string_view name) {
  const KnownName* const known = FindKnownName(name);
  return known != nullptr ? known->is : OtherNameOf(name);
}

// RFC 9113 §8.2.1: no NUL, LF, CR anywhere, no SP or HTAB at either end.
bool ValueIsLegal(absl::string_view value);

// The same where it is known whether no byte of `value` is below 0x10. Then
// most values need no look at each byte.
inline bool ValueIsLegal(absl::string_view value, bool no_low_bytes) {
  const bool surely =
      value.empty() ||
      (no_low_bytes && static_cast<uint8_t>(value.front()) > ' ' &&
       static_cast<uint8_t>(value.back()) > ' ');
  return surely || ValueIsLegal(value);
}

}  // namespace sluice::h2

#endif  // SLUICE_H2_NAMED_FIELD_H_
