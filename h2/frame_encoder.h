// Builds the frames that a connection sends (RFC 9113 §6). Pure functions: the
// caller has checked that the frame is legal now.
#ifndef SLUICE_H2_FRAME_ENCODER_H_
#define SLUICE_H2_FRAME_ENCODER_H_

#include <sluice/h2/events.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {

// One frame: header and payload.
std::string EncodeFrame(FrameType type, uint8_t flags, StreamId stream_id,
                        absl::string_view payload);

// The part of a DATA frame before its data: the frame header and, with padding,
// the Pad Length octet (§6.1).
std::string EncodeDataHeader(StreamId stream_id, size_t data_size,
                             std::optional<uint8_t> pad_length,
                             bool end_stream);

// HEADERS, and CONTINUATION frames where `block` does not fit into
// `max_frame_size` (§6.2, §6.10); the 5 octets of `priority` count too.
std::string EncodeHeaders(
    StreamId stream_id, absl::string_view block, bool end_stream,
    const std::optional<signals::Rfc7540Priority>& priority,
    size_t max_frame_size);

// PUSH_PROMISE and its CONTINUATION frames (§6.6).
std::string EncodePushPromise(StreamId parent_id, StreamId promised_id,
                              absl::string_view block, size_t max_frame_size);

std::string EncodePriority(StreamId stream_id,
                           const signals::Rfc7540Priority& priority);
std::string EncodeRstStream(StreamId stream_id, ErrorCode code);
std::string EncodeSettings(absl::Span<const Setting> settings);
std::string EncodeSettingsAck();
std::string EncodePing(absl::string_view opaque_data, bool ack);
std::string EncodeGoAway(StreamId last_stream_id, ErrorCode code,
                         absl::string_view additional_data);
std::string EncodeWindowUpdate(StreamId stream_id, uint32_t increment);

// RFC 7838 §4. `origin` is empty on any stream but 0.
std::string EncodeAltSvc(StreamId stream_id, absl::string_view origin,
                         absl::string_view field_value);

// RFC 9218 §7.1.
std::string EncodePriorityUpdate(StreamId prioritized_id,
                                 absl::string_view field_value);

// The payload of SETTINGS and of HTTP2-Settings (RFC 7540 §3.2.1).
std::string EncodeSettingsPayload(absl::Span<const Setting> settings);

}  // namespace sluice::h2

#endif  // SLUICE_H2_FRAME_ENCODER_H_
