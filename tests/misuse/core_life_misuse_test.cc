// Calls of h2::Connection before its start, after its end, and beyond what the
// peer allows.
#include <sluice/h2/connection.h>
#include <sluice/h2/errors.h>
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
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/misuse/misuse.h"
#include "tests/misuse/pair.h"

namespace sluice::testing {
namespace {

using h2::ErrorKind;
using h2::SettingId;
using enum h2::ErrorKind;

using LoneRow = Misuse<Connection, absl::Status, ErrorKind>;

// Calls that are right on a connection that lives.
std::vector<LoneRow> EveryCall(ErrorKind kind, const char* given,
                               const char* allowed) {
  const auto row = [&](const char* name,
                       std::function<absl::Status(Connection&)> call) {
    return LoneRow{name, std::move(call), kind, given, allowed};
  };
  return {
      row("headers",
          [](Connection& c) { return c.SendHeaders(1, Pair::Ok()); }),
      row("DATA", [](Connection& c) { return c.SendData(1, "x"); }),
      row("a Cord",
          [](Connection& c) { return c.SendData(1, absl::Cord("x")); }),
      row("the end", [](Connection& c) { return c.EndStream(1); }),
      row("a push",
          [](Connection& c) { return c.PushStream(1, 2, Pair::Get()); }),
      row("PING", [](Connection& c) { return c.Ping("12345678"); }),
      row("SETTINGS", [](Connection& c) { return c.UpdateSettings({}); }),
      row("ALTSVC",
          [](Connection& c) {
            return c.AdvertiseAlternativeService("h2", "a", {});
          }),
      row("a reset",
          [](Connection& c) { return c.ResetStream(1, ErrorCode::kCancel); }),
      row("a graceful end",
          [](Connection& c) { return c.StartGracefulShutdown(); }),
      row("a drain",
          [](Connection& c) { return c.Drain(absl::InfiniteDuration()); }),
      row("more window",
          [](Connection& c) { return c.IncrementFlowControlWindow(0, 1); }),
      row("bytes acknowledged",
          [](Connection& c) { return c.AcknowledgeReceivedData(1, 1); }),
      row("bytes received",
          [](Connection& c) {
            std::vector<Event> events;
            return c.ReceiveData("PRI", &events);
          }),
  };
}

TEST(CoreLifeMisuseTest, ACallBeforeTheStartSaysSo) {
  for (const LoneRow& row :
       EveryCall(kProtocol, "InitiateConnection()", "not called")) {
    SCOPED_TRACE(row.name);
    Connection connection({.side = Side::kServer});
    const absl::Status status = row.call(connection);
    EXPECT_EQ(h2::ErrorKindOf(status), row.code) << status;
    ExpectSays(std::string(status.message()), row.given, row.allowed);
    EXPECT_EQ(connection.OutputSize(), 0u);
    EXPECT_TRUE(connection.InitiateConnection().ok());
  }
}

TEST(CoreLifeMisuseTest, ACallAfterOurGoawayWithAnErrorSaysSo) {
  Pair pair;
  ASSERT_TRUE(pair.server.CloseConnection(ErrorCode::kInternalError).ok());
  const size_t output = pair.server.OutputSize();
  for (const LoneRow& row : EveryCall(kConnectionClosed, "CloseConnection()",
                                      "ended the connection")) {
    SCOPED_TRACE(row.name);
    const absl::Status status = row.call(pair.server);
    EXPECT_EQ(h2::ErrorKindOf(status), row.code) << status;
    EXPECT_EQ(pair.server.OutputSize(), output);
    EXPECT_TRUE(pair.server.IsTerminated());
    EXPECT_FALSE(status.message().empty());
  }
}

TEST(CoreLifeMisuseTest, ACallAfterAConnectionErrorSaysSo) {
  Connection connection({.side = Side::kServer});
  ASSERT_TRUE(connection.InitiateConnection().ok());
  std::vector<Event> events;
  const absl::Status end =
      connection.ReceiveData("GET / HTTP/1.1\r\n", &events);
  ASSERT_FALSE(end.ok());
  const size_t output = connection.OutputSize();
  for (const LoneRow& row : EveryCall(kConnectionClosed, "ended", "GOAWAY")) {
    SCOPED_TRACE(row.name);
    const absl::Status status = row.call(connection);
    if (std::string(row.name) == "bytes received") {
      EXPECT_EQ(status, end);  // the same again
    } else {
      EXPECT_EQ(h2::ErrorKindOf(status), row.code) << status;
      ExpectSays(std::string(status.message()), row.given, row.allowed);
    }
    EXPECT_EQ(connection.OutputSize(), output);
  }
  // The GOAWAY can still be written.
  EXPECT_EQ(connection.DataToSend().size(), output);
}

TEST(CoreLifeMisuseTest, AGoawayThatTakesStreamsBackIsRefused) {
  Pair pair;
  ASSERT_TRUE(pair.server.CloseConnection().ok());  // names stream 7
  const absl::Status status =
      pair.server.CloseConnection(ErrorCode::kNoError, "", 9);
  EXPECT_EQ(h2::ErrorKindOf(status), kInvalidArgument);
  ExpectSays(std::string(status.message()), "GOAWAY is 9", "at most 7");
  ASSERT_TRUE(pair.server.SendData(3, "x", {.end_stream = true}).ok());
  pair.Carry();
  EXPECT_EQ(pair.received, "x");
}

TEST(CoreLifeMisuseTest, OneStreamTooManyIsRefusedUntilAnotherEnds) {
  Connection client({.side = Side::kClient});
  Connection server({.side = Side::kServer,
                     .settings = {{SettingId::kMaxConcurrentStreams, 1}}});
  ASSERT_TRUE(client.InitiateConnection().ok());
  ASSERT_TRUE(server.InitiateConnection().ok());
  std::vector<Event> events;
  ASSERT_TRUE(client.ReceiveData(server.DataToSend(), &events).ok());
  ASSERT_TRUE(client.SendHeaders(1, Pair::Get()).ok());
  const absl::Status status = client.SendHeaders(3, Pair::Get());
  EXPECT_EQ(h2::ErrorKindOf(status), kTooManyStreams);
  ExpectSays(std::string(status.message()), "1 are open", "1 are allowed");
  ASSERT_TRUE(client.ResetStream(1, ErrorCode::kCancel).ok());
  EXPECT_TRUE(client.SendHeaders(3, Pair::Get()).ok());
  const absl::Status low = client.SendHeaders(1, Pair::Get());
  EXPECT_FALSE(low.ok());
}

}  // namespace
}  // namespace sluice::testing
