#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/h2/error_table.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

constexpr Side kServer = Side::kServer;
constexpr Side kClient = Side::kClient;
constexpr auto kNoPriorities = SettingId::kNoRfc7540Priorities;

std::string SelfDependency(StreamId id) {
  return PriorityFrame(id, {.depends_on = id});
}

std::string RawPriority(StreamId id, size_t length) {
  return RawFrame(kPriority, 0, id, std::string(length, '\0'));
}

}  // namespace

std::vector<ErrorRow> PriorityErrors() {
  const std::string request = Block(Get());
  const std::vector<std::string> protocol = {"GOAWAY PROTOCOL_ERROR"};
  const std::vector<std::string> size = {"GOAWAY FRAME_SIZE_ERROR"};
  return {
      // --- RFC 7540 §5.3.1, §6.3
      // ------------------------------------------------
      {"PriorityOnStreamZero", "RFC 7540 §6.3", kServer, Given::kReady,
       PriorityFrame(0, {}), protocol},
      {"PriorityOnStreamZeroAtTheClient", "RFC 7540 §6.3", kClient,
       Given::kReady, PriorityFrame(0, {}), protocol},
      {"PriorityOfFourOctets",
       "RFC 7540 §6.3",
       kServer,
       Given::kRequest,
       RawPriority(1, 4),
       {"RST_STREAM 1 FRAME_SIZE_ERROR"}},
      {"PriorityOfSixOctets",
       "RFC 7540 §6.3",
       kServer,
       Given::kRequest,
       RawPriority(1, 6),
       {"RST_STREAM 1 FRAME_SIZE_ERROR"}},
      {"PriorityOfNoOctetsOnAnIdleStream", "RFC 7540 §6.3, §6.4", kServer,
       Given::kReady, RawPriority(1, 0), size},
      {"PriorityOfSixOctetsOnAnIdleStream", "RFC 7540 §6.3, §6.4", kServer,
       Given::kRequest, RawPriority(3, 6), size},
      {"SelfDependency",
       "RFC 7540 §5.3.1",
       kServer,
       Given::kRequest,
       SelfDependency(1),
       {"RST_STREAM 1 PROTOCOL_ERROR"}},
      {"SelfDependencyOfAnIdleStream", "RFC 7540 §5.3.1, §6.4", kServer,
       Given::kReady, SelfDependency(1), protocol},
      {"SelfDependencyInHeaders",
       "RFC 7540 §5.3.1",
       kServer,
       Given::kReady,
       HeadersFrame(1, absl::StrCat(PriorityFields({.depends_on = 1}), request),
                    kEndHeaders | kHasPriority),
       {"RST_STREAM 1 PROTOCOL_ERROR"}},
      {"SelfDependencyInTrailers",
       "RFC 7540 §5.3.1",
       kServer,
       Given::kRequest,
       HeadersFrame(
           1,
           absl::StrCat(PriorityFields({.depends_on = 1}), Block({{"x", "y"}})),
           kEndHeaders | kEndStream | kHasPriority),
       {"RST_STREAM 1 PROTOCOL_ERROR"}},
      {"FaultyPriorityOfAStreamThatIsGone",
       "RFC 7540 §5.3.1, §6.3, RFC 9113 §5.1",
       kServer,
       Given::kAnswered,
       RawPriority(1, 6) + SelfDependency(1),
       {}},
      {"PriorityOnStreamsInEveryState",
       "RFC 7540 §5.1, §6.3",
       kServer,
       Given::kAnswered,
       absl::StrCat(PriorityFrame(1, {}), HeadersFrame(3, request),
                    PriorityFrame(3, {.depends_on = 1}), PriorityFrame(7, {}),
                    PriorityFrame(2, {}),
                    PriorityFrame(0x7fffffff, {.depends_on = 3})),
       {}},
      {"PriorityMovesNoStreamId",
       "RFC 7540 §5.1.1, §6.3",
       kServer,
       Given::kReady,
       absl::StrCat(PriorityFrame(99, {}), HeadersFrame(1, request),
                    HeadersFrame(3, request)),
       {}},
      {"PriorityFromAServer",
       "RFC 7540 §6.3",
       kClient,
       Given::kRequest,
       absl::StrCat(PriorityFrame(1, {}), PriorityFrame(4, {})),
       {}},

      // --- RFC 9218 §2.1: SETTINGS_NO_RFC7540_PRIORITIES
      // ---------------------------
      {"NoRfc7540PrioritiesOfTwo", "RFC 9218 §2.1", kServer, Given::kInitiated,
       absl::StrCat(kPreface, SettingsFrame({{kNoPriorities, 2}})), protocol},
      {"NoRfc7540PrioritiesAfterTheFirstSettings", "RFC 9218 §2.1", kServer,
       Given::kReady, SettingsFrame({{kNoPriorities, 1}}), protocol},
      {"NoRfc7540PrioritiesTakenBack",
       "RFC 9218 §2.1",
       kServer,
       Given::kReady,
       SettingsFrame({{kNoPriorities, 0}}),
       protocol,
       {{kNoPriorities, 1}}},
      {"NoRfc7540PrioritiesRepeated",
       "RFC 9218 §2.1",
       kServer,
       Given::kReady,
       SettingsFrame({{kNoPriorities, 1}}),
       {},
       {{kNoPriorities, 1}}},
      {"NoRfc7540PrioritiesOfZeroAfterTheFirstSettings",
       "RFC 9218 §2.1",
       kServer,
       Given::kReady,
       SettingsFrame({{kNoPriorities, 0}}),
       {}},
      {"NoRfc7540PrioritiesChangedAtTheClient", "RFC 9218 §2.1", kClient,
       Given::kReady, SettingsFrame({{kNoPriorities, 1}}), protocol},

      // --- RFC 9218 §7.1: PRIORITY_UPDATE
      // -----------------------------------------
      {"PriorityUpdateOnAStream", "RFC 9218 §7.1", kServer, Given::kRequest,
       PriorityUpdateFrame(1, "u=1", /*on_stream=*/1), protocol},
      {"PriorityUpdateOfStreamZero", "RFC 9218 §7.1", kServer, Given::kReady,
       PriorityUpdateFrame(0, "u=1"), protocol},
      {"PriorityUpdateOfAnIdlePush", "RFC 9218 §7.1", kServer, Given::kReady,
       PriorityUpdateFrame(2, "u=1"), protocol},
      {"PriorityUpdateOfAPromisedStream",
       "RFC 9218 §7.1",
       kServer,
       Given::kPromised,
       PriorityUpdateFrame(2, "u=1"),
       {}},
      {"PriorityUpdateAtAClient", "RFC 9218 §7.1", kClient, Given::kRequest,
       PriorityUpdateFrame(1, "u=1"), protocol},
      {"PriorityUpdateOfThreeOctets", "RFC 9218 §7.1, RFC 9113 §4.2", kServer,
       Given::kReady, RawFrame(kPriorityUpdate, 0, 0, "123"), size},
      {"PriorityUpdatesOfTooManyIdleStreams",
       "RFC 9218 §7.1",
       kServer,
       Given::kRequest,
       absl::StrCat(PriorityUpdateFrame(3, "u=1"),
                    PriorityUpdateFrame(5, "u=1")),
       protocol,
       {},
       {{SettingId::kMaxConcurrentStreams, 2}}},
      {"PriorityUpdatesOfAsManyIdleStreamsAsMayOpen",
       "RFC 9218 §7.1",
       kServer,
       Given::kRequest,
       absl::StrCat(PriorityUpdateFrame(3, "u=1"),
                    PriorityUpdateFrame(3, "u=2")),
       {},
       {},
       {{SettingId::kMaxConcurrentStreams, 2}}},
      {"PriorityUpdateOfAClosedStream",
       "RFC 9218 §7.1",
       kServer,
       Given::kAnswered,
       PriorityUpdateFrame(1, "u=1"),
       {}},
      {"PriorityUpdateThatDoesNotParse",
       "RFC 9218 §7.1",
       kServer,
       Given::kRequest,
       absl::StrCat(PriorityUpdateFrame(1, "u=="),
                    PriorityUpdateFrame(1, "\xff\x01"),
                    PriorityUpdateFrame(1, "u=1,")),
       {}},
      {"PriorityUpdateOfTheReservedBit",
       "RFC 9218 §7.1",
       kServer,
       Given::kRequest,
       PriorityUpdateFrame(0x80000001, "u=1"),
       {}},
  };
}

}  // namespace sluice::h2::tests
