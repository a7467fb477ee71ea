#include "benchmarks/lab/net/play.h"

#include <sluice/scheduler/trace.h>
#include <sluice/trace/replay.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/net/transport.h"

namespace sluice::lab {
namespace {

using ::sluice::scheduler::TraceEvent;
using ::sluice::scheduler::TraceOpen;
using ::sluice::scheduler::TraceTime;
using ::sluice::trace::ReplayedPick;
using ::sluice::trace::WhatIfPlayer;

constexpr size_t kFrameHeader = 9;  // bytes (RFC 9113 §4.1)
constexpr size_t kMaxGrant = kSegmentBytes - kFrameHeader;

// The log's time of the first request.
int64_t FirstRequest(absl::Span<const TraceEvent> log) {
  int64_t now = 0;
  for (const TraceEvent& event : log) {
    if (const auto* time = std::get_if<TraceTime>(&event)) now = time->ns;
    if (std::holds_alternative<TraceOpen>(event)) return now;
  }
  return now;
}

class Playback {
 public:
  Playback(absl::Span<const TraceEvent> log, WhatIfPlayer player,
           const LinkOptions& options)
      : log_(log),
        player_(std::move(player)),
        link_(options),
        half_round_trip_ns_(options.round_trip_ns / 2),
        first_request_ns_(FirstRequest(log)) {}

  std::vector<PlayedStream> Run() {
    link_.SetHandlers(End::kServer, {.on_bytes = [](absl::string_view) {},
                                     .on_writable = [this] { Send(); }});
    link_.SetHandlers(
        End::kClient,
        {.on_bytes = [this](absl::string_view bytes) { Arrive(bytes.size()); },
         .on_writable = [] {}});
    link_.Schedule(half_round_trip_ns_, [this] { TakeCalls(); });
    link_.Run();
    std::vector<PlayedStream> streams;
    for (const auto& [id, stream] : streams_) streams.push_back(stream);
    return streams;
  }

 private:
  // A DATA frame on its way: offsets of the connection's bytes.
  struct Frame {
    signals::StreamId id = 0;
    uint64_t begin = 0;  // of the payload
    uint64_t end = 0;
  };

  // The calls up to the next one that is later than now.
  void TakeCalls() {
    for (; next_ < log_.size(); ++next_) {
      if (const auto* time = std::get_if<TraceTime>(&log_[next_])) {
        const int64_t at_ns =
            half_round_trip_ns_ +
            std::max<int64_t>(time->ns - first_request_ns_, 0);
        if (at_ns > link_.Now()) {
          link_.Schedule(at_ns - link_.Now(), [this] { TakeCalls(); });
          break;
        }
      } else {
        player_.Take(log_[next_]);
      }
    }
    Send();
  }

  void Send() {
    while (link_.Room(End::kServer) >= kSegmentBytes) {
      const std::optional<ReplayedPick> pick = player_.Send(kMaxGrant);
      if (!pick.has_value()) return;
      const uint64_t begin = sent_ + kFrameHeader;
      sent_ = begin + pick->bytes;
      frames_.push_back({pick->id, begin, sent_});
      link_.Write(End::kServer, std::string(kFrameHeader + pick->bytes, '\0'));
    }
  }

  void Arrive(size_t bytes) {
    arrived_ += bytes;
    while (!frames_.empty() && frames_.front().begin < arrived_) {
      const Frame& frame = frames_.front();
      PlayedStream& stream =
          streams_.try_emplace(frame.id, PlayedStream{frame.id, 0, link_.Now()})
              .first->second;
      if (arrived_ < frame.end) return;
      stream.bytes += frame.end - frame.begin;
      stream.last_byte_ns = link_.Now();
      frames_.pop_front();
    }
  }

  const absl::Span<const TraceEvent> log_;
  WhatIfPlayer player_;
  Link link_;
  const int64_t half_round_trip_ns_;
  const int64_t first_request_ns_;
  size_t next_ = 0;  // call of log_
  uint64_t sent_ = 0;
  uint64_t arrived_ = 0;
  std::deque<Frame> frames_;
  std::map<signals::StreamId, PlayedStream> streams_;
};

}  // namespace

absl::StatusOr<std::vector<PlayedStream>> PlayLog(
    absl::Span<const TraceEvent> log, absl::string_view spec,
    const LinkOptions& options) {
  absl::StatusOr<WhatIfPlayer> player =
      WhatIfPlayer::Create(log, spec, kMaxGrant);
  if (!player.ok()) return player.status();
  return Playback(log, *std::move(player), options).Run();
}

}  // namespace sluice::lab
