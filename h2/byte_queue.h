// Bytes that come in at the back and leave at the front, in one piece of
// memory. They are written in place: no byte is set twice.
#ifndef SLUICE_H2_BYTE_QUEUE_H_
#define SLUICE_H2_BYTE_QUEUE_H_

#include <cstddef>
#include <memory>

namespace sluice::h2 {

class ByteQueue {
 public:
  // The bytes that wait, valid until the next Room().
  const char* data() const { return memory_.get() + head_; }
  size_t size() const { return tail_ - head_; }

  // Room for `bytes` more, behind the last one. Add() says how many of them
  // were written. Amortised O(1) for each byte.
  char* Room(size_t bytes) {
    if (bytes > capacity_ - tail_) MakeRoom(bytes);
    return memory_.get() + tail_;
  }
  void Add(size_t bytes) { tail_ += bytes; }

  // Drops the first `bytes` bytes, `bytes` ≤ size().
  void Drop(size_t bytes) { head_ += bytes; }

  // Drops all of them, and memory of more than `keep` bytes.
  void Clear(size_t keep) {
    head_ = 0;
    tail_ = 0;
    if (capacity_ > keep) {
      memory_.reset();
      capacity_ = 0;
    }
  }

 private:
  void MakeRoom(size_t bytes);

  std::unique_ptr<char[]> memory_;
  size_t capacity_ = 0;
  size_t head_ = 0;
  size_t tail_ = 0;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_BYTE_QUEUE_H_
