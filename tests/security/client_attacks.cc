// What a server may do to a client.
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/h2/frame_builder.h"
#include "tests/security/attack.h"

namespace sluice::security {
namespace {

using namespace h2::tests;  // NOLINT: the frames
using Code = h2::ErrorCode;
using h2::StreamId;

constexpr uint8_t kEnds = kEndHeaders | kEndStream;
constexpr int kHundred = 110;

StreamId Id(int i) { return static_cast<StreamId>(2 * i + 1); }
StreamId PushId(int i) { return static_cast<StreamId>(2 * i + 2); }

void Ask(h2::Connection& client, int i) {
  client.SendHeaders(Id(i), Get(), {.end_stream = true}).IgnoreError();
}
void Cancel(h2::Connection& client, int i) {
  client.ResetStream(Id(i), Code::kCancel).IgnoreError();
}

// A request of ours on stream 1, kept or cancelled.
std::string Asked(h2::Connection& client, int) {
  Ask(client, 0);
  return "";
}
std::string AskedAndCancelled(h2::Connection& client, int) {
  Ask(client, 0);
  Cancel(client, 0);
  return "";
}

Bytes Fixed(std::string bytes) {
  return [bytes = std::move(bytes)](h2::Connection&, int) { return bytes; };
}
Bytes Each(std::string (*round)(int i)) {
  return [round](h2::Connection&, int i) { return round(i); };
}

std::vector<Attack> Messages() {
  return {
      {"InformationalResponses", Asked,
       Fixed(HeadersFrame(1, Block(Status("103"))))},
      {.name = "ResponsesOnACancelledStream",
       .begin = AskedAndCancelled,
       .round = Fixed(HeadersFrame(1, Block(Status())))},
      {.name = "DataOnACancelledStream",
       .begin = AskedAndCancelled,
       .round = Fixed(DataFrame(1, "x")),
       .code = Code::kNoError,
       .most_rounds = 50'000},
      {.name = "EmptyEndsOnACancelledStream",
       .begin = AskedAndCancelled,
       .round = Fixed(DataFrame(1, "", kEndStream))},
      // RFC 9113 §5.1: no fault of the server's, however many are cancelled.
      {.name = "ResponsesToManyCancelledRequests",
       .round =
           [](h2::Connection& client, int i) {
             Ask(client, i);
             Cancel(client, i);
             return HeadersFrame(Id(i), Block(Status())) +
                    DataFrame(Id(i), "body") +
                    HeadersFrame(Id(i), Block({{"a", "b"}}), kEnds);
           },
       .code = Code::kNoError,
       .most_rounds = 5000,
       .most_work = 8},
      {.name = "ResponsesThatAreMalformed",
       .round =
           [](h2::Connection& client, int i) {
             Ask(client, i);
             return HeadersFrame(Id(i), Block({{"a", "b"}}));
           },
       .most_work = 8},
      {.name = "AnHpackBomb",
       .begin =
           [](h2::Connection& client, int) {
             Ask(client, 0);
             Ask(client, 1);
             return HeadersFrame(1, Block(Status()) + "\x40\x01x" +
                                        HpackInteger(0, 7, 4000) +
                                        std::string(4000, 'v'));
           },
       .round =
           Fixed(HeadersFrame(3, Block(Status()) + std::string(16000, '\xbe'))),
       .most_rounds = 1},
      {"ContinuationsWithoutEnd",
       [](h2::Connection& client, int) {
         Ask(client, 0);
         return HeadersFrame(1, Block(Status()), 0);
       },
       Fixed(ContinuationFrame(1, "", 0)), Code::kEnhanceYourCalm, 65},
      {"DataOverTheWindow",
       [](h2::Connection& client, int) {
         Ask(client, 0);
         return HeadersFrame(1, Block(Status()));
       },
       Fixed(Repeat(5, DataFrame(1, std::string(16384, 'x')))),
       Code::kFlowControlError, 1},
  };
}

std::vector<Attack> Pushes() {
  return {
      // A hundred are kept; the others are refused.
      {.name = "PromisesThatNeverBegin",
       .begin = Asked,
       .round = Each(
           [](int i) { return PushPromiseFrame(1, PushId(i), Block(Get())); }),
       .most_rounds = 1110},
      {.name = "PromisesThatAreReset",
       .begin = Asked,
       .round = Each([](int i) {
         return PushPromiseFrame(1, PushId(i), Block(Get())) +
                RstStreamFrame(PushId(i), Code::kCancel);
       })},
      {.name = "PromisesOnACancelledStream",
       .begin = AskedAndCancelled,
       .round = Each(
           [](int i) { return PushPromiseFrame(1, PushId(i), Block(Get())); })},
      {.name = "PromisesAboveOurGoAway",
       .begin =
           [](h2::Connection& client, int) {
             Ask(client, 0);
             client.CloseConnection(Code::kNoError, "", 0).IgnoreError();
             return std::string();
           },
       .round = Each(
           [](int i) { return PushPromiseFrame(1, PushId(i), Block(Get())); }),
       .most_rounds = 1210},
      {.name = "PromisesOfAnIllegalRequest",
       .begin = Asked,
       .round = Each([](int i) {
         return PushPromiseFrame(1, PushId(i), Block(Post()) + Block(Post()));
       })},
      {"PromisesOfAnIdThatGoesBack",
       [](h2::Connection& client, int) {
         Ask(client, 0);
         return PushPromiseFrame(1, 6, Block(Get()));
       },
       Fixed(PushPromiseFrame(1, 4, Block(Get()))), Code::kProtocolError, 1},
  };
}

std::vector<Attack> Floods() {
  return {
      {.name = "PingsThatNobodyReads",
       .round = Fixed(PingFrame("12345678")),
       .reads = false},
      {"EmptySettings", nullptr, Fixed(SettingsFrame()), Code::kEnhanceYourCalm,
       kHundred},
      {"AltSvcFrames", nullptr,
       Fixed(AltSvcFrame(0, "https://a.example", "h3=\":1\""))},
      // RFC 8336: ORIGIN, which the core does not know.
      {"OriginFrames", nullptr,
       Fixed(RawFrame(0xc, 0, 0, Uint16(17) + "https://a.example"))},
      {"GoAwayFrames", nullptr, Fixed(GoAwayFrame(0, Code::kNoError)),
       Code::kEnhanceYourCalm, kHundred},
      {"EmptyData",
       [](h2::Connection& client, int) {
         Ask(client, 0);
         return HeadersFrame(1, Block(Status()));
       },
       Fixed(DataFrame(1, ""))},
      {"WindowUpdatesOfOneByte", nullptr, Fixed(WindowUpdateFrame(0, 1)),
       Code::kEnhanceYourCalm, 4010},
      {"APriorityUpdate", nullptr, Fixed(PriorityUpdateFrame(1, "u=1")),
       Code::kProtocolError, 1},
  };
}

}  // namespace

std::vector<Attack> AttacksOnClients() {
  std::vector<Attack> all;
  for (const auto& part : {Messages(), Pushes(), Floods()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace sluice::security
