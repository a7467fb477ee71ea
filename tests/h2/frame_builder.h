// Builds frames for tests, illegal ones included, without the library's own
// encoder: what it makes is an independent statement of RFC 9113 §4 and §6.
#ifndef SLUICE_TESTS_H2_FRAME_BUILDER_H_
#define SLUICE_TESTS_H2_FRAME_BUILDER_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "h2/events.h"
#include "h2/types.h"

namespace sluice::h2::testing {

// The client connection preface (RFC 9113 §3.4).
std::string Preface();

// Any frame. `length` overrides the length field, to lie about it.
std::string Frame(uint8_t type, uint8_t flags, StreamId stream_id,
                  absl::string_view payload,
                  std::optional<uint32_t> length = std::nullopt);

// A header block of literals without indexing and without Huffman coding
// (RFC 7541 §6.2.2), or never-indexed ones (§6.2.3): any bytes may stand in it.
std::string Block(const std::vector<Header>& headers);

struct HeadersFrame {
  StreamId stream_id = 1;
  std::string block;
  bool end_stream = false;
  bool end_headers = true;
  std::optional<StreamPriority> priority;
  std::optional<uint8_t> padding;
};
std::string Build(const HeadersFrame& frame);

// HEADERS with `headers`, complete.
std::string Headers(StreamId stream_id, const std::vector<Header>& headers,
                    bool end_stream = false);
std::string Continuation(StreamId stream_id, absl::string_view block,
                         bool end_headers);
std::string Data(StreamId stream_id, absl::string_view data,
                 bool end_stream = false,
                 std::optional<uint8_t> padding = std::nullopt);
std::string Priority(StreamId stream_id, const StreamPriority& priority);
std::string RstStream(StreamId stream_id, ErrorCode code);
std::string Settings(
    std::initializer_list<std::pair<uint16_t, uint32_t>> settings);
std::string SettingsAck();
std::string PushPromise(StreamId stream_id, StreamId promised_id,
                        const std::vector<Header>& headers);
std::string Ping(absl::string_view opaque_data, bool ack = false);
std::string GoAway(StreamId last_stream_id, ErrorCode code,
                   absl::string_view additional_data = "");
std::string WindowUpdate(StreamId stream_id, uint32_t increment);
std::string AltSvc(StreamId stream_id, absl::string_view origin,
                   absl::string_view field_value);
std::string PriorityUpdate(StreamId prioritized_id, absl::string_view value,
                           StreamId on_stream = 0);

// Header lists that are well-formed.
std::vector<Header> GetRequest(absl::string_view path = "/");
std::vector<Header> PostRequest();
std::vector<Header> OkResponse();

}  // namespace sluice::h2::testing

#endif  // SLUICE_TESTS_H2_FRAME_BUILDER_H_
