// Events as one line each, so that tests compare sequences of them:
//
//   RequestReceived 1 {:method: GET, …} ended priority(dep 0, weight 16)
//   DataReceived 1 "hello" flow 5
//   DataReceived 1 "hel" flow 3 (2 to come)
//   StreamReset 1 CANCEL by peer
//   StreamReset 3 PROTOCOL_ERROR by us: InvalidHeaders
#ifndef SLUICE_TESTS_H2_EVENT_TEXT_H_
#define SLUICE_TESTS_H2_EVENT_TEXT_H_

#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2::tests {

std::string EventText(const Event& event);
std::vector<std::string> EventTexts(absl::Span<const Event> events);

// The parts of such lines, which the text of frames is made of too.

// `"hello"`, escaped; beyond 64 bytes `<16384 bytes, FNV 1a2b3c4d>`.
std::string PayloadText(absl::string_view payload);
// `{name: value, name: value (never)}`.
std::string HeadersText(absl::Span<const Header> headers);
std::string HeadersText(const HeaderList& headers);
// `priority(dep 0, weight 16, exclusive)`.
std::string PriorityText(const signals::Rfc7540Priority& priority);
// `PROTOCOL_ERROR`, or `99` where RFC 9113 §7 has no name.
std::string CodeText(ErrorCode code);

}  // namespace sluice::h2::tests

#endif  // SLUICE_TESTS_H2_EVENT_TEXT_H_
