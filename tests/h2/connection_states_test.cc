// The frames that may arrive and the calls that may send in each state of a
// connection (RFC 9113 §3.4, §4.3, §5.4.1, §6.8, §6.10): every pair.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

// --- Receiving ---------------------------------------------------------------

enum Receiving { kBeforeSettings, kBetweenFrames, kInHeaderBlock };

struct Arrival {
  const char* name;
  std::string bytes;
  bool legal[3];  // by Receiving
};

std::vector<Arrival> Arrivals() {
  const std::string block = Block(Get());
  return {
      {"SETTINGS", SettingsFrame({}), {true, true, false}},
      {"SETTINGS with ACK", SettingsAckFrame(), {false, true, false}},
      {"HEADERS", HeadersFrame(5, block), {false, true, false}},
      {"HEADERS without END_HEADERS",
       HeadersFrame(5, block, 0),
       {false, true, false}},
      {"CONTINUATION of stream 3",
       ContinuationFrame(3, "", 0),
       {false, false, true}},
      {"last CONTINUATION of stream 3",
       ContinuationFrame(3, "", kEndHeaders),
       {false, false, true}},
      {"CONTINUATION of another stream",
       ContinuationFrame(1, "", kEndHeaders),
       {false, false, false}},
      {"PING", PingFrame("12345678"), {false, true, false}},
      {"PRIORITY", PriorityFrame(1, {}), {false, true, false}},
      {"DATA on an open stream", DataFrame(1, "x"), {false, true, false}},
      {"a frame of an unknown type",
       RawFrame(0x42, 0, 0, ""),
       {false, true, false}},
  };
}

TEST(ConnectionStatesTest, AFrameArrivesInItsOrderOrEndsTheConnection) {
  for (const Arrival& arrival : Arrivals()) {
    for (const Receiving state :
         {kBeforeSettings, kBetweenFrames, kInHeaderBlock}) {
      SCOPED_TRACE(testing::Message() << arrival.name << " in state " << state);
      UnderEveryFeeding(ServerOptions(), [&](Player& player) {
        if (state == kBeforeSettings) {
          ASSERT_TRUE(player->InitiateConnection().ok());
          ASSERT_TRUE(player.Receive(kPreface).ok());
        } else {
          player.Handshake();
          ASSERT_TRUE(player.Receive(HeadersFrame(1, Block(Post()))).ok());
        }
        if (state == kInHeaderBlock) {
          ASSERT_TRUE(player.Receive(HeadersFrame(3, Block(Get()), 0)).ok());
        }
        EXPECT_EQ(
            StatusText(player.Receive(arrival.bytes)).substr(0, 29),
            arrival.legal[state] ? "OK" : "ERROR Protocol PROTOCOL_ERROR");
      });
    }
  }
}

// --- Sending -----------------------------------------------------------------

enum Sending {
  kNotInitiated,
  kOpen,
  kPeerGoesAway,  // the peer's GOAWAY came, with NO_ERROR
  kEndedByPeer,   // the peer's GOAWAY came, with an error
  kEndedByUs,
};

struct Departure {
  const char* name;
  std::function<absl::Status(Connection&)> send;
  std::string status[5];  // by Sending
};

std::vector<Departure> Departures() {
  const std::string protocol = "ERROR Protocol PROTOCOL_ERROR";
  const std::string closed = "ERROR ConnectionClosed PROTOCOL_ERROR";
  const auto all = [&](const std::string& after_goaway) {
    return std::vector<std::string>{protocol, "OK", after_goaway, closed,
                                    closed};
  };
  const auto row = [](const char* name,
                      std::function<absl::Status(Connection&)> send,
                      const std::vector<std::string>& status) {
    return Departure{name,
                     std::move(send),
                     {status[0], status[1], status[2], status[3], status[4]}};
  };
  return {
      row("GOAWAY", [](Connection& c) { return c.CloseConnection(); },
          {protocol, "OK", "OK", "OK", "OK"}),
      row(
          "a new stream", [](Connection& c) { return c.SendHeaders(3, Get()); },
          all(closed + " stream 3")),
      row(
          "DATA", [](Connection& c) { return c.SendData(1, absl::Cord("x")); },
          all("OK")),
      row(
          "RST_STREAM",
          [](Connection& c) { return c.ResetStream(1, ErrorCode::kCancel); },
          all("OK")),
      row(
          "PING", [](Connection& c) { return c.Ping("12345678"); }, all("OK")),
      row(
          "SETTINGS", [](Connection& c) { return c.UpdateSettings({}); },
          all("OK")),
      row(
          "WINDOW_UPDATE",
          [](Connection& c) { return c.IncrementFlowControlWindow(0, 1); },
          all("OK")),
      row(
          "PRIORITY", [](Connection& c) { return c.Prioritize(1, {}); },
          all("OK")),
  };
}

TEST(ConnectionStatesTest, ACallSendsInItsTurnOrIsRefused) {
  for (const Departure& departure : Departures()) {
    for (const Sending state :
         {kNotInitiated, kOpen, kPeerGoesAway, kEndedByPeer, kEndedByUs}) {
      SCOPED_TRACE(testing::Message()
                   << departure.name << " in state " << state);
      Player client(ClientOptions(), Feeding::Whole());
      if (state != kNotInitiated) {
        client.Handshake();
        ASSERT_TRUE(client->SendHeaders(1, Post()).ok());
      }
      if (state == kPeerGoesAway) {
        ASSERT_TRUE(client.Receive(GoAwayFrame(1, ErrorCode::kNoError)).ok());
      } else if (state == kEndedByPeer) {
        ASSERT_TRUE(
            client.Receive(GoAwayFrame(1, ErrorCode::kInternalError)).ok());
      } else if (state == kEndedByUs) {
        ASSERT_TRUE(client->CloseConnection(ErrorCode::kInternalError).ok());
      }
      const size_t size = client->OutputSize();
      const std::string status = StatusText(departure.send(*client));
      EXPECT_EQ(status, departure.status[state]);
      EXPECT_EQ(client->OutputSize() > size, status == "OK");
    }
  }
}

}  // namespace
}  // namespace sluice::h2::tests
