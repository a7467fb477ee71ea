// The bytes that wait for the socket: a chain of control bytes (frame headers
// and every frame but DATA) and DATA payloads, which are shared, not copied.
//
// It keeps the limits of the output: the marks of DATA bytes and of control
// bytes, and the number of answers that the peer made us queue.
#ifndef SLUICE_H2_OUTPUT_BUFFER_H_
#define SLUICE_H2_OUTPUT_BUFFER_H_

#include <sluice/h2/byte_queue.h>
#include <sluice/h2/options.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/types.h>

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
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
  void AppendControl(absl::string_view bytes) {
    bytes.copy(ControlRoom(bytes.size()), bytes.size());
    AddControl(bytes.size());
  }

  // The same for bytes that are written in place: room for `bytes` of them, of
  // which AddControl() adds the first.
  char* ControlRoom(size_t bytes) { return control_.Room(bytes); }
  void AddControl(size_t bytes) {
    control_.Add(bytes);
    last_control_ += bytes;
  }

  // The same for a frame that the peer made us send: counts as an answer until
  // its last byte is consumed. Error: DenialOfService (max_queued_answers
  // wait).
  absl::Status AppendAnswer(absl::string_view bytes);
  // In two steps: whether one may be added, and that it was.
  absl::Status CheckAnswer() const;
  void CountAnswer() { answers_.push_back(consumed_ + size()); }

  // The payload of a DATA frame whose header is the last thing that was added,
  // and its padding. Takes what it gets.
  void AppendData(absl::Cord&& payload, size_t padding);
  void AppendData(SharedBytes&& payload, size_t padding);

  // Whether the control bytes are below their mark. An output without any is.
  bool AdmitsFrames() const {
    return control_size() == 0 || control_size() < control_mark_;
  }
  // DATA bytes that fit under their mark. One frame is always admitted to an
  // output without DATA. It is of a size that every peer takes: the peer's own
  // maximum is no bound for us.
  size_t DataRoom() const {
    if (data_size_ == 0) {
      return std::max<size_t>(data_mark_, kMinMaxFrameSize);
    }
    return data_mark_ > data_size_ ? data_mark_ - data_size_ : 0;
  }

  // All bytes that wait.
  size_t size() const { return control_size() + data_size_; }
  // DATA payload bytes that wait.
  size_t data_size() const { return data_size_; }
  // All other bytes that wait.
  size_t control_size() const { return control_.size(); }
  // Answers that wait, also in part.
  size_t answers() const { return answers_.size() - answers_head_; }

  // Copies out and consumes up to `max` bytes.
  std::string Take(size_t max);

  // Fills `out` with the first pieces and returns their number. O(pieces).
  size_t Peek(absl::Span<iovec> out) const;

  // Drops the first `bytes` bytes, `bytes` ≤ size(). Cheapest for all of them.
  void Consume(size_t bytes) {
    consumed_ += bytes;
    if (bytes == size()) {
      Empty();
    } else {
      ConsumeSome(bytes);
    }
  }

 private:
  // `control` bytes of control_, then the bytes of a body.
  struct Segment {
    size_t control = 0;
    const char* body = nullptr;  // null: the last bytes of `cord`
    size_t body_size = 0;
    std::shared_ptr<const void> owner;
    absl::Cord cord;
  };

  // The control bytes so far are followed by a body.
  Segment& AddSegment(size_t body_size) {
    Segment& segment = segments_.emplace_back();
    segment.control = std::exchange(last_control_, 0);
    segment.body_size = body_size;
    data_size_ += body_size;
    return segment;
  }
  void AddPadding(size_t bytes);
  void ConsumeSome(size_t bytes);
  void Empty();

  size_t data_mark_;
  size_t control_mark_;
  size_t max_answers_;

  // Segments and answers are queues in vectors: everything before the head is
  // consumed. An empty output empties them, so that their memory is used again.
  ByteQueue control_;
  std::vector<Segment> segments_;
  size_t segments_head_ = 0;
  size_t last_control_ = 0;        // control bytes behind the last segment
  std::vector<uint64_t> answers_;  // position behind each answer
  size_t answers_head_ = 0;

  size_t data_size_ = 0;
  uint64_t consumed_ = 0;  // position of the first byte that waits
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_OUTPUT_BUFFER_H_
