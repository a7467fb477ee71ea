// Fuzzes a DataScheduler under each policy: a client and a server connection
// joined in memory, and every call that an application or a peer can make, in
// any order, also from inside a body's Read() and from its destructor.
//
// Operations: requests and signals of both kinds for open, idle and closed
// streams, windows and SETTINGS, resets, GOAWAY, responses with hints,
// overrides and trailers, bodies that stall, fail, give too much or end alone;
// Resume, Cancel, SetServerPriority, SetHints; pulls of any size, output taken
// in parts.
//
// Invariants:
//   - work conservation: a Pull() that stops early leaves no stream that could
//     send: bytes, window of its own and of the connection, room in the output;
//   - what is picked is open and ready, as the policy was told, and each pick
//     has one charge, of no more than the grant;
//   - bytes: what the client got of a stream are the bytes of its body, in
//     order, all of them when it ended well; and they are what was charged;
//   - a body is destroyed once, and ActiveBodies() counts those that live;
//   - once windows are open and bodies resume, every body ends;
//   - the trace survives JSON Lines, and plays to the same decisions.
//
// Input: the first two bytes choose the policy and the limits, then each
// operation takes a byte of kind and its arguments.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
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
#include "h2/connection.h"
#include "h2/events.h"
#include "h2/options.h"
#include "priority/rfc9218_priority.h"
#include "scheduler/data_scheduler.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"
#include "scheduler/replay.h"
#include "scheduler/trace.h"
#include "scheduler/trace_json.h"

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

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return size_ == 0; }
  // 0 when nothing is left.
  uint32_t Byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  bool Flag() { return (Byte() & 1) != 0; }
  // Few bytes or many, up to 32 KiB.
  uint32_t Size() {
    const uint32_t byte = Byte();
    return (1 + (byte & 15)) << (byte >> 4);
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

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
  bool ended = false;  // END_STREAM, or trailers, reached the client
  bool reset = false;
};

class Run {
 public:
  explicit Run(Input input)
      : input_(input),
        policy_(PolicyOf(input_.Byte())),
        client_(ClientOptions(input_.Byte())),
        server_(ServerOptions(input_.Flag())) {
    PolicyOptions limits;
    limits.max_grant = input_.Flag() ? 16384 : 1000;
    limits.max_streams = input_.Flag() ? 1000 : 8;
    limits.max_closed_streams = input_.Flag() ? 100 : 0;
    max_grant_ = limits.max_grant;
    DataSchedulerOptions options;
    options.min_chunk = input_.Flag() ? 1024 : 1;
    options.max_idle_signals = input_.Flag() ? 100 : 2;
    options.trace = &trace_;
    min_chunk_ = options.min_chunk;
    scheduler_ = std::make_unique<DataScheduler>(
        &server_, *CreateRecordedPolicy(policy_, limits, &trace_), options);
    client_.InitiateConnection().IgnoreError();
    server_.InitiateConnection().IgnoreError();
    ToClient(h2::Connection::kAll);
    ToServer();
  }

  void Go() {
    while (!input_.empty()) Operate();
    CheckTrace();
    const bool finish = !server_.IsTerminated() && !client_.IsTerminated();
    if (finish && last_flag_) FinishAll();
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
          "rfc7540:max_depth=3"};
      for (const PolicyEntry& entry : RegisteredPolicies()) {
        all->push_back(entry.name);
      }
      return all;
    }();
    return (*specs)[byte % specs->size()];
  }

  static h2::ConnectionOptions ClientOptions(uint32_t byte) {
    constexpr uint32_t kWindows[] = {0, 1, 700, 5000, 65535, 1000000};
    h2::ConnectionOptions options{.side = h2::Side::kClient};
    options.settings = {
        {h2::SettingId::kInitialWindowSize, kWindows[(byte >> 1) % 6]}};
    if (byte & 1) {
      options.settings.push_back({h2::SettingId::kNoRfc7540Priorities, 1});
    }
    options.limits.budgets.settings.burst = 1000000;  // the server's answers
    return options;
  }

  // With the budgets of the core, which end long inputs, or beyond them.
  static h2::ConnectionOptions ServerOptions(bool patient) {
    h2::ConnectionOptions options{.side = h2::Side::kServer};
    if (patient) options.limits.budgets.settings.burst = 1000000;
    return options;
  }

  // --- Calls -----------------------------------------------------------------

  void Operate() {
    ++calls_;
    const uint32_t kind = input_.Byte();
    last_flag_ = (kind & 64) != 0;
    switch (kind % 20) {
      case 0:
      case 1:
        return Request();
      case 2:
      case 3:
        return Respond();
      case 4:
        client_.Prioritize(AnyId(), Dependency()).IgnoreError();
        return ToServer();
      case 5:
        client_.SendPriorityUpdate(AnyId(), Field()).IgnoreError();
        return ToServer();
      case 6: {
        const h2::StreamId id = AnyId();
        if (client_.ResetStream(id, h2::ErrorCode::kCancel).ok()) {
          bodies_[id].reset = true;
        }
        return ToServer();
      }
      case 7:
      case 8:
        client_
            .IncrementFlowControlWindow(input_.Flag() ? AnyId() : 0,
                                        input_.Size())
            .IgnoreError();
        return ToServer();
      case 9: {
        const h2::Setting window = {h2::SettingId::kInitialWindowSize,
                                    input_.Size()};
        client_.UpdateSettings({&window, 1}).IgnoreError();
        return ToServer();
      }
      case 10:
        return Cancel(AnyId());
      case 11:
        return Resume(AnyId());
      case 12:
        scheduler_->SetServerPriority(AnyId(), Override()).IgnoreError();
        return;
      case 13:
        scheduler_->SetHints(AnyId(), Hints()).IgnoreError();
        return;
      case 14:
        return ToClient(input_.Size());
      case 15:
        if (input_.Byte() == 7) client_.CloseConnection().IgnoreError();
        return ToServer();
      default:
        return Pull(input_.Size());
    }
  }

  void Request() {
    const absl::StatusOr<h2::StreamId> id = client_.GetNextAvailableStreamId();
    if (!id.ok() || *id > 79) return;
    std::vector<h2::Header> headers = {{":method", "GET"},
                                       {":scheme", "https"},
                                       {":authority", "example.org"},
                                       {":path", "/"}};
    const uint32_t said = input_.Byte();
    if (said & 1) {
      headers.push_back(
          {"priority", absl::StrCat("u=", said >> 4, (said & 8) ? ",i" : "")});
    }
    h2::SendHeadersOptions options{.end_stream = true};
    if (said & 2) options.priority = Dependency();
    if (!client_.SendHeaders(*id, headers, options).ok()) return;
    last_id_ = *id;
    ToServer();
  }

  void Respond();

  void Cancel(h2::StreamId id) {
    scheduler_->Cancel(id);
    if (bodies_.contains(id)) bodies_[id].reset = true;
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
    const uint64_t calls = calls_;
    pulling_ = true;
    const size_t moved = scheduler_->Pull(max_bytes);
    pulling_ = false;
    CheckPicks(before, calls_ - calls);
    Check(moved <= max_bytes, "more was pulled than asked for");
    Check(had_ready || moved == 0, "HasReady() was wrong");
    const DataSchedulerCounters& counters = scheduler_->counters();
    Check(counters.bytes - bytes_ == moved, "moved bytes are not counted");
    bytes_ = counters.bytes;
    const auto alive = static_cast<size_t>(
        std::count_if(bodies_.begin(), bodies_.end(),
                      [](const auto& body) { return body.second.alive; }));
    Check(scheduler_->ActiveBodies() == alive, "ActiveBodies()");
    if (moved >= max_bytes || server_.IsTerminated()) return;
    const size_t room = server_.OutputRoom();
    if (room == 0 || (room < min_chunk_ && server_.OutputSize() > 0)) return;
    const int64_t open = server_.LocalFlowControlWindow(0).value_or(0);
    if (open <= 0) return;
    // A little of it may wait, but only for the client: then nothing is ready.
    if (min_chunk_ > 1 && open < static_cast<int64_t>(max_grant_) &&
        !scheduler_->HasReady()) {
      return;
    }
    for (const auto& [id, body] : bodies_) {
      if (!body.alive || body.stalled) continue;
      const int64_t window = server_.LocalFlowControlWindow(id).value_or(0);
      // What a call from inside this pull made ready may wait for the next.
      Check(window <= 0 || (calls_ > calls && scheduler_->HasReady()),
            absl::StrCat("stream ", id, " could have sent"));
    }
  }

  // Each pick sends, or ends or blocks its stream; the calls from inside the
  // pull may make every stream ready again.
  void CheckPicks(const DataSchedulerCounters& before, uint64_t calls) const {
    const DataSchedulerCounters& after = scheduler_->counters();
    Check(after.picks - before.picks <=
              after.frames - before.frames + (2 + calls) * (bodies_.size() + 1),
          "too many picks for one pull");
  }

  void ToServer() {
    std::vector<h2::Event> events;
    server_.ReceiveData(client_.DataToSend(), &events).IgnoreError();
    for (const h2::Event& event : events) scheduler_->OnEvent(event);
  }

  void ToClient(size_t bytes) {
    std::vector<h2::Event> events;
    const absl::Status status =
        client_.ReceiveData(server_.DataToSend(bytes), &events);
    Check(status.ok(), status.ToString());
    for (const h2::Event& event : events) {
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
        bodies_[reset->stream_id].reset = true;
      }
    }
  }

  // --- Arguments -------------------------------------------------------------

  // Open, closed, or idle.
  h2::StreamId AnyId() { return 1 + 2 * (input_.Byte() % (last_id_ / 2 + 4)); }

  h2::StreamPriority Dependency() {
    const uint32_t parent = input_.Byte();
    return {.depends_on = parent % 4 == 0 ? 0 : 1 + 2 * (parent % 20),
            .weight = static_cast<int>(1 + input_.Byte()),
            .exclusive = (parent & 128) != 0};
  }

  h2::PriorityField Field() {
    const uint32_t byte = input_.Byte();
    return {static_cast<int>(byte % 8), (byte & 8) != 0};
  }

  std::optional<ServerPriority> Override() {
    const uint32_t byte = input_.Byte();
    if (byte % 4 == 0) return std::nullopt;
    ServerPriority server;
    if (byte & 1) {
      server.rfc9218 = priority::Rfc9218Priority{
          static_cast<int>((byte >> 4) % 8), (byte & 128) != 0};
    }
    if (byte & 2) {
      const h2::StreamPriority to = Dependency();
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

  // With windows open and every body resumed, all of them end.
  void FinishAll() {
    ToClient(h2::Connection::kAll);
    const h2::Setting window = {h2::SettingId::kInitialWindowSize, 1 << 30};
    client_.UpdateSettings({&window, 1}).IgnoreError();
    client_.IncrementFlowControlWindow(0, 1 << 30).IgnoreError();
    ToServer();
    for (int round = 0; round < 5000 && scheduler_->ActiveBodies() > 0;
         ++round) {
      for (const auto& [id, body] : bodies_) scheduler_->Resume(id);
      for (auto& [id, body] : bodies_) body.stalled = false;
      Pull(1 << 20);
      ToClient(h2::Connection::kAll);
      if (server_.IsTerminated()) return;
    }
    Check(scheduler_->ActiveBodies() == 0, "a body never ended");
    for (const auto& [id, body] : bodies_) {
      Check(body.ended || body.reset || body.size == 0,
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
        if (opened->ok) open.insert(opened->id);
      } else if (const auto* closed = std::get_if<TraceClose>(&event)) {
        open.erase(closed->id);
        ready.erase(closed->id);
      } else if (const auto* now = std::get_if<TraceReady>(&event)) {
        if (open.contains(now->id)) ready.insert(now->id);
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

  Input input_;
  const std::string policy_;
  MemoryTrace trace_;
  h2::Connection client_;
  h2::Connection server_;
  std::map<h2::StreamId, Body> bodies_;
  std::unique_ptr<DataScheduler> scheduler_;
  h2::StreamId last_id_ = 1;
  size_t max_grant_ = 0;
  size_t min_chunk_ = 0;
  uint64_t bytes_ = 0;
  uint64_t calls_ = 0;  // of Operate()
  bool pulling_ = false;
  bool calling_back_ = false;
  bool last_flag_ = false;
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
    if (how >= 224 && how < 232) chunk.status = absl::DataLossError("fuzz");
    if (how >= 208 && how < 224) {
      body.stalled = true;  // a Resume() of before counts for the next Pull()
      return chunk;
    }
    uint64_t size = std::min<uint64_t>(max_bytes, body.size - body.read);
    if (how & 16) size = std::min<uint64_t>(size, 1 + how);
    if (how >= 232 && how < 236) size = max_bytes + 1;  // too much
    std::string bytes;
    for (uint64_t i = 0; i < size; ++i) bytes += ByteAt(id_, body.read + i);
    chunk.data = absl::Cord(bytes);
    body.read += size;
    chunk.end = body.read >= body.size && (size == 0 || (how & 32) == 0);
    return chunk;
  }

 private:
  Run& run_;
  const h2::StreamId id_;
};

void Run::Respond() {
  const h2::StreamId id = AnyId();
  const uint32_t how = input_.Byte();
  std::vector<h2::Header> headers = {{":status", "200"}};
  if (how & 1) headers.push_back({"priority", how & 2 ? "u=1" : "i, u=6"});
  SubmitOptions options;
  if (how & 4) options.hints = Hints();
  if (how & 8) options.server = Override();
  if (how & 16) options.trailers = {{"x-trailer", "1"}};
  const uint32_t size = input_.Size() - 1;
  const auto known = bodies_.find(id);
  if (known != bodies_.end() && known->second.alive) {
    const absl::Status status =
        scheduler_->Submit(id, headers, nullptr, std::move(options));
    return Check(!status.ok(), "a second body");
  }
  if ((how & 224) == 32) {
    scheduler_->Submit(id, headers, nullptr, std::move(options)).IgnoreError();
    return;
  }
  if ((how & 224) == 64) {
    const absl::Status status =
        scheduler_->SubmitInformational(id, {{":status", "103"}});
    Check(!status.ok() || !server_.CanSendData(id), "103 began a response");
  }
  auto source = std::make_unique<Source>(this, id);
  if (scheduler_->Submit(id, headers, std::move(source), std::move(options))
          .ok()) {
    bodies_[id].size = size;
    bodies_[id].stalled = false;
  }
}

}  // namespace
}  // namespace sluice::scheduler

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::scheduler::Run(sluice::scheduler::Input(data, size)).Go();
  return 0;
}
