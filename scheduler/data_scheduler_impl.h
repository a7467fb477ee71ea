// The inside of DataScheduler: what it knows of each stream and of the whole.
// data_scheduler.cc follows events and calls, data_scheduler_pull.cc sends.
#ifndef SLUICE_SCHEDULER_DATA_SCHEDULER_IMPL_H_
#define SLUICE_SCHEDULER_DATA_SCHEDULER_IMPL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "h2/connection.h"
#include "h2/events.h"
#include "h2/priority_field.h"
#include "scheduler/data_scheduler.h"
#include "scheduler/idle_signals.h"
#include "scheduler/policy.h"

namespace sluice::scheduler {

class DataScheduler::Impl {
 public:
  Impl(h2::Connection* connection, std::unique_ptr<Policy> policy,
       const DataSchedulerOptions& options)
      : connection_(connection), policy_(std::move(policy)), options_(options) {
    options_.max_frame_size = std::max<size_t>(options_.max_frame_size, 1);
  }

  void OnEvent(const h2::Event& event) {
    std::visit([this](const auto& value) { Handle(value); }, event);
  }

  absl::Status Submit(h2::StreamId id, h2::HeaderSpan headers,
                      std::unique_ptr<DataSource> body, SubmitOptions options);
  void Resume(h2::StreamId id);
  void Cancel(h2::StreamId id, h2::ErrorCode code);
  absl::Status SetServerPriority(h2::StreamId id,
                                 std::optional<ServerPriority> server);
  absl::Status SetHints(h2::StreamId id, const ResourceHints& hints);
  size_t Pull(size_t max_bytes);

  bool HasReady() const {
    return (ready_streams_ > 0 || first_deferred_ != nullptr) &&
           ConnectionWindow() > 0;
  }
  size_t ActiveBodies() const { return active_bodies_; }
  const DataSchedulerCounters& counters() const { return counters_; }
  std::optional<StreamCounters> CountersOf(h2::StreamId id) const {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return std::nullopt;
    return found->second->counters;
  }
  void SetObserver(std::function<void(const Decision&)> observer) {
    observer_ = std::move(observer);
  }

  // One after the other, since a body's destructor may call back, and close
  // another stream.
  void CloseAll();

  // CloseAll(), for good.
  void Stop() {
    stopped_ = true;
    CloseAll();
  }

 private:
  struct Stream {
    h2::StreamId id = 0;
    bool ready = false;   // as the policy was told
    bool waiting = true;  // the source has nothing now, or there is none yet
    bool window_blocked = false;
    bool deferred = false;  // its window is under the minimum useful chunk
    bool released = false;  // it has waited long enough for that
    // The HEADERS that opened the stream carried this priority; the event that
    // repeats it is no second signal.
    bool priority_echo = false;
    Stream* deferred_before = nullptr;
    Stream* deferred_after = nullptr;
    std::unique_ptr<DataSource> source;
    // Read but not sent, since the source's own callbacks took the room.
    DataSource::Chunk unsent;
    std::vector<h2::Header> trailers;
    StreamInfo info;  // as the policy knows it
    // The two sources of info.server.
    std::optional<ServerPriority> application;
    std::optional<h2::PriorityParameters> response;
    StreamCounters counters;
  };

  // --- Events ----------------------------------------------------------------

  template <typename Event>
  void Handle(const Event&) {}
  void Handle(const h2::RequestReceived& event);
  void Handle(const h2::WindowUpdated& event);
  void Handle(const h2::RemoteSettingsChanged& event);
  void Handle(const h2::StreamReset& event) { CloseIfOpen(event.stream_id); }
  void Handle(const h2::PriorityUpdated& event);
  void Handle(const h2::PriorityFieldUpdated& event);
  void Handle(const h2::ConnectionTerminated& event);

  // What is known of an id so far, open or not.
  StreamInfo KnownInfo(h2::StreamId id) const;
  // What the application says of the stream over the client's head: its own
  // word, else the response's `priority` field over the client's (RFC 9218 §8).
  static std::optional<ServerPriority> ServerWord(
      const Stream& stream, const std::optional<ServerPriority>& application,
      const StreamInfo& info);
  void TakeSignal(h2::StreamId id, const StreamInfo& info, Signal changed);

  // --- Streams ---------------------------------------------------------------

  Stream* Find(h2::StreamId id) const {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second.get();
  }
  std::vector<h2::StreamId> SortedIds() const;
  Stream* Open(h2::StreamId id, const StreamInfo& info);
  void Close(Stream* stream, bool finished);
  void CloseIfOpen(h2::StreamId id) {
    if (Stream* stream = Find(id)) Close(stream, /*finished=*/false);
  }
  // Tells the policy when what it should think of the stream has changed.
  void Refresh(Stream* stream);
  void Defer(Stream* stream);
  void Undefer(Stream* stream);
  void UndeferAll();
  // Lets the stream that was deferred first go, when it has waited long enough.
  void ReleaseDeferred();

  // --- Pulling ---------------------------------------------------------------

  int64_t ConnectionWindow() const {
    return connection_->LocalFlowControlWindow(h2::kConnectionStreamId)
        .value_or(0);
  }
  size_t OutputRoom() const;
  // Whether nothing of the picked stream should be sent now, since its window
  // is too small to be worth a frame; takes care of when it is.
  bool HoldSmallWindow(Stream* stream, int64_t window,
                       int64_t connection_window);
  // Serves one grant and charges it; returns the bytes sent, or nothing when
  // the output takes no more.
  std::optional<size_t> Serve(const Grant& grant, size_t room,
                              int64_t connection_window);
  // Nothing when the stream is closed now.
  std::optional<DataSource::Chunk> Read(Stream* stream, size_t limit);
  void Finish(Stream* stream);
  void Fail(Stream* stream);

  h2::Connection* const connection_;
  const std::unique_ptr<Policy> policy_;
  DataSchedulerOptions options_;
  std::function<void(const Decision&)> observer_;
  DataSchedulerCounters counters_;

  absl::flat_hash_map<h2::StreamId, std::unique_ptr<Stream>> streams_;
  IdleSignals idle_;
  size_t ready_streams_ = 0;
  size_t active_bodies_ = 0;
  Stream* first_deferred_ = nullptr;  // a list, by the time they have waited
  Stream* last_deferred_ = nullptr;
  uint64_t last_release_ = 0;  // in bytes sent; or when the list began
  // No ready stream can send a full chunk: the small ones may go.
  bool small_may_go_ = false;

  bool stopped_ = false;
  bool pulling_ = false;
  Stream* reading_ = nullptr;               // its source is in Read()
  bool resumed_while_read_ = false;         // by that very call
  std::unique_ptr<Stream> closed_in_read_;  // kept until Read() returns
  std::vector<h2::StreamId> resume_after_pull_;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_DATA_SCHEDULER_IMPL_H_
