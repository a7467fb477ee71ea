#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/output_buffer.h>
#include <sluice/h2/settings.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

// An idle connection keeps at most this for its next frames.
constexpr size_t kKeepControlBytes = 1024;
constexpr size_t kKeepSegments = 16;

// The consumed part of a queue is cut off when it is longer than this and than
// the part that waits: amortised O(1) for each byte.
constexpr size_t kCompactControlBytes = 4096;
constexpr size_t kCompactItems = 64;

template <typename Queue>
void CutOff(size_t longest, Queue* queue, size_t* head) {
  if (*head <= longest || *head <= queue->size() / 2) return;
  queue->erase(queue->begin(), queue->begin() + static_cast<ptrdiff_t>(*head));
  *head = 0;
}

}  // namespace

void OutputBuffer::AppendControl(absl::string_view bytes) {
  if (bytes.empty()) return;
  if (segments_.size() == segments_head_ || !segments_.back().body.empty()) {
    segments_.emplace_back();
  }
  segments_.back().control += bytes.size();
  control_.append(bytes.data(), bytes.size());
}

absl::Status OutputBuffer::AppendAnswer(absl::string_view bytes) {
  if (answers() >= max_answers_) {
    return ConnectionFault(ErrorKind::kDenialOfService,
                           "the peer has not read ", answers(), " answers; ",
                           max_answers_, " may wait (RFC 9113 10.5)");
  }
  AppendControl(bytes);
  answers_.push_back(consumed_ + size());
  return absl::OkStatus();
}

void OutputBuffer::AppendData(absl::string_view frame_header,
                              absl::Cord payload, size_t padding) {
  AppendControl(frame_header);
  if (!payload.empty()) {
    data_size_ += payload.size();
    segments_.back().body = std::move(payload);
  }
  if (padding > 0) AppendControl(std::string(padding, '\0'));
}

void OutputBuffer::AppendData(absl::string_view frame_header,
                              SharedBytes payload, size_t padding) {
  AppendData(frame_header,
             absl::MakeCordFromExternal(payload.bytes,
                                        [owner = std::move(payload.owner)] {}),
             padding);
}

size_t OutputBuffer::DataRoom() const {
  // One frame is always admitted to an output without DATA. It is of a size
  // that every peer takes: the peer's own maximum is no bound for us.
  const size_t mark = data_size_ == 0
                          ? std::max<size_t>(data_mark_, kMinMaxFrameSize)
                          : data_mark_;
  return mark > data_size_ ? mark - data_size_ : 0;
}

size_t OutputBuffer::Peek(absl::Span<iovec> out) const {
  size_t filled = 0;
  const char* control = control_.data() + control_head_;
  size_t skip = body_offset_;
  for (size_t i = segments_head_; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    if (segment.control > 0) {
      if (filled == out.size()) return filled;
      out[filled++] = {const_cast<char*>(control), segment.control};
      control += segment.control;
    }
    for (absl::string_view chunk : segment.body.Chunks()) {
      if (skip >= chunk.size()) {
        skip -= chunk.size();
        continue;
      }
      chunk.remove_prefix(skip);
      skip = 0;
      if (filled == out.size()) return filled;
      out[filled++] = {const_cast<char*>(chunk.data()), chunk.size()};
    }
  }
  return filled;
}

void OutputBuffer::Consume(size_t bytes) {
  assert(bytes <= size());
  consumed_ += bytes;
  while (bytes > 0) {
    Segment& front = segments_[segments_head_];
    const size_t control = std::min(bytes, front.control);
    front.control -= control;
    control_head_ += control;
    bytes -= control;
    const size_t left = front.body.size() - body_offset_;
    const size_t body = std::min(bytes, left);
    body_offset_ += body;
    data_size_ -= body;
    bytes -= body;
    if (front.control == 0 && body == left) {
      front.body = absl::Cord();
      ++segments_head_;
      body_offset_ = 0;
    }
  }
  while (answers() > 0 && answers_[answers_head_] <= consumed_) {
    ++answers_head_;
  }
  Compact();
}

void OutputBuffer::Compact() {
  if (size() == 0) {
    segments_.clear();
    segments_head_ = 0;
    if (segments_.capacity() > kKeepSegments) segments_.shrink_to_fit();
    control_.clear();
    control_head_ = 0;
    if (control_.capacity() > kKeepControlBytes) control_.shrink_to_fit();
    answers_ = {};
    answers_head_ = 0;
    return;
  }
  CutOff(kCompactControlBytes, &control_, &control_head_);
  CutOff(kCompactItems, &segments_, &segments_head_);
  CutOff(kCompactItems, &answers_, &answers_head_);
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
