// The bytes that wait for the socket: a chain of control bytes (frame headers
// and every frame but DATA) and DATA payloads, which are shared, not copied.
//
// It keeps the limits of the output: the marks of DATA bytes and of control
// bytes, and the number of answers that the peer made us queue.
#ifndef SLUICE_H2_OUTPUT_BUFFER_H_
#define SLUICE_H2_OUTPUT_BUFFER_H_

#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {

class OutputBuffer {
 public:
  explicit OutputBuffer(const Limits& limits = {})
      : data_mark_(limits.output_high_water_mark),
        control_mark_(limits.output_control_high_water_mark),
        max_answers_(limits.max_queued_answers) {}

  // Bytes of any frame but DATA. O(bytes); allocates nothing once warm.
  void AppendControl(absl::string_view bytes);

  // The same for a frame that the peer made us send: counts as an answer until
  // its last byte is consumed. Error: DenialOfService (max_queued_answers
  // wait).
  absl::Status AppendAnswer(absl::string_view bytes);

  // A DATA frame: its header (with Pad Length), its payload, its padding.
  void AppendData(absl::string_view frame_header, absl::Cord payload,
                  size_t padding);
  void AppendData(absl::string_view frame_header, SharedBytes payload,
                  size_t padding);

  // Whether the control bytes are below their mark. An output without any is.
  bool AdmitsFrames() const {
    return control_size() == 0 || control_size() < control_mark_;
  }
  // DATA bytes that fit under their mark.
  size_t DataRoom() const;

  // All bytes that wait.
  size_t size() const { return control_size() + data_size_; }
  // DATA payload bytes that wait.
  size_t data_size() const { return data_size_; }
  // All other bytes that wait.
  size_t control_size() const { return control_.size() - control_head_; }
  // Answers that wait, also in part.
  size_t answers() const { return answers_.size() - answers_head_; }

  // Copies out and consumes up to `max` bytes.
  std::string Take(size_t max);

  // Fills `out` with the first pieces and returns their number. O(pieces).
  size_t Peek(absl::Span<iovec> out) const;

  // Drops the first `bytes` bytes, `bytes` ≤ size().
  void Consume(size_t bytes);

 private:
  // `control` bytes of control_, then `body`.
  struct Segment {
    size_t control = 0;
    absl::Cord body;
  };

  void Compact();

  size_t data_mark_;
  size_t control_mark_;
  size_t max_answers_;

  // Each is a queue in a vector: everything before its head is consumed. An
  // empty output empties them, so that their memory is used again.
  std::string control_;
  size_t control_head_ = 0;
  std::vector<Segment> segments_;
  size_t segments_head_ = 0;
  size_t body_offset_ = 0;         // consumed bytes of the front segment's body
  std::vector<uint64_t> answers_;  // position behind each answer
  size_t answers_head_ = 0;

  size_t data_size_ = 0;
  uint64_t consumed_ = 0;  // position of the first byte that waits
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_OUTPUT_BUFFER_H_
