// Fuzzes our core and libnghttp2 with the same bytes of a peer, as servers or
// as clients, and compares what they make of each frame.
//
// Operations: raw bytes, a frame made of a type, flags, a small stream id and a
// payload, a message whose header block decodes, a message with drawn fields;
// and calls of the application that both get: a request, a response, a promise,
// a reset. Both have the same SETTINGS, drawn from the input.
//
// Invariants, after each frame:
//   - both accept it, or both refuse it with the same frame and code, or a row
//     of docs/beside-libnghttp2.md has the difference;
//   - what they accept they deliver alike: messages, bodies, ends. Of responses
//     libnghttp2 leaves out a content-length that means nothing (204, CONNECT).
//
// The run ends at the first difference, since the states are no longer the
// same. With SLUICE_FUZZ_ROWS=1 it prints each difference, or the line of the
// row that has it, and goes on.
//
// Input: the first byte chooses role and options; then each operation takes a
// byte of kind and its arguments.
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/fuzz/differences.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/fuzz_frames.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/judging_core.h"
#include "tests/h2/frame_builder.h"

namespace sluice::fuzz {
namespace {

using namespace h2::tests;  // NOLINT: the names of frames

using h2::Header;
using h2::SettingId;
using h2::Side;
using h2::StreamId;

constexpr size_t kFrameHeaderSize = 9;

absl::string_view NameOf(uint8_t type) {
  constexpr absl::string_view kNames[] = {
      "DATA",          "HEADERS",      "PRIORITY", "RST_STREAM",
      "SETTINGS",      "PUSH_PROMISE", "PING",     "GOAWAY",
      "WINDOW_UPDATE", "CONTINUATION", "ALTSVC"};
  if (type == kPriorityUpdate) return "PRIORITY_UPDATE";
  return type < std::size(kNames) ? kNames[type] : "unknown";
}

// Names and values at the edge of the rules of RFC 9113 §8.2 and §8.3.
std::string DrawText(Input& input) {
  static constexpr absl::string_view kTexts[] = {":method",
                                                 ":path",
                                                 ":scheme",
                                                 ":authority",
                                                 ":status",
                                                 ":protocol",
                                                 "host",
                                                 "content-length",
                                                 "te",
                                                 "trailers",
                                                 "connection",
                                                 "upgrade",
                                                 "transfer-encoding",
                                                 "keep-alive",
                                                 "proxy-connection",
                                                 "cookie",
                                                 "GET",
                                                 "CONNECT",
                                                 "HEAD",
                                                 "OPTIONS",
                                                 "*",
                                                 "/",
                                                 "http",
                                                 "https",
                                                 "a",
                                                 "a:80",
                                                 "u@a",
                                                 "200",
                                                 "101",
                                                 "204",
                                                 "0",
                                                 "3",
                                                 "+3",
                                                 "3, 3",
                                                 "",
                                                 "x",
                                                 "X",
                                                 " x",
                                                 "x ",
                                                 "x\ty",
                                                 "priority",
                                                 "u=0",
                                                 "websocket",
                                                 ":x",
                                                 "/a b"};
  const uint8_t byte = input.Byte();
  if (byte < 200) return std::string(kTexts[byte % std::size(kTexts)]);
  return input.Bytes(byte % 16);
}

std::string DrawFields(Input& input) {
  const StreamId id = DrawStreamId(input);
  const uint8_t how = input.Byte();
  std::string block;
  if (how & 0x40) block += Block(HeadersOf(input.Byte()));
  for (int fields = how >> 3 & 7; fields > 0; --fields) {
    const std::string name = DrawText(input);
    block += LiteralField({name, DrawText(input)});
  }
  if ((how & 2) != 0) return PushPromiseFrame(id, DrawStreamId(input), block);
  return HeadersFrame(id, block, kEndHeaders | (how & kEndStream));
}

std::vector<h2::Setting> DrawOurSettings(Input& input, Side side) {
  const uint8_t which = input.Byte();
  std::vector<h2::Setting> settings = {{SettingId::kMaxConcurrentStreams, 3}};
  if (which & 1) settings.push_back({SettingId::kEnableConnectProtocol, 1});
  if (which & 2) settings.push_back({SettingId::kNoRfc7540Priorities, 1});
  if (which & 4) {
    for (const h2::Setting& setting : DrawSettings(input, side)) {
      if (setting.id == settings.front().id) continue;
      settings.push_back(setting);
    }
  }
  return settings;
}

class Trial {
 public:
  explicit Trial(Input input)
      : input_(input),
        choice_(input_.Byte()),
        side_(choice_ & 1 ? Side::kServer : Side::kClient) {
    const std::vector<h2::Setting> settings = DrawOurSettings(input_, side_);
    ours_ = OurCore(side_, settings);
    theirs_ = Nghttp2Core(side_, settings);
    ours_->Take();
    theirs_->Take();
  }

  void Go() {
    if (side_ == Side::kServer && (choice_ & 2) == 0) {
      ours_->Receive(kPreface);
      theirs_->Receive(kPreface);
    }
    if ((choice_ & 4) == 0) Receive(SettingsFrame() + SettingsAckFrame());
    if (side_ == Side::kClient) Ask();
    while (!over_ && !input_.empty()) Operate();
  }

 private:
  void Operate() {
    switch (input_.Byte() % 8) {
      case 0:
        return Receive(input_.Bytes(input_.Byte()));
      case 1:
      case 2:
        return Receive(DrawFrame(input_));
      case 3:
        return Receive(DrawMessage(input_));
      case 4:
        return Receive(DrawDataFrame(input_));
      case 5:
        return Receive(DrawFields(input_));
      case 6:
        return IsInside() ? void() : side_ == Side::kServer ? Answer() : Ask();
      default:
        return IsInside() ? void() : Call();
    }
  }

  // In a frame or a block, which the cores may judge at different bytes.
  bool IsInside() const { return frame_left_ > 0 || in_block_; }

  // --- Calls: the cores agree, or go different ways from here ---------------

  // A call that ours refuses is not made on the other, which queues some.
  void Ask() {
    static const auto& requests = *new std::vector<std::vector<Header>>{
        Get(),
        Post(),
        With(Get(), {{"host", "a"}}),
        {{":method", "HEAD"},
         {":scheme", "http"},
         {":authority", "a"},
         {":path", "/"}},
        {{":method", "CONNECT"}, {":authority", "a:1"}}};
    const uint8_t how = input_.Byte();
    const std::vector<Header>& request = requests[how / 2 % requests.size()];
    if (!ours_->Ask(next_, request, how & 1)) return;
    over_ = !theirs_->Ask(next_, request, how & 1);
    next_ += 2;
    DropOutput();
  }

  void Answer() {
    const StreamId id = DrawStreamId(input_);
    const bool end_stream = input_.Flag();
    if (!ours_->Answer(id, end_stream)) return;
    over_ = !theirs_->Answer(id, end_stream);
    DropOutput();
  }

  void Call() {
    const StreamId id = DrawStreamId(input_);
    if (side_ == Side::kServer && input_.Flag()) {
      if (!ours_->Promise(id, promised_)) return;
      over_ = !theirs_->Promise(id, promised_);
      promised_ += 2;
    } else {
      if (!ours_->Reset(id)) return;
      over_ = !theirs_->Reset(id);
      reset_.insert(id);
    }
    DropOutput();
  }

  void DropOutput() {
    ours_->Take();
    theirs_->Take();
    EndIfDone();
  }

  void EndIfDone() { over_ = over_ || ours_->IsDone() || theirs_->IsDone(); }

  // --- Bytes ----------------------------------------------------------------

  // To both, up to the end of each frame.
  void Receive(absl::string_view bytes) {
    while (!over_ && !bytes.empty()) {
      if (frame_left_ == 0) {
        const absl::string_view begin =
            bytes.substr(0, kFrameHeaderSize - header_.size());
        header_ += std::string(begin);
        ReceiveBoth(begin);
        bytes.remove_prefix(begin.size());
        if (header_.size() < kFrameHeaderSize) return;
        frame_left_ = LengthOf(header_);
      }
      const absl::string_view piece = bytes.substr(0, frame_left_);
      ReceiveBoth(piece);
      bytes.remove_prefix(piece.size());
      frame_left_ -= piece.size();
      if (frame_left_ == 0) EndFrame(std::exchange(header_, {}));
    }
  }

  void ReceiveBoth(absl::string_view bytes) {
    ours_->Receive(bytes);
    theirs_->Receive(bytes);
  }

  // A header block is judged at its end: some rules need all of it.
  void EndFrame(absl::string_view header) {
    const auto type = static_cast<uint8_t>(header[3]);
    const bool continues = type == kContinuation && in_block_;
    if (!continues) type_ = type;
    const bool has_block =
        type == kHeaders || type == kPushPromise || type == kContinuation;
    in_block_ = has_block && (header[4] & kEndHeaders) == 0;
    stream_id_ = 0;
    for (const char byte : header.substr(5)) {
      stream_id_ = stream_id_ << 8 | static_cast<uint8_t>(byte);
    }
    if (!in_block_) Compare();
    EndIfDone();
  }

  static size_t LengthOf(absl::string_view header) {
    const auto at = [&](size_t i) { return static_cast<uint8_t>(header[i]); };
    return static_cast<size_t>(at(0)) << 16 | at(1) << 8 | at(2);
  }

  void Compare() {
    Judgement ours = ours_->Take();
    const Judgement theirs = theirs_->Take();
    if (ours.verdict != theirs.verdict || ours.streams != theirs.streams) {
      const bool was_reset = reset_.contains(stream_id_ & h2::kMaxStreamId);
      if (was_reset && ours.verdict == "accepts") {
        ours.why += "on a stream that we have reset; ";
      }
      return Compare(ours, theirs);
    }
    over_ = ours.verdict != "accepts" && ours.streams.empty();
    reset_.insert(ours.streams.begin(), ours.streams.end());
    if (!over_) CompareDelivered();
  }

  void Compare(const Judgement& ours, const Judgement& theirs) {
    over_ = true;
    static const bool shows = std::getenv("SLUICE_FUZZ_ROWS") != nullptr;
    const Difference* row = FindDifference(side_, NameOf(type_), ours, theirs);
    if (row != nullptr) {
      if (shows) std::fprintf(stderr, "row of line %d\n", row->line);
      return;
    }
    const std::string text =
        absl::StrCat("| ", side_ == Side::kServer ? "server" : "client", " | ",
                     NameOf(type_), " | `", ours.verdict, "` ", ours.why,
                     " | `", theirs.verdict, "` ", theirs.why, " |");
    std::fprintf(stderr, "%s\n", text.c_str());
    Check(shows, "no row of docs/beside-libnghttp2.md has it");
  }

  void CompareDelivered() const {
    for (const auto& [id, text] : ours_->delivered()) CompareDelivered(id);
    for (const auto& [id, text] : theirs_->delivered()) CompareDelivered(id);
  }

  void CompareDelivered(StreamId id) const {
    if (reset_.contains(id)) return;
    const auto of = [id](const JudgingCore& core) {
      const auto found = core.delivered().find(id);
      return found == core.delivered().end() ? std::string() : found->second;
    };
    const std::string ours = of(*ours_);
    const std::string theirs = of(*theirs_);
    if (ours == theirs) return;
    std::fprintf(stderr, "stream %u\nours:   %s\ntheirs: %s\n", id,
                 absl::CHexEscape(ours).c_str(),
                 absl::CHexEscape(theirs).c_str());
    Check(false,
          absl::StrCat("a ", NameOf(type_), " is delivered in two ways"));
  }

  Input input_;
  const uint8_t choice_;
  const Side side_;
  std::unique_ptr<JudgingCore> ours_;
  std::unique_ptr<JudgingCore> theirs_;
  StreamId next_ = 1;
  StreamId promised_ = 2;
  std::set<StreamId> reset_;
  std::string header_;  // of the frame that arrives
  size_t frame_left_ = 0;
  uint8_t type_ = 0;        // that is judged: of a block, where it began
  StreamId stream_id_ = 0;  // of the last frame, with the reserved bit
  bool in_block_ = false;
  bool over_ = false;
};

}  // namespace
}  // namespace sluice::fuzz

SLUICE_FUZZ_TARGET(differential_fuzz)(const uint8_t* data, size_t size) {
  sluice::fuzz::Trial(sluice::fuzz::Input(data, size)).Go();
}
