// Finds the PRIORITY frames (RFC 9113 §6.3) and the PRIORITY_UPDATE frames (RFC
// 9218 §7.1) in the bytes that a connection receives, for a library that does
// not report them. Of other frames it reads only the header of nine bytes
// (§4.1).
//
//   std::optional<PrioritySignal> signal;
//   const size_t taken = reader.Take(bytes, &signal);
//   // bytes.substr(taken) comes next; act on the signal before it.
//
// O(frames + their payload), no allocation unless a PRIORITY_UPDATE of more
// than 15 bytes comes in pieces.
#ifndef SLUICE_ADAPTERS_NGHTTP2_PRIORITY_FRAME_READER_H_
#define SLUICE_ADAPTERS_NGHTTP2_PRIORITY_FRAME_READER_H_

#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"

namespace sluice::adapters {

struct PrioritySignal {
  uint32_t stream_id = 0;
  std::variant<signals::Rfc7540Priority, signals::Rfc9218Priority> priority;

  friend bool operator==(const PrioritySignal&,
                         const PrioritySignal&) = default;
};

class PriorityFrameReader {
 public:
  // Reads the connection's next `bytes`, the client's preface (§3.4) included,
  // up to the end of the next frame with a signal. Returns how many bytes it
  // read: all when no such frame ends there. It skips a malformed one, which
  // the library judges: of a wrong length or stream. A PRIORITY_UPDATE without
  // a signal in it is skipped, and one of more than 1024 bytes.
  size_t Take(absl::string_view bytes, std::optional<PrioritySignal>* signal);

 private:
  // A new frame's header; what follows it is payload_ or passed_over_.
  void OnHeader(absl::string_view header);
  std::optional<PrioritySignal> ReadPayload(absl::string_view payload) const;

  bool started_ = false;
  bool is_update_ = false;  // of the payload
  uint32_t stream_id_ = 0;  // of the payload's frame
  size_t payload_ = 0;      // bytes that come next; 0: a header does
  size_t passed_over_ = 0;  // bytes to skip first
  std::string held_;        // the begin of the header or of the payload
};

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_NGHTTP2_PRIORITY_FRAME_READER_H_
