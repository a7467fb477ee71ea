// Builds HTTP/2 frames for tests, the illegal ones too: every function puts on
// the wire what it is given and checks nothing. RawFrame() builds whatever the
// named ones cannot.
#ifndef SLUICE_TESTS_H2_FRAME_BUILDER_H_
#define SLUICE_TESTS_H2_FRAME_BUILDER_H_

#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sluice::h2::tests {

// RFC 9113 §6, RFC 7838 §4, RFC 9218 §7.1.
enum WireType : uint8_t {
  kData = 0x0,
  kHeaders = 0x1,
  kPriority = 0x2,
  kRstStream = 0x3,
  kSettings = 0x4,
  kPushPromise = 0x5,
  kPing = 0x6,
  kGoAway = 0x7,
  kWindowUpdate = 0x8,
  kContinuation = 0x9,
  kAltSvc = 0xa,
  kPriorityUpdate = 0x10,
};

enum WireFlag : uint8_t {
  kAck = 0x1,
  kEndStream = 0x1,
  kEndHeaders = 0x4,
  kPadded = 0x8,
  kHasPriority = 0x20,
};

// The 24 octets that a client sends first (RFC 9113 §3.4).
inline constexpr absl::string_view kPreface =
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Big-endian integers.
std::string Uint16(uint16_t value);
std::string Uint32(uint32_t value);

// --- Frames ------------------------------------------------------------------

// The nine octets of a frame header (RFC 9113 §4.1). `stream_id` is all 32
// bits: set the highest one for the reserved bit. `length` need not be true.
std::string FrameHeaderBytes(uint32_t length, uint8_t type, uint8_t flags,
                             uint32_t stream_id);

// A frame header with the true length, and the payload.
std::string RawFrame(uint8_t type, uint8_t flags, uint32_t stream_id,
                     absl::string_view payload);

// A payload for a frame with the PADDED flag: Pad Length, body, zeros
// (RFC 9113 §6.1).
std::string Padded(absl::string_view body, uint8_t pad_length);

// The five octets of RFC 7540 §6.3; `weight` 1…256.
std::string PriorityFields(const signals::Rfc7540Priority& priority);

std::string DataFrame(StreamId id, absl::string_view data, uint8_t flags = 0);
std::string HeadersFrame(StreamId id, absl::string_view block,
                         uint8_t flags = kEndHeaders);
std::string PriorityFrame(StreamId id,
                          const signals::Rfc7540Priority& priority);
std::string RstStreamFrame(StreamId id, ErrorCode code);
std::string SettingsFrame(const std::vector<Setting>& settings = {});
std::string SettingsAckFrame();
std::string PushPromiseFrame(StreamId id, uint32_t promised_id,
                             absl::string_view block,
                             uint8_t flags = kEndHeaders);
std::string PingFrame(absl::string_view opaque_data, uint8_t flags = 0);
std::string GoAwayFrame(uint32_t last_stream_id, ErrorCode code,
                        absl::string_view additional_data = {});
std::string WindowUpdateFrame(StreamId id, uint32_t increment);
std::string ContinuationFrame(StreamId id, absl::string_view block,
                              uint8_t flags = kEndHeaders);
std::string AltSvcFrame(StreamId id, absl::string_view origin,
                        absl::string_view field_value);
std::string PriorityUpdateFrame(uint32_t prioritized_id,
                                absl::string_view field_value,
                                StreamId on_stream = 0);

// --- Header blocks -----------------------------------------------------------

// An integer with an N-bit prefix (RFC 7541 §5.1); `pattern` are the bits above
// the prefix.
std::string HpackInteger(uint8_t pattern, int prefix_bits, uint64_t value);

// One literal field without indexing, never indexed if the header says so, with
// a new name and no Huffman code (RFC 7541 §6.2.2, §6.2.3).
std::string LiteralField(const Header& header);

// All of them. Such a block neither reads nor changes the dynamic table, so it
// means the same wherever it stands.
std::string Block(const std::vector<Header>& headers);

// A GET request's header list.
std::vector<Header> Get(absl::string_view path = "/");
// A POST request's, without content-length.
std::vector<Header> Post(absl::string_view path = "/");
// A response's.
std::vector<Header> Status(absl::string_view status = "200");
// `headers` with more fields behind them.
std::vector<Header> With(std::vector<Header> headers,
                         const std::vector<Header>& more);

// `bytes`, so often.
std::string Repeat(size_t times, absl::string_view bytes);

}  // namespace sluice::h2::tests

#endif  // SLUICE_TESTS_H2_FRAME_BUILDER_H_
