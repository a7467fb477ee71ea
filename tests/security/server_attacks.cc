// What a client may do to a server.
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/h2/frame_builder.h"
#include "tests/security/attack.h"

namespace sluice::security {
namespace {

using namespace h2::tests;  // NOLINT: the frames
using Code = h2::ErrorCode;
using h2::SettingId;
using h2::StreamId;

constexpr uint8_t kEnds = kEndHeaders | kEndStream;
constexpr StreamId kLastId = 0x7fffffff;
// After these many frames a budget of 100 is used up.
constexpr int kHundred = 110;

StreamId Id(int i) { return static_cast<StreamId>(2 * i + 1); }

// A request of stream Id(i), ended or not.
std::string Asks(int i, absl::string_view path = "/") {
  return HeadersFrame(Id(i), Block(Get(path)), kEnds);
}
std::string Uploads(int i) { return HeadersFrame(Id(i), Block(Post())); }
std::string Cancels(int i) { return RstStreamFrame(Id(i), Code::kCancel); }

// 100 requests whose bodies never end.
std::string HundredBodies() {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += Asks(i);
  return bytes;
}

// RFC 7541 §6.2.1: a field of 4,000 bytes that stays in the dynamic table; one
// byte each names it again. Its name is legal, so nothing refuses it before.
std::string LargeField() {
  return absl::StrCat("\x40", HpackInteger(0, 7, 1), "x",
                      HpackInteger(0, 7, 4000), std::string(4000, 'v'));
}
std::string NamesLargeField(size_t times) { return std::string(times, '\xbe'); }

Bytes Fixed(std::string bytes) {
  return [bytes = std::move(bytes)](h2::Connection&, int) { return bytes; };
}
Bytes Each(std::string (*round)(int i)) {
  return [round](h2::Connection&, int i) { return round(i); };
}

std::string InitialWindow(uint32_t size) {
  return SettingsFrame({{SettingId::kInitialWindowSize, size}});
}
const std::vector<h2::Setting> kNoWindows = {
    {SettingId::kInitialWindowSize, 0}};
const std::vector<h2::Setting> kWideWindows = {
    {SettingId::kInitialWindowSize, 0x7fffffff}};

// --- Resets ------------------------------------------------------------------

std::vector<Attack> Resets() {
  return {
      {"RapidReset", nullptr, Each([](int i) { return Asks(i) + Cancels(i); })},
      {.name = "RapidResetInLargeReads",
       .round = Each([](int i) { return Asks(i) + Cancels(i); }),
       .most_rounds = 1200,
       .rounds_in_a_read = 400,
       .most_memory = 512 * 1024},
      // Frames of one byte are no work that would give tokens back.
      {.name = "RapidResetBesideOneByteFrames",
       .begin = Fixed(Asks(0)),
       .round = Each([](int i) {
         return WindowUpdateFrame(1, 1) + Asks(i + 1) + Cancels(i + 1);
       }),
       .settings = kNoWindows},
      {"ResetsOfAClosedStream", Fixed(Asks(0) + Cancels(0)), Fixed(Cancels(0))},
      {"ResetOfAnIdleStream", nullptr, Fixed(Cancels(5)), Code::kProtocolError,
       1},
      {"IllegalRequests", nullptr, Each([](int i) {
         return HeadersFrame(Id(i), Block({{":method", "GET"}}), kEnds);
       })},
  };
}

// CVE-2025-8671: each makes us reset a stream whose request the application
// has.
std::vector<Attack> MadeResets() {
  return {
      {"MadeResetByAnIncrementOfZero", nullptr,
       Each([](int i) { return Asks(i) + WindowUpdateFrame(Id(i), 0); })},
      {"MadeResetByAWindowOverflow", nullptr,
       Each([](int i) { return Asks(i) + WindowUpdateFrame(Id(i), kLastId); })},
      {"MadeResetByDataAfterTheEnd", nullptr,
       Each([](int i) { return Asks(i) + DataFrame(Id(i), "x"); })},
      {"MadeResetByHeadersAfterTheEnd", nullptr, Each([](int i) {
         return Asks(i) + HeadersFrame(Id(i), Block({{"a", "b"}}), kEnds);
       })},
      {"MadeResetByAPriorityOfFourBytes", nullptr, Each([](int i) {
         return Asks(i) + RawFrame(kPriority, 0, Id(i), "1234");
       })},
      {"MadeResetByASelfDependency", nullptr, Each([](int i) {
         return Asks(i) + PriorityFrame(Id(i), {.depends_on = Id(i)});
       })},
      {"MadeResetByALongBody", nullptr, Each([](int i) {
         return HeadersFrame(Id(i),
                             Block(With(Post(), {{"content-length", "1"}}))) +
                DataFrame(Id(i), "xx");
       })},
      {"MadeResetByTrailersWithoutEnd", nullptr, Each([](int i) {
         return Uploads(i) + HeadersFrame(Id(i), Block({{"a", "b"}}));
       })},
      {"MadeResetByDataOverTheWindow", nullptr, Each([](int i) {
         std::string bytes = Uploads(i);
         for (int n = 0; n < 5; ++n) {
           bytes += DataFrame(Id(i), std::string(16384, 'x'));
         }
         return bytes;
       }),
       Code::kFlowControlError, 1},
      {.name = "MadeResetByLargeHeaderLists",
       .begin =
           Fixed(HeadersFrame(1, Block(Get("/small")) + LargeField(), kEnds)),
       .round = Each([](int i) {
         return HeadersFrame(Id(i + 1), Block(Get()) + NamesLargeField(17),
                             kEnds);
       })},
      {.name = "RequestsBeyondTheLimitOfStreams",
       .begin = Fixed(HundredBodies()),
       .round = Each([](int i) { return Asks(i + 100); }),
       .settings = kNoWindows},
      {.name = "FramesAfterAResetOfTheirs", .round = Each([](int i) {
                                              return Uploads(i) + Cancels(i) +
                                                     DataFrame(Id(i), "x");
                                            })},
      // The response is refused when it is ready: no work is behind it.
      {.name = "ResponsesThatTheirLimitForbids",
       .round = Each([](int i) { return Asks(i); }),
       .code = Code::kNoError,
       .most_rounds = 5000,
       .settings = {{SettingId::kMaxHeaderListSize, 1}}},
  };
}

// --- Header blocks -----------------------------------------------------------

std::vector<Attack> HeaderBlocks() {
  const auto large = [](h2::Connection&, int) {
    return HeadersFrame(1, Block(Get("/small")) + LargeField(), kEnds);
  };
  return {
      {.name = "HpackBomb",
       .begin = large,
       .round = Each([](int i) {
         return HeadersFrame(Id(i + 1), Block(Get()) + NamesLargeField(16000),
                             kEnds);
       }),
       .most_rounds = 1},
      {.name = "HpackBombsBelowTheLimit",
       .begin = large,
       .round = Each([](int i) {
         return HeadersFrame(Id(i + 1), Block(Get()) + NamesLargeField(15),
                             kEnds) +
                Cancels(i + 1);
       }),
       .most_rounds = 2000,
       .rounds_in_a_read = 1000,
       .most_memory = 6 << 20},
      {.name = "HpackBombsOnAGoneStream",
       .begin =
           [](h2::Connection&, int) {
             return HeadersFrame(1, Block(Get()) + LargeField()) +
                    WindowUpdateFrame(1, 0);
           },
       .round = Fixed(HeadersFrame(1, NamesLargeField(15)))},
      {.name = "EmptyHeadersOnAGoneStream",
       .begin = Fixed(Uploads(0) + WindowUpdateFrame(1, 0)),
       .round = Fixed(HeadersFrame(1, ""))},
      {.name = "EmptyHeadersOnAStreamThatTheyReset",
       .begin = Fixed(Uploads(0) + Cancels(0)),
       .round = Fixed(HeadersFrame(1, ""))},
      {.name = "RequestsAboveOurGoAway",
       .begin =
           [](h2::Connection& server, int) {
             server.CloseConnection(Code::kNoError, "", 0).IgnoreError();
             return std::string();
           },
       .round = Each([](int i) { return Asks(i); }),
       .most_rounds = 1210},
      // Without an acknowledgement our limit of streams is none for it yet.
      {.name = "RequestsAboveOurGoAwayWithoutAcknowledgement",
       .begin =
           [](h2::Connection& server, int) {
             server.CloseConnection(Code::kNoError, "", 0).IgnoreError();
             return std::string();
           },
       .round = Each([](int i) { return Asks(i); }),
       .most_rounds = 3010,
       .acknowledges = false},
      {.name = "EmptyContinuations",
       .begin = Fixed(HeadersFrame(1, Block(Get()), kEndStream)),
       .round = Fixed(ContinuationFrame(1, "", 0)),
       .most_rounds = 65},
      {.name = "ContinuationsWithoutEnd",
       .begin = Fixed(HeadersFrame(1, Block(Get()), kEndStream)),
       .round = Fixed(ContinuationFrame(1,
                                        Block({{"x", std::string(8000, 'v')},
                                               {"y", std::string(8000, 'v')}}),
                                        0)),
       .most_rounds = 20},
      {.name = "NamesWithoutBytes",
       .round = Each([](int i) {
         return HeadersFrame(
             Id(i), Block(Get()) + Repeat(100, std::string(3, '\0')), kEnds);
       })},
      {.name = "AFieldBeyond64KiB",
       .begin = Fixed(HeadersFrame(1, Block(Get()), kEndStream)),
       .round =
           [](h2::Connection&, int i) {
             const std::string start =
                 i > 0 ? "" : "\x40\x01x" + HpackInteger(0, 7, 1 << 20);
             return ContinuationFrame(1, start + std::string(16000, 'v'), 0);
           },
       .code = Code::kCompressionError,
       .most_rounds = 1},
  };
}

// --- Floods ------------------------------------------------------------------

std::vector<Attack> Floods() {
  return {
      {.name = "PingsThatNobodyReads",
       .round = Fixed(PingFrame("12345678")),
       .reads = false},
      {.name = "PingsThatAreRead",
       .round = Fixed(PingFrame("12345678")),
       .code = Code::kNoError,
       .most_rounds = 20000},
      {"PingAnswersWithoutPings", nullptr, Fixed(PingFrame("12345678", kAck)),
       Code::kEnhanceYourCalm, kHundred},
      {"EmptySettings", nullptr, Fixed(SettingsFrame()), Code::kEnhanceYourCalm,
       kHundred},
      {"SettingsAnswersWithoutSettings", nullptr, Fixed(SettingsAckFrame()),
       Code::kEnhanceYourCalm, kHundred},
      {.name = "SettingsOf2730Values",
       .round = Each([](int i) {
         std::vector<h2::Setting> values;
         for (int n = 0; n < 2730; ++n) {
           values.push_back({static_cast<SettingId>(100 + n * 20 + i % 20),
                             static_cast<uint32_t>(i)});
         }
         return SettingsFrame(values);
       }),
       .most_rounds = kHundred,
       .most_memory = 600 * 1024},
      {.name = "HeaderTableUpAndDown",
       .round = Each([](int) {
         std::vector<h2::Setting> values;
         for (uint32_t n = 0; n < 2730; ++n) {
           values.push_back({SettingId::kHeaderTableSize, n % 2 * 4096});
         }
         return SettingsFrame(values);
       }),
       .most_rounds = kHundred},
      // Each opens a hundred windows by a byte, so that a hundred frames go.
      {.name = "InitialWindowUpByOne",
       .begin = Fixed(HundredBodies()),
       .round = Each(
           [](int i) { return InitialWindow(static_cast<uint32_t>(i + 1)); }),
       .most_rounds = 120,
       .settings = kNoWindows,
       .most_work = 400},
      {.name = "InitialWindowUpAndDown",
       .begin = Fixed(HundredBodies()),
       .round = Each([](int i) { return InitialWindow(i % 2 ? 0 : 1); }),
       .most_rounds = 120,
       .settings = kNoWindows,
       .most_work = 400},
      {.name = "EmptyData",
       .begin = Fixed(Uploads(0)),
       .round = Fixed(DataFrame(1, ""))},
      {.name = "EmptyDataWithPadding",
       .begin = Fixed(Uploads(0)),
       .round = Fixed(RawFrame(kData, kPadded, 1, Padded("", 255)))},
      {.name = "EmptyDataOnAGoneStream",
       .begin = Fixed(Uploads(0) + WindowUpdateFrame(1, 0)),
       .round = Fixed(DataFrame(1, ""))},
      {.name = "EmptyEndsOnAGoneStream",
       .begin = Fixed(Uploads(0) + WindowUpdateFrame(1, 0)),
       .round = Fixed(DataFrame(1, "", kEndStream))},
      {.name = "OneByteDataOnAGoneStream",
       .begin = Fixed(Uploads(0) + WindowUpdateFrame(1, 0)),
       .round = Fixed(DataFrame(1, "x")),
       .code = Code::kNoError,
       .most_rounds = 100'000},
      // Events are larger than such frames, and exist at once.
      {.name = "OneByteDataInLargeReads",
       .begin = Fixed(Uploads(0)),
       .round = Fixed(DataFrame(1, "x")),
       .code = Code::kNoError,
       .most_rounds = 60'000,
       .rounds_in_a_read = 6'000,
       .most_memory = 16 * 60'000 + 256 * 1024},
      {.name = "UnknownFrames", .round = Fixed(RawFrame(0xfa, 0, 0, ""))},
      {.name = "AltSvcFrames",
       .round = Fixed(AltSvcFrame(0, "https://a.example", "h3=\":1\""))},
      {.name = "GoAwayFrames",
       .round = Fixed(GoAwayFrame(0, Code::kNoError)),
       .most_rounds = kHundred},
  };
}

// --- Priorities --------------------------------------------------------------

std::vector<Attack> Priorities() {
  return {
      {.name = "PrioritiesOfAllIdleStreams",
       .round = Each([](int i) {
         return PriorityFrame(Id(i), {.depends_on = Id(i + 1)});
       }),
       .most_memory = 1 << 20},
      // CVE-2015-8659: idle streams that are parents open, close, and return.
      {.name = "PrioritiesOfIdleStreamsThatOpen",
       .round = Each([](int i) {
         return PriorityFrame(Id(i + 2), {.depends_on = Id(i)}) +
                PriorityFrame(Id(i),
                              {.depends_on = Id(i + 1), .exclusive = true}) +
                Asks(i) + Cancels(i) +
                PriorityFrame(Id(i), {.depends_on = Id(i + 2)});
       }),
       .most_memory = 1 << 20},
      {.name = "PrioritiesOfAClosedStream",
       .begin = Fixed(Asks(0) + Cancels(0)),
       .round =
           Each([](int i) { return PriorityFrame(1, {.depends_on = Id(i)}); })},
      {.name = "PrioritiesThatShuffleTheTree",
       .begin = Fixed(HundredBodies()),
       .round = Each([](int i) {
         return PriorityFrame(
             Id(i * 37 % 100),
             {.depends_on = Id((i * 61 + 1) % 100), .exclusive = true});
       }),
       .settings = kNoWindows},
      {.name = "PriorityUpdatesOfIdleStreams",
       .round = Each([](int i) { return PriorityUpdateFrame(Id(i), "u=1"); }),
       .code = Code::kProtocolError,
       .most_rounds = 101},
      {.name = "PriorityUpdatesBeforeTheyKnowOurLimit",
       .round = Each([](int i) { return PriorityUpdateFrame(Id(i), "u=1"); }),
       .acknowledges = false},
      {.name = "PriorityUpdatesOfOneStream",
       .begin = Fixed(Asks(0)),
       .round = Each([](int i) {
         return PriorityUpdateFrame(1, absl::StrCat("u=", i % 8, ", i"));
       }),
       .settings = kNoWindows},
      {.name = "PriorityUpdatesOfAClosedStream",
       .begin = Fixed(Asks(0) + Cancels(0)),
       .round = Fixed(PriorityUpdateFrame(1, "u=1"))},
      {.name = "PriorityUpdatesOf16KiB",
       .begin = Fixed(Asks(0)),
       .round =
           Fixed(PriorityUpdateFrame(1, Repeat(2000, "a=\"b\", ") + "u=1")),
       .settings = kNoWindows},
  };
}

// --- Windows and readers -----------------------------------------------------

std::vector<Attack> Windows() {
  const auto small_output = [](h2::ConnectionOptions& options) {
    options.limits.output_control_high_water_mark = 16 * 1024;
    options.limits.max_unread_control_bytes = 64 * 1024;
  };
  return {
      {.name = "WindowUpdatesOfOneByte",
       .round = Fixed(WindowUpdateFrame(0, 1)),
       .most_rounds = 4010},
      {.name = "WindowUpdatesOfAClosedStream",
       .begin = Fixed(Asks(0) + Cancels(0)),
       .round = Fixed(WindowUpdateFrame(1, 1)),
       .most_rounds = 4010},
      {"WindowUpdateOfAnIdleStream", nullptr, Fixed(WindowUpdateFrame(5, 1)),
       Code::kProtocolError, 1},
      {"AConnectionWindowThatOverflows", nullptr,
       Fixed(WindowUpdateFrame(0, kLastId)), Code::kFlowControlError, 1},
      // A frame of one byte for each WINDOW_UPDATE, and not more.
      {.name = "DataDribble",
       .begin = Fixed(HundredBodies() + WindowUpdateFrame(0, 1 << 30)),
       .round = Each([](int i) { return WindowUpdateFrame(Id(i % 100), 1); }),
       .code = Code::kNoError,
       .most_rounds = 20000,
       .settings = kNoWindows},
      {.name = "DataDribbleThatNobodyReads",
       .begin = Fixed(HundredBodies() + WindowUpdateFrame(0, 1 << 30)),
       .round = Each([](int i) { return WindowUpdateFrame(Id(i % 100), 1); }),
       .most_rounds = 40000,
       .settings = kNoWindows,
       .reads = false,
       .most_memory = 2 << 20},
      {.name = "AHundredWideWindowsThatNobodyReads",
       .begin = Fixed(HundredBodies() + WindowUpdateFrame(0, 1 << 30)),
       .round = Fixed(WindowUpdateFrame(0, 1)),
       .most_rounds = 4010,
       .settings = kWideWindows,
       .reads = false},
      {.name = "SmallResponsesThatNobodyReads",
       .round = Each([](int i) { return Asks(i, "/small"); }),
       .most_rounds = 30000,
       .reads = false,
       .most_memory = 1 << 20,
       .options = small_output},
  };
}

// --- Stream ids --------------------------------------------------------------

std::vector<Attack> StreamIds() {
  return {
      {"AnEvenId", nullptr, Fixed(HeadersFrame(2, Block(Get()), kEnds)),
       Code::kProtocolError, 1},
      {"AnIdThatGoesBack", Fixed(Asks(5)), Fixed(Asks(4)), Code::kProtocolError,
       1},
      {"AnIdThatWasClosed", Fixed(Asks(0, "/small")), Fixed(Asks(0, "/small")),
       Code::kStreamClosed, 1},
      {"AnIdAfterTheLast",
       Fixed(HeadersFrame(kLastId, Block(Get("/small")), kEnds)),
       Fixed(HeadersFrame(kLastId - 2, Block(Get()), kEnds)),
       Code::kProtocolError, 1},
      {.name = "IdsThatSkipAMillion", .round = Each([](int i) {
                                        return Asks(i * 1'000'000, "/small") +
                                               RstStreamFrame(Id(i * 1'000'000),
                                                              Code::kCancel);
                                      })},
  };
}

}  // namespace

std::vector<Attack> AttacksOnServers() {
  std::vector<Attack> all;
  for (const auto& part : {Resets(), MadeResets(), HeaderBlocks(), Floods(),
                           Priorities(), Windows(), StreamIds()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace sluice::security
