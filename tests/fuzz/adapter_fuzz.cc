// Fuzzes the preloaded library, and the nghttp2 adapter below it, with a server
// and a client on libnghttp2 that are joined in memory. Each input is played
// twice: by nghttp2 alone, and with the library in front of the same calls,
// under any policy.
//
// Operations: requests with priorities of both kinds, uploads, answers at once,
// in parts or later, bodies that stall, pause, fail or have trailers, pushes,
// resets and GOAWAY of either side, SETTINGS, priorities that the server sets,
// frames that the client's library never sends. Callbacks of every kind.
//
// Invariants:
//   - each stream's two ends see the same, byte by byte: only the order between
//     streams may differ, so all are served to their ends before the next
//     operations;
//   - where the peer is hostile (any bytes at any time), nothing but what
//     AddressSanitizer sees: a reset in mid-body shows the order.
//
// Input: policy, options of the server, the client's window; then the kind of
// each operation and its arguments.
#include <sluice/scheduler/registry.h>

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "adapters/preload/scope.h"
#include "tests/adapters/preload/peers.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/fuzz_frames.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/h2/frame_builder.h"

namespace sluice::fuzz {
namespace {

// Of the library: what the environment tells it elsewhere. Empty: nothing is
// served.
std::string& PolicyOfRun() {
  static auto& spec = *new std::string;
  return spec;
}

using preload_test::Body;
using preload_test::Client;
using preload_test::Exchange;
using preload_test::Fields;
using preload_test::Server;
using preload_test::ServerOptions;

// What the server does with a request.
struct Plan {
  Body body = {};
  bool in_parts = false;
  bool later = false;
};

class Play {
 public:
  Play(Input input, bool adapted)
      : input_(input),
        policy_(DrawPolicy(input_.Byte())),
        hostile_(input_.Byte() % 4 == 3) {
    PolicyOfRun() = adapted ? policy_ : "";
    const ServerOptions options = DrawOptions();
    server_.emplace(options, [this](Server*, int32_t id) { OnRequest(id); });
    constexpr uint32_t kWindows[] = {1 << 20, 65535, 20000, 3000, 100};
    client_.emplace(kWindows[input_.Byte() % std::size(kWindows)]);
    PolicyOfRun().clear();
  }

  bool hostile() const { return hostile_; }

  std::string Go() {
    for (int i = 0; i < kMostOperations && !input_.empty(); ++i) {
      hostile_ ? OperateHostile() : Operate();
    }
    ExchangeAll();
    std::string report;
    for (const auto& [id, log] : server_->logs()) {
      absl::StrAppend(&report, "--- server, stream ", id, "\n", log);
    }
    for (const auto& [id, log] : client_->logs()) {
      absl::StrAppend(&report, "--- client, stream ", id, "\n", log);
    }
    return report;
  }

 private:
  static std::string DrawPolicy(uint8_t byte) {
    static const auto& entries = *new std::vector<scheduler::PolicyEntry>(
        scheduler::RegisteredPolicies());
    return entries[byte % entries.size()].name;
  }

  ServerOptions DrawOptions() {
    const uint8_t which = input_.Byte();
    ServerOptions options;
    // With the library that is the default, which an application may notice by
    // what nghttp2 says of closed streams.
    options.no_closed_streams = true;
    options.header2 = which & 1;
    options.no_header = which & 2;
    options.padding = which & 8 ? input_.Byte() : 0;
    options.by_callbacks = which & 16;
    // Elsewhere Server::Send() has those bytes behind all other frames.
    options.send_data = (which & 4) != 0 && options.by_callbacks;
    options.newer_forms = which & 32;
    // nghttp2_session_recv() knows no pause.
    options.pauses_uploads = (which & 64) != 0 && !options.by_callbacks;
    // Not sees_updates: nghttp2 1.52 keeps a stream that such a frame named
    // before it opened among the idle ones, even when it is freed.
    return options;
  }

  Plan DrawPlan() {
    const uint8_t how = input_.Byte();
    Plan plan{.in_parts = (how & 1) != 0, .later = (how & 6) == 6};
    plan.body.left = (input_.Size() - 1) % 60000;
    if (how & 8) plan.body.piece = 1 + input_.Byte();
    if (how & 16) {
      constexpr ssize_t kResults[] = {NGHTTP2_ERR_DEFERRED, NGHTTP2_ERR_PAUSE,
                                      NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE};
      plan.body.when_empty = kResults[input_.Byte() % std::size(kResults)];
      plan.body.available = input_.Size() - 1;
    }
    if (how & 32) plan.body.trailers = {{"t", "1"}};
    plan.body.no_copy = (how & 64) != 0 && server_->options.send_data;
    return plan;
  }

  Fields DrawPriority() {
    constexpr const char* kFields[] = {"u=0",  "u=7, i", "u=3", "i",
                                       "u=1,", "u=9",    "",    "x=y, u=2"};
    const uint8_t byte = input_.Byte();
    Fields fields = {{"priority", kFields[byte % std::size(kFields)]}};
    if (byte & 128) fields.push_back({"via", "1.1 x"});
    return fields;
  }

  // Odd ones are a client's, and 2 and 4 pushed.
  int32_t DrawId() {
    const uint8_t byte = input_.Byte();
    return byte < 240 ? 2 * (byte % 10) + 1 : 2 + 2 * (byte % 2);
  }

  void OnRequest(int32_t id) {
    const auto found = plans_.find(id);
    const Plan plan = found == plans_.end() ? Plan() : found->second;
    if (plan.later) {
      waiting_.insert(id);
    } else {
      Answer(id, plan);
    }
  }

  void Answer(int32_t id, const Plan& plan) {
    if (plan.in_parts) {
      server_->AnswerInParts(id, plan.body);
    } else {
      server_->Answer(id, plan.body);
    }
  }

  // Until nothing moves, however often bodies pause.
  void ExchangeAll() {
    for (int idle = 0; idle < kMostOperations; ++idle) {
      if (!Exchange(&*server_, &*client_).empty()) idle = 0;
    }
  }

  void Operate() {
    const uint8_t kind = input_.Byte();
    switch (kind % 16) {
      case 0:
      case 1:
      case 2: {
        const Fields priority = DrawPriority();
        const Plan plan = DrawPlan();
        plans_[client_->Get("/", priority)] = plan;
        return;
      }
      case 3: {
        const Plan plan = DrawPlan();
        plans_[client_->Post("/", input_.Size() % 50000)] = plan;
        return ExchangeAll();
      }
      case 4:
        return server_->Resume(DrawId());
      case 5: {
        // Once each: the client resets a stream with a second response, and how
        // much of the first had come by then depends on the order.
        const int32_t id = DrawId();
        if (waiting_.erase(id) > 0) Answer(id, DrawPlan());
        return;
      }
      case 6: {
        const int32_t id = DrawId();
        if (kind & 16) return server_->SetUrgency(id, input_.Byte() % 10);
        return server_->SetWeight(id, input_.Byte());
      }
      case 7:
        nghttp2_submit_rst_stream(server_->session(), NGHTTP2_FLAG_NONE,
                                  DrawId(), NGHTTP2_CANCEL);
        return;
      case 8:
        nghttp2_submit_rst_stream(client_->session(), NGHTTP2_FLAG_NONE,
                                  DrawId(), NGHTTP2_CANCEL);
        return;
      case 9:
        return SubmitClientSettings();
      case 10:
        return Promise();
      case 11:
        if (input_.Byte() % 8 == 0) {
          nghttp2_submit_goaway(server_->session(), NGHTTP2_FLAG_NONE, DrawId(),
                                NGHTTP2_NO_ERROR, nullptr, 0);
        }
        return;
      case 12:
      case 13: {
        // Behind all that the client has to say.
        ExchangeAll();
        server_->log(0) += absl::StrCat(
            "received ", server_->Receive(DrawSignal()) >= 0, "\n");
        return;
      }
      default:
        return ExchangeAll();
    }
  }

  void SubmitClientSettings() {
    const uint8_t which = input_.Byte();
    const nghttp2_settings_entry entry = {
        which & 1 ? NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS
                  : NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
        which & 1 ? which % 4u : input_.Size()};
    nghttp2_submit_settings(client_->session(), NGHTTP2_FLAG_NONE, &entry, 1);
  }

  void Promise() {
    const int32_t parent = DrawId();
    static constexpr char kNames[] = ":method:scheme:path:authority";
    const auto bytes = [](const char* text) {
      return reinterpret_cast<uint8_t*>(const_cast<char*>(text));
    };
    const nghttp2_nv request[] = {
        {bytes(kNames), bytes("GET"), 7, 3, NGHTTP2_NV_FLAG_NONE},
        {bytes(kNames + 7), bytes("http"), 7, 4, NGHTTP2_NV_FLAG_NONE},
        {bytes(kNames + 14), bytes("/p"), 5, 2, NGHTTP2_NV_FLAG_NONE},
        {bytes(kNames + 19), bytes("a"), 10, 1, NGHTTP2_NV_FLAG_NONE}};
    const int32_t promised = nghttp2_submit_push_promise(
        server_->session(), NGHTTP2_FLAG_NONE, parent, request,
        std::size(request), nullptr);
    const Plan plan = DrawPlan();
    if (promised > 0 && !plan.later) Answer(promised, plan);
  }

  // PRIORITY and PRIORITY_UPDATE of any stream, and other frames.
  std::string DrawSignal() {
    const auto id = static_cast<h2::StreamId>(DrawId());
    const uint8_t how = input_.Byte();
    switch (how % 4) {
      case 0:
        return h2::tests::PriorityFrame(
            id, {.depends_on = static_cast<h2::StreamId>(DrawId()),
                 .weight = 1 + input_.Byte(),
                 .exclusive = (how & 4) != 0});
      case 1:
        return h2::tests::PriorityUpdateFrame(id,
                                              DrawPriority().front().second);
      case 2:
        return h2::tests::WindowUpdateFrame(id, input_.Size());
      default:
        return DrawFrame(input_);
    }
  }

  // Any bytes to the server, and no order of things.
  void OperateHostile() {
    switch (input_.Byte() % 8) {
      case 0:
        server_->Receive(input_.Bytes(input_.Byte()));
        return;
      case 1:
        server_->Receive(DrawMessage(input_));
        return;
      case 2:
        server_->Receive(DrawFrame(input_));
        return;
      case 3:
        server_->Receive(client_->Send());
        return;
      case 4: {
        const uint8_t* data = nullptr;
        nghttp2_session_mem_send(server_->session(), &data);
        return;
      }
      default:
        return Operate();
    }
  }

  static constexpr int kMostOperations = 40;

  Input input_;
  const std::string policy_;
  const bool hostile_;
  std::map<int32_t, Plan> plans_;
  std::set<int32_t> waiting_;  // requests to answer later
  std::optional<Server> server_;
  std::optional<Client> client_;
};

}  // namespace
}  // namespace sluice::fuzz

// --- The scope of the library (adapters/preload/scope.h) ---------------------

namespace sluice::adapters {

absl::string_view FileOf(const void*) { return ""; }
bool IsServed(const void*) { return !fuzz::PolicyOfRun().empty(); }
bool ServesThisProcess() { return false; }
absl::string_view PolicySpec() { return fuzz::PolicyOfRun(); }
std::optional<int> NotSentLowat() { return std::nullopt; }

}  // namespace sluice::adapters

SLUICE_FUZZ_TARGET(adapter_fuzz)(const uint8_t* data, size_t size) {
  using sluice::fuzz::Input;
  using sluice::fuzz::Play;
  Play adapted(Input(data, size), /*adapted=*/true);
  const std::string with = adapted.Go();
  if (adapted.hostile()) return;
  const std::string without = Play(Input(data, size), /*adapted=*/false).Go();
  sluice::fuzz::Check(with == without,
                      "with the library a stream sees something else:\n" +
                          with + "=== without\n" + without);
}
