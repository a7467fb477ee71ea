#include "tests/h2/frame_text.h"

#include <sluice/h2/events.h>
#include <sluice/signals/rfc7540_priority.h>

#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "tests/h2/event_text.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

// Reads big-endian integers off the front of a payload. Too short a payload
// reads as zeros and says so.
class Cursor {
 public:
  explicit Cursor(absl::string_view bytes) : bytes_(bytes) {}

  uint32_t Take(size_t count) {
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (bytes_.empty()) {
        truncated_ = true;
        return 0;
      }
      value = value << 8 | static_cast<uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
    }
    return value;
  }
  ErrorCode TakeCode() { return static_cast<ErrorCode>(Take(4)); }

  void DropBack(size_t count) {
    if (count > bytes_.size()) truncated_ = true;
    bytes_.remove_suffix(std::min(count, bytes_.size()));
  }

  absl::string_view rest() const { return bytes_; }
  bool truncated() const { return truncated_; }

 private:
  absl::string_view bytes_;
  bool truncated_ = false;
};

std::string SettingsText(Cursor* cursor) {
  std::map<uint32_t, uint32_t> values;
  while (!cursor->rest().empty()) {
    const uint32_t id = cursor->Take(2);
    values[id] = cursor->Take(4);
  }
  return absl::StrCat(
      "{", absl::StrJoin(values, ", ", absl::PairFormatter(": ")), "}");
}

}  // namespace

std::vector<Frame> TakeFrames(std::string* bytes) {
  std::vector<Frame> frames;
  size_t at = 0;
  while (bytes->size() - at >= 9) {
    Cursor header(absl::string_view(*bytes).substr(at, 9));
    const size_t length = header.Take(3);
    if (bytes->size() - at < 9 + length) break;
    Frame frame;
    frame.type = header.Take(1);
    frame.flags = header.Take(1);
    frame.stream_id = header.Take(4);
    frame.payload = bytes->substr(at + 9, length);
    frames.push_back(std::move(frame));
    at += 9 + length;
  }
  bytes->erase(0, at);
  return frames;
}

std::vector<std::string> FrameReader::Read(absl::string_view bytes) {
  buffer_.append(bytes.data(), bytes.size());
  std::vector<std::string> lines;
  if (!any_read_) {
    if (absl::StartsWith(kPreface, buffer_)) return lines;  // part of it
    any_read_ = true;
    if (absl::StartsWith(buffer_, kPreface)) {
      buffer_.erase(0, kPreface.size());
      lines.push_back("PREFACE");
    }
  }
  for (const Frame& frame : TakeFrames(&buffer_)) {
    std::string line = FrameLine(frame);
    if (!line.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

std::string FrameReader::FrameLine(const Frame& frame) {
  Cursor cursor(frame.payload);
  std::string tail;
  const auto flag = [&](uint8_t bit) { return (frame.flags & bit) != 0; };
  if ((frame.type == kData || frame.type == kHeaders ||
       frame.type == kPushPromise) &&
      flag(kPadded)) {
    const uint32_t pad_length = cursor.Take(1);
    cursor.DropBack(pad_length);
    absl::StrAppend(&tail, " pad ", pad_length);
  }
  if ((frame.type == kData || frame.type == kHeaders) && flag(kEndStream)) {
    tail += " END_STREAM";
  }
  std::string line;
  switch (frame.type) {
    case kData:
      line = absl::StrCat("DATA ", frame.stream_id, " ",
                          PayloadText(cursor.rest()));
      break;
    case kHeaders: {
      if (flag(kHasPriority)) {
        const uint32_t dependency = cursor.Take(4);
        const signals::Rfc7540Priority priority = {
            .depends_on = dependency & kMaxStreamId,
            .weight = static_cast<int>(cursor.Take(1)) + 1,
            .exclusive = dependency > kMaxStreamId};
        absl::StrAppend(&tail, " ", PriorityText(priority));
      }
      block_head_ = absl::StrCat("HEADERS ", frame.stream_id);
      block_tail_ = std::exchange(tail, "");
      block_ = std::string(cursor.rest());
      continuations_ = 0;
      if (flag(kEndHeaders)) line = FinishBlock();
      break;
    }
    case kPriority: {
      const uint32_t dependency = cursor.Take(4);
      const signals::Rfc7540Priority priority = {
          .depends_on = dependency & kMaxStreamId,
          .weight = static_cast<int>(cursor.Take(1)) + 1,
          .exclusive = dependency > kMaxStreamId};
      line = absl::StrCat("PRIORITY ", frame.stream_id, " ",
                          PriorityText(priority));
      break;
    }
    case kRstStream:
      line = absl::StrCat("RST_STREAM ", frame.stream_id, " ",
                          CodeText(cursor.TakeCode()));
      break;
    case kSettings:
      line = flag(kAck) ? absl::StrCat("SETTINGS ACK", cursor.rest())
                        : absl::StrCat("SETTINGS ", SettingsText(&cursor));
      break;
    case kPushPromise:
      block_head_ = absl::StrCat("PUSH_PROMISE ", frame.stream_id, " promises ",
                                 cursor.Take(4));
      block_tail_ = std::exchange(tail, "");
      block_ = std::string(cursor.rest());
      continuations_ = 0;
      if (flag(kEndHeaders)) line = FinishBlock();
      break;
    case kPing:
      line = absl::StrCat("PING ", flag(kAck) ? "ACK " : "",
                          PayloadText(cursor.rest()));
      break;
    case kGoAway: {
      const uint32_t last = cursor.Take(4);
      line =
          absl::StrCat("GOAWAY last ", last, " ", CodeText(cursor.TakeCode()));
      if (!cursor.rest().empty()) {
        absl::StrAppend(&line, " ", PayloadText(cursor.rest()));
      }
      break;
    }
    case kWindowUpdate:
      line =
          absl::StrCat("WINDOW_UPDATE ", frame.stream_id, " +", cursor.Take(4));
      break;
    case kContinuation:
      ++continuations_;
      block_.append(cursor.rest().data(), cursor.rest().size());
      if (flag(kEndHeaders)) line = FinishBlock();
      break;
    case kAltSvc: {
      const uint32_t origin = cursor.Take(2);
      line = absl::StrCat("ALTSVC ", frame.stream_id, " ",
                          PayloadText(cursor.rest().substr(0, origin)), " ",
                          PayloadText(cursor.rest().substr(origin)));
      break;
    }
    case kPriorityUpdate: {
      const uint32_t prioritized = cursor.Take(4);
      line = absl::StrCat("PRIORITY_UPDATE ", prioritized, " ",
                          PayloadText(cursor.rest()));
      if (frame.stream_id != 0) {
        absl::StrAppend(&line, " on ", frame.stream_id);
      }
      break;
    }
    default:
      line = absl::StrFormat("FRAME type 0x%02x flags 0x%02x %d %s", frame.type,
                             frame.flags, frame.stream_id,
                             PayloadText(cursor.rest()));
  }
  if (cursor.truncated()) line += " TRUNCATED";
  return line + tail;
}

std::string FrameReader::FinishBlock() {
  const auto headers = decoder_.Decode(std::exchange(block_, ""));
  std::string line = absl::StrCat(
      block_head_, " ", headers ? HeadersText(*headers) : "UNDECODABLE",
      block_tail_);
  if (continuations_ > 0) {
    absl::StrAppend(&line, " +", continuations_, " CONTINUATION");
  }
  return line;
}

}  // namespace sluice::h2::tests
