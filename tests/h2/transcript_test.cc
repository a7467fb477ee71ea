// Plays the recorded connections of hyper-h2's test suite; see
// tests/h2/transcripts/README.md.

#include "tests/h2/transcript.h"

#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"
#include "tests/h2/transcript_player.h"
#include "tests/h2/transcript_rules.h"

namespace sluice::h2::tests {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::StartsWith;

constexpr char kTranscripts[] = "tests/h2/transcripts/h2-4.4.1.jsonl";

// The recordings lack these, since hyper does not insist on them and we do. The
// player adds them.
constexpr absl::string_view kPeersPreface =
    "the peer's preface is completed by SETTINGS";
constexpr absl::string_view kOurPreface =
    "our side begins with InitiateConnection()";
constexpr absl::string_view kMissingAck =
    "one SETTINGS ACK acknowledges one SETTINGS: the missing ACK is added";
constexpr absl::string_view kMissingResponse =
    "DATA before the response's HEADERS is refused: they are added";

constexpr absl::string_view kMissingEnable =
    "extended CONNECT waits for the server's setting: it is added";

struct Amendment {
  absl::string_view name;
  const char* justification;
  int recordings;
};
constexpr Amendment kAmendments[] = {
    {kPeersPreface, "RFC 9113 §3.4", 523},
    {kOurPreface, "RFC 9113 §3.4", 387},
    {kMissingAck, "RFC 9113 §6.5.3", 13},
    {kMissingResponse, "RFC 9113 §8.1", 2},
    {kMissingEnable, "RFC 8441 §3", 3},
};

bool Initiates(const RecordedCall& call) {
  return call.name == "initiate_connection" ||
         call.name == "initiate_upgrade_connection";
}

// Whether `call` needs the preface to have been sent.
bool NeedsInitiate(const RecordedCall& call) {
  static const auto& others =
      *new std::set<absl::string_view>{"data_to_send",
                                       "clear_outbound_data_buffer",
                                       "open_outbound_streams",
                                       "open_inbound_streams",
                                       "local_flow_control_window",
                                       "remote_flow_control_window",
                                       "inbound_flow_control_window",
                                       "get_next_available_stream_id"};
  return !Initiates(call) && others.count(call.name) == 0;
}

// Whether our side of the recording sends or receives without having begun.
bool MissingInitiate(const Transcript& transcript) {
  for (const RecordedCall& call : transcript.calls) {
    if (Initiates(call)) return false;
    if (NeedsInitiate(call)) return true;
  }
  return false;
}

// Where in the bytes that the connection receives its peer forgot to begin with
// SETTINGS. hyper lets it; RFC 9113 §3.4 does not.
std::optional<size_t> MissingSettings(const Transcript& transcript) {
  std::string received;
  for (const RecordedCall& call : transcript.calls) {
    if (call.name == "receive_data") received += call.data;
  }
  size_t first_frame = 0;
  if (transcript.options.side == Side::kServer) {
    if (!absl::StartsWith(received, kPreface)) return std::nullopt;
    first_frame = kPreface.size();
  }
  if (received.size() < first_frame + 9) return std::nullopt;
  const bool is_settings = received[first_frame + 3] == kSettings &&
                           (received[first_frame + 4] & kAck) == 0;
  if (is_settings) return std::nullopt;
  return first_frame;
}

class Playback {
 public:
  Playback(const Transcript& transcript, const Feeding& feeding,
           bool complete_preface)
      : transcript_(transcript), player_(transcript.options, feeding) {
    if (complete_preface) {
      missing_settings_ = MissingSettings(transcript);
      if (missing_settings_) rules_.insert(std::string(kPeersPreface));
      missing_initiate_ = MissingInitiate(transcript);
      if (missing_initiate_) rules_.insert(std::string(kOurPreface));
    }
  }

  // Plays all of it. Fails where our outcome differs from the recorded one and
  // no rule says so.
  void Run() {
    if (missing_initiate_) {
      initiated_ = Play({.name = "initiate_connection"});
      player_.Play({.name = "clear_outbound_data_buffer"});
    }
    for (size_t i = 0; i < transcript_.calls.size(); ++i) {
      const RecordedCall& call = transcript_.calls[i];
      const std::vector<std::string> ours = Play(call);
      std::vector<std::string> expected = call.outcome;
      if (ours == expected) continue;
      for (const DifferenceRule& rule : DifferenceRules()) {
        if (ours == expected) break;
        const std::vector<absl::string_view> parts =
            absl::StrSplit(rule.tests, '|');
        if (absl::c_none_of(parts, [&](absl::string_view part) {
              return absl::StrContains(transcript_.test, part);
            })) {
          continue;
        }
        if (rule.rewrite(call, transcript_.options.side, &expected)) {
          rules_.insert(rule.name);
        }
      }
      if (ours != expected) {
        failure_ = absl::StrCat(
            "call ", i, " ", call.name, ":\n    recorded ",
            absl::StrJoin(call.outcome, "\n             "), "\n    expected ",
            absl::StrJoin(expected, "\n             "), "\n    ours     ",
            absl::StrJoin(ours, "\n             "));
        return;
      }
    }
  }

  const std::string& failure() const { return failure_; }
  const std::set<std::string>& rules() const { return rules_; }

 private:
  std::vector<std::string> Play(const RecordedCall& call) {
    if (call.name == "receive_data") return PlayReceive(call);
    if (Initiates(call) && initiated_) return *initiated_;  // it came too late
    if (Initiates(call) || call.name == "update_settings") ++unacknowledged_;
    if (call.name == "send_headers") answered_.insert(call.stream_id);
    if (call.name == "send_data" && transcript_.options.side == Side::kServer &&
        answered_.insert(call.stream_id).second) {
      rules_.insert(std::string(kMissingResponse));
      EXPECT_THAT(player_.Play(call),
                  ElementsAre("error Protocol PROTOCOL_ERROR"));
      RecordedCall response;
      response.name = "send_headers";
      response.stream_id = call.stream_id;
      response.headers = Status();
      player_.Play(response);
    }
    if (call.name == "send_headers" &&
        absl::c_any_of(call.headers, [](const Header& header) {
          return header.name == ":protocol";
        })) {
      rules_.insert(std::string(kMissingEnable));
      EXPECT_THAT(player_.Play(call),
                  ElementsAre("error InvalidHeaders PROTOCOL_ERROR"));
      EXPECT_THAT(
          player_.Feed(SettingsFrame({{SettingId::kEnableConnectProtocol, 1}})),
          ElementsAre("RemoteSettingsChanged {8: 0 → 1}",
                      "wrote SETTINGS ACK"));
    }
    return player_.Play(call);
  }

  std::vector<std::string> PlayReceive(const RecordedCall& call) {
    const size_t begin = received_;
    received_ += call.data.size();
    if (missing_settings_ && *missing_settings_ >= begin &&
        *missing_settings_ < received_) {
      // Split: what is added stands between the two parts.
      RecordedCall first = call;
      first.data.resize(*missing_settings_ - begin);
      RecordedCall second = call;
      second.data.erase(0, first.data.size());
      std::vector<std::string> outcome = player_.Play(first);
      EXPECT_THAT(player_.Feed(SettingsFrame()),
                  ElementsAre("RemoteSettingsChanged {}", "wrote SETTINGS ACK"))
          << transcript_.test;
      for (std::string& line : PlayFrames(second)) {
        outcome.push_back(std::move(line));
      }
      return outcome;
    }
    return PlayFrames(call);
  }

  std::vector<std::string> PlayFrames(const RecordedCall& call) {
    if (call.data == SettingsAckFrame()) {
      for (; unacknowledged_ > 1; --unacknowledged_) {
        rules_.insert(std::string(kMissingAck));
        EXPECT_THAT(player_.Feed(SettingsAckFrame()),
                    ElementsAre(StartsWith("SettingsAcknowledged {")))
            << transcript_.test;
      }
      --unacknowledged_;
    }
    return player_.Play(call);
  }

  const Transcript& transcript_;
  TranscriptPlayer player_;
  std::optional<size_t> missing_settings_;
  bool missing_initiate_ = false;
  std::optional<std::vector<std::string>> initiated_;  // what came of that
  int unacknowledged_ = 0;                             // SETTINGS of ours
  std::set<StreamId> answered_;  // streams on which we sent HEADERS
  size_t received_ = 0;
  std::string failure_;
  std::set<std::string> rules_;
};

TEST(TranscriptTest, EveryRecordingMatchesOrHasARuleUnderEveryFeeding) {
  const std::vector<Transcript> transcripts = LoadTranscripts(kTranscripts);
  ASSERT_EQ(transcripts.size(), 661u);
  std::map<std::string, int> by_rule;
  int equal = 0;
  int amended = 0;
  int ruled = 0;
  int failed = 0;
  for (const Transcript& transcript : transcripts) {
    std::optional<std::set<std::string>> rules;
    std::string failure;
    for (const Feeding& feeding : Feeding::All()) {
      Playback playback(transcript, feeding, /*complete_preface=*/true);
      playback.Run();
      if (!playback.failure().empty()) {
        failure =
            absl::StrCat(playback.failure(), "\n    feeding: ", feeding.name());
        break;
      }
      if (!rules) rules = playback.rules();
      EXPECT_EQ(*rules, playback.rules()) << transcript.test;
    }
    if (!failure.empty()) {
      ++failed;
      ADD_FAILURE() << transcript.test << "\n  " << failure;
      continue;
    }
    for (const std::string& rule : *rules) ++by_rule[rule];
    if (rules->empty()) {
      ++equal;
    } else if (absl::c_all_of(*rules, [](const std::string& rule) {
                 return absl::c_any_of(kAmendments, [&](const Amendment& a) {
                   return a.name == rule;
                 });
               })) {
      ++amended;
    } else {
      ++ruled;
    }
  }
  std::cout << absl::StrFormat(
      "%5d played\n%5d equal as recorded\n%5d equal with what the recording "
      "lacks added\n%5d equal but for the rules\n%5d failed\n",
      transcripts.size(), equal, amended, ruled, failed);
  for (const Amendment& amendment : kAmendments) {
    const int covered = by_rule[std::string(amendment.name)];
    std::cout << absl::StrFormat("%5d amended: %s (%s)\n", covered,
                                 amendment.name, amendment.justification);
    EXPECT_EQ(covered, amendment.recordings) << amendment.name;
  }
  for (const DifferenceRule& rule : DifferenceRules()) {
    std::cout << absl::StrFormat("%5d %s (%s)\n", by_rule[rule.name], rule.name,
                                 rule.justification);
    EXPECT_EQ(by_rule[rule.name], rule.recordings) << rule.name;
  }
}

// The meaning of completed prefaces: left as recorded, each of these ends
// with the peer's first frame, or begins with a refused call.
TEST(TranscriptTest, ARecordedPeerThatForgetsSettingsIsAProtocolError) {
  int count = 0;
  for (const Transcript& transcript : LoadTranscripts(kTranscripts)) {
    const std::optional<size_t> first_frame = MissingSettings(transcript);
    if (!first_frame) continue;
    ++count;
    TranscriptPlayer player(transcript.options, Feeding::OneByte());
    if (MissingInitiate(transcript)) {
      player.Play({.name = "initiate_connection"});
    }
    size_t received = 0;
    for (const RecordedCall& call : transcript.calls) {
      const std::vector<std::string> outcome = player.Play(call);
      if (call.name != "receive_data") continue;
      received += call.data.size();
      if (received <= *first_frame + 8) continue;
      // Stream 1 of an upgraded connection exists already.
      EXPECT_THAT(outcome,
                  ElementsAre(AnyOf("error ProtocolError PROTOCOL_ERROR",
                                    "error Protocol PROTOCOL_ERROR"),
                              AnyOf("wrote GOAWAY last 0 PROTOCOL_ERROR",
                                    "wrote GOAWAY last 1 PROTOCOL_ERROR")))
          << transcript.test;
      break;
    }
  }
  EXPECT_EQ(count, kAmendments[0].recordings);
}

TEST(TranscriptTest, ARecordedCallBeforeOurPrefaceIsRefused) {
  int count = 0;
  for (const Transcript& transcript : LoadTranscripts(kTranscripts)) {
    if (!MissingInitiate(transcript)) continue;
    ++count;
    TranscriptPlayer player(transcript.options, Feeding::OneByte());
    for (const RecordedCall& call : transcript.calls) {
      if (!NeedsInitiate(call)) continue;
      EXPECT_THAT(player.Play(call),
                  ElementsAre(AnyOf("error ProtocolError PROTOCOL_ERROR",
                                    "error Protocol PROTOCOL_ERROR")))
          << transcript.test;
      break;
    }
  }
  EXPECT_EQ(count, kAmendments[1].recordings);
}

}  // namespace
}  // namespace sluice::h2::tests
