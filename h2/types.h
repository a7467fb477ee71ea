// The words of HTTP/2 that every other header of this room uses: stream ids,
// error codes, settings and header fields (RFC 9113 §5.1.1, §7, §6.5.2, §8.2).
#ifndef SLUICE_H2_TYPES_H_
#define SLUICE_H2_TYPES_H_

#include <sluice/signals/stream_id.h>
#include <sluice/signals/views.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace sluice::h2 {

using signals::kMaxStreamId;
using signals::OutSpan;
using signals::StreamId;
using signals::StringView;

inline constexpr StreamId kConnectionStreamId = 0;

// RFC 9113 §7. An ErrorCode may hold any 32-bit value: codes outside this list
// are kept as they came.
enum class ErrorCode : uint32_t {
  kNoError = 0x0,
  kProtocolError = 0x1,
  kInternalError = 0x2,
  kFlowControlError = 0x3,
  kSettingsTimeout = 0x4,
  kStreamClosed = 0x5,
  kFrameSizeError = 0x6,
  kRefusedStream = 0x7,
  kCancel = 0x8,
  kCompressionError = 0x9,
  kConnectError = 0xa,
  kEnhanceYourCalm = 0xb,
  kInadequateSecurity = 0xc,
  kHttp11Required = 0xd,
};

// "PROTOCOL_ERROR" …, or "UNKNOWN" for a value outside RFC 9113 §7.
inline StringView ErrorCodeName(ErrorCode code) {
  constexpr StringView kNames[] = {
      "NO_ERROR",
      "PROTOCOL_ERROR",
      "INTERNAL_ERROR",
      "FLOW_CONTROL_ERROR",
      "SETTINGS_TIMEOUT",
      "STREAM_CLOSED",
      "FRAME_SIZE_ERROR",
      "REFUSED_STREAM",
      "CANCEL",
      "COMPRESSION_ERROR",
      "CONNECT_ERROR",
      "ENHANCE_YOUR_CALM",
      "INADEQUATE_SECURITY",
      "HTTP_1_1_REQUIRED",
  };
  const auto value = static_cast<uint32_t>(code);
  return value < std::size(kNames) ? kNames[value] : "UNKNOWN";
}

// RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1. A SettingId may hold any 16-bit
// value: unknown identifiers are kept.
enum class SettingId : uint16_t {
  kHeaderTableSize = 0x1,
  kEnablePush = 0x2,
  kMaxConcurrentStreams = 0x3,
  kInitialWindowSize = 0x4,
  kMaxFrameSize = 0x5,
  kMaxHeaderListSize = 0x6,
  kEnableConnectProtocol = 0x8,
  kNoRfc7540Priorities = 0x9,
};

// One header field. `never_indexed` is HPACK's never-indexed literal
// (RFC 7541 §6.2.3): kept on the way in, obeyed on the way out.
struct Header {
  std::string name;
  std::string value;
  bool never_indexed = false;

  friend bool operator==(const Header&, const Header&) = default;
};

// The same without the text, which somebody else keeps.
struct HeaderView {
  StringView name;
  StringView value;
  bool never_indexed = false;

  friend bool operator==(const HeaderView&, const HeaderView&) = default;
};

// The fields of a header section that came in, in their order; a view of memory
// of the connection: see events.h. Loops take HeaderView: nothing but
// ToHeaders() copies.
class HeaderList {
 public:
  using value_type = HeaderView;
  using const_iterator = const HeaderView*;

  HeaderList() = default;
  explicit HeaderList(absl::Span<const HeaderView> fields) : fields_(fields) {}

  const_iterator begin() const { return fields_.data(); }
  const_iterator end() const { return fields_.data() + fields_.size(); }
  const HeaderView* data() const { return fields_.data(); }
  size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  const HeaderView& operator[](size_t i) const { return fields_[i]; }
  const HeaderView& front() const { return fields_.front(); }
  const HeaderView& back() const { return fields_.back(); }

  // The value of the first field called `name`, in lower case; nothing where
  // there is none. O(fields).
  std::optional<StringView> Find(StringView name) const {
    for (const HeaderView& field : fields_) {
      if (field.name == name) return field.value;
    }
    return std::nullopt;
  }

  // Copies that live as long as you like.
  std::vector<Header> ToHeaders() const {
    std::vector<Header> headers;
    headers.reserve(size());
    for (const HeaderView& field : fields_) {
      headers.push_back({std::string(field.name), std::string(field.value),
                         field.never_indexed});
    }
    return headers;
  }

 private:
  absl::Span<const HeaderView> fields_;
};

// Bytes of a body, and what keeps them alive until they are on the wire. They
// must not change by then. Without an owner they must outlive the connection.
struct SharedBytes {
  StringView bytes;
  std::shared_ptr<const void> owner;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_TYPES_H_
