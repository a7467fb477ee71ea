// Messages in: the frames HEADERS, PUSH_PROMISE, CONTINUATION and DATA (RFC
// 9113 §4.3, §6.1, §6.2, §6.6, §6.10), and the requests and responses in them
// (§8). It owns the header block that is not complete, and the HPACK decoder.
//
// A block is always decoded to its end, whatever becomes of its stream: HPACK
// is one context for the whole connection (§4.3). The text of its fields goes
// where the events' views find it until the next ReceiveData(); only a block
// that CONTINUATION frames continue has memory of its own until it is complete.
//
// DATA is passed on piece by piece: all rules are checked with the first piece.
#ifndef SLUICE_H2_MESSAGE_RECEIVER_H_
#define SLUICE_H2_MESSAGE_RECEIVER_H_

#include <sluice/h2/core.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/header_memory.h>
#include <sluice/h2/header_rules.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sluice::h2 {

// A header block that is not complete, or was just completed.
struct HeaderBlock {
  FrameType type = FrameType::kHeaders;  // or kPushPromise
  StreamId stream_id = 0;
  StreamId promised_id = 0;
  bool end_stream = false;
  std::optional<signals::Rfc7540Priority> priority;
  size_t continuations = 0;
  bool oversized = false;
};

// Errors of its calls are the connection's.
class MessageReceiver {
 public:
  // `core` outlives the object.
  explicit MessageReceiver(Core* core);

  // A ReceiveData() begins: the views of the last one end, and the limit of
  // header bytes counts anew.
  void BeginRead() {
    memory_.Clear();
    header_bytes_of_read_ = 0;
  }
  // It ends: memory that it did not need is freed.
  void EndRead() { memory_.FreeUnused(); }
  // The views of its events end too, and most of their memory is freed.
  void EndViews() { memory_.ClearAndFree(); }

  // A block is not complete.
  bool in_block() const { return in_block_; }
  // The stream of the block that is not complete; only its CONTINUATION frames
  // are legal now.
  std::optional<StreamId> open_block() const {
    if (!in_block_) return std::nullopt;
    return block_.stream_id;
  }

  // Our HEADER_TABLE_SIZE, acknowledged.
  void SetTableSize(uint32_t bytes) { hpack_.SetTableSize(bytes); }

  absl::Status OnHeaders(const Frame& frame, Events* events);
  absl::Status OnPushPromise(const Frame& frame, Events* events);
  absl::Status OnContinuation(const Frame& frame, Events* events);
  // The next piece of a DATA frame.
  absl::Status OnData(const Frame& piece, Events* events);

 private:
  void BeginBlock(const Frame& frame);
  absl::Status AddFragment(absl::string_view fragment, bool last,
                           Events* events);
  absl::Status FinishHeaders(Events* events);
  absl::Status FinishResponse(Stream* stream, Events* events);
  absl::Status FinishPushPromise(Events* events);
  absl::Status RefuseOversized(StreamId id, Events* events);

  // Each returns OK or the stream error:
  absl::Status FinishRequest(Events* events);
  absl::Status FinishTrailers(Stream* stream, Events* events);
  // The block's fields are one section. Error: it is malformed (RFC 9113
  // §8.1.1); `*facts` are then not complete.
  absl::Status ReadSection(SectionKind kind, StreamId id, SectionFacts* facts);
  // Our MAX_CONCURRENT_STREAMS has no room for another stream of the peer's.
  absl::Status CheckConcurrency(StreamId id) const;
  // The first piece of a DATA frame: the rules for all of it.
  absl::Status BeginData(const Frame& piece, Events* events);
  // Counts a DATA frame on a living stream.
  absl::Status CountData(Stream* stream, const Frame& frame);

  // StreamEnded, then the signal: the order that events.h promises.
  void AppendEnd(Events* events) const;
  // The fields for an event.
  HeaderList TakeHeaders(const SectionFacts& facts);

  // The DATA frame that is under way.
  struct DataFrame {
    size_t data_left = 0;  // bytes before the padding
    size_t uncounted = 0;  // bytes of the frame that no event has counted
    bool dropped = false;  // the application sees nothing of it
  };

  Core& core_;
  HpackDecoder hpack_;
  HeaderMemory memory_;               // of this read's events
  std::optional<HeaderMemory> open_;  // of a block with CONTINUATION frames
  bool taken_ = false;                // an event has the fields of the block
  HeaderBlock block_;
  bool in_block_ = false;            // it is not complete
  size_t header_bytes_of_read_ = 0;  // of lists that this ReceiveData() let in
  DataFrame data_;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_MESSAGE_RECEIVER_H_
