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
// Invariants:
//   - work conservation: a Pull() that stops early leaves no stream that could
//     send: bytes, window of its own and of the connection, room in the output;
//   - a Pull() ends: it picks once for each frame that it moved and twice for
//     each stream, and that again for each call made from inside it;
//   - what is picked is open and ready, as the policy was told, and each pick
//     has one charge, of no more than the grant;
//   - the policy is told only of streams that are open, and only what the
//     client said of them;
//   - bytes: what the peer got of a stream are the bytes of its body, in order,
//     all of them when it ended well; and they are what was charged;
//   - a body is destroyed once, and ActiveBodies() counts those that live;
//   - a stream is reset only for a reason: a call, the peer, or its body;
//   - neither connection ends but by a call, or by a limit that is drawn for
//   it;
//     after that nothing is ready;
//   - a body of which only the end is left ends at any window; once windows are
//     open and bodies resume, every body ends;
//   - the trace survives JSON Lines, and plays to the same decisions.
//
// Input: how all is made, then each operation takes a byte of kind and its
// arguments.
#include <sluice/h2/connection.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace/json_lines.h>
#include <sluice/scheduler/trace/replay.h>
#include <sluice/scheduler/trace/trace.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tests/fuzz/fuzz_input.h"

namespace sluice::scheduler {
namespace {

[[noreturn]] void Fail(absl::string_view what) {
  std::fprintf(stderr, "data_scheduler_fuzz: %.*s\n",
               static_cast<int>(what.size()), what.data());
  std::abort();
}

void Check(bool holds, absl::string_view what) {
  if (!holds) Fail(what);
}

using fuzz::Input;

// What stream `id` carries at `offset`.
char ByteAt(h2::StreamId id, uint64_t offset) {
  return static_cast<char>(id * 31 + offset * 7 + (offset >> 8));
}

struct Body {
  uint64_t size = 0;
  uint64_t read = 0;
  uint64_t received = 0;
  bool stalled = false;  // gave nothing, and was not resumed since
  bool alive = false;
  bool ended = false;   // END_STREAM, or trailers, reached the peer
  bool reset = false;   // by a call on either side, or seen by the peer
  bool failed = false;  // its source cannot go on, or broke its contract
};

// What the client said of each stream, as events.
struct Said {
  std::vector<signals::Rfc7540Priority> rfc7540;
  std::vector<signals::Rfc9218Priority> rfc9218;
};

// Checks what a policy may rely on (policy.h), and calls `on_pick` at each
// pick.
class CheckedPolicy : public Policy {
 public:
  CheckedPolicy(std::unique_ptr<Policy> policy,
                const std::map<StreamId, Said>* said,
                std::function<void()> on_pick)
      : policy_(std::move(policy)),
        said_(*said),
        on_pick_(std::move(on_pick)) {}

  void OnOpen(StreamId id, const StreamInfo& info) override {
    Check(infos_.emplace(id, &info).second, "it is open");
    CheckInfo(id, info);
    policy_->OnOpen(id, info);
  }
  void OnPriority(StreamId id, const StreamInfo& info,
                  Signal changed) override {
    Check(&info == InfoOf(id), "an info that moved");
    CheckInfo(id, info);
    Check(changed != Signal::kRfc7540 ||
              info.rfc7540 == said_.at(id).rfc7540.back(),
          "it is not what the client said last");
    policy_->OnPriority(id, info, changed);
  }
  absl::Status OnIdlePriority(
      StreamId id, const signals::Rfc7540Priority& priority) override {
    Check(!infos_.contains(id), "an idle stream that is open");
    Check(priority == said_.at(id).rfc7540.back(),
          "it is not what the client said last");
    return policy_->OnIdlePriority(id, priority);
  }
  void OnClientUsesRfc9218() override {
    Check(!std::exchange(uses_rfc9218_, true), "the client used it before");
    policy_->OnClientUsesRfc9218();
  }
  void OnClose(StreamId id) override {
    CheckInfo(id, *InfoOf(id));
    policy_->OnClose(id);
    infos_.erase(id);
  }
  void SetReady(StreamId id) override {
    CheckInfo(id, *InfoOf(id));
    policy_->SetReady(id);
  }
  void SetBlocked(StreamId id) override {
    CheckInfo(id, *InfoOf(id));
    policy_->SetBlocked(id);
  }
  std::optional<Grant> Pick() override {
    on_pick_();
    return policy_->Pick();
  }
  void Charge(StreamId id, size_t bytes) override {
    policy_->Charge(id, bytes);
  }

 private:
  const StreamInfo* InfoOf(StreamId id) const {
    const auto found = infos_.find(id);
    Check(found != infos_.end(), "a call for a stream that is not open");
    return found->second;
  }
  void CheckInfo(StreamId id, const StreamInfo& info) const {
    FaultText text;
    const char* fault = FindFault(id, info, &text);
    Check(fault == nullptr, fault == nullptr ? "" : fault);
    Check(!info.moved || info.rfc7540.has_value(), "moved by nothing");
    Check(!info.rfc9218.has_value() || uses_rfc9218_,
          "an RFC 9218 signal that was not announced");
    const auto said = said_.find(id);
    const auto is_of = [](const auto& value, const auto& values) {
      return std::find(values.begin(), values.end(), *value) != values.end();
    };
    const bool known = said != said_.end();
    Check(!info.rfc7540.has_value() ||
              (known && is_of(info.rfc7540, said->second.rfc7540)),
          "the client never said it");
    Check(!info.rfc9218.has_value() ||
              (known && is_of(info.rfc9218, said->second.rfc9218)),
          "the client never said it");
  }

  const std::unique_ptr<Policy> policy_;
  const std::map<StreamId, Said>& said_;
  const std::function<void()> on_pick_;
  std::map<StreamId, const StreamInfo*> infos_;
  bool uses_rfc9218_ = false;
};

class Run {
 public:
  explicit Run(Input input)
      : input_(input),
        policy_(PolicyOf(input_.Byte())),
        role_(input_.Byte()),
        uploads_((role_ & 1) != 0),
        patient_((role_ & 2) == 0),
        client_(Options(h2::Side::kClient)),
        server_(Options(h2::Side::kServer)),
        sender_(uploads_ ? client_ : server_),
        receiver_(uploads_ ? server_ : client_) {
    PolicyOptions limits;
    limits.max_grant = std::max<size_t>(input_.Limit(16384), 1);
    limits.max_streams = std::max<size_t>(input_.Limit(1000), 1);
    limits.max_closed_streams = input_.Limit(100);
    max_grant_ = limits.max_grant;
    DataSchedulerOptions options;
    options.max_frame_size = input_.Limit(16384);
    options.min_chunk = input_.Limit(1024);
    options.max_streams = input_.Limit(100);
    options.trace = &trace_;
    min_chunk_ = options.min_chunk;
    max_frame_ = std::max<size_t>(options.max_frame_size, 1);
    scheduler_ = std::make_unique<DataScheduler>(
        &sender_,
        std::make_unique<CheckedPolicy>(
            *CreateRecordedPolicy(policy_, limits, &trace_), &said_,
            [this] { OnPick(); }),
        options);
    client_.InitiateConnection().IgnoreError();
    server_.InitiateConnection().IgnoreError();
    ToReceiver(h2::Connection::kAll);
    ToSender();
    ToReceiver(h2::Connection::kAll);
  }

  void Go() {
    while (!input_.empty()) Operate();
    CheckTrace();
    if (!Over()) FinishAll();
    CheckAfterEnd();
    delete scheduler_.get();  // the bodies may still call back into it
    scheduler_.release();
    for (const auto& [id, body] : bodies_) {
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
          "auto:mixed=alternate"};
      for (const PolicyEntry& entry : RegisteredPolicies()) {
        all->push_back(entry.name);
      }
      return all;
    }();
    return (*specs)[byte % specs->size()];
  }

  // A patient connection has no limit that the other one, which keeps the
  // rules, could break.
  h2::ConnectionOptions Options(h2::Side side) {
    h2::ConnectionOptions options{.side = side};
    options.settings = fuzz::DrawSettings(input_, side);
    if (input_.Byte() % 4 == 1) {
      options.settings.push_back({h2::SettingId::kNoRfc7540Priorities, 1});
    }
    fuzz::DrawHarmlessLimits(input_, &options.limits);
    options.limits.budgets = fuzz::AmpleBudgets();
    options.limits.max_unread_control_bytes = size_t{1} << 30;
    options.limits.max_queued_answers = size_t{1} << 30;
    if (!patient_) fuzz::DrawHarmfulLimits(input_, &options.limits);
    if ((side == h2::Side::kClient) == uploads_) {
      control_mark_ = options.limits.output_control_high_water_mark;
      data_mark_ = options.limits.output_high_water_mark;
    }
    return options;
  }

  bool Over() const { return server_.IsTerminated() || client_.IsTerminated(); }

  // --- Calls -----------------------------------------------------------------

  void Operate() {
    ++operations_;
    OperateOnce();
    CheckAfterEnd();
    Check(sender_.OutputRoom() <= std::max<size_t>(data_mark_, 16384),
          absl::StrCat("room for ", sender_.OutputRoom(), " bytes"));
  }

  void OperateOnce() {
    const uint32_t kind = input_.Byte();
    switch (kind % 24) {
      case 0:
      case 1:
        return uploads_ ? Respond() : Request();
      case 2:
      case 3:
        return Respond();
      case 4: {
        const h2::StreamId id = AnyId();
        client_.Prioritize(id, Dependency()).IgnoreError();
        return FromClient();
      }
      case 5: {
        const h2::StreamId id = AnyId();
        client_.SendPriorityUpdate(id, Field()).IgnoreError();
        return FromClient();
      }
      case 6: {
        const h2::StreamId id = AnyId();
        if (receiver_.ResetStream(id, h2::ErrorCode::kCancel).ok()) {
          bodies_[id].reset = true;
        }
        return ToSender();
      }
      case 7:
      case 8: {
        const h2::StreamId id = input_.Flag() ? AnyId() : 0;
        receiver_.IncrementFlowControlWindow(id, input_.Size()).IgnoreError();
        return ToSender();
      }
      case 9: {
        const h2::Setting window = {h2::SettingId::kInitialWindowSize,
                                    input_.Size() - 1};
        receiver_.UpdateSettings({&window, 1}).IgnoreError();
        return ToSender();
      }
      case 10:
        return Cancel(AnyId());
      case 11:
        return Resume(AnyId());
      case 12: {
        const h2::StreamId id = AnyId();
        scheduler_->SetServerPriority(id, Override()).IgnoreError();
        return;
      }
      case 13: {
        const h2::StreamId id = AnyId();
        scheduler_->SetHints(id, Hints()).IgnoreError();
        return;
      }
      case 14:
        return ToReceiver(input_.Size());
      case 15:
        if (input_.Byte() == 7) {
          const bool hard = input_.Flag();
          closed_ |= hard;
          receiver_
              .CloseConnection(hard ? h2::ErrorCode::kInternalError
                                    : h2::ErrorCode::kNoError)
              .IgnoreError();
        }
        return ToSender();
      case 16:
        return FillOutput(AnyId());
      case 17: {
        const std::vector<h2::Setting> settings = fuzz::DrawSettings(
            input_, uploads_ ? h2::Side::kServer : h2::Side::kClient);
        receiver_.UpdateSettings(settings).IgnoreError();
        return ToSender();
      }
      case 18:
        return uploads_ ? Answer(AnyId()) : Push(AnyId());
      default:
        return Pull(input_.Size());
    }
  }

  // Control frames of the sender's, which share the output with DATA.
  void FillOutput(h2::StreamId id) {
    const uint32_t how = input_.Byte();
    const std::string field(how * 8, 'x');
    if (how % 4 == 0) {
      sender_.Ping("12345678").IgnoreError();
    } else if (how % 8 == 2) {
      const absl::Status status = scheduler_->SubmitInformational(
          id, {{":status", "103"}, {"x", field}});
      Check(!status.ok() || !sender_.CanSendData(id), "103 began a response");
    } else if (how % 4 == 1) {
      const std::vector<h2::Setting> settings = fuzz::DrawSettings(
          input_, uploads_ ? h2::Side::kClient : h2::Side::kServer);
      sender_.UpdateSettings(settings).IgnoreError();
    } else if (!uploads_ && (!bodies_.contains(id) || !bodies_[id].alive)) {
      // Without a body, and by the connection's own call.
      if (sender_
              .SendHeaders(id, {{":status", "200"}, {"x", field}},
                           {.end_stream = true})
              .ok()) {
        scheduler_->Cancel(id);
        bodies_[id].reset = true;
      }
    }
  }

  // The other end's answer to an upload, which frees its place.
  void Answer(h2::StreamId id) {
    receiver_.SendHeaders(id, {{":status", "200"}}, {.end_stream = true})
        .IgnoreError();
    ToSender();
  }

  void Push(h2::StreamId parent) {
    const absl::StatusOr<h2::StreamId> id = server_.GetNextAvailableStreamId();
    if (!id.ok() || *id > 40) return;
    if (server_
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
    const absl::StatusOr<h2::StreamId> id = client_.GetNextAvailableStreamId();
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
    if (said & 2) options.priority = Dependency();
    if (!client_.SendHeaders(*id, headers, options).ok()) return;
    last_id_ = *id;
    if (head) heads_.insert(*id);
    ToSender();
  }

  // Or asks, with a body, where the scheduler is the client's.
  void Respond();
  void Submit(h2::StreamId id, std::vector<h2::Header> headers);

  void Cancel(h2::StreamId id) {
    bodies_[id].reset = true;
    scheduler_->Cancel(id);
  }

  void OnPick() {
    ++picks_;
    const uint64_t frames = scheduler_->counters().frames - frames_before_;
    const uint64_t calls = 1 + operations_ - operations_before_;
    Check(picks_ <= 1 + frames + 2 * calls * (1 + bodies_.size()),
          "a pull that does not end");
  }

  void Resume(h2::StreamId id) {
    scheduler_->Resume(id);
    if (const auto body = bodies_.find(id); body != bodies_.end()) {
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
        std::count_if(bodies_.begin(), bodies_.end(),
                      [](const auto& body) { return body.second.alive; }));
    Check(scheduler_->ActiveBodies() == alive, "ActiveBodies()");
    if (moved < max_bytes) CheckNothingCouldGo();
  }

  void CheckNothingCouldGo() {
    if (sender_.IsTerminated()) return;
    const size_t room = sender_.OutputRoom();
    if (room == 0 || (room < min_chunk_ && sender_.OutputSize() > 0)) return;
    // Calls from inside the pull may have made more ready.
    if (operations_ != operations_before_ && scheduler_->HasReady()) return;
    // Control bytes may be at their mark: they are among these.
    if (sender_.OutputSize() >= control_mark_) return;
    // A small rest of the connection's window may wait for more, and is not
    // ready then.
    const auto full = static_cast<int64_t>(
        std::min({max_grant_, max_frame_, sender_.MaxOutboundFrameSize()}));
    const int64_t connection = sender_.LocalFlowControlWindow(0).value_or(0);
    if (connection <= 0) return;
    if (connection < full && min_chunk_ > 1 && !scheduler_->HasReady()) return;
    for (const auto& [id, body] : bodies_) {
      if (!body.alive || body.stalled) continue;
      const int64_t window = sender_.LocalFlowControlWindow(id).value_or(0);
      Check(window <= 0, absl::StrCat("stream ", id, " could have sent"));
    }
  }

  void FromClient() {
    if (!uploads_) ToSender();
  }

  void ToSender() {
    std::vector<h2::Event> events;
    CheckPeer(sender_, sender_.ReceiveData(receiver_.DataToSend(), &events));
    for (const h2::Event& event : events) {
      CheckFault(event);
      if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
        bodies_[reset->stream_id].reset = true;
      } else if (const auto* tree = std::get_if<h2::PriorityUpdated>(&event)) {
        said_[tree->stream_id].rfc7540.push_back(tree->priority);
      } else if (const auto* field =
                     std::get_if<h2::PriorityFieldUpdated>(&event)) {
        said_[field->stream_id].rfc9218.push_back(field->priority);
      }
      scheduler_->OnEvent(event);
    }
  }

  void ToReceiver(size_t bytes) {
    std::vector<h2::Event> events;
    CheckPeer(receiver_,
              receiver_.ReceiveData(sender_.DataToSend(bytes), &events));
    for (const h2::Event& event : events) {
      CheckFault(event);
      if (const auto* data = std::get_if<h2::DataReceived>(&event)) {
        Body& body = bodies_[data->stream_id];
        for (const char c : data->data) {
          Check(c == ByteAt(data->stream_id, body.received++), "other bytes");
        }
      } else if (const auto* ended = std::get_if<h2::StreamEnded>(&event)) {
        Body& body = bodies_[ended->stream_id];
        Check(body.received == body.size, "an end before the last byte");
        body.ended = true;
      } else if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
        Body& body = bodies_[reset->stream_id];
        Check(body.reset || body.failed || !reset->remote ||
                  reset->error_code == h2::ErrorCode::kRefusedStream ||
                  (!patient_ &&
                   reset->error_code == h2::ErrorCode::kEnhanceYourCalm),
              absl::StrCat("stream ", reset->stream_id,
                           " was reset without a reason: ",
                           h2::ErrorCodeName(reset->error_code)));
        body.reset = true;
      }
    }
  }

  // `connection` took what the other one wrote.
  void CheckPeer(const h2::Connection& connection, const absl::Status& status) {
    if (status.ok()) return;
    const bool known = std::exchange(
        &connection == &client_ ? client_over_ : server_over_, true);
    if (known || closed_ || client_over_ + server_over_ == 2) return;
    Check(
        !patient_ && h2::ErrorCodeOf(status) == h2::ErrorCode::kEnhanceYourCalm,
        absl::StrCat("a connection ends: ", status.ToString()));
  }

  // A stream that one of ours resets for an error of the other's.
  void CheckFault(const h2::Event& event) {
    const auto* reset = std::get_if<h2::StreamReset>(&event);
    if (reset == nullptr || reset->remote) return;
    Check(
        reset->error_code == h2::ErrorCode::kRefusedStream ||
            (!patient_ && reset->error_code == h2::ErrorCode::kEnhanceYourCalm),
        absl::StrCat("one of ours is at fault: ", reset->error.ToString()));
  }

  void CheckAfterEnd() const {
    Check(!sender_.IsTerminated() || !scheduler_->HasReady(),
          "ready after the end of the connection");
  }

  // --- Arguments -------------------------------------------------------------

  // Open, closed, or idle.
  h2::StreamId AnyId() {
    const uint32_t byte = input_.Byte();
    return byte >= 240 ? 2 * (1 + byte % 4)
                       : 1 + 2 * (byte % (last_id_ / 2 + 4));
  }

  signals::Rfc7540Priority Dependency() {
    const uint32_t parent = input_.Byte();
    return {.depends_on = parent % 4 == 0 ? 0 : 1 + 2 * (parent % 20),
            .weight = static_cast<int>(1 + input_.Byte()),
            .exclusive = (parent & 128) != 0};
  }

  signals::Rfc9218Priority Field() {
    const uint32_t byte = input_.Byte();
    return {static_cast<int>(byte % 8), (byte & 8) != 0};
  }

  std::optional<ServerPriority> Override() {
    const uint32_t byte = input_.Byte();
    if (byte % 4 == 0) return std::nullopt;
    ServerPriority server;
    if (byte & 1) {
      server.rfc9218 = signals::Rfc9218Priority{
          static_cast<int>((byte >> 4) % 8), (byte & 128) != 0};
    }
    if (byte & 2) {
      const signals::Rfc7540Priority to = Dependency();
      server.rfc7540 = {to.depends_on, to.weight, to.exclusive};
    }
    return server;
  }

  ResourceHints Hints() {
    const uint32_t byte = input_.Byte();
    ResourceHints hints;
    hints.resource_class = static_cast<ResourceClass>(byte % 9);
    hints.in_head = (byte & 16) != 0;
    hints.async_or_defer = (byte & 32) != 0;
    hints.preload = (byte & 64) != 0;
    if (byte & 128) hints.bytes_remaining = input_.Size();
    return hints;
  }

  // --- The end ---------------------------------------------------------------

  bool PullAll() {
    const DataSchedulerCounters before = scheduler_->counters();
    for (const auto& [id, body] : bodies_) scheduler_->Resume(id);
    for (auto& [id, body] : bodies_) body.stalled = false;
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
    for (int round = 0; round < kRounds && !Over(); ++round) {
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
    // What is left waits for a window, and for nothing else.
    for (const auto& [id, body] : bodies_) {
      Check(!body.alive || body.received < body.size,
            absl::StrCat("the end of stream ", id, " waits for a window"));
    }
    const h2::Setting window = {h2::SettingId::kInitialWindowSize, 1 << 30};
    receiver_.UpdateSettings({&window, 1}).IgnoreError();
    receiver_.IncrementFlowControlWindow(0, 1 << 30).IgnoreError();
    ToSender();
    if (!PullUntilIdle()) return;
    Check(scheduler_->ActiveBodies() == 0, "a body never ended");
    for (const auto& [id, body] : bodies_) {
      // A client says nothing of a push on a request that it cancelled.
      const bool pushed = id % 2 == 0 && body.received == 0;
      Check(body.ended || body.reset || body.failed || body.size == 0 || pushed,
            absl::StrCat("stream ", id, " has no end"));
    }
    CheckTrace();
  }

  void CheckTrace() const {
    const absl::Span<const TraceEvent> events = trace_.events();
    std::set<StreamId> open, ready;
    std::optional<TracePick> pick;
    uint64_t charged = 0;
    for (const TraceEvent& event : events) {
      if (const auto* opened = std::get_if<TraceOpen>(&event)) {
        open.insert(opened->id);
      } else if (const auto* closed = std::get_if<TraceClose>(&event)) {
        open.erase(closed->id);
        ready.erase(closed->id);
      } else if (const auto* now = std::get_if<TraceReady>(&event)) {
        ready.insert(now->id);
      } else if (const auto* blocked = std::get_if<TraceBlocked>(&event)) {
        ready.erase(blocked->id);
      } else if (const auto* picked = std::get_if<TracePick>(&event)) {
        Check(!pick.has_value(), "two picks without a charge");
        Check(ready.contains(picked->id), "picked what is blocked or closed");
        Check(picked->max_bytes >= 1 && picked->max_bytes <= max_grant_,
              "a grant out of its range");
        Check(picked->ready == ready.size(), "the trace miscounts the ready");
        pick = *picked;
      } else if (const auto* charge = std::get_if<TraceCharge>(&event)) {
        Check(pick.has_value() && pick->id == charge->id &&
                  charge->bytes <= pick->max_bytes,
              "a charge that is not the pick's");
        pick.reset();
        charged += charge->bytes;
      }
    }
    Check(charged == scheduler_->counters().bytes, "charged is not what went");
    std::vector<TraceEvent> read;
    for (const TraceEvent& event : events) {
      absl::StatusOr<TraceEvent> again =
          TraceEventFromJson(TraceEventToJson(event));
      Check(again.ok() && *again == event, TraceEventToJson(event));
      read.push_back(*std::move(again));
    }
    const absl::StatusOr<std::vector<ReplayedPick>> replayed = Replay(read);
    Check(replayed.ok() && *replayed == RecordedPicks(events),
          "the log plays to other decisions");
    const absl::StatusOr<std::vector<ReplayedPick>> other = WhatIf(read, "rr");
    Check(other.ok(), "no what-if");
    uint64_t sent = 0;
    for (const ReplayedPick& replay : *other) sent += replay.bytes;
    Check(sent <= charged, "a what-if that sends more than there was");
  }

  // More would only make tiny frames of a large body.
  static constexpr int kRounds = 1500;

  Input input_;
  const std::string policy_;
  const uint8_t role_;
  const bool uploads_;  // the scheduler is the client's
  const bool patient_;
  size_t control_mark_ = 0;  // of the sender
  size_t data_mark_ = 0;
  MemoryTrace trace_;
  h2::Connection client_;
  h2::Connection server_;
  h2::Connection& sender_;
  h2::Connection& receiver_;
  std::map<h2::StreamId, Body> bodies_;
  std::map<h2::StreamId, Said> said_;
  std::set<h2::StreamId> heads_;
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
  bool closed_ = false;  // by a call, with an error
  bool client_over_ = false;
  bool server_over_ = false;
};

class Run::Source : public DataSource {
 public:
  Source(Run* run, h2::StreamId id) : run_(*run), id_(id) {
    run_.bodies_[id].alive = true;
  }
  ~Source() override {
    Check(run_.bodies_[id_].alive, "a body was destroyed twice");
    run_.bodies_[id_].alive = false;
    // Calls back, but does not start a chain of its own.
    if (run_.calling_back_ || run_.input_.Byte() % 4 != 0) return;
    run_.calling_back_ = true;
    run_.Operate();
    run_.calling_back_ = false;
  }

  Chunk Read(size_t max_bytes) override {
    Check(max_bytes <= run_.max_grant_, "a read too large");
    Body& body = run_.bodies_[id_];
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
  if (!uploads_) return Submit(AnyId(), {{":status", "200"}});
  const absl::StatusOr<h2::StreamId> id = client_.GetNextAvailableStreamId();
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
  if (how & 4) options.hints = Hints();
  if (how & 8) options.server = Override();
  if (how & 16) options.trailers = {{"x-trailer", "1"}};
  // Of few frames, however small these are.
  const uint64_t size =
      heads_.contains(id)
          ? 0
          : std::min<uint64_t>(input_.Size() - 1,
                               40 * std::min(max_grant_, max_frame_));
  const auto known = bodies_.find(id);
  if (known != bodies_.end() && known->second.alive) {
    const absl::Status status =
        scheduler_->Submit(id, headers, nullptr, std::move(options));
    return Check(!status.ok(), "a second body");
  }
  if (how == 224) headers.front() = {":status", "103"};
  if ((how & 224) == 32) {
    scheduler_->Submit(id, headers, nullptr, std::move(options)).IgnoreError();
    return;
  }
  const bool could_send = sender_.CanSendData(id);
  const uint64_t operations_before = operations_;
  auto source = std::make_unique<Source>(this, id);
  const absl::Status status =
      scheduler_->Submit(id, headers, std::move(source), std::move(options));
  if (status.ok()) {
    Check(how != 224 || uploads_, "a body behind a 1xx");
    bodies_[id].size = size;
    bodies_[id].stalled = false;
  } else if (operations_ == operations_before) {  // no body called back
    Check(sender_.CanSendData(id) == could_send,
          "a refused call did something");
  }
}

}  // namespace
}  // namespace sluice::scheduler

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::scheduler::Run(sluice::scheduler::Input(data, size)).Go();
  return 0;
}
