#include "tests/h2/frame_builder.h"

#include <sluice/signals/rfc7540_priority.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace sluice::h2::tests {

std::string Uint16(uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string Uint32(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string FrameHeaderBytes(uint32_t length, uint8_t type, uint8_t flags,
                             uint32_t stream_id) {
  std::string header = Uint32(length).substr(1);
  header.push_back(static_cast<char>(type));
  header.push_back(static_cast<char>(flags));
  return header + Uint32(stream_id);
}

std::string RawFrame(uint8_t type, uint8_t flags, uint32_t stream_id,
                     absl::string_view payload) {
  return absl::StrCat(FrameHeaderBytes(payload.size(), type, flags, stream_id),
                      payload);
}

std::string Padded(absl::string_view body, uint8_t pad_length) {
  std::string payload(1, static_cast<char>(pad_length));
  payload.append(body.data(), body.size());
  payload.append(pad_length, '\0');
  return payload;
}

std::string PriorityFields(const signals::Rfc7540Priority& priority) {
  std::string fields =
      Uint32(priority.depends_on | (priority.exclusive ? 0x80000000u : 0u));
  fields.push_back(static_cast<char>(priority.weight - 1));
  return fields;
}

std::string DataFrame(StreamId id, absl::string_view data, uint8_t flags) {
  return RawFrame(kData, flags, id, data);
}

std::string HeadersFrame(StreamId id, absl::string_view block, uint8_t flags) {
  return RawFrame(kHeaders, flags, id, block);
}

std::string PriorityFrame(StreamId id,
                          const signals::Rfc7540Priority& priority) {
  return RawFrame(kPriority, 0, id, PriorityFields(priority));
}

std::string RstStreamFrame(StreamId id, ErrorCode code) {
  return RawFrame(kRstStream, 0, id, Uint32(static_cast<uint32_t>(code)));
}

std::string SettingsFrame(const std::vector<Setting>& settings) {
  std::string payload;
  for (const Setting& setting : settings) {
    payload += Uint16(static_cast<uint16_t>(setting.id));
    payload += Uint32(setting.value);
  }
  return RawFrame(kSettings, 0, 0, payload);
}

std::string SettingsAckFrame() { return RawFrame(kSettings, kAck, 0, ""); }

std::string PushPromiseFrame(StreamId id, uint32_t promised_id,
                             absl::string_view block, uint8_t flags) {
  return RawFrame(kPushPromise, flags, id,
                  absl::StrCat(Uint32(promised_id), block));
}

std::string PingFrame(absl::string_view opaque_data, uint8_t flags) {
  return RawFrame(kPing, flags, 0, opaque_data);
}

std::string GoAwayFrame(uint32_t last_stream_id, ErrorCode code,
                        absl::string_view additional_data) {
  return RawFrame(
      kGoAway, 0, 0,
      absl::StrCat(Uint32(last_stream_id), Uint32(static_cast<uint32_t>(code)),
                   additional_data));
}

std::string WindowUpdateFrame(StreamId id, uint32_t increment) {
  return RawFrame(kWindowUpdate, 0, id, Uint32(increment));
}

std::string ContinuationFrame(StreamId id, absl::string_view block,
                              uint8_t flags) {
  return RawFrame(kContinuation, flags, id, block);
}

std::string AltSvcFrame(StreamId id, absl::string_view origin,
                        absl::string_view field_value) {
  return RawFrame(kAltSvc, 0, id,
                  absl::StrCat(Uint16(static_cast<uint16_t>(origin.size())),
                               origin, field_value));
}

std::string PriorityUpdateFrame(uint32_t prioritized_id,
                                absl::string_view field_value,
                                StreamId on_stream) {
  return RawFrame(kPriorityUpdate, 0, on_stream,
                  absl::StrCat(Uint32(prioritized_id), field_value));
}

std::string HpackInteger(uint8_t pattern, int prefix_bits, uint64_t value) {
  const uint64_t limit = (uint64_t{1} << prefix_bits) - 1;
  if (value < limit) return {static_cast<char>(pattern | value)};
  std::string bytes(1, static_cast<char>(pattern | limit));
  value -= limit;
  while (value >= 0x80) {
    bytes.push_back(static_cast<char>(value % 0x80 + 0x80));
    value /= 0x80;
  }
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

std::string LiteralField(const Header& header) {
  return absl::StrCat(std::string(1, header.never_indexed ? '\x10' : '\0'),
                      HpackInteger(0, 7, header.name.size()), header.name,
                      HpackInteger(0, 7, header.value.size()), header.value);
}

std::string Block(const std::vector<Header>& headers) {
  std::string block;
  for (const Header& header : headers) block += LiteralField(header);
  return block;
}

std::vector<Header> Get(absl::string_view path) {
  return {{":method", "GET"},
          {":scheme", "https"},
          {":authority", "example.com"},
          {":path", std::string(path)}};
}

std::vector<Header> Post(absl::string_view path) {
  std::vector<Header> headers = Get(path);
  headers[0].value = "POST";
  return headers;
}

std::vector<Header> Status(absl::string_view status) {
  return {{":status", std::string(status)}};
}

std::vector<Header> With(std::vector<Header> headers,
                         const std::vector<Header>& more) {
  headers.insert(headers.end(), more.begin(), more.end());
  return headers;
}

std::string Repeat(size_t times, absl::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < times; ++i) absl::StrAppend(&out, bytes);
  return out;
}

}  // namespace sluice::h2::tests
