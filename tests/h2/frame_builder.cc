#include "tests/h2/frame_builder.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "h2/events.h"
#include "h2/types.h"

namespace sluice::h2::testing {
namespace {

std::string Number(uint64_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
  return out;
}

std::string PriorityFields(const StreamPriority& priority) {
  return Number(priority.depends_on | (priority.exclusive ? 1u << 31 : 0u), 4) +
         Number(static_cast<uint64_t>(priority.weight - 1), 1);
}

// RFC 7541 §5.1, with a 7-bit prefix whose first bit is 0; §5.2.
std::string HpackString(absl::string_view text) {
  std::string out;
  if (text.size() < 127) {
    out.push_back(static_cast<char>(text.size()));
  } else {
    out.push_back(127);
    size_t rest = text.size() - 127;
    for (; rest >= 128; rest /= 128) {
      out.push_back(static_cast<char>(rest % 128 + 128));
    }
    out.push_back(static_cast<char>(rest));
  }
  absl::StrAppend(&out, text);
  return out;
}

}  // namespace

std::string Preface() { return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; }

std::string Frame(uint8_t type, uint8_t flags, StreamId stream_id,
                  absl::string_view payload, std::optional<uint32_t> length) {
  return absl::StrCat(
      Number(length.value_or(static_cast<uint32_t>(payload.size())), 3),
      Number(type, 1), Number(flags, 1), Number(stream_id, 4), payload);
}

std::string Block(const std::vector<Header>& headers) {
  std::string out;
  for (const Header& header : headers) {
    out.push_back(header.never_indexed ? '\x10' : '\x00');
    out += HpackString(header.name);
    out += HpackString(header.value);
  }
  return out;
}

std::string Build(const HeadersFrame& frame) {
  uint8_t flags = 0;
  std::string payload;
  if (frame.end_stream) flags |= 0x1;
  if (frame.end_headers) flags |= 0x4;
  if (frame.padding.has_value()) {
    flags |= 0x8;
    payload += Number(*frame.padding, 1);
  }
  if (frame.priority.has_value()) {
    flags |= 0x20;
    payload += PriorityFields(*frame.priority);
  }
  payload += frame.block;
  if (frame.padding.has_value()) payload.append(*frame.padding, '\0');
  return Frame(0x1, flags, frame.stream_id, payload);
}

std::string Headers(StreamId stream_id, const std::vector<Header>& headers,
                    bool end_stream) {
  HeadersFrame frame;
  frame.stream_id = stream_id;
  frame.block = Block(headers);
  frame.end_stream = end_stream;
  return Build(frame);
}

std::string Continuation(StreamId stream_id, absl::string_view block,
                         bool end_headers) {
  return Frame(0x9, end_headers ? 0x4 : 0, stream_id, block);
}

std::string Data(StreamId stream_id, absl::string_view data, bool end_stream,
                 std::optional<uint8_t> padding) {
  uint8_t flags = end_stream ? 0x1 : 0;
  std::string payload(data);
  if (padding.has_value()) {
    flags |= 0x8;
    payload =
        absl::StrCat(Number(*padding, 1), data, std::string(*padding, '\0'));
  }
  return Frame(0x0, flags, stream_id, payload);
}

std::string Priority(StreamId stream_id, const StreamPriority& priority) {
  return Frame(0x2, 0, stream_id, PriorityFields(priority));
}

std::string RstStream(StreamId stream_id, ErrorCode code) {
  return Frame(0x3, 0, stream_id, Number(static_cast<uint32_t>(code), 4));
}

std::string Settings(
    std::initializer_list<std::pair<uint16_t, uint32_t>> settings) {
  std::string payload;
  for (const auto& [id, value] : settings) {
    payload += Number(id, 2) + Number(value, 4);
  }
  return Frame(0x4, 0, 0, payload);
}

std::string SettingsAck() { return Frame(0x4, 0x1, 0, ""); }

std::string PushPromise(StreamId stream_id, StreamId promised_id,
                        const std::vector<Header>& headers) {
  return Frame(0x5, 0x4, stream_id, Number(promised_id, 4) + Block(headers));
}

std::string Ping(absl::string_view opaque_data, bool ack) {
  return Frame(0x6, ack ? 0x1 : 0, 0, opaque_data);
}

std::string GoAway(StreamId last_stream_id, ErrorCode code,
                   absl::string_view additional_data) {
  return Frame(
      0x7, 0, 0,
      absl::StrCat(Number(last_stream_id, 4),
                   Number(static_cast<uint32_t>(code), 4), additional_data));
}

std::string WindowUpdate(StreamId stream_id, uint32_t increment) {
  return Frame(0x8, 0, stream_id, Number(increment, 4));
}

std::string AltSvc(StreamId stream_id, absl::string_view origin,
                   absl::string_view field_value) {
  return Frame(0xa, 0, stream_id,
               absl::StrCat(Number(origin.size(), 2), origin, field_value));
}

std::string PriorityUpdate(StreamId prioritized_id, absl::string_view value,
                           StreamId on_stream) {
  return Frame(0x10, 0, on_stream,
               absl::StrCat(Number(prioritized_id, 4), value));
}

std::vector<Header> GetRequest(absl::string_view path) {
  return {{":method", "GET"},
          {":scheme", "https"},
          {":authority", "example.com"},
          {":path", std::string(path)}};
}

std::vector<Header> PostRequest() {
  return {{":method", "POST"},
          {":scheme", "https"},
          {":authority", "example.com"},
          {":path", "/"}};
}

std::vector<Header> OkResponse() {
  return {{":status", "200"}, {"server", "sluice"}};
}

}  // namespace sluice::h2::testing
