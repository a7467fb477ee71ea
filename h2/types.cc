#include <sluice/h2/types.h>

#include <cstdint>
#include <iterator>

#include "absl/strings/string_view.h"

namespace sluice::h2 {

absl::string_view ErrorCodeName(ErrorCode code) {
  static constexpr absl::string_view kNames[] = {
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
  const uint32_t value = static_cast<uint32_t>(code);
  return value < std::size(kNames) ? kNames[value] : "UNKNOWN";
}

}  // namespace sluice::h2
