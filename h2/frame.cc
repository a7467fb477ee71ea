#include <sluice/h2/frame.h>

#include <cstdint>

namespace sluice::h2 {
namespace {

using Stream = FrameRule::Stream;
using Length = FrameRule::Length;
using T = FrameType;

constexpr Stream kZero = Stream::kMustBeZero;
constexpr Stream kId = Stream::kMustNotBeZero;

// Lengths are those of the fixed fields; what PADDED and PRIORITY add is
// checked where they are read. A wrong length of PRIORITY alone is a stream
// error (RFC 9113 §6.3).
//                              stream  length              fatal  client server
constexpr FrameRule kRules[] = {
    {T::kData, "DATA", kId, Length::kAtLeast, 0, true, true, true, "6.1"},
    {T::kHeaders, "HEADERS", kId, Length::kAtLeast, 0, true, true, true, "6.2"},
    {T::kPriority, "PRIORITY", kId, Length::kExactly, 5, false, true, true,
     "6.3"},
    {T::kRstStream, "RST_STREAM", kId, Length::kExactly, 4, true, true, true,
     "6.4"},
    {T::kSettings, "SETTINGS", kZero, Length::kMultipleOf, 6, true, true, true,
     "6.5"},
    {T::kPushPromise, "PUSH_PROMISE", kId, Length::kAtLeast, 4, true, true,
     false, "6.6, 8.4"},
    {T::kPing, "PING", kZero, Length::kExactly, 8, true, true, true, "6.7"},
    {T::kGoAway, "GOAWAY", kZero, Length::kAtLeast, 8, true, true, true, "6.8"},
    {T::kWindowUpdate, "WINDOW_UPDATE", Stream::kAny, Length::kExactly, 4, true,
     true, true, "6.9"},
    {T::kContinuation, "CONTINUATION", kId, Length::kAtLeast, 0, true, true,
     true, "6.10"},
    // RFC 7838 §4 has it ignored where it does not belong, so no breach here.
    {T::kAltSvc, "ALTSVC", Stream::kAny, Length::kAtLeast, 0, true, true, true,
     "RFC 7838 4"},
    {T::kPriorityUpdate, "PRIORITY_UPDATE", kZero, Length::kAtLeast, 4, true,
     false, true, "RFC 9218 7.1"},
};

}  // namespace

const FrameRule* FindFrameRule(FrameType type) {
  for (const FrameRule& rule : kRules) {
    if (rule.type == type) return &rule;
  }
  return nullptr;
}

bool LengthIsLegal(const FrameRule& rule, uint32_t length) {
  switch (rule.length_rule) {
    case Length::kAtLeast:
      return length >= rule.length;
    case Length::kExactly:
      return length == rule.length;
    case Length::kMultipleOf:
      return length % rule.length == 0;
  }
  return false;
}

}  // namespace sluice::h2
