#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/output_buffer.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

// An idle connection keeps at most this for its next frames.
constexpr size_t kKeepControlBytes = 2048;
constexpr size_t kKeepItems = 16;

// The consumed part of a queue is cut off when it is longer than this and than
// the part that waits: amortised O(1) for each item.
constexpr size_t kCompactItems = 64;

template <typename Queue>
void CutOff(Queue* queue, size_t* head) {
  if (*head <= kCompactItems || *head <= queue->size() / 2) return;
  queue->erase(queue->begin(), queue->begin() + static_cast<ptrdiff_t>(*head));
  *head = 0;
}

template <typename Queue>
void Clear(Queue* queue, size_t* head) {
  queue->clear();
  if (queue->capacity() > kKeepItems) queue->shrink_to_fit();
  *head = 0;
}

}  // namespace

// --- Bytes in --------------------------------------------------------------

absl::Status OutputBuffer::CheckAnswer() const {
  if (answers() < max_answers_) return absl::OkStatus();
  return ConnectionFault(ErrorKind::kDenialOfService, "the peer has not read ",
                         answers(), " answers; ", max_answers_,
                         " may wait (RFC 9113 10.5)");
}

absl::Status OutputBuffer::AppendAnswer(absl::string_view bytes) {
  SLUICE_RETURN_IF_ERROR(CheckAnswer());
  AppendControl(bytes);
  CountAnswer();
  return absl::OkStatus();
}

void OutputBuffer::AppendData(absl::Cord&& payload, size_t padding) {
  if (!payload.empty()) {
    Segment& segment = AddSegment(payload.size());
    segment.cord = std::move(payload);
  }
  if (padding > 0) AddPadding(padding);
}

void OutputBuffer::AppendData(SharedBytes&& payload, size_t padding) {
  if (!payload.bytes.empty()) {
    Segment& segment = AddSegment(payload.bytes.size());
    segment.body = payload.bytes.data();
    segment.owner = std::move(payload.owner);
  }
  if (padding > 0) AddPadding(padding);
}

void OutputBuffer::AddPadding(size_t bytes) {
  std::memset(ControlRoom(bytes), 0, bytes);
  AddControl(bytes);
}

// --- Bytes out -------------------------------------------------------------

namespace {

// Fills a caller's pieces, until there are no more.
struct Pieces {
  iovec* next;
  iovec* const end;

  // False: there is no place left.
  bool Add(const char* bytes, size_t size) {
    if (size == 0) return true;
    if (next == end) return false;
    *next++ = {const_cast<char*>(bytes), size};
    return true;
  }
  // The last `size` bytes of `cord`. Not inlined, since few bodies are one.
  ABSL_ATTRIBUTE_NOINLINE bool Add(const absl::Cord& cord, size_t size) {
    size_t skip = cord.size() - size;
    for (absl::string_view chunk : cord.Chunks()) {
      const size_t skipped = std::min(skip, chunk.size());
      skip -= skipped;
      if (!Add(chunk.data() + skipped, chunk.size() - skipped)) return false;
    }
    return true;
  }
};

}  // namespace

size_t OutputBuffer::Peek(absl::Span<iovec> out) const {
  Pieces pieces = {out.data(), out.data() + out.size()};
  const char* control = control_.data();
  bool room = true;
  for (size_t i = segments_head_; room && i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    room =
        pieces.Add(control, segment.control) &&
        (segment.body != nullptr ? pieces.Add(segment.body, segment.body_size)
                                 : pieces.Add(segment.cord, segment.body_size));
    control += segment.control;
  }
  if (room) pieces.Add(control, last_control_);
  return static_cast<size_t>(pieces.next - out.data());
}

void OutputBuffer::ConsumeSome(size_t bytes) {
  assert(bytes < size());
  while (bytes > 0 && segments_head_ < segments_.size()) {
    Segment& front = segments_[segments_head_];
    const size_t control = std::min(bytes, front.control);
    front.control -= control;
    control_.Drop(control);
    bytes -= control;
    const size_t body = std::min(bytes, front.body_size);
    if (front.body != nullptr) front.body += body;
    front.body_size -= body;
    data_size_ -= body;
    bytes -= body;
    if (front.control > 0 || front.body_size > 0) break;
    front = Segment();
    ++segments_head_;
  }
  control_.Drop(bytes);
  last_control_ -= bytes;
  while (answers() > 0 && answers_[answers_head_] <= consumed_) {
    ++answers_head_;
  }
  CutOff(&segments_, &segments_head_);
  CutOff(&answers_, &answers_head_);
}

void OutputBuffer::Empty() {
  control_.Clear(kKeepControlBytes);
  last_control_ = 0;
  data_size_ = 0;
  if (!segments_.empty()) Clear(&segments_, &segments_head_);
  if (!answers_.empty()) Clear(&answers_, &answers_head_);
}

std::string OutputBuffer::Take(size_t max) {
  const size_t wanted = std::min(max, size());
  std::string taken;
  taken.reserve(wanted);
  while (taken.size() < wanted) {
    iovec pieces[16];
    const size_t filled = Peek(absl::MakeSpan(pieces));
    size_t copied = 0;
    for (size_t i = 0; i < filled && taken.size() < wanted; ++i) {
      const size_t length = std::min(pieces[i].iov_len, wanted - taken.size());
      taken.append(static_cast<const char*>(pieces[i].iov_base), length);
      copied += length;
    }
    Consume(copied);
  }
  return taken;
}

}  // namespace sluice::h2
