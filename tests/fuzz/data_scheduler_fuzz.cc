// Fuzzes a DataScheduler under each policy: a client and a server connection
// joined in memory, the scheduler on either side, and every call that an
// application or a peer can make, in any order, also from inside a body's
// Read() and from its destructor. Every limit is drawn from small values too.
//
// Operations: requests and signals of both kinds for open, idle and closed
// streams, windows and SETTINGS, resets, GOAWAY, pushes, responses with hints,
// overrides and trailers, bodies that stall, fail, give too much or end alone;
// Resume, Cancel, SetServerPriority, SetHints; control frames of our own that
// fill the output; pulls of any size, output taken in parts.
//
// Invariants of this file:
//   - work conservation: a Pull() that stops early leaves no stream that could
//     send: bytes, window of its own and of the connection, room in the output;
//   - a Pull() ends: it picks once for each frame that it moved and twice for
//     each stream, and that again for each call made from inside it;
//   - a body is destroyed once, and ActiveBodies() counts the living ones;
//   - nothing is ready after the end of a connection;
//   - a body of which only the end is left ends at any window; once windows are
//     open and bodies resume, every body ends.
//
// checked_policy.h checks the calls that the policy gets, joined_pair.h the
// bytes and the resets that arrive, log_check.h the decision log.
//
// Input: the options, then a byte for the kind of each operation and its
// arguments.
#include <sluice/h2/connection.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/trace/json_lines.h>
#include <sluice/trace/record.h>
#include <sluice/trace/replay.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "tests/fuzz/checked_policy.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_signals.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/joined_pair.h"
#include "tests/fuzz/log_check.h"
#include "tests/support/memory_trace.h"

namespace sluice::scheduler {
namespace {

using ::sluice::testing::MemoryTrace;
using ::sluice::trace::CreateRecordedPolicy;

using fuzz::Body;
using fuzz::ByteAt;
using fuzz::Check;
using fuzz::CheckedPolicy;
using fuzz::CheckLog;
using fuzz::DrawDependency;
using fuzz::DrawField;
using fuzz::DrawHints;
using fuzz::DrawOverride;
using fuzz::DrawSettings;
using fuzz::Input;
using fuzz::JoinedPair;

class Run {
 public:
  explicit Run(Input input)
      : input_(input),
        policy_(PolicyOf(input_.Byte())),
        role_(input_.Byte()),
        pair_(&input_, /*uploads=*/(role_ & 1) != 0,
              /*patient=*/(role_ & 2) == 0) {
    PolicyOptions limits;
    limits.max_grant = std::max<size_t>(input_.Limit(16384), 1);
    limits.max_streams = std::max<size_t>(input_.Limit(1000), 1);
    limits.max_closed_streams = input_.Limit(100);
    max_grant_ = limits.max_grant;
    DataSchedulerOptions options;
    options.max_frame_size = input_.Limit(16384);
    options.min_chunk = input_.Limit(1024);
    options.max_streams = input_.Limit(100);
    options.on_stream_done = [this](const StreamDone& done) {
      Check(done_.insert(done.stream_id).second, "a stream is done twice");
    };
    options.trace = &trace_;
    min_chunk_ = options.min_chunk;
    max_frame_ = std::max<size_t>(options.max_frame_size, 1);
    scheduler_ = std::make_unique<DataScheduler>(
        &pair_.sender,
        std::make_unique<CheckedPolicy>(
            *CreateRecordedPolicy(policy_, limits, &trace_), &pair_.said,
            [this] { OnPick(); }),
        options);
    pair_.client.InitiateConnection().IgnoreError();
    pair_.server.InitiateConnection().IgnoreError();
    ToReceiver(h2::Connection::kAll);
    ToSender();
    ToReceiver(h2::Connection::kAll);
  }

  void Go() {
    while (!input_.empty()) Operate();
    CheckLog(trace_.events(), max_grant_, scheduler_->counters().bytes);
    if (!pair_.Over()) FinishAll();
    CheckAfterEnd();
    delete scheduler_.get();  // the bodies may still call back into it
    scheduler_.release();
    for (const auto& [id, body] : pair_.bodies) {
      Check(!body.alive, absl::StrCat("the body of ", id, " outlived all"));
    }
  }

 private:
  class Source;

  static std::string PolicyOf(uint32_t byte) {
    static const std::vector<std::string>* const specs = [] {
      auto* all = new std::vector<std::string>{
          "rfc9218:mixed=alternate,starvation_guard=5000",
          "rfc9218:mixed=first_emission_then_rr", "rfc7540:exact=true",
          "auto:mixed=alternate,via=share"};
      for (const PolicyEntry& entry : RegisteredPolicies()) {
        all->push_back(entry.name);
      }
      return all;
    }();
    return (*specs)[byte % specs->size()];
  }

  // --- Calls -----------------------------------------------------------------

  void Operate() {
    ++operations_;
    OperateOnce();
    CheckAfterEnd();
    Check(pair_.sender.OutputRoom() <= std::max<size_t>(pair_.data_mark, 16384),
          absl::StrCat("room for ", pair_.sender.OutputRoom(), " bytes"));
  }

  void OperateOnce() {
    const uint32_t kind = input_.Byte();
    switch (kind % 24) {
      case 0:
      case 1:
        return pair_.uploads ? Respond() : Request();
      case 2:
      case 3:
        return Respond();
      case 4: {
        const h2::StreamId id = AnyId();
        pair_.client.Prioritize(id, DrawDependency(input_)).IgnoreError();
        return FromClient();
      }
      case 5: {
        const h2::StreamId id = AnyId();
        pair_.client.SendPriorityUpdate(id, DrawField(input_)).IgnoreError();
        return FromClient();
      }
      case 6: {
        const h2::StreamId id = AnyId();
        if (pair_.receiver.ResetStream(id, h2::ErrorCode::kCancel).ok()) {
          pair_.bodies[id].reset = true;
        }
        return ToSender();
      }
      case 7:
      case 8: {
        const h2::StreamId id = input_.Flag() ? AnyId() : 0;
        pair_.receiver.IncrementFlowControlWindow(id, input_.Size())
            .IgnoreError();
        return ToSender();
      }
      case 9: {
        const h2::Setting window = {h2::SettingId::kInitialWindowSize,
                                    input_.Size() - 1};
        pair_.receiver.UpdateSettings({&window, 1}).IgnoreError();
        return ToSender();
      }
      case 10:
        return Cancel(AnyId());
      case 11:
        return Resume(AnyId());
      case 12: {
        const h2::StreamId id = AnyId();
        scheduler_->SetServerPriority(id, DrawOverride(input_)).IgnoreError();
        return;
      }
      case 13: {
        const h2::StreamId id = AnyId();
        scheduler_->SetHints(id, DrawHints(input_)).IgnoreError();
        return;
      }
      case 14:
        return ToReceiver(input_.Size());
      case 15:
        if (input_.Byte() == 7) {
          const bool hard = input_.Flag();
          pair_.closed |= hard;
          pair_.receiver
              .CloseConnection(hard ? h2::ErrorCode::kInternalError
                                    : h2::ErrorCode::kNoError)
              .IgnoreError();
        }
        return ToSender();
      case 16:
        return FillOutput(AnyId());
      case 17: {
        const std::vector<h2::Setting> settings = DrawSettings(
            input_, pair_.uploads ? h2::Side::kServer : h2::Side::kClient);
        pair_.receiver.UpdateSettings(settings).IgnoreError();
        return ToSender();
      }
      case 18:
        return pair_.uploads ? Answer(AnyId()) : Push(AnyId());
      default:
        return Pull(input_.Size());
    }
  }

  // Control frames of the sender's, which share the output with DATA.
  void FillOutput(h2::StreamId id) {
    const uint32_t how = input_.Byte();
    const std::string field(how * 8, 'x');
    if (how % 4 == 0) {
      pair_.sender.Ping("12345678").IgnoreError();
    } else if (how % 8 == 2) {
      const absl::Status status = scheduler_->SubmitInformational(
          id, {{":status", "103"}, {"x", field}});
      Check(!status.ok() || !pair_.sender.CanSendData(id),
            "103 began a response");
    } else if (how % 4 == 1) {
      const std::vector<h2::Setting> settings = DrawSettings(
          input_, pair_.uploads ? h2::Side::kClient : h2::Side::kServer);
      pair_.sender.UpdateSettings(settings).IgnoreError();
    } else if (!pair_.uploads &&
               (!pair_.bodies.contains(id) || !pair_.bodies[id].alive)) {
      // Without a body, and by the connection's own call.
      if (pair_.sender
              .SendHeaders(id, {{":status", "200"}, {"x", field}},
                           {.end_stream = true})
              .ok()) {
        scheduler_->Cancel(id);
        pair_.bodies[id].reset = true;
      }
    }
  }

  // The other end's answer to an upload, which frees its place.
  void Answer(h2::StreamId id) {
    pair_.receiver.SendHeaders(id, {{":status", "200"}}, {.end_stream = true})
        .IgnoreError();
    ToSender();
  }

  void Push(h2::StreamId parent) {
    const absl::StatusOr<h2::StreamId> id =
        pair_.server.GetNextAvailableStreamId();
    if (!id.ok() || *id > 40) return;
    if (pair_.server
            .PushStream(parent, *id,
                        {{":method", "GET"},
                         {":scheme", "https"},
                         {":authority", "example.org"},
                         {":path", "/pushed"}})
            .ok()) {
      Submit(*id, {{":status", "200"}});
    }
  }

  void Request() {
    const absl::StatusOr<h2::StreamId> id =
        pair_.client.GetNextAvailableStreamId();
    if (!id.ok() || *id > 79) return;
    const uint32_t said = input_.Byte();
    const bool head = (said & 6) == 6;
    std::vector<h2::Header> headers = {{":method", head ? "HEAD" : "GET"},
                                       {":scheme", "https"},
                                       {":authority", "example.org"},
                                       {":path", "/"}};
    if (said & 1) {
      headers.push_back(
          {"priority", absl::StrCat("u=", said >> 4, (said & 8) ? ",i" : "")});
    }
    h2::SendHeadersOptions options{.end_stream = true};
    if (said & 2) options.priority = DrawDependency(input_);
    if (!pair_.client.SendHeaders(*id, headers, options).ok()) return;
    last_id_ = *id;
    if (head) heads_.insert(*id);
    ToSender();
  }

  // Or asks, with a body, where the scheduler is the client's.
  void Respond();
  void Submit(h2::StreamId id, std::vector<h2::Header> headers);

  void Cancel(h2::StreamId id) {
    pair_.bodies[id].reset = true;
    scheduler_->Cancel(id);
  }

  void OnPick() {
    ++picks_;
    const uint64_t frames = scheduler_->counters().frames - frames_before_;
    const uint64_t calls = 1 + operations_ - operations_before_;
    Check(picks_ <= 1 + frames + 2 * calls * (1 + pair_.bodies.size()),
          "a pull that does not end");
  }

  void Resume(h2::StreamId id) {
    scheduler_->Resume(id);
    if (const auto body = pair_.bodies.find(id); body != pair_.bodies.end()) {
      body->second.stalled = false;
    }
  }

  void Pull(size_t max_bytes) {
    if (pulling_ || calling_back_) {
      const size_t moved = scheduler_->Pull(max_bytes);
      Check(!pulling_ || moved == 0, "a pull inside a pull");
      bytes_ += moved;
      return;
    }
    const bool had_ready = scheduler_->HasReady();
    const DataSchedulerCounters before = scheduler_->counters();
    picks_ = 0;
    frames_before_ = before.frames;
    operations_before_ = operations_;
    pulling_ = true;
    const size_t moved = scheduler_->Pull(max_bytes);
    pulling_ = false;
    const DataSchedulerCounters& counters = scheduler_->counters();
    Check(moved <= max_bytes, "more was pulled than asked for");
    Check(had_ready || counters.frames == before.frames,
          "HasReady() was wrong");
    Check(counters.bytes - bytes_ == moved, "moved bytes are not counted");
    bytes_ = counters.bytes;
    const auto alive = static_cast<size_t>(
        std::count_if(pair_.bodies.begin(), pair_.bodies.end(),
                      [](const auto& body) { return body.second.alive; }));
    Check(scheduler_->ActiveBodies() == alive, "ActiveBodies()");
    if (moved < max_bytes) CheckNothingCouldGo();
  }

  void CheckNothingCouldGo() {
    if (pair_.sender.IsTerminated()) return;
    const size_t room = pair_.sender.OutputRoom();
    if (room == 0 || (room < min_chunk_ && pair_.sender.OutputSize() > 0))
      return;
    // Calls from inside the pull may have made more ready.
    if (operations_ != operations_before_ && scheduler_->HasReady()) return;
    // Control bytes may be at their mark: they are among these.
    if (pair_.sender.OutputSize() >= pair_.control_mark) return;
    // A small rest of the connection's window may wait for more, and is not
    // ready then.
    const auto full = static_cast<int64_t>(std::min(
        {max_grant_, max_frame_, pair_.sender.MaxOutboundFrameSize()}));
    const int64_t connection =
        pair_.sender.LocalFlowControlWindow(0).value_or(0);
    if (connection <= 0) return;
    if (connection < full && min_chunk_ > 1 && !scheduler_->HasReady()) return;
    for (const auto& [id, body] : pair_.bodies) {
      if (!body.alive || body.stalled) continue;
      const int64_t window =
          pair_.sender.LocalFlowControlWindow(id).value_or(0);
      Check(window <= 0, absl::StrCat("stream ", id, " could have sent"));
    }
  }

  void ToSender() {
    pair_.ToSender(
        [this](const h2::Event& event) { scheduler_->OnEvent(event); });
  }
  void ToReceiver(size_t bytes) { pair_.ToReceiver(bytes); }

  void FromClient() {
    if (!pair_.uploads) ToSender();
  }

  void CheckAfterEnd() const {
    Check(!pair_.sender.IsTerminated() || !scheduler_->HasReady(),
          "ready after the end of the connection");
  }

  // --- Arguments -------------------------------------------------------------

  // Open, closed, or idle.
  h2::StreamId AnyId() {
    const uint32_t byte = input_.Byte();
    return byte >= 240 ? 2 * (1 + byte % 4)
                       : 1 + 2 * (byte % (last_id_ / 2 + 4));
  }

  // --- The end ---------------------------------------------------------------

  bool PullAll() {
    const DataSchedulerCounters before = scheduler_->counters();
    for (const auto& [id, body] : pair_.bodies) scheduler_->Resume(id);
    for (auto& [id, body] : pair_.bodies) body.stalled = false;
    Pull(1 << 20);
    ToReceiver(h2::Connection::kAll);
    ToSender();
    const DataSchedulerCounters& after = scheduler_->counters();
    return after.frames != before.frames ||
           after.streams_finished != before.streams_finished ||
           after.streams_reset != before.streams_reset;
  }

  // Until nothing goes any more, not even after a round trip: a small rest of
  // the window waits that long. False: it is over, or takes too long.
  bool PullUntilIdle() {
    int idle = 0;
    for (int round = 0; round < kRounds && !pair_.Over(); ++round) {
      idle = PullAll() ? 0 : idle + 1;
      if (idle == 3) return true;
    }
    return false;
  }

  // The input is used up: bodies give what they are asked for.
  void FinishAll() {
    ToReceiver(h2::Connection::kAll);
    ToSender();
    if (!PullUntilIdle()) return;
    // The streams that are left wait only for a window.
    for (const auto& [id, body] : pair_.bodies) {
      Check(!body.alive || body.received < body.size,
            absl::StrCat("the end of stream ", id, " waits for a window"));
    }
    const h2::Setting window = {h2::SettingId::kInitialWindowSize, 1 << 30};
    pair_.receiver.UpdateSettings({&window, 1}).IgnoreError();
    pair_.receiver.IncrementFlowControlWindow(0, 1 << 30).IgnoreError();
    ToSender();
    if (!PullUntilIdle()) return;
    Check(scheduler_->ActiveBodies() == 0, "a body never ended");
    for (const auto& [id, body] : pair_.bodies) {
      // A client says nothing of a push on a request that it cancelled.
      const bool pushed = id % 2 == 0 && body.received == 0;
      Check(body.ended || body.reset || body.failed || body.size == 0 || pushed,
            absl::StrCat("stream ", id, " has no end"));
    }
    CheckLog(trace_.events(), max_grant_, scheduler_->counters().bytes);
  }

  // More would only make tiny frames of a large body.
  static constexpr int kRounds = 1500;

  Input input_;
  const std::string policy_;
  const uint8_t role_;
  MemoryTrace trace_;
  JoinedPair pair_;
  std::set<h2::StreamId> heads_;
  std::set<h2::StreamId> done_;
  std::unique_ptr<DataScheduler> scheduler_;
  h2::StreamId last_id_ = 1;
  size_t max_grant_ = 0;
  size_t min_chunk_ = 0;
  size_t max_frame_ = 0;
  uint64_t bytes_ = 0;
  uint64_t operations_ = 0;
  // Of the pull that is under way.
  uint64_t picks_ = 0;
  uint64_t frames_before_ = 0;
  uint64_t operations_before_ = 0;
  bool pulling_ = false;
  bool calling_back_ = false;
};

class Run::Source : public DataSource {
 public:
  Source(Run* run, h2::StreamId id) : run_(*run), id_(id) {
    run_.pair_.bodies[id].alive = true;
  }
  ~Source() override {
    Check(run_.pair_.bodies[id_].alive, "a body was destroyed twice");
    run_.pair_.bodies[id_].alive = false;
    // Calls back, but does not start a chain of its own.
    if (run_.calling_back_ || run_.input_.Byte() % 4 != 0) return;
    run_.calling_back_ = true;
    run_.Operate();
    run_.calling_back_ = false;
  }

  Chunk Read(size_t max_bytes) override {
    Check(max_bytes <= run_.max_grant_, "a read too large");
    Body& body = run_.pair_.bodies[id_];
    const uint32_t how = run_.input_.Byte();
    for (uint32_t calls = how % 4; calls > 0 && !run_.input_.empty(); --calls) {
      run_.Operate();
    }
    Chunk chunk;
    if (how >= 224 && how < 232) {
      chunk.status = absl::DataLossError("fuzz");
      body.failed = true;
    }
    if (how >= 208 && how < 224) {
      body.stalled = true;  // a Resume() of before counts for the next Pull()
      return chunk;
    }
    uint64_t size = std::min<uint64_t>(max_bytes, body.size - body.read);
    if (how & 16) size = std::min<uint64_t>(size, 1 + how);
    if (how >= 232 && how < 236) {
      size = max_bytes + 1;  // too much
      body.failed = true;
    }
    std::string bytes;
    for (uint64_t i = 0; i < size; ++i) bytes += ByteAt(id_, body.read + i);
    chunk.data = absl::Cord(bytes);
    body.read += size;
    chunk.end = body.read >= body.size &&
                (max_bytes == 0 || size == 0 || (how & 32) == 0);
    return chunk;
  }

 private:
  Run& run_;
  const h2::StreamId id_;
};

void Run::Respond() {
  if (!pair_.uploads) return Submit(AnyId(), {{":status", "200"}});
  const absl::StatusOr<h2::StreamId> id =
      pair_.client.GetNextAvailableStreamId();
  if (!id.ok() || *id > 79) return;
  last_id_ = std::max(last_id_, *id);
  Submit(*id, {{":method", "POST"},
               {":scheme", "https"},
               {":authority", "example.org"},
               {":path", "/"}});
}

void Run::Submit(h2::StreamId id, std::vector<h2::Header> headers) {
  const uint32_t how = input_.Byte();
  if (how & 1) headers.push_back({"priority", how & 2 ? "u=1" : "i, u=6"});
  SubmitOptions options;
  if (how & 4) options.hints = DrawHints(input_);
  if (how & 8) options.server = DrawOverride(input_);
  if (how & 16) options.trailers = {{"x-trailer", "1"}};
  // Of few frames, however small these are.
  const uint64_t size =
      heads_.contains(id)
          ? 0
          : std::min<uint64_t>(input_.Size() - 1,
                               40 * std::min(max_grant_, max_frame_));
  const auto known = pair_.bodies.find(id);
  if (known != pair_.bodies.end() && known->second.alive) {
    const absl::Status status =
        scheduler_->Submit(id, headers, nullptr, std::move(options));
    return Check(!status.ok(), "a second body");
  }
  if (how == 224) headers.front() = {":status", "103"};
  if ((how & 224) == 32) {
    scheduler_->Submit(id, headers, nullptr, std::move(options)).IgnoreError();
    return;
  }
  const bool could_send = pair_.sender.CanSendData(id);
  const uint64_t operations_before = operations_;
  auto source = std::make_unique<Source>(this, id);
  const absl::Status status =
      scheduler_->Submit(id, headers, std::move(source), std::move(options));
  if (status.ok()) {
    Check(how != 224 || pair_.uploads, "a body behind a 1xx");
    pair_.bodies[id].size = size;
    pair_.bodies[id].stalled = false;
  } else if (operations_ == operations_before) {  // no body called back
    Check(pair_.sender.CanSendData(id) == could_send,
          "a refused call did something");
  }
}

}  // namespace
}  // namespace sluice::scheduler

SLUICE_FUZZ_TARGET(data_scheduler_fuzz)(const uint8_t* data, size_t size) {
  sluice::scheduler::Run(sluice::scheduler::Input(data, size)).Go();
}
