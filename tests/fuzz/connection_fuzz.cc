// Fuzzes a connection, client or server, with the peer's bytes and with calls.
//
// Two connections get the same bytes: one gets them whole, the other one by
// one. Operations: raw bytes, a frame made of a type, flags, a small stream id
// and a payload, a header block that decodes, each call with small arguments,
// taking output. Invariants, after each operation:
//   - both connections give the same status, events (pieces of a DATA frame
//     put together) and output;
//   - they write whole frames within the peer's MAX_FRAME_SIZE (which this peer
//     never raises), and their header blocks decode;
//   - a refused call writes nothing;
//   - a failed ReceiveData() ends with GOAWAY in the output, and so the
//     connection: later bytes bring neither events nor output;
//   - the streams that are open stay within the largest
//     MAX_CONCURRENT_STREAMS that we announced;
//   - a stream's events keep their order: headers, data, trailers, end; nothing
//     after the end, and none twice;
//   - SendData() takes as much as CapacityFor() says; the room stays within the
//     high-water mark or our own default frame, and is 0 after the connection's
//     end.
//
// Input: the first byte chooses role and options, and whether bytes follow that
// choose settings and small limits; then each operation takes a byte of kind
// and its arguments.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/fuzz/fuzz_frames.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/h2/event_text.h"
#include "tests/h2/frame_builder.h"
#include "tests/h2/frame_text.h"
#include "tests/h2/kept_events.h"

namespace sluice::h2::tests {
namespace {

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "connection_fuzz: %s\n", what.c_str());
  std::abort();
}

using fuzz::DrawStreamId;
using fuzz::HeadersOf;
using fuzz::Input;

// Follows one connection's events.
class EventOrder {
 public:
  explicit EventOrder(bool upgraded) {
    if (upgraded) streams_[1] = kNothing;
  }

  void Check(const Event& event) {
    if (const auto* e = std::get_if<RequestReceived>(&event)) {
      Begin(e->stream_id, e->stream_ended);
    } else if (const auto* e = std::get_if<ResponseReceived>(&event)) {
      Begin(e->stream_id, e->stream_ended);
    } else if (const auto* e =
                   std::get_if<InformationalResponseReceived>(&event)) {
      if (streams_[e->stream_id] != kNothing) Wrong(event);
    } else if (const auto* e = std::get_if<DataReceived>(&event)) {
      if (streams_[e->stream_id] != kBody) Wrong(event);
      if (e->flow_controlled_length < e->data.size()) Wrong(event);
      if (e->stream_ended) streams_[e->stream_id] = kEnding;
    } else if (const auto* e = std::get_if<TrailersReceived>(&event)) {
      if (streams_[e->stream_id] != kBody) Wrong(event);
      streams_[e->stream_id] = kEnding;
    } else if (const auto* e = std::get_if<StreamEnded>(&event)) {
      if (streams_[e->stream_id] != kEnding) Wrong(event);
      streams_[e->stream_id] = kEnded;
    } else if (const auto* e = std::get_if<StreamReset>(&event)) {
      if (streams_[e->stream_id] == kReset) Wrong(event);
      streams_[e->stream_id] = kReset;
    } else if (const auto* e = std::get_if<PushedStreamReceived>(&event)) {
      if (!promised_.emplace(e->pushed_stream_id, true).second) Wrong(event);
    }
  }

 private:
  enum State { kNothing, kBody, kEnding, kEnded, kReset };

  void Begin(StreamId id, bool ended) {
    if (streams_[id] != kNothing) Fail("a second message on a stream");
    streams_[id] = ended ? kEnding : kBody;
  }
  [[noreturn]] static void Wrong(const Event& event) {
    Fail("out of order: " + EventText(event));
  }

  std::map<StreamId, State> streams_;
  std::map<StreamId, bool> promised_;
};

class Fuzzed {
 public:
  Fuzzed(const ConnectionOptions& options, bool upgraded)
      : whole_(options),
        cut_(options),
        order_(upgraded),
        most_room_(
            std::max<size_t>(options.limits.output_high_water_mark, 16384)) {
    for (const Setting& setting : options.settings) Announce(setting);
  }

  // Makes a call on both.
  void Call(const std::function<absl::Status(Connection&)>& call) {
    const size_t before = whole_.OutputSize();
    const absl::Status status = call(whole_);
    if (call(cut_) != status) Fail("a call fails on one of two twins");
    if (!status.ok() && whole_.OutputSize() != before) {
      Fail("a refused call wrote: " + status.ToString());
    }
  }

  void Announce(const Setting& setting) {
    if (setting.id != SettingId::kMaxConcurrentStreams) return;
    most_streams_ = std::max(most_streams_, setting.value);
  }

  void Receive(const std::string& bytes) {
    const bool was_over = over_;
    const size_t output_before = whole_.OutputSize();
    std::vector<Event> events;
    const absl::Status status = whole_.ReceiveData(bytes, &events);
    KeptEvents cut_events;
    absl::Status cut_status = absl::OkStatus();
    for (size_t i = 0; i < bytes.size() && cut_status.ok(); ++i) {
      std::vector<Event> some;
      cut_status =
          cut_.ReceiveData(absl::string_view(bytes).substr(i, 1), &some);
      for (const Event& event : some) cut_events.Add(event);
    }
    if (bytes.empty()) cut_status = status;
    if (status != cut_status) {
      Fail("one byte at a time: " + cut_status.ToString() + ", not " +
           status.ToString());
    }
    if (EventTexts(events) != EventTexts(cut_events.events())) {
      Fail("one byte at a time brings other events");
    }
    for (const Event& event : events) order_.Check(event);
    if (!status.ok()) over_ = true;
    if (was_over && (!events.empty() || status.ok() ||
                     whole_.OutputSize() != output_before)) {
      Fail("the connection goes on after its end");
    }
  }

  void Check() {
    if (whole_.OutputSize() != cut_.OutputSize()) Fail("other output size");
    if (whole_.OpenInboundStreams() > most_streams_) {
      Fail("too many streams are open");
    }
    if (whole_.CapacityFor(0).output_room > most_room_) {
      Fail("room for too much");
    }
    if (whole_.IsTerminated() && whole_.CapacityFor(0).output_room > 0) {
      Fail("room after the end");
    }
  }

  void TakeOutput(size_t most) {
    const std::string bytes = whole_.DataToSend(most);
    if (cut_.DataToSend(most) != bytes) Fail("other output");
    Read(bytes);
  }

  void End() {
    TakeOutput(Connection::kAll);
    if (reader_.pending() != 0) Fail("half a frame was written");
    if (over_ && !said_goaway_) Fail("an error without GOAWAY");
  }

 private:
  void Read(absl::string_view bytes) {
    for (const std::string& line : reader_.Read(bytes)) {
      if (absl::StrContains(line, "UNDECODABLE") ||
          absl::StrContains(line, "TRUNCATED")) {
        Fail("wrote " + line);
      }
      said_goaway_ |= absl::StartsWith(line, "GOAWAY");
    }
    if (reader_.pending() > 9 + 16384 + 64 * 16384) {
      Fail("wrote a frame beyond MAX_FRAME_SIZE");
    }
  }

  Connection whole_;
  Connection cut_;
  EventOrder order_;
  const size_t most_room_;
  uint32_t most_streams_ = 0;
  FrameReader reader_;
  bool over_ = false;
  bool said_goaway_ = false;
};

// As much DATA as the connection says that it takes.
absl::Status SendAll(Connection& c, StreamId id) {
  if (id == kConnectionStreamId) return absl::OkStatus();
  const SendCapacity capacity = c.CapacityFor(id);
  const size_t size = capacity.payload();
  if (!capacity.frames || capacity.closed) {
    if (size > 0) Fail("room where no frame is admitted");
    return absl::OkStatus();
  }
  const absl::Status status =
      c.SendData(id, absl::Cord(std::string(size, 'r')));
  if (!status.ok()) Fail("there is no room: " + status.ToString());
  return status;
}

void MakeCall(Input& input, Fuzzed* fuzzed) {
  const uint8_t kind = input.Byte();
  const StreamId id = DrawStreamId(input);
  const uint32_t number = input.Byte();
  fuzzed->Call([&](Connection& c) -> absl::Status {
    switch (kind % 18) {
      case 0:
        return c.SendHeaders(id, HeadersOf(number),
                             {.end_stream = (number & 0x40) != 0});
      case 1:
        return c.SendHeaders(id, HeadersOf(number),
                             {.priority = signals::Rfc7540Priority{
                                  .depends_on = number % 16,
                                  .weight = static_cast<int>(number)}});
      case 2:
        return c.SendData(id, absl::Cord(std::string(number * 100, 's')),
                          {.end_stream = (number & 1) != 0});
      case 3:
        return c.SendData(id, absl::Cord("padded"),
                          {.pad_length = static_cast<uint8_t>(number)});
      case 4:
        return c.EndStream(id);
      case 5:
        return c.ResetStream(id, static_cast<ErrorCode>(number));
      case 6:
        return c.Ping(std::string(number < 240 ? 8 : number, 'p'));
      case 7:
        return number < 200
                   ? SendAll(c, id)
                   : c.CloseConnection(
                         static_cast<ErrorCode>(number % 3), "bye",
                         number % 2 == 0 ? std::optional(id) : std::nullopt);
      case 8:
        return number < 200 ? absl::OkStatus() : c.StartGracefulShutdown();
      case 9: {
        const Setting settings[] = {
            {static_cast<SettingId>(number % 10), id * 1000}};
        fuzzed->Announce(settings[0]);
        return c.UpdateSettings(settings);
      }
      case 10:
        return c.AdvertiseAlternativeService(
            "h2",
            number % 2 == 0 ? std::optional<absl::string_view>("o")
                            : std::nullopt,
            number % 3 == 0 ? std::optional(id) : std::nullopt);
      case 11:
        return c.Prioritize(id, {.depends_on = number % 16});
      case 12:
        return c.SendPriorityUpdate(id,
                                    {.urgency = static_cast<int>(number % 9)});
      case 13:
        return c.IncrementFlowControlWindow(id, number << (number % 24));
      case 14:
        return c.AcknowledgeReceivedData(id, number * 10);
      case 15:
        return c.PushStream(id, number % 16, HeadersOf(number));
      case 16:  // more than waits
        return c.ConsumeOutput(number % 2 == 0 ? c.OutputSize() + 1 + number
                                               : Connection::kAll - number);
      default: {
        // Ends the connection when SETTINGS stay without ACK, hence no call
        // that fails without writing.
        c.AdvanceTime(absl::Milliseconds(number)).IgnoreError();
        return absl::OkStatus();
      }
    }
  });
}

}  // namespace

void FuzzConnection(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t choice = input.Byte();
  ConnectionOptions options;
  options.side = choice & 1 ? Side::kServer : Side::kClient;
  options.validate_inbound = (choice & 2) == 0;
  options.validate_outbound = (choice & 4) == 0;
  options.normalize_inbound = (choice & 8) == 0;
  options.settings = {{SettingId::kMaxConcurrentStreams, 3}};
  options.limits.max_closed_streams = 4;
  if (choice & 16) {
    options.settings.push_back({SettingId::kEnableConnectProtocol, 1});
    options.oversized_headers = OversizedHeaders::kAnswer;
    options.limits.max_header_list_size = 1000;
  }
  const bool upgraded = (choice & 32) != 0;
  if (choice & 128) {
    for (const Setting& setting : fuzz::DrawSettings(input, options.side)) {
      options.settings.push_back(setting);
    }
    fuzz::DrawHarmlessLimits(input, &options.limits);
    fuzz::DrawHarmfulLimits(input, &options.limits);
    options.normalize_outbound = input.Flag();
    options.split_outbound_cookies = input.Flag();
  }
  Fuzzed fuzzed(options, upgraded);
  fuzzed.Call([&](Connection& c) {
    return upgraded
               ? c.InitiateUpgrade(
                      options.side == Side::kServer ? "AAMAAABkAAQAAP__" : "")
                     .status()
               : c.InitiateConnection();
  });
  // Most inputs want to come further than the preface.
  if ((choice & 64) == 0) {
    if (options.side == Side::kServer) fuzzed.Receive(std::string(kPreface));
    fuzzed.Receive(SettingsFrame() + SettingsAckFrame());
  }
  while (!input.empty()) {
    const uint8_t kind = input.Byte();
    switch (kind % 8) {
      case 0:
        fuzzed.Receive(input.Bytes(input.Byte()));
        break;
      case 1:
        fuzzed.Receive(fuzz::DrawFrame(input));
        break;
      case 2:
      case 3:
        fuzzed.Receive(fuzz::DrawMessage(input));
        break;
      case 4:
        fuzzed.Receive(fuzz::DrawDataFrame(input));
        break;
      case 5:
        fuzzed.TakeOutput(input.Byte() * 16);
        break;
      default:
        MakeCall(input, &fuzzed);
    }
    fuzzed.Check();
  }
  fuzzed.End();
}

}  // namespace sluice::h2::tests

SLUICE_FUZZ_TARGET(connection_fuzz)(const uint8_t* data, size_t size) {
  sluice::h2::tests::FuzzConnection(data, size);
}
