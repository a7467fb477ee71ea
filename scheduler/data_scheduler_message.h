// What DataScheduler::Submit() reads of a header section that goes out.
#ifndef SLUICE_SCHEDULER_DATA_SCHEDULER_MESSAGE_H_
#define SLUICE_SCHEDULER_DATA_SCHEDULER_MESSAGE_H_

#include <sluice/h2/header_span.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sluice::scheduler {

struct MessageFacts {
  // The three digits of a response; 0: a request, or the core refuses it.
  int status = 0;
  bool connect = false;  // a CONNECT request
  bool has_priority = false;
  std::optional<uint64_t> length;  // content-length
  // Of the last `content-length` that is not a number below 2^63 (RFC 9110
  // §8.6), or not the one before it.
  std::optional<absl::string_view> bad_length;
};

MessageFacts FactsOf(h2::HeaderSpan headers);

// FactsOf(headers).status, alone.
int StatusOf(h2::HeaderSpan headers);

inline bool IsInformational(int status) { return status / 100 == 1; }

// RFC 9110 §15.3.5, §15.3.6, §15.4.5.
inline bool HasNoContent(int status) {
  return status == 204 || status == 205 || status == 304;
}

// The parameters that the `priority` field of a response names (RFC 9218 §8).
// Its lines are one dictionary (RFC 8941 §4.2).
std::optional<signals::Rfc9218Parameters> ResponsePriority(
    h2::HeaderSpan headers);

// The error of MessageFacts::bad_length.
absl::Status BadLength(h2::StreamId id, absl::string_view value);

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_DATA_SCHEDULER_MESSAGE_H_
