#include <sluice/h2/errors.h>
#include <sluice/h2/header_rules.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/options.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/h2/named_fields.h"

namespace sluice::h2 {
namespace {

using Outcome = Transition::Outcome;

Stream* Open(StreamTable& table, StreamId id,
             StreamState state = StreamState::kOpen) {
  return table.Open(id, state, 100, 200);
}

TEST(StreamTableTest, AnIdIsIdleUntilItOrAHigherOneOfItsSideIsUsed) {
  StreamTable table(Side::kServer, 10);
  EXPECT_EQ(table.Fate(5), StreamFate::kIdle);
  Stream* stream = Open(table, 5);
  EXPECT_EQ(stream->send_window.size(), 100);
  EXPECT_EQ(stream->receive_window.size(), 200);
  EXPECT_EQ(table.Find(5), stream);
  EXPECT_EQ(table.Fate(5), StreamFate::kLive);
  EXPECT_EQ(table.Fate(1), StreamFate::kSkipped);
  EXPECT_EQ(table.Fate(3), StreamFate::kSkipped);
  EXPECT_EQ(table.Fate(7), StreamFate::kIdle);
  EXPECT_EQ(table.Fate(2), StreamFate::kIdle) << "the other side's ids";
  EXPECT_EQ(table.last_peers(), 5u);
  EXPECT_EQ(table.last_ours(), 0u);
}

TEST(StreamTableTest, TheTableRemembersHowAStreamEnded) {
  StreamTable table(Side::kServer, 10);
  for (StreamId id = 1; id <= 7; id += 2) Open(table, id);
  table.ChangeState(table.Find(1), StreamState::kClosed);
  table.CloseReset(table.Find(3), StreamFate::kResetByUs);
  table.CloseReset(table.Find(5), StreamFate::kResetByPeer);
  EXPECT_EQ(table.Fate(1), StreamFate::kEnded);
  EXPECT_EQ(table.Fate(3), StreamFate::kResetByUs);
  EXPECT_EQ(table.Fate(5), StreamFate::kResetByPeer);
  table.MarkAnswered(5);
  EXPECT_EQ(table.Fate(5), StreamFate::kResetByPeerAnswered);
  table.OpenRefused(9);
  EXPECT_EQ(table.Fate(9), StreamFate::kResetByUs);
  EXPECT_EQ(table.active_peers(), 1u) << "stream 7 alone";
}

// A server promises as many as it likes, each with a long name.
TEST(StreamTableTest, AClosedStreamKeepsNoAuthority) {
  StreamTable table(Side::kClient, 10);
  const std::string authority(60'000, 'a');
  const std::vector<Header> headers = {{":method", "GET"},
                                       {":authority", authority}};
  const NamedFields fields = NamedFieldsOf(headers);
  std::vector<std::weak_ptr<const std::string>> kept;
  for (StreamId id = 1; id <= 5; id += 2) {
    Stream* const stream = Open(table, id);
    table.TakeRequest(stream, FactsOf(fields));
    EXPECT_EQ(*stream->authority, authority);
    kept.push_back(stream->authority);
    table.CloseReset(stream, StreamFate::kResetByUs);
  }
  for (const auto& text : kept) EXPECT_TRUE(text.expired());
}

TEST(StreamTableTest, TheOldestIsForgottenAboveTheLimitAndCountsAsEnded) {
  StreamTable table(Side::kServer, 3);
  for (StreamId id = 1; id <= 9; id += 2) {
    table.CloseReset(Open(table, id), StreamFate::kResetByPeer);
  }
  EXPECT_EQ(table.Fate(1), StreamFate::kEnded);
  EXPECT_EQ(table.Fate(3), StreamFate::kEnded);
  EXPECT_EQ(table.Fate(5), StreamFate::kResetByPeer);
  EXPECT_EQ(table.Fate(9), StreamFate::kResetByPeer);
}

// Their frames may still be on their way, so one number tells them all.
TEST(StreamTableTest, AForgottenStreamThatWeResetCountsAsReset) {
  StreamTable table(Side::kServer, 3);
  for (StreamId id = 1; id <= 5; id += 2) table.OpenRefused(id);
  table.ChangeState(Open(table, 7), StreamState::kClosed);
  table.ChangeState(Open(table, 2), StreamState::kClosed);
  EXPECT_EQ(table.Fate(7), StreamFate::kEnded);
  for (StreamId id = 11; id <= 17; id += 2) table.OpenRefused(id);
  EXPECT_EQ(table.Fate(9), StreamFate::kSkipped);
  for (const StreamId id : {1, 3, 5, 7, 11, 13, 15, 17}) {
    EXPECT_EQ(table.Fate(id), StreamFate::kResetByUs) << id;
  }
  EXPECT_EQ(table.Fate(2), StreamFate::kEnded) << "the other side's ids";
}

TEST(StreamTableTest, ALowerIdThatIsForgottenLaterTakesNothingBack) {
  StreamTable table(Side::kServer, 1);
  for (StreamId id = 1; id <= 5; id += 2) Open(table, id);
  for (const StreamId id : {5, 3, 1}) {
    table.CloseReset(table.Find(id), StreamFate::kResetByUs);
  }
  for (const StreamId id : {1, 3, 5}) {
    EXPECT_EQ(table.Fate(id), StreamFate::kResetByUs) << id;
  }
}

TEST(StreamTableTest, TheLimitHoldsForSkippedIdsToo) {
  StreamTable table(Side::kServer, 4);
  for (StreamId id = 3; id <= 83; id += 4) {
    table.ChangeState(Open(table, id), StreamState::kClosed);
  }
  EXPECT_EQ(table.Fate(1), StreamFate::kEnded);
  EXPECT_EQ(table.Fate(81), StreamFate::kSkipped);
  EXPECT_EQ(table.Fate(77), StreamFate::kSkipped);
}

TEST(StreamTableTest, ALimitOfZeroRemembersNoStream) {
  StreamTable table(Side::kServer, 0);
  Open(table, 3);
  table.CloseReset(table.Find(3), StreamFate::kResetByPeer);
  EXPECT_EQ(table.Fate(3), StreamFate::kEnded);
  EXPECT_EQ(table.Fate(1), StreamFate::kEnded);
}

// RFC 9113 §5.1.2: open and half-closed count, reserved and closed do not.
TEST(StreamTableTest, CountsOpenAndHalfClosedStreamsOfEachSide) {
  StreamTable table(Side::kClient, 10);
  Stream* ours = Open(table, 1);
  Stream* pushed = Open(table, 2, StreamState::kReservedRemote);
  EXPECT_EQ(table.active_ours(), 1u);
  EXPECT_EQ(table.active_peers(), 0u);
  EXPECT_EQ(table.reserved_by_peer(), 1u);
  table.ChangeState(pushed, StreamState::kHalfClosedLocal);
  EXPECT_EQ(table.active_peers(), 1u);
  EXPECT_EQ(table.reserved_by_peer(), 0u);
  table.ChangeState(ours, StreamState::kHalfClosedLocal);
  EXPECT_EQ(table.active_ours(), 1u);
  table.ChangeState(ours, StreamState::kClosed);
  EXPECT_EQ(table.active_ours(), 0u);
  EXPECT_EQ(table.Find(1), nullptr);
}

TEST(StreamTableTest, OddIdsAreTheClientsAndEvenOnesTheServers) {
  EXPECT_TRUE(StreamTable(Side::kClient, 1).IsOurs(1));
  EXPECT_FALSE(StreamTable(Side::kClient, 1).IsOurs(2));
  EXPECT_FALSE(StreamTable(Side::kServer, 1).IsOurs(1));
  EXPECT_TRUE(StreamTable(Side::kServer, 1).IsOurs(2));
}

// CapacityFor() and SendData() share a look-up: the table must not answer with
// a stream that is gone, nor with one that another id has by now.
TEST(StreamTableTest, TheStreamFoundLastIsFoundAgainUntilItCloses) {
  StreamTable table(Side::kServer, 10);
  Stream* one = Open(table, 1);
  Stream* three = Open(table, 3);
  EXPECT_EQ(table.Find(1), one);
  EXPECT_EQ(table.Find(1), one);
  EXPECT_EQ(table.Find(3), three);
  EXPECT_EQ(table.Find(5), nullptr);
  EXPECT_EQ(table.Find(3), three);
  table.ChangeState(three, StreamState::kClosed);
  EXPECT_EQ(table.Find(3), nullptr);
  EXPECT_EQ(table.Find(1), one);
  table.CloseReset(one, StreamFate::kResetByUs);
  EXPECT_EQ(table.Find(1), nullptr);
  EXPECT_EQ(table.Fate(1), StreamFate::kResetByUs);
}

// RFC 9218 §7.1, at both ends.
TEST(StreamTableTest, AnIdleStreamHasAPriorityUntilItsIdIsUsed) {
  for (const Side side : {Side::kClient, Side::kServer}) {
    StreamTable table(side, 10);
    const auto check = [&](StreamId id) {
      return table.CheckIdlePriority(id, 3, ErrorKind::kTooManyStreams);
    };
    Open(table, 1);
    table.PrioritizeIdle(5);
    EXPECT_TRUE(check(7).ok()) << "one active and one idle, 3 are allowed";
    table.PrioritizeIdle(7);
    EXPECT_TRUE(check(5).ok()) << "it has a priority already";
    EXPECT_EQ(check(9).message(),
              "stream 9 is idle and would get a priority beside 2 other idle "
              "and 1 active streams; MAX_CONCURRENT_STREAMS is 3 (RFC 9218 "
              "7.1)");
    Open(table, 2);
    EXPECT_EQ(table.idle_prioritized(), 2u) << "the server's ids do not count";
    table.OpenRefused(5);
    EXPECT_FALSE(table.IsIdlePrioritized(5));
    EXPECT_TRUE(table.IsIdlePrioritized(7));
    EXPECT_EQ(table.idle_prioritized(), 1u);
  }
}

// --- The state table of a stream (RFC 9113 §5.1) ----------------------------

// One word for each cell: the next state, "-" ignored, "no" and "over" refused
// with PROTOCOL_ERROR and STREAM_CLOSED, "late" a stream error STREAM_CLOSED,
// "FATAL" and "GONE" connection errors PROTOCOL_ERROR and STREAM_CLOSED.
std::string Word(StreamState state, StreamInput input) {
  static constexpr const char* kStates[] = {
      "idle", "resv-l", "resv-r", "open", "half-l", "half-r", "closed"};
  const Transition cell = FindTransition(state, input);
  const bool closed = cell.code == ErrorCode::kStreamClosed;
  EXPECT_TRUE(closed || cell.code == ErrorCode::kNoError ||
              cell.code == ErrorCode::kProtocolError);
  switch (cell.outcome) {
    case Outcome::kOk:
      EXPECT_EQ(cell.code, ErrorCode::kNoError);
      return kStates[static_cast<int>(cell.next)];
    case Outcome::kIgnore:
      return "-";
    case Outcome::kRefuse:
      return closed ? "over" : "no";
    case Outcome::kStreamError:
      return closed ? "late" : "?";
    case Outcome::kConnectionError:
      return closed ? "GONE" : "FATAL";
  }
  return "?";
}

// Figure 2 and the text of §5.1, §6.4, §6.6 and §8.4: all 98 pairs.
TEST(StreamStateTest, EachInputFollowsSection51InEachState) {
  // idle, reserved (local, remote), open, half-closed (local, remote), closed
  const char* const figure[kStreamInputs] = {
      /* send    HEADERS       */ "open half-r no open over half-r over",
      /*         DATA          */ "no no no open over half-r over",
      /*         END_STREAM    */ "no no no half-l over closed over",
      /*         RST_STREAM    */
      "no closed closed closed closed closed over",
      /*         WINDOW_UPDATE */ "no no resv-r open half-l half-r over",
      /*         promise of it */ "resv-l no no no no no no",
      /*         PUSH_PROMISE  */ "no no no open over half-r over",
      /* receive HEADERS       */ "open FATAL half-l open half-l late GONE",
      /*         DATA          */ "FATAL FATAL FATAL open half-l late GONE",
      /*         END_STREAM    */ "FATAL FATAL FATAL half-r closed late GONE",
      /*         RST_STREAM    */
      "FATAL closed closed closed closed closed -",
      /*         WINDOW_UPDATE */ "FATAL resv-l FATAL open half-l half-r -",
      /*         promise of it */
      "resv-r FATAL FATAL FATAL FATAL FATAL FATAL",
      /*         PUSH_PROMISE  */ "FATAL FATAL FATAL open half-l FATAL FATAL",
  };
  for (int i = 0; i < kStreamInputs; ++i) {
    std::vector<std::string> words;
    for (int s = 0; s < kStreamStates; ++s) {
      words.push_back(
          Word(static_cast<StreamState>(s), static_cast<StreamInput>(i)));
    }
    EXPECT_EQ(absl::StrJoin(words, " "), figure[i]) << "input " << i;
  }
}

TEST(StreamStateTest, AFaultNamesTheStreamItsStateTheFrameAndTheSection) {
  const absl::Status closed =
      TransitionFault(1, StreamState::kClosed, StreamInput::kSendData);
  EXPECT_EQ(closed.message(),
            "stream 1 is closed and sends no DATA (RFC 9113 5.1)");
  EXPECT_EQ(ErrorKindOf(closed), ErrorKind::kStreamClosed);
  EXPECT_EQ(ErrorStreamOf(closed), 1u);
  const absl::Status idle =
      TransitionFault(9, StreamState::kIdle, StreamInput::kReceiveReset);
  EXPECT_EQ(idle.message(),
            "stream 9 is idle and takes no RST_STREAM (RFC 9113 5.1, 6.4)");
  EXPECT_EQ(ErrorKindOf(idle), ErrorKind::kProtocol);
  EXPECT_EQ(TransitionFault(2, StreamState::kReservedRemote,
                            StreamInput::kReceivePromises)
                .message(),
            "stream 2 is reserved (remote) and takes no PUSH_PROMISE (RFC 9113 "
            "6.6)");
}

// The life of a request seen from the server, and of a push seen from the
// client.
TEST(StreamStateTest, WalksTheFigureOfSection51) {
  const auto next = [](StreamState state, StreamInput input) {
    const Transition row = FindTransition(state, input);
    EXPECT_EQ(row.outcome, Outcome::kOk) << static_cast<int>(input);
    return row.next;
  };
  StreamState state = StreamState::kIdle;
  state = next(state, StreamInput::kReceiveHeaders);
  EXPECT_EQ(state, StreamState::kOpen);
  state = next(state, StreamInput::kReceiveEndStream);
  EXPECT_EQ(state, StreamState::kHalfClosedRemote);
  state = next(state, StreamInput::kSendHeaders);
  state = next(state, StreamInput::kSendEndStream);
  EXPECT_EQ(state, StreamState::kClosed);

  state = next(StreamState::kIdle, StreamInput::kReceivePromise);
  EXPECT_EQ(state, StreamState::kReservedRemote);
  state = next(state, StreamInput::kReceiveHeaders);
  EXPECT_EQ(state, StreamState::kHalfClosedLocal);
  state = next(state, StreamInput::kReceiveEndStream);
  EXPECT_EQ(state, StreamState::kClosed);
}

TEST(StreamStateTest, AClosedStreamIgnoresFramesThatWereOnTheirWay) {
  for (const StreamInput input :
       {StreamInput::kReceiveReset, StreamInput::kReceiveWindowUpdate}) {
    EXPECT_EQ(FindTransition(StreamState::kClosed, input).outcome,
              Outcome::kIgnore);
  }
}

// RFC 9113 §5.1 half-closed (remote): a stream error, not the connection's.
TEST(StreamStateTest, DataAfterTheEndIsAStreamErrorWhileWeStillSend) {
  const Transition row =
      FindTransition(StreamState::kHalfClosedRemote, StreamInput::kReceiveData);
  EXPECT_EQ(row.outcome, Outcome::kStreamError);
  EXPECT_EQ(row.code, ErrorCode::kStreamClosed);
}

}  // namespace
}  // namespace sluice::h2
