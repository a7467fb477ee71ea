// Fuzzes two connections of ours, a client and a server, joined in memory: any
// call on either side, in any order, with small limits and settings, bytes
// delivered in any portions. Both keep the rules, so neither may find fault
// with the other.
//
// Invariants:
//   - the peer accepts what a call accepted: only CloseConnection() with an
//     error ends a connection, and only a call, REFUSED_STREAM or a GOAWAY
//     resets a stream;
//   - with a small budget, ENHANCE_YOUR_CALM comes only after more frames of
//     that kind than the budget has; with other small limits, only that code
//     comes;
//   - a refused call writes nothing;
//   - DATA: what CapacityFor() says, SendData() takes, and not a byte more;
//     whatever the peer's MAX_FRAME_SIZE, the room stays within the high-water
//     mark or a frame of 16 KiB;
//   - once all is delivered and acknowledged, both sides see the same windows,
//     a window that may be open is open, both count the same streams, every
//     stream can be ended whatever its window, and then none is left;
//   - two idle connections fall silent.
//
// Input: how they are made, then each operation takes a byte of kind and its
// arguments.
#include <sluice/h2/connection.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
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
#include "absl/time/time.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/h2/event_text.h"
#include "tests/h2/frame_builder.h"
#include "tests/h2/frame_text.h"

namespace sluice::h2::tests {
namespace {

using fuzz::Input;

constexpr size_t kOurFrame = 16384;
constexpr StreamId kLastId = 40;

[[noreturn]] void Fail(absl::string_view what) {
  std::fprintf(stderr, "pair_fuzz: %.*s\n", static_cast<int>(what.size()),
               what.data());
  std::abort();
}

void Check(bool holds, absl::string_view what) {
  if (!holds) Fail(what);
}

// How strict the two are with each other.
enum class Mood {
  kPatient,      // nothing that a peer which keeps the rules does ends anything
  kSmallBudget,  // one budget may end the connection
  kStrict,       // so may every other limit
};

// Counts the frames that a budget is spent on, as they are delivered.
class Spending {
 public:
  void Count(absl::string_view bytes, bool from_client) {
    buffer_.append(bytes.data(), bytes.size());
    if (from_client && !preface_) {
      if (buffer_.size() < kPreface.size()) return;
      buffer_.erase(0, kPreface.size());
      preface_ = true;
    }
    for (const Frame& frame : TakeFrames(&buffer_)) {
      const bool empty_data =
          frame.type == kData && (frame.flags & kEndStream) == 0 &&
          (frame.payload.empty() ||
           ((frame.flags & kPadded) != 0 &&
            frame.payload.size() ==
                1u + static_cast<uint8_t>(frame.payload.front())));
      const bool ack = (frame.flags & kAck) != 0;
      if (frame.type == kData && !empty_data) continue;
      if (frame.type == kSettings && ack) continue;
      ++frames_[frame.type];
    }
  }
  uint32_t informational = 0;  // counted by the calls that sent them
  uint32_t resets = 0;         // provoked from the side that counts

  bool Exceeds(const BudgetSet& budgets) const {
    const auto count = [this](uint8_t type) {
      const auto found = frames_.find(type);
      return found == frames_.end() ? 0 : found->second;
    };
    const auto more = [&](uint8_t type, const BudgetOptions& budget) {
      return count(type) > budget.burst;
    };
    return count(kHeaders) + count(kPushPromise) >
               budgets.dropped_headers.burst ||
           more(kPriority, budgets.priority) ||
           more(kPriorityUpdate, budgets.priority_update) ||
           more(kData, budgets.empty_data) ||
           more(kWindowUpdate, budgets.window_update) ||
           more(kSettings, budgets.settings) || more(kGoAway, budgets.goaway) ||
           more(kAltSvc, budgets.unknown_frame) ||
           more(kRstStream, budgets.peer_reset) ||
           informational > budgets.informational.burst ||
           resets >= budgets.provoked_reset.burst;
  }

 private:
  std::string buffer_;
  bool preface_ = false;
  std::map<uint8_t, uint32_t> frames_;
};

struct End {
  explicit End(const ConnectionOptions& with)
      : options(with), connection(with) {}

  bool is_client() const { return options.side == Side::kClient; }

  const ConnectionOptions options;
  Connection connection;
  Spending received;                       // of the peer's frames
  std::map<StreamId, size_t> unprocessed;  // bytes received, not acknowledged
  bool closed = false;                     // by a call, with an error
};

class Pair {
 public:
  explicit Pair(Input input)
      : input_(input),
        mood_(static_cast<Mood>(input_.Byte() % 3)),
        client_(Options(Side::kClient)),
        server_(Options(Side::kServer)) {
    for (End* end : {&client_, &server_}) {
      Check(end->connection.InitiateConnection().ok(), "cannot begin");
    }
    // Most inputs want to know the other's settings first.
    if (input_.Byte() % 4 != 0) {
      Settle();
      settled_ = true;
    }
  }

  void Go() {
    while (!input_.empty() && !over_) Operate();
    if (over_) return;
    Settle();
    if (over_) return;
    CheckAtRest();
    EndAll();
  }

 private:
  ConnectionOptions Options(Side side) {
    ConnectionOptions options;
    options.side = side;
    options.settings = fuzz::DrawSettings(input_, side);
    if (input_.Byte() % 8 == 1) {
      options.settings.push_back({SettingId::kNoRfc7540Priorities, 1});
    }
    options.split_outbound_cookies = input_.Flag();
    options.settings_timeout = absl::Hours(1000);
    fuzz::DrawHarmlessLimits(input_, &options.limits);
    options.limits.budgets = fuzz::AmpleBudgets();
    options.limits.max_unread_control_bytes = size_t{1} << 30;
    options.limits.max_queued_answers = size_t{1} << 30;
    if (mood_ == Mood::kSmallBudget) {
      fuzz::DrawSmallBudget(input_, &options.limits.budgets);
    } else if (mood_ == Mood::kStrict) {
      fuzz::DrawHarmfulLimits(input_, &options.limits);
      options.oversized_headers =
          input_.Flag() ? OversizedHeaders::kAnswer : OversizedHeaders::kReset;
    }
    return options;
  }

  End& Other(const End& end) { return &end == &client_ ? server_ : client_; }

  // --- Bytes -----------------------------------------------------------------

  void Deliver(End* from, size_t most) {
    if (over_) return;
    const std::string bytes = from->connection.DataToSend(most);
    End& to = Other(*from);
    to.received.Count(bytes, from->is_client());
    std::vector<Event> events;
    const absl::Status status = to.connection.ReceiveData(bytes, &events);
    for (const Event& event : events) Take(&to, event);
    if (!status.ok()) CheckEnd(to, status);
    if (to.connection.IsTerminated() || from->connection.IsTerminated()) {
      over_ = true;
    }
  }

  void Take(End* end, const Event& event) {
    if (const auto* data = std::get_if<DataReceived>(&event)) {
      end->unprocessed[data->stream_id] += data->flow_controlled_length;
    } else if (const auto* reset = std::get_if<StreamReset>(&event)) {
      if (reset->remote) return;
      ++end->received.resets;
      // Before the other's SETTINGS came, its limits are not known.
      const bool calm = (mood_ == Mood::kStrict || !settled_) &&
                        (reset->error_code == ErrorCode::kEnhanceYourCalm ||
                         reset->error_code == ErrorCode::kNoError);
      Check(calm || reset->error_code == ErrorCode::kRefusedStream,
            absl::StrCat("one of ours is at fault: ", EventText(event), " ",
                         reset->error.ToString()));
    } else if (const auto* gone = std::get_if<ConnectionTerminated>(&event)) {
      Check(gone->error_code == ErrorCode::kNoError || Other(*end).closed ||
                mood_ != Mood::kPatient,
            EventText(event));
    }
  }

  // `end` finds the peer at fault.
  void CheckEnd(const End& end, const absl::Status& status) {
    over_ = true;
    if (client_.closed || server_.closed) return;
    const std::string sentence =
        absl::StrCat(end.is_client() ? "the client" : "the server",
                     " ends the connection: ", status.ToString());
    Check(ErrorCodeOf(status) == ErrorCode::kEnhanceYourCalm, sentence);
    Check(mood_ == Mood::kStrict ||
              (mood_ == Mood::kSmallBudget &&
               end.received.Exceeds(end.options.limits.budgets)),
          sentence);
  }

  // Delivers until nothing is left to say.
  void Settle() {
    for (int round = 0; !over_; ++round) {
      Check(round < 100, "they never fall silent");
      if (client_.connection.OutputSize() + server_.connection.OutputSize() ==
          0) {
        break;
      }
      Deliver(&client_, Connection::kAll);
      Deliver(&server_, Connection::kAll);
    }
  }

  // --- Operations ------------------------------------------------------------

  void Operate() {
    const uint8_t kind = input_.Byte();
    End* end = kind & 128 ? &client_ : &server_;
    if (kind % 4 == 0) {
      const uint8_t size = input_.Byte();
      Deliver(end, size < 128 ? size : Connection::kAll);
    } else {
      Call(end);
    }
    for (End* each : {&client_, &server_}) CheckRoom(*each);
  }

  StreamId AnyId(const End& end) {
    const uint8_t byte = input_.Byte();
    const StreamId next =
        end.connection.GetNextAvailableStreamId().value_or(kLastId);
    return byte & 128 && next < kLastId ? next : byte % kLastId;
  }

  // Lists that validation takes; each field on its own is within HPACK's limit
  // or must be refused.
  std::vector<Header> HeadersOf(const End& end, uint8_t choice) {
    constexpr size_t kLengths[] = {1, 100, 5000, 20000, 65536, 70000, 120000};
    std::vector<Header> list;
    switch (choice % 4) {
      case 0:
        return {{"trailer", "x"}};
      case 1:
        list = end.is_client() ? Get() : Status("200");
        break;
      case 2:
        list = end.is_client() ? Post() : Status("103");
        break;
      default:
        if (end.is_client()) {
          list = {{":method", "CONNECT"}, {":authority", "a:1"}};
        } else {
          list = Status("404");
        }
    }
    if (choice & 4) list.push_back({"cookie", "a=b; c=d"});
    if (choice & 8) list.push_back({"priority", "u=1, i"});
    if ((choice & 0x70) == 0x70) {
      const uint8_t length = input_.Byte();
      list.push_back(
          {"set-cookie", std::string(kLengths[length % std::size(kLengths)],
                                     static_cast<char>('a' + length % 26))});
    }
    return list;
  }

  void Call(End* end) {
    Connection& connection = end->connection;
    const uint8_t kind = input_.Byte();
    const StreamId id = AnyId(*end);
    const uint8_t number = input_.Byte();
    const size_t before = connection.OutputSize();
    const absl::Status status = MakeCall(end, kind, id, number);
    Check(status.ok() || connection.OutputSize() == before,
          absl::StrCat("a refused call wrote: ", status.ToString()));
  }

  absl::Status MakeCall(End* end, uint8_t kind, StreamId id, uint8_t number) {
    Connection& c = end->connection;
    switch (kind % 20) {
      case 0:
      case 1:
      case 2: {
        const absl::Status status = c.SendHeaders(
            id, HeadersOf(*end, number), {.end_stream = (kind & 0x80) != 0});
        if (status.ok() && !end->is_client() && number % 4 == 2) {
          ++Other(*end).received.informational;
        }
        return status;
      }
      case 3:
        return c.SendHeaders(
            id, HeadersOf(*end, number),
            {.end_stream = (kind & 0x80) != 0,
             .priority = signals::Rfc7540Priority{.depends_on = number % 16u,
                                                  .weight = number + 1}});
      case 4:
      case 5:
        return c.SendData(id, absl::Cord(std::string(number * 100, 's')),
                          {.end_stream = (kind & 0x80) != 0});
      case 6:
        return c.SendData(id, absl::Cord(std::string(number % 3, 'p')),
                          {.end_stream = (kind & 0x80) != 0,
                           .pad_length = static_cast<uint8_t>(number)});
      case 7:
        return c.EndStream(id);
      case 8:
        return c.ResetStream(id, static_cast<ErrorCode>(number % 16));
      case 9:
        return c.Ping(std::string(8, 'p'));
      case 10:
        return Close(end, number);
      case 11:
      case 12:
        return c.UpdateSettings(fuzz::DrawSettings(input_, end->options.side));
      case 13:
        return number % 4 == 0 ? c.AdvertiseAlternativeService(
                                     "h2", std::nullopt, std::optional(id))
                               : c.Prioritize(id, {.depends_on = number % 16u});
      case 14:
        return c.SendPriorityUpdate(id, {.urgency = number % 8});
      case 15:
        return c.IncrementFlowControlWindow(number % 3 == 0 ? 0 : id,
                                            1u << number % 31);
      case 16:
        return Process(end, id, number * 100);
      case 17:
        return c.PushStream(id, c.GetNextAvailableStreamId().value_or(2),
                            Get());
      case 18:
        return c.AdvanceTime(absl::Milliseconds(number));
      default:
        return SendAll(&c, id);
    }
  }

  absl::Status Close(End* end, uint8_t number) {
    if (number < 224) return absl::OkStatus();
    if (number < 240) return end->connection.StartGracefulShutdown();
    const auto code = static_cast<ErrorCode>(number % 4 == 0 ? 2 : 0);
    end->closed |= code != ErrorCode::kNoError;
    return end->connection.CloseConnection(code, "bye");
  }

  static absl::Status Process(End* end, StreamId id, size_t most) {
    const auto found = end->unprocessed.find(id);
    if (found == end->unprocessed.end()) return absl::OkStatus();
    const size_t bytes = std::min(found->second, most);
    const absl::Status status =
        end->connection.AcknowledgeReceivedData(id, bytes);
    if (status.ok()) found->second -= bytes;
    return status;
  }

  // As much as the connection says that it takes, and before that more.
  static absl::Status SendAll(Connection* connection, StreamId id) {
    if (id == kConnectionStreamId) return absl::OkStatus();
    const SendCapacity capacity = connection->CapacityFor(id);
    Check(capacity.closed == !connection->CanSendData(id), "closed, or not");
    if (capacity.closed) return absl::OkStatus();
    const size_t size = capacity.payload();
    Check(
        !connection->SendData(id, absl::Cord(std::string(size + 1, 'r'))).ok(),
        "more than there was room for is taken");
    Check(size <= connection->CapacityFor(kConnectionStreamId).payload(),
          "a stream may send more than the connection");
    if (size == 0 && !capacity.frames) return absl::OkStatus();
    const absl::Status status =
        connection->SendData(id, absl::Cord(std::string(size, 'r')));
    Check(status.ok(), absl::StrCat("what there was room for is refused: ",
                                    status.ToString()));
    return status;
  }

  static void CheckRoom(const End& end) {
    const size_t mark = end.options.limits.output_high_water_mark;
    Check(
        end.connection.CapacityFor(0).output_room <= std::max(mark, kOurFrame),
        absl::StrCat("room for ", end.connection.CapacityFor(0).output_room,
                     " bytes"));
  }

  // --- The end ---------------------------------------------------------------

  // Everything was delivered; processes it all.
  void CheckAtRest() {
    for (End* end : {&client_, &server_}) {
      for (auto& [id, bytes] : end->unprocessed) {
        if (bytes == 0) continue;  // a call about nothing might mend a stall
        Check(Process(end, id, bytes).ok(), "received, and not to acknowledge");
      }
    }
    Settle();
    if (over_) return;
    for (End* end : {&client_, &server_}) CheckWindows(*end);
    Check(client_.connection.OpenOutboundStreams() ==
                  server_.connection.OpenInboundStreams() &&
              server_.connection.OpenOutboundStreams() ==
                  client_.connection.OpenInboundStreams(),
          "they count different streams");
  }

  // Of what `from` sends.
  void CheckWindows(const End& from) {
    const Connection& sender = from.connection;
    const Connection& receiver = Other(from).connection;
    const bool may_send =
        receiver.LocalSetting(SettingId::kInitialWindowSize) > 0;
    for (StreamId id = 0; id <= kLastId; ++id) {
      if (id != 0 && !sender.CanSendData(id)) continue;
      const int64_t window = sender.LocalFlowControlWindow(id).value_or(0);
      Check(window == receiver.RemoteFlowControlWindow(id).value_or(-1),
            absl::StrCat("they see different windows of stream ", id, ": ",
                         window, " and ",
                         receiver.RemoteFlowControlWindow(id).value_or(-1)));
      Check(window > 0 || (id != 0 && !may_send),
            absl::StrCat("stream ", id, " waits for ever"));
    }
  }

  // Nothing waits, so every stream can end, and no window is in the way.
  void EndAll() {
    for (End* end : {&client_, &server_}) {
      for (StreamId id = 1; id <= kLastId; ++id) {
        Settle();
        if (over_) return;
        Connection& connection = end->connection;
        if (!end->is_client() &&
            ErrorKindOf(connection.SendHeaders(id, Status("200"))) ==
                ErrorKind::kHeadersTooLarge) {
          // The client takes no response at all.
          Check(connection.ResetStream(id, ErrorCode::kCancel).ok(),
                "no reset");
        }
        Settle();
        if (over_) return;
        SendAll(&connection, id).IgnoreError();
        Settle();
        if (over_ || !connection.CanSendData(id)) continue;
        const absl::Status status = connection.EndStream(id);
        Check(status.ok(), absl::StrCat("no end: ", status.ToString()));
      }
    }
    Settle();
    if (over_) return;
    Check(client_.connection.OpenOutboundStreams() +
                  client_.connection.OpenInboundStreams() +
                  server_.connection.OpenOutboundStreams() +
                  server_.connection.OpenInboundStreams() ==
              0,
          "a stream that never ends");
  }

  Input input_;
  const Mood mood_;
  End client_;
  End server_;
  bool settled_ = false;  // each knew the other's settings before any call
  bool over_ = false;
};

}  // namespace
}  // namespace sluice::h2::tests

SLUICE_FUZZ_TARGET(pair_fuzz)(const uint8_t* data, size_t size) {
  sluice::h2::tests::Pair(sluice::fuzz::Input(data, size)).Go();
}
