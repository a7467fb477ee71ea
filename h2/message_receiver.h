// Messages in: the frames HEADERS, PUSH_PROMISE, CONTINUATION and DATA (RFC
// 9113 §4.3, §6.1, §6.2, §6.6, §6.10), and the requests and responses in them
// (§8). It owns the header block that is not complete, and the HPACK decoder.
//
// A block is always decoded to its end, whatever becomes of its stream: HPACK
// is one context for the whole connection (§4.3).
#ifndef SLUICE_H2_MESSAGE_RECEIVER_H_
#define SLUICE_H2_MESSAGE_RECEIVER_H_

#include <sluice/h2/core.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/header_rules.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sluice::h2 {

// A header block, and its fields once it is complete.
struct HeaderBlock {
  FrameType type = FrameType::kHeaders;  // or kPushPromise
  StreamId stream_id = 0;
  StreamId promised_id = 0;
  bool end_stream = false;
  std::optional<signals::Rfc7540Priority> priority;
  size_t continuations = 0;
  std::vector<Header> headers;
  HeaderViews fields;  // views of `headers`
  bool oversized = false;
};

// Errors of its calls are the connection's.
class MessageReceiver {
 public:
  // `core` outlives the object.
  explicit MessageReceiver(Core* core);

  // A ReceiveData() begins: the limit of header bytes counts anew.
  void BeginRead() { header_bytes_of_read_ = 0; }

  // The stream of the block that is not complete; only its CONTINUATION frames
  // are legal now.
  std::optional<StreamId> open_block() const {
    if (!block_.has_value()) return std::nullopt;
    return block_->stream_id;
  }

  // Our HEADER_TABLE_SIZE, acknowledged.
  void SetTableSize(uint32_t bytes) { hpack_.SetTableSize(bytes); }

  absl::Status OnHeaders(const Frame& frame, Events* events);
  absl::Status OnPushPromise(const Frame& frame, Events* events);
  absl::Status OnContinuation(const Frame& frame, Events* events);
  absl::Status OnData(const Frame& frame, Events* events);

 private:
  using Block = HeaderBlock;

  absl::Status AddFragment(absl::string_view fragment, bool last,
                           Events* events);
  absl::Status FinishHeaders(Block* block, Events* events);
  absl::Status FinishResponse(Stream* stream, Block* block, Events* events);
  absl::Status FinishPushPromise(Block* block, Events* events);
  absl::Status RefuseOversized(StreamId id, Events* events);

  // Each returns OK or the stream error:
  absl::Status FinishRequest(Block* block, Events* events);
  absl::Status FinishTrailers(Stream* stream, Block* block, Events* events);
  // A malformed section (RFC 9113 §8.1.1).
  absl::Status CheckSection(const Block& block, SectionKind kind,
                            StreamId id) const;
  // Our MAX_CONCURRENT_STREAMS has no room for another stream of the peer's.
  absl::Status CheckConcurrency(StreamId id) const;
  // Counts DATA on a living stream.
  absl::Status CountData(Stream* stream, size_t data_size, size_t flow_length,
                         bool end_stream);

  // StreamEnded, then the signal: the order that events.h promises.
  void AppendEnd(const Block& block, Events* events) const;
  // The fields for an event; the views end here.
  std::vector<Header> TakeHeaders(Block* block) const;

  Core& core_;
  HpackDecoder hpack_;
  std::optional<Block> block_;
  size_t header_bytes_of_read_ = 0;  // of lists that this ReceiveData() let in
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_MESSAGE_RECEIVER_H_
