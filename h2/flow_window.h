// Flow-control windows (RFC 9113 §5.2, §6.9). Sizes are bytes.
#ifndef SLUICE_H2_FLOW_WINDOW_H_
#define SLUICE_H2_FLOW_WINDOW_H_

#include <algorithm>
#include <cstdint>

namespace sluice::h2 {

inline constexpr int64_t kMaxWindow = 0x7fffffff;  // §6.9.1
inline constexpr int64_t kDefaultWindow = 65535;   // §6.9.2

// The bytes that the peer lets us send. May be negative (§6.9.2).
class SendWindow {
 public:
  explicit SendWindow(int64_t size = kDefaultWindow) : size_(size) {}

  int64_t size() const { return size_; }

  // One frame of `bytes` is sent. They fit, or are 0.
  void Consume(int64_t bytes) {
    size_ -= bytes;
    if (bytes > 0) answers_ = std::min(answers_ + 2, kMostAnswers);
  }

  // Whether a WINDOW_UPDATE may answer a frame that was sent. Each frame has
  // two answers, one for its stream and one for the connection. The stream may
  // be gone by then, so only the connection's window counts answers.
  bool TakeAnswer() {
    if (answers_ == 0) return false;
    --answers_;
    return true;
  }

  // WINDOW_UPDATE, or a changed INITIAL_WINDOW_SIZE (then `delta` may be
  // negative). False: the window would exceed 2^31−1; nothing changed.
  bool Open(int64_t delta) {
    if (size_ + delta > kMaxWindow) return false;
    size_ += delta;
    return true;
  }

 private:
  // More than the full frames that a large window holds, and not enough for a
  // flood.
  static constexpr uint64_t kMostAnswers = 4096;

  int64_t size_;
  uint64_t answers_ = 0;
};

// The bytes that we let the peer send, and when to let it send more.
class ReceiveWindow {
 public:
  explicit ReceiveWindow(int64_t size = kDefaultWindow)
      : size_(size), largest_(static_cast<int32_t>(size)) {}

  int64_t size() const { return size_; }

  // `bytes` arrived. False: they exceed the window; nothing changed. 0 bytes
  // always fit, even when a smaller INITIAL_WINDOW_SIZE made the window
  // negative (§6.9.1, §6.9.2).
  bool Consume(int64_t bytes) {
    if (bytes > 0 && bytes > size_) return false;
    size_ -= bytes;
    return true;
  }

  // The caller gives `delta` more. False: the window would exceed `limit`.
  bool Open(int64_t delta, int64_t limit = kMaxWindow) {
    if (size_ + delta > limit) return false;
    size_ += delta;
    largest_ = static_cast<int32_t>(std::max<int64_t>(largest_, size_));
    return true;
  }

  // Our INITIAL_WINDOW_SIZE changed by `delta` (§6.9.2). The window stops at
  // 2^31−1.
  void ChangeInitialSize(int64_t delta) {
    size_ = std::min(size_ + delta, kMaxWindow);
    largest_ = static_cast<int32_t>(
        std::clamp<int64_t>(largest_ + delta, 0, kMaxWindow));
  }

  // `bytes` of those that arrived were processed. Returns the increment that is
  // worth a WINDOW_UPDATE now, or 0. It is worth one when half of the largest
  // window was processed, or, with the window at 0, a quarter of it or 1024
  // bytes: smaller updates would cost the peer a frame for each of its own. The
  // increment does not raise the window above `limit`.
  uint32_t Process(int64_t bytes, int64_t limit = kMaxWindow) {
    const int64_t processed = processed_ + bytes;
    if (processed == 0) return 0;
    if (processed < largest_ / 2 &&
        (size_ > 0 || processed < std::min<int64_t>(1024, largest_ / 4))) {
      processed_ = static_cast<int32_t>(processed);
      return 0;
    }
    // Bytes that the caller opened meanwhile are not given a second time.
    const int64_t increment = std::max<int64_t>(
        0, std::min(processed, std::min<int64_t>(largest_, limit) - size_));
    processed_ = 0;
    size_ += increment;
    return static_cast<uint32_t>(increment);
  }

 private:
  int64_t size_;
  int32_t largest_;        // the size that Process() restores
  int32_t processed_ = 0;  // less than half of it
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_FLOW_WINDOW_H_
