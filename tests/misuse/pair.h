// Two connections with streams in each phase, for the tables of misuse.
#ifndef SLUICE_TESTS_MISUSE_PAIR_H_
#define SLUICE_TESTS_MISUSE_PAIR_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sluice::testing {

using h2::Connection;
using h2::ErrorCode;
using h2::Event;
using h2::Header;
using h2::Side;
using h2::StreamId;

// A client and a server, joined in memory. On the server, the request of stream
// 1 waits for its response; 3 has begun its response; 5 is done; 7 was reset by
// the server. The client will send no more on any.
class Pair {
 public:
  Pair() {
    EXPECT_TRUE(client.InitiateConnection().ok());
    EXPECT_TRUE(server.InitiateConnection().ok());
    Carry();
    for (const StreamId id : {1, 3, 5, 7}) Request(id);
    Carry();
    EXPECT_TRUE(server.SendHeaders(3, Ok()).ok());
    EXPECT_TRUE(server.SendHeaders(5, Ok(), {.end_stream = true}).ok());
    EXPECT_TRUE(server.ResetStream(7, ErrorCode::kCancel).ok());
    Carry();
  }

  static std::vector<Header> Get() {
    return {{":method", "GET"},
            {":scheme", "http"},
            {":authority", "a.example"},
            {":path", "/"}};
  }
  static std::vector<Header> Ok() { return {{":status", "200"}}; }

  void Request(StreamId id) {
    EXPECT_TRUE(client.SendHeaders(id, Get(), {.end_stream = true}).ok());
  }

  // Both ways, until nothing moves.
  void Carry() {
    while (client.OutputSize() + server.OutputSize() > 0) {
      EXPECT_TRUE(Move(client, server));
      EXPECT_TRUE(Move(server, client));
    }
  }

  // A request is answered with 5 bytes, which arrive.
  void Exchange() {
    received.clear();
    const StreamId id = *client.GetNextAvailableStreamId();
    Request(id);
    Carry();
    EXPECT_TRUE(server.SendHeaders(id, Ok()).ok());
    EXPECT_TRUE(server.SendData(id, "hello", {.end_stream = true}).ok());
    Carry();
    EXPECT_EQ(received, "hello");
  }

  static std::string StateOf(const Connection& of) {
    std::string state = absl::StrCat(
        of.OutputSize(), " ", of.OpenInboundStreams(), " ",
        of.OpenOutboundStreams(), " ", of.IsTerminated(), " ",
        *of.LocalFlowControlWindow(0), " ", *of.RemoteFlowControlWindow(0), " ",
        *of.GetNextAvailableStreamId());
    for (const StreamId id : {1, 3, 5, 7}) {
      const h2::SendCapacity room = of.CapacityFor(id);
      absl::StrAppend(&state, "; ", room.closed, room.frames, " ", room.window,
                      " ", of.CanSendData(id), " ",
                      of.RemoteFlowControlWindow(id).value_or(-1));
    }
    return state;
  }
  std::string State() const {
    return absl::StrCat(StateOf(client), " | ", StateOf(server));
  }

  Connection client{{.side = Side::kClient, .normalize_outbound = false}};
  Connection server{{.side = Side::kServer, .normalize_outbound = false}};
  std::string received;  // by the client, of bodies

 private:
  bool Move(Connection& from, Connection& to) {
    const std::string bytes = from.DataToSend();
    std::vector<Event> events;
    const bool ok = to.ReceiveData(bytes, &events).ok();
    for (const Event& event : events) {
      const auto* data = std::get_if<h2::DataReceived>(&event);
      if (data != nullptr) received += data->data;
    }
    return ok;
  }
};

}  // namespace sluice::testing

#endif  // SLUICE_TESTS_MISUSE_PAIR_H_
