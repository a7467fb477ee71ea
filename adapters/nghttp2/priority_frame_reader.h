// Finds the PRIORITY frames (RFC 9113 §6.3) in the bytes that a connection
// receives, for a library that does not report them. Of other frames it reads
// only the header of nine bytes (§4.1).
//
//   std::optional<PrioritySignal> signal;
//   const size_t taken = reader.Take(bytes, &signal);
//   // bytes.substr(taken) comes next; act on the signal before it.
//
// O(frames + PRIORITY payload), no allocation. Copyable: a copy looks ahead.
#ifndef SLUICE_ADAPTERS_NGHTTP2_PRIORITY_FRAME_READER_H_
#define SLUICE_ADAPTERS_NGHTTP2_PRIORITY_FRAME_READER_H_

#include <sluice/signals/rfc7540_priority.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace sluice::adapters {

struct PrioritySignal {
  uint32_t stream_id = 0;
  signals::Rfc7540Priority priority;

  friend bool operator==(const PrioritySignal&,
                         const PrioritySignal&) = default;
};

class PriorityFrameReader {
 public:
  // Reads the connection's next `bytes`, the client's preface (§3.4) included,
  // up to the end of the next PRIORITY frame. Returns how many bytes it read:
  // all when no such frame ends there. It skips a malformed one (not 5 bytes
  // long, or on stream 0), which the library judges.
  size_t Take(absl::string_view bytes, std::optional<PrioritySignal>* signal);

 private:
  static constexpr size_t kHeader = 9;
  static constexpr size_t kPayload = 5;  // of a PRIORITY frame

  void OnHeader();

  bool started_ = false;
  // The frame's header, and the payload of a PRIORITY frame behind it.
  std::array<uint8_t, kHeader + kPayload> frame_ = {};
  size_t have_ = 0;         // bytes of frame_
  size_t want_ = kHeader;   // have_ grows to it
  size_t passed_over_ = 0;  // bytes to skip first
};

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_NGHTTP2_PRIORITY_FRAME_READER_H_
