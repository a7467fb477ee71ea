#include <sluice/h2/output_buffer.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

// What an idle connection may keep for its next frames.
constexpr size_t kKeepControlBytes = 1024;
constexpr size_t kKeepSegments = 16;

// A queue's consumed part is cut off when it is longer than this and than the
// part that waits: amortised O(1) for each byte.
constexpr size_t kCompactControlBytes = 4096;
constexpr size_t kCompactItems = 64;

}  // namespace

void OutputBuffer::AppendControl(absl::string_view bytes) {
  if (bytes.empty()) return;
  if (segments_.size() == segments_head_ || !segments_.back().body.empty()) {
    segments_.emplace_back();
  }
  segments_.back().control += bytes.size();
  control_.append(bytes.data(), bytes.size());
}

void OutputBuffer::AppendAnswer(absl::string_view bytes) {
  AppendControl(bytes);
  answers_.push_back(consumed_ + size());
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
    if (front.control == 0 && body == left) DropFront();
  }
  ForgetAnswers();
  Compact();
}

void OutputBuffer::DropFront() {
  segments_[segments_head_].body = absl::Cord();
  ++segments_head_;
  body_offset_ = 0;
}

void OutputBuffer::ForgetAnswers() {
  while (answers_head_ < answers_.size() &&
         answers_[answers_head_] <= consumed_) {
    ++answers_head_;
  }
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
  if (control_head_ > kCompactControlBytes &&
      control_head_ > control_.size() / 2) {
    control_.erase(0, control_head_);
    control_head_ = 0;
  }
  if (segments_head_ > kCompactItems && segments_head_ > segments_.size() / 2) {
    segments_.erase(segments_.begin(), segments_.begin() + segments_head_);
    segments_head_ = 0;
  }
  if (answers_head_ > kCompactItems && answers_head_ > answers_.size() / 2) {
    answers_.erase(answers_.begin(), answers_.begin() + answers_head_);
    answers_head_ = 0;
  }
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
