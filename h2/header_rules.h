// The rules for a header section (RFC 9113 §8.1.1, §8.2, §8.3), which are the
// same in both directions, and the form in which fields come in.
#ifndef SLUICE_H2_HEADER_RULES_H_
#define SLUICE_H2_HEADER_RULES_H_

#include <sluice/h2/header_memory.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {

enum class SectionKind { kRequest, kPushPromise, kResponse, kTrailers };

// A set of names: one bit for each FieldName.
using NameSet = uint32_t;
constexpr NameSet SetOf(FieldName name) {
  return NameSet{1} << static_cast<size_t>(name);
}

// What the rules ask about a section, noted by one pass over its fields. Fields
// are pointed at, not copied.
class SectionFacts {
 public:
  void Note(const NamedField& field) {
    const NameSet name = SetOf(field.is);
    if ((seen_ & name) != 0) {
      several_ |= name;
    } else {
      seen_ |= name;
      first_[static_cast<size_t>(field.is)] = &field;
    }
  }

  NameSet seen() const { return seen_; }
  bool Has(FieldName name) const { return (seen_ & SetOf(name)) != 0; }
  bool HasSeveral(FieldName name) const {
    return (several_ & SetOf(name)) != 0;
  }
  // The first one, or null.
  const HeaderView* Find(FieldName name) const {
    return Has(name) ? first_[static_cast<size_t>(name)] : nullptr;
  }
  // Empty where there is none.
  StringView ValueOf(FieldName name) const {
    const HeaderView* const field = Find(name);
    return field == nullptr ? StringView() : field->value;
  }

 private:
  NameSet seen_ = 0;
  NameSet several_ = 0;
  const HeaderView* first_[kFieldNames];  // of those seen
};

// Notes the facts of a section that needs no check.
SectionFacts FactsOf(absl::Span<const NamedField> fields);

// Errors of a malformed section of stream `id`, the first that one pass over it
// finds: InvalidHeaders, PseudoHeaderOrder. `extended_connect`: :protocol is
// legal (RFC 8441 §4). `*facts` is new, and complete where there is no error.
// O(bytes).
absl::Status CheckHeaders(StreamId id, absl::Span<const NamedField> fields,
                          SectionKind kind, bool extended_connect,
                          SectionFacts* facts);
inline absl::Status CheckHeaders(StreamId id,
                                 absl::Span<const NamedField> fields,
                                 SectionKind kind, bool extended_connect) {
  SectionFacts facts;
  return CheckHeaders(id, fields, kind, extended_connect, &facts);
}

// Whether two authorities name the same entity (RFC 9113 §8.3.1), after the
// normalisation of RFC 3986 §6.2.2 and §6.2.3: case of the host,
// percent-encoding of unreserved characters, an empty port, and the default
// port of `scheme` (http or https; others have none). Two spellings of one IPv6
// address, as [::1] and [0::1], are different, as in the RFC. O(bytes).
bool SameAuthority(absl::string_view scheme, absl::string_view a,
                   absl::string_view b);

// A name for an error text: without control characters, and cut.
std::string ShortName(absl::string_view name);

// The three digits of :status, or nothing (RFC 9113 §8.3.2).
inline std::optional<int> StatusOf(const SectionFacts& facts) {
  const absl::string_view digits = facts.ValueOf(FieldName::kStatus);
  if (digits.size() != 3) return std::nullopt;
  const auto digit = [digits](size_t i) {
    return static_cast<unsigned>(digits[i] - '0');
  };
  if (digit(0) < 1 || digit(0) > 9 || digit(1) > 9 || digit(2) > 9) {
    return std::nullopt;
  }
  return static_cast<int>(100 * digit(0) + 10 * digit(1) + digit(2));
}

// 2xx (RFC 9110 §15.3).
inline bool IsSuccess(std::optional<int> status) {
  return status.has_value() && *status / 100 == 2;
}

// content-length (RFC 9110 §8.6, RFC 9113 §8.1.1).
struct ContentLength {
  bool legal = true;  // digits only, below 2^63, and duplicates agree
  std::optional<int64_t> value;
};
ContentLength ContentLengthOf(absl::Span<const NamedField> fields,
                              const SectionFacts& facts);

// Joins the Cookie fields with "; " into one, the last, never indexed (RFC 9113
// §8.2.3); its text goes into `memory`.
void JoinCookies(NamedFields* fields, HeaderMemory* memory);

}  // namespace sluice::h2

#endif  // SLUICE_H2_HEADER_RULES_H_
