#include <sluice/h2/connection_state.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/options.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>

#include "gtest/gtest.h"

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

TEST(StreamTableTest, HowAStreamEndedIsRemembered) {
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

TEST(StreamTableTest, BeyondTheLimitTheOldestIsForgottenAndCountsAsEnded) {
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
TEST(StreamTableTest, WhatWeResetStaysResetWhenItIsForgotten) {
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

TEST(StreamTableTest, SkippedIdsAreForgottenBeyondTheLimitToo) {
  StreamTable table(Side::kServer, 4);
  for (StreamId id = 3; id <= 83; id += 4) {
    table.ChangeState(Open(table, id), StreamState::kClosed);
  }
  EXPECT_EQ(table.Fate(1), StreamFate::kEnded);
  EXPECT_EQ(table.Fate(81), StreamFate::kSkipped);
  EXPECT_EQ(table.Fate(77), StreamFate::kSkipped);
}

TEST(StreamTableTest, NothingIsRememberedWithALimitOfZero) {
  StreamTable table(Side::kServer, 0);
  Open(table, 3);
  table.CloseReset(table.Find(3), StreamFate::kResetByPeer);
  EXPECT_EQ(table.Fate(3), StreamFate::kEnded);
  EXPECT_EQ(table.Fate(1), StreamFate::kEnded);
}

// RFC 9113 §5.1.2: open and half-closed count, reserved and closed do not.
TEST(StreamTableTest, CountsWhatIsOpenOrHalfClosedByWhoOpenedIt) {
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

// --- The state tables of a connection ---------------------------------------

TEST(ConnectionStateTest, EveryRowStandsUnderItsPairAndNamesItsSection) {
  for (int s = 0; s < kReceivingStates; ++s) {
    for (int a = 0; a < kArrivals; ++a) {
      const auto state = static_cast<Receiving>(s);
      const auto arrival = static_cast<Arrival>(a);
      const ReceivingRow& row = FindReceivingRow(state, arrival);
      EXPECT_EQ(row.state, state);
      EXPECT_EQ(row.arrival, arrival);
      EXPECT_FALSE(row.section.empty());
      EXPECT_TRUE(row.code == ErrorCode::kNoError || row.next == state);
    }
  }
  for (int s = 0; s < kSendingStates; ++s) {
    for (int d = 0; d < kDepartures; ++d) {
      const auto state = static_cast<Sending>(s);
      const auto departure = static_cast<Departure>(d);
      const SendingRow& row = FindSendingRow(state, departure);
      EXPECT_EQ(row.state, state);
      EXPECT_EQ(row.departure, departure);
      EXPECT_FALSE(row.section.empty());
    }
  }
}

// RFC 9113 §3.4, §4.3, §6.10.
TEST(ConnectionStateTest, WalksThroughTheFirstSettingsAndAHeaderBlock) {
  const auto next = [](Receiving state, FrameType type, uint8_t flags) {
    const ReceivingRow& row =
        FindReceivingRow(state, ArrivalOf({0, type, flags, 1}));
    EXPECT_EQ(row.code, ErrorCode::kNoError) << row.section;
    return row.next;
  };
  Receiving state = next(Receiving::kFirstSettings, FrameType::kSettings, 0);
  EXPECT_EQ(state, Receiving::kFrames);
  state = next(state, FrameType::kHeaders, kFlagEndHeaders);
  EXPECT_EQ(state, Receiving::kFrames);
  state = next(state, FrameType::kHeaders, 0);
  EXPECT_EQ(state, Receiving::kHeaderBlock);
  state = next(state, FrameType::kContinuation, 0);
  EXPECT_EQ(state, Receiving::kHeaderBlock);
  EXPECT_EQ(next(state, FrameType::kContinuation, kFlagEndHeaders),
            Receiving::kFrames);
  for (const FrameType type : {FrameType::kData, FrameType::kSettings,
                               FrameType::kHeaders, FrameType::kPriority}) {
    EXPECT_EQ(FindReceivingRow(state, ArrivalOf({0, type, 0, 1})).code,
              ErrorCode::kProtocolError);
  }
}

// --- The state table of a stream (RFC 9113 §5.1)
// ---------------------------------------

TEST(StreamStateTest, EveryRowStandsUnderItsStateAndInputAndNamesItsSection) {
  for (int s = 0; s < kStreamStates; ++s) {
    for (int i = 0; i < kStreamInputs; ++i) {
      const auto state = static_cast<StreamState>(s);
      const auto input = static_cast<StreamInput>(i);
      const Transition& row = FindTransition(state, input);
      EXPECT_EQ(row.state, state);
      EXPECT_EQ(row.input, input);
      EXPECT_FALSE(row.section.empty());
      const bool error =
          row.outcome != Outcome::kOk && row.outcome != Outcome::kIgnore;
      EXPECT_EQ(row.code != ErrorCode::kNoError, error);
    }
  }
}

// The life of a request seen from the server, and of a push seen from the
// client.
TEST(StreamStateTest, WalksTheFigureOfSection51) {
  const auto next = [](StreamState state, StreamInput input) {
    const Transition& row = FindTransition(state, input);
    EXPECT_EQ(row.outcome, Outcome::kOk) << row.section;
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

TEST(StreamStateTest, ClosedTakesWhatMayStillBeOnItsWay) {
  for (const StreamInput input :
       {StreamInput::kReceiveReset, StreamInput::kReceiveWindowUpdate}) {
    EXPECT_EQ(FindTransition(StreamState::kClosed, input).outcome,
              Outcome::kIgnore);
  }
}

// RFC 9113 §5.1 half-closed (remote): a stream error, not the connection's.
TEST(StreamStateTest, DataAfterTheEndIsAStreamErrorWhileWeStillSend) {
  const Transition& row =
      FindTransition(StreamState::kHalfClosedRemote, StreamInput::kReceiveData);
  EXPECT_EQ(row.outcome, Outcome::kStreamError);
  EXPECT_EQ(row.code, ErrorCode::kStreamClosed);
}

}  // namespace
}  // namespace sluice::h2
