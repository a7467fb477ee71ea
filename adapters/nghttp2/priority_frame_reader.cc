#include <sluice/adapters/nghttp2/priority_frame_reader.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace sluice::adapters {
namespace {

constexpr size_t kPreface = 24;  // bytes; RFC 9113 §3.4
constexpr uint32_t kPriorityType = 0x2;
constexpr uint32_t kStreamIdMask = 0x7fffffff;

// Big-endian.
uint32_t Number(const uint8_t* bytes, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) value = (value << 8) | bytes[i];
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
  while (!bytes.empty()) {
    const size_t over = std::min(passed_over_, bytes.size());
    passed_over_ -= over;
    bytes.remove_prefix(over);
    // A whole header is read where it is.
    if (have_ == 0 && bytes.size() >= kHeader) {
      const auto* header = reinterpret_cast<const uint8_t*>(bytes.data());
      if (header[3] != kPriorityType) {
        passed_over_ = Number(header, 3);
        bytes.remove_prefix(kHeader);
        continue;
      }
    }
    const size_t more = std::min(want_ - have_, bytes.size());
    std::copy_n(bytes.begin(), more, frame_.begin() + have_);
    have_ += more;
    bytes.remove_prefix(more);
    if (have_ < want_) continue;
    if (want_ == kHeader) {
      OnHeader();
      continue;
    }
    have_ = 0;
    want_ = kHeader;
    const uint32_t dependency = Number(&frame_[kHeader], 4);
    *signal = PrioritySignal{
        .stream_id = Number(&frame_[5], 4) & kStreamIdMask,
        .priority = {.depends_on = dependency & kStreamIdMask,
                     .weight = static_cast<int>(frame_[kHeader + 4]) + 1,
                     .exclusive = dependency > kStreamIdMask}};
    return all - bytes.size();
  }
  return all;
}

void PriorityFrameReader::OnHeader() {
  const uint32_t length = Number(&frame_[0], 3);
  if (frame_[3] == kPriorityType && length == kPayload &&
      (Number(&frame_[5], 4) & kStreamIdMask) != 0) {
    want_ = kHeader + kPayload;
    return;
  }
  passed_over_ = length;
  have_ = 0;
}

}  // namespace sluice::adapters
