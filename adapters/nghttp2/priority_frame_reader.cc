#include <sluice/adapters/nghttp2/priority_frame_reader.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace sluice::adapters {
namespace {

using ::sluice::signals::ParseRfc9218Priority;
using ::sluice::signals::Rfc7540Priority;
using ::sluice::signals::Rfc9218Priority;

constexpr size_t kPreface = 24;  // bytes; RFC 9113 §3.4
constexpr size_t kHeader = 9;
constexpr uint8_t kPriorityType = 0x2;
constexpr size_t kPriorityPayload = 5;
constexpr uint8_t kUpdateType = 0x10;
constexpr size_t kStreamId = 4;  // the begin of a PRIORITY_UPDATE's payload
constexpr size_t kMaxUpdate = 1024;
constexpr uint32_t kStreamIdMask = 0x7fffffff;

uint8_t Byte(absl::string_view bytes, size_t index) {
  return static_cast<uint8_t>(bytes[index]);
}

// Big-endian.
uint32_t Number(absl::string_view bytes, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) value = (value << 8) | Byte(bytes, i);
  return value;
}

}  // namespace

size_t PriorityFrameReader::Take(absl::string_view bytes,
                                 std::optional<PrioritySignal>* signal) {
  signal->reset();
  const size_t all = bytes.size();
  // No first frame begins with the preface's 'P': as the first byte of a length
  // it would mean 5 MiB, and the first frame is SETTINGS.
  if (!started_ && all > 0) {
    started_ = true;
    if (bytes.front() == 'P') passed_over_ = kPreface;
  }
  while (true) {
    const size_t over = std::min(passed_over_, bytes.size());
    passed_over_ -= over;
    bytes.remove_prefix(over);
    if (bytes.empty()) return all;
    const bool is_payload = payload_ > 0;
    const size_t size = is_payload ? payload_ : kHeader;
    absl::string_view whole = bytes.substr(0, size);
    // In pieces, it is gathered first; else it is read where it is.
    if (!held_.empty() || whole.size() < size) {
      whole = bytes.substr(0, size - held_.size());
      bytes.remove_prefix(whole.size());
      held_.append(whole.data(), whole.size());
      if (held_.size() < size) return all;
      whole = held_;
    } else {
      bytes.remove_prefix(size);
    }
    if (is_payload) {
      payload_ = 0;
      *signal = ReadPayload(whole);
    } else {
      OnHeader(whole);
    }
    held_.clear();
    if (signal->has_value()) return all - bytes.size();
  }
}

void PriorityFrameReader::OnHeader(absl::string_view header) {
  const uint32_t length = Number(header, 3);
  const uint8_t type = Byte(header, 3);
  passed_over_ = length;
  if (type != kPriorityType && type != kUpdateType) return;
  is_update_ = type == kUpdateType;
  stream_id_ = Number(header.substr(kHeader - kStreamId), 4) & kStreamIdMask;
  const bool wanted =
      is_update_
          ? stream_id_ == 0 && length >= kStreamId && length <= kMaxUpdate
          : stream_id_ != 0 && length == kPriorityPayload;
  if (!wanted) return;
  passed_over_ = 0;
  payload_ = length;
}

std::optional<PrioritySignal> PriorityFrameReader::ReadPayload(
    absl::string_view payload) const {
  const uint32_t number = Number(payload, kStreamId);
  const uint32_t stream_id = number & kStreamIdMask;
  if (!is_update_) {
    return PrioritySignal{
        stream_id_, Rfc7540Priority{.depends_on = stream_id,
                                    .weight = Byte(payload, kStreamId) + 1,
                                    .exclusive = number > kStreamIdMask}};
  }
  const std::optional<Rfc9218Priority> said =
      ParseRfc9218Priority(payload.substr(kStreamId));
  if (stream_id == 0 || !said.has_value()) return std::nullopt;
  return PrioritySignal{stream_id, *said};
}

}  // namespace sluice::adapters
