// The streams of one connection: those that live, how the others ended (RFC
// 9113 §5.1, §5.1.1), and the idle ones that have a priority (RFC 9218 §7.1).
#ifndef SLUICE_H2_STREAM_TABLE_H_
#define SLUICE_H2_STREAM_TABLE_H_

#include <sluice/h2/errors.h>
#include <sluice/h2/flow_window.h>
#include <sluice/h2/header_rules.h>
#include <sluice/h2/options.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/types.h>
#include <sluice/signals/id_map.h>
#include <sluice/signals/stream_map.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace sluice::h2 {

// The progress of the message in one direction (RFC 9113 §8.1).
enum class MessagePhase : uint8_t {
  kBeforeHeaders,  // nothing, or informational responses only
  kBody,           // the header section is complete
  kComplete,       // END_STREAM
};

// A frame in the middle of a body reads its first cache line only.
struct alignas(64) Stream {
  static constexpr int64_t kAnyLength = -1;

  Stream(StreamId stream_id, StreamState begin, int64_t send, int64_t receive)
      : id(stream_id),
        state(begin),
        send_window(send),
        receive_window(receive) {}

  const StreamId id;
  StreamState state;
  MessagePhase sent = MessagePhase::kBeforeHeaders;
  MessagePhase received = MessagePhase::kBeforeHeaders;
  bool head_request = false;  // of ours: the response has no content
  bool connect_request = false;
  // An accepted CONNECT, on which only DATA is legal (RFC 9113 §8.5).
  bool tunnel = false;
  bool unchecked_length = false;  // content-length is not compared
  SendWindow send_window;
  ReceiveWindow receive_window;
  // Of DataReceived events, and not acknowledged.
  int64_t unacknowledged = 0;
  // content-length of the incoming message, and its bytes so far.
  int64_t received_body = 0;
  int64_t expected_body = kAnyLength;
  // The request's, for ALTSVC frames on the stream (RFC 7838 §4); may be null.
  // Clients only. Streams to one origin share it.
  std::shared_ptr<const std::string> authority;
};

// The state of an id, living or not.
enum class StreamFate : uint8_t {
  kIdle,
  kLive,
  kSkipped,  // never opened: a higher id of its side was (§5.1.1)
  kEnded,    // by END_STREAM, or forgotten
  // Reset by us. When the table forgets such a stream, every closed id up to it
  // counts as this.
  kResetByUs,
  kResetByPeer,
  kResetByPeerAnswered,  // a later frame got its RST_STREAM
};

class StreamTable {
 public:
  // Remembers the fate of at most `max_remembered` streams.
  StreamTable(Side self, size_t max_remembered);

  // All are O(1) unless they say otherwise. Fate() is O(log remembered) for
  // skipped ids.
  Stream* Find(StreamId id) const { return live_.Find(id); }
  StreamFate Fate(StreamId id) const;
  // Brings the living stream `id` into the cache, and the way to `later`.
  void Prefetch(StreamId id, StreamId later) const {
    live_.PrefetchPlace(later);
    live_.Prefetch(id);
  }

  // The error about a stream that does not live: NoSuchStream, StreamClosed.
  absl::Status NotLive(StreamId id) const;

  // Whether this side opens streams of that id.
  bool IsOurs(StreamId id) const { return (id % 2 == 1) == self_is_client_; }

  // The highest id that we / the peer used; 0: none.
  StreamId last_ours() const { return ids_[0].last; }
  StreamId last_peers() const { return ids_[1].last; }

  // An idle id becomes a stream; the idle ids below it are skipped. The
  // pointer is valid until the stream is closed.
  Stream* Open(StreamId id, StreamState state, int64_t send_window,
               int64_t receive_window);

  // An idle id is used up without becoming a stream: we reset it.
  void OpenRefused(StreamId id);

  // Keeps the parts of a client's request that its response and ALTSVC need.
  void TakeRequest(Stream* stream, const SectionFacts& facts);

  // A live stream changes its state. kClosed destroys it and remembers it as
  // ended.
  void ChangeState(Stream* stream, StreamState next) {
    if (stream->state != next) SetState(stream, next);
  }

  // Destroys a live stream, which was reset.
  void CloseReset(Stream* stream, StreamFate fate);

  // So many header blocks and ends may be on their way for streams above our
  // GOAWAY.
  void ExpectLateFrames(uint64_t frames) { late_frames_ += frames; }

  // Whether a header block or an end that no stream takes may be one of them,
  // or belong to a stream that we reset: two for each, its response and its
  // end.
  bool TakeLateFrame() {
    if (late_frames_ == 0) return false;
    --late_frames_;
    return true;
  }

  // kResetByPeer becomes kResetByPeerAnswered.
  void MarkAnswered(StreamId id);

  // The bytes of DataReceived events that are not acknowledged: of a living
  // stream; or, for null, of all that are gone.
  int64_t& Unacknowledged(Stream* stream) {
    return stream == nullptr ? unacknowledged_of_gone_ : stream->unacknowledged;
  }

  // Open or half-closed streams (§5.1.2) that we / the peer opened.
  size_t active_ours() const { return active_[0]; }
  size_t active_peers() const { return active_[1]; }
  // Reserved by the peer's PUSH_PROMISE.
  size_t reserved_by_peer() const { return reserved_by_peer_; }

  // The client's idle streams for which PRIORITY_UPDATE went over the wire.
  size_t idle_prioritized() const { return idle_prioritized_.size(); }
  bool IsIdlePrioritized(StreamId id) const {
    return idle_prioritized_.contains(id);
  }
  // `id` is idle, and the client's. O(log n).
  void PrioritizeIdle(StreamId id) { idle_prioritized_.insert(id); }
  // Whether `id` may get a priority while it is idle. RFC 9218 §7.1: these
  // streams and the client's active ones together stay within
  // MAX_CONCURRENT_STREAMS. Error: `kind`.
  absl::Status CheckIdlePriority(StreamId id, uint32_t max_concurrent_streams,
                                 ErrorKind kind) const;

  bool empty() const { return live_.size() == 0; }

  // Every live stream, in no order.
  template <typename Function>
  void ForEach(Function function) {
    live_.ForEach(function);
  }

 private:
  struct Range {
    StreamId first;
    StreamId last;
  };
  struct IdSpace {
    StreamId last = 0;
    std::vector<Range> skipped;  // ascending
    // The highest id whose reset by us is forgotten. Up to it, all frames are
    // tolerated, since those that were on their way look like any others.
    StreamId last_forgotten_reset = 0;
  };

  IdSpace& SpaceOf(StreamId id) { return ids_[IsOurs(id) ? 0 : 1]; }
  const IdSpace& SpaceOf(StreamId id) const { return ids_[IsOurs(id) ? 0 : 1]; }
  void UseId(StreamId id);
  void Remember(StreamId id, StreamFate fate);
  void Forget(StreamId id, StreamFate fate);
  void Count(const Stream& stream, int by);
  void SetState(Stream* stream, StreamState next);

  bool self_is_client_;
  size_t max_remembered_;
  signals::StreamMap<Stream> live_;
  std::shared_ptr<const std::string> last_authority_;
  IdSpace ids_[2];  // ours, the peer's
  size_t active_[2] = {0, 0};
  size_t reserved_by_peer_ = 0;
  int64_t unacknowledged_of_gone_ = 0;
  uint64_t late_frames_ = 0;
  std::set<StreamId> idle_prioritized_;
  // Streams that were reset, with a ring of their ids, oldest at oldest_.
  signals::IdMap<StreamFate, StreamFate::kIdle> reset_;
  std::vector<StreamId> reset_ring_;
  size_t oldest_ = 0;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_STREAM_TABLE_H_
