// What makes a header section malformed (RFC 9113 §8.1.1, §8.2, §8.3). The same
// rules hold for what comes in and for what goes out.
#ifndef SLUICE_H2_HEADER_VALIDATION_H_
#define SLUICE_H2_HEADER_VALIDATION_H_

#include <sluice/h2/errors.h>
#include <sluice/h2/field.h>

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {

enum class SectionKind { kRequest, kPushPromise, kResponse, kTrailers };

struct HeaderFault {
  ErrorKind kind = ErrorKind::kInvalidHeaders;
  absl::string_view reason;  // a literal, with the section
};

// Nothing: the section is well-formed. `extended_connect`: :protocol is legal
// (RFC 8441 §4). O(bytes).
std::optional<HeaderFault> FindHeaderFault(absl::Span<const FieldView> fields,
                                           SectionKind kind,
                                           bool extended_connect);

// A field about one hop of HTTP/1.1 (RFC 9113 §8.2.2). `name` in lower case.
bool IsConnectionSpecific(absl::string_view name);

// The three digits of :status, or nothing (RFC 9113 §8.3.2).
std::optional<int> StatusOf(absl::Span<const FieldView> fields);

// 2xx (RFC 9110 §15.3).
inline bool IsSuccess(std::optional<int> status) {
  return status.has_value() && *status / 100 == 2;
}

// content-length (RFC 9110 §8.6, RFC 9113 §8.1.1).
struct ContentLength {
  bool legal = true;  // digits only, below 2^63, and duplicates agree
  std::optional<int64_t> value;
};
ContentLength ContentLengthOf(absl::Span<const FieldView> fields);

}  // namespace sluice::h2

#endif  // SLUICE_H2_HEADER_VALIDATION_H_
