// Wrong calls of h2::Connection, in both roles and in each phase of its life.
#include <sluice/h2/connection.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/misuse/misuse.h"
#include "tests/misuse/pair.h"

namespace sluice::testing {
namespace {

using h2::ErrorKind;
using h2::SettingId;

constexpr uint32_t kBeyond = 0x80000000u;

using Row = Misuse<Pair, absl::Status, ErrorKind>;
using enum h2::ErrorKind;

// --- Streams -----------------------------------------------------------------

// The same call on the server for ids that take none, with a text of each.
void AddIds(const char* const (&names)[4],
            std::function<absl::Status(Connection&, StreamId)> call,
            std::vector<Row>* rows) {
  const auto add = [&](size_t i, StreamId id, ErrorKind kind,
                       const char* given) {
    rows->push_back({names[i],
                     [call, id](Pair& of) { return call(of.server, id); }, kind,
                     given, "open stream"});
  };
  add(0, 0, kNoSuchStream, "stream 0");
  add(1, 9999, kNoSuchStream, "stream 9999");
  add(2, 5, kStreamClosed, "stream 5");
  add(3, kBeyond, kNoSuchStream, "stream 2147483648");
}

std::vector<Row> StreamRows() {
  std::vector<Row> rows = {
      {"DATA before the headers",
       [](Pair& of) { return of.server.SendData(1, "x"); }, kProtocol,
       "stream 1", "needs headers before"},
      {"the end before the headers",
       [](Pair& of) { return of.server.EndStream(1); }, kProtocol, "stream 1",
       "needs headers before"},
      {"DATA after our RST_STREAM",
       [](Pair& of) { return of.server.SendData(7, "x"); }, kStreamClosed,
       "stream 7", "open stream"},
      {"a second reset",
       [](Pair& of) { return of.server.ResetStream(7, ErrorCode::kCancel); },
       kStreamClosed, "stream 7", "open stream"},
      {"DATA on a request that ended",
       [](Pair& of) { return of.client.SendData(1, "x"); }, kStreamClosed,
       "half-closed (local)", "no DATA"},
      {"a second end", [](Pair& of) { return of.client.EndStream(1); },
       kStreamClosed, "half-closed (local)", "no DATA"},
      {"DATA above the window",
       [](Pair& of) { return of.server.SendData(3, std::string(65536, 'x')); },
       kFlowControl, "65536 bytes", "the window is"},
      {"DATA above the largest frame",
       [](Pair& of) { return of.server.SendData(3, std::string(16385, 'x')); },
       kFrameTooLarge, "16385 bytes", "MAX_FRAME_SIZE is 16384"},
      {"padding above the largest frame",
       [](Pair& of) {
         return of.server.SendData(3, std::string(16300, 'x'),
                                   {.pad_length = 255});
       },
       kFrameTooLarge, "16556 bytes", "MAX_FRAME_SIZE is 16384"},
      {"a request by the server",
       [](Pair& of) { return of.server.SendHeaders(2, Pair::Get()); },
       kNoSuchStream, "stream 2", "open stream"},
      {"a stream of the other side's",
       [](Pair& of) { return of.client.SendHeaders(2, Pair::Get()); },
       kNoSuchStream, "stream 2", "we can open"},
      {"a stream 0 by the client",
       [](Pair& of) { return of.client.SendHeaders(0, Pair::Get()); },
       kNoSuchStream, "stream 0", "we can open"},
      {"a stream beyond the last",
       [](Pair& of) { return of.client.SendHeaders(kBeyond, Pair::Get()); },
       kNoAvailableStreamId, "stream 2147483648", "ids end at 2147483647"},
      {"headers on a request that ended",
       [](Pair& of) { return of.client.SendHeaders(1, Pair::Get()); },
       kStreamClosed, "half-closed (local)", "no HEADERS"},
      {"a push by the client",
       [](Pair& of) { return of.client.PushStream(1, 3, Pair::Get()); },
       kServersOnly, "client", "only servers send PUSH_PROMISE"},
      {"a push on a closed stream",
       [](Pair& of) { return of.server.PushStream(5, 2, Pair::Get()); },
       kStreamClosed, "stream 5", "open stream"},
      {"a push on an unknown stream",
       [](Pair& of) { return of.server.PushStream(9999, 2, Pair::Get()); },
       kNoSuchStream, "stream 9999", "open stream"},
      {"a push of a client's id",
       [](Pair& of) { return of.server.PushStream(1, 9, Pair::Get()); },
       kNoSuchStream, "stream 9", "we can open"},
      {"a push of POST",
       [](Pair& of) {
         return of.server.PushStream(1, 2,
                                     {{":method", "POST"},
                                      {":scheme", "http"},
                                      {":authority", "a"},
                                      {":path", "/"}});
       },
       kInvalidHeaders, "stream 2", "GET and HEAD"},
  };
  AddIds(
      {"headers on 0", "headers on an unknown stream",
       "headers on a closed stream", "headers beyond the last id"},
      [](Connection& of, StreamId id) {
        return of.SendHeaders(id, Pair::Ok());
      },
      &rows);
  AddIds(
      {"DATA on 0", "DATA on an unknown stream", "DATA on a closed stream",
       "DATA beyond the last id"},
      [](Connection& of, StreamId id) { return of.SendData(id, "x"); }, &rows);
  AddIds(
      {"the end of 0", "the end of an unknown stream",
       "the end of a closed stream", "the end beyond the last id"},
      [](Connection& of, StreamId id) { return of.EndStream(id); }, &rows);
  AddIds(
      {"a reset of 0", "a reset of an unknown stream",
       "a reset of a closed stream", "a reset beyond the last id"},
      [](Connection& of, StreamId id) {
        return of.ResetStream(id, ErrorCode::kCancel);
      },
      &rows);
  return rows;
}

// --- Header fields -----------------------------------------------------------

std::vector<Row> FieldRows() {
  std::vector<Row> rows;
  const auto response = [&rows](const char* name, std::vector<Header> headers,
                                ErrorKind kind, const char* given,
                                const char* allowed, bool end_stream = false) {
    rows.push_back({name,
                    [headers, end_stream](Pair& of) {
                      return of.server.SendHeaders(1, headers,
                                                   {.end_stream = end_stream});
                    },
                    kind, given, allowed});
  };
  const std::vector<Header> ok = Pair::Ok();
  const auto with = [&ok](Header header) {
    std::vector<Header> headers = ok;
    headers.push_back(std::move(header));
    return headers;
  };
  const std::string big(65537, 'x');
  response("no headers", {}, kInvalidHeaders, "without a :status",
           "100 to 999");
  response("no status", {{"server", "s"}}, kInvalidHeaders, "without a :status",
           "100 to 999");
  response("a status of two digits", {{":status", "20"}}, kInvalidHeaders,
           "without a :status", "100 to 999");
  response("a status of words", {{":status", "OK"}}, kInvalidHeaders,
           "without a :status", "100 to 999");
  response("a status of 99", {{":status", "099"}}, kInvalidHeaders,
           "without a :status", "100 to 999");
  response("status 101", {{":status", "101"}}, kInvalidHeaders, "status 101",
           "other than 101");
  response("the status twice", with({":status", "200"}), kInvalidHeaders,
           ":status twice", "once");
  response("a late pseudo-header field", {{"server", "s"}, {":status", "200"}},
           kPseudoHeaderOrder, ":status after", "before all regular fields");
  response("a pseudo-header field of a request", with({":path", "/"}),
           kInvalidHeaders, ":path in a response", "of a request");
  response("an unknown pseudo-header field", with({":foo", "x"}),
           kInvalidHeaders, "pseudo-header field :foo", "RFC 9113 8.3");
  response("a name in upper case", with({"Server", "s"}), kInvalidHeaders,
           "Server", "lower case");
  response("a name with a space", with({"ser ver", "s"}), kInvalidHeaders,
           "ser ver", "lower case");
  response("a field without a name", with({"", "s"}), kInvalidHeaders,
           "without a name", "8.2.1");
  response("a value with CR LF", with({"x", "a\r\nb"}), kInvalidHeaders,
           "field x", "no NUL, CR or LF");
  response("a value with NUL", with({"x", std::string("a\0b", 3)}),
           kInvalidHeaders, "field x", "no NUL, CR or LF");
  response("a value that begins with a space", with({"x", " a"}),
           kInvalidHeaders, "field x", "no space around");
  response("connection", with({"connection", "close"}), kInvalidHeaders,
           "connection-specific field connection", "HTTP/2 has none");
  response("transfer-encoding", with({"transfer-encoding", "chunked"}),
           kInvalidHeaders, "transfer-encoding", "HTTP/2 has none");
  response("a value above 64 KiB", with({"x", big}), kHeadersTooLarge,
           "a value of 65537", "may have 65536");
  response("a name above 64 KiB", with({big, "x"}), kHeadersTooLarge,
           "a name of 65537", "may have 65536");
  response("an informational response that ends", {{":status", "103"}},
           kProtocol, "informational", "cannot end", /*end_stream=*/true);
  const auto trailers = [&rows](const char* name, std::vector<Header> headers,
                                bool end_stream, ErrorKind kind,
                                const char* given, const char* allowed) {
    rows.push_back({name,
                    [headers, end_stream](Pair& of) {
                      return of.server.SendHeaders(3, headers,
                                                   {.end_stream = end_stream});
                    },
                    kind, given, allowed});
  };
  trailers("trailers without an end", {{"x", "y"}}, false, kProtocol,
           "stream 3", "needs end_stream");
  trailers("a second response", Pair::Ok(), true, kInvalidHeaders,
           ":status in trailers", "8.1");
  const auto request = [&rows](const char* name, std::vector<Header> headers,
                               ErrorKind kind, const char* given,
                               const char* allowed) {
    rows.push_back({name,
                    [headers](Pair& of) {
                      return of.client.SendHeaders(
                          *of.client.GetNextAvailableStreamId(), headers);
                    },
                    kind, given, allowed});
  };
  const auto without = [](const char* name) {
    std::vector<Header> headers = Pair::Get();
    std::erase_if(headers, [name](const Header& h) { return h.name == name; });
    return headers;
  };
  request("a request without :method", without(":method"), kInvalidHeaders,
          "has a request", "without :method");
  request("a request without :scheme", without(":scheme"), kInvalidHeaders,
          "has a request", "without :scheme");
  request("a request without :path", without(":path"), kInvalidHeaders,
          "has a request", "without :path");
  request("a request without :authority", without(":authority"),
          kInvalidHeaders, "has a request", "without :authority");
  request(
      "a request with te: gzip",
      [] {
        std::vector<Header> headers = Pair::Get();
        headers.push_back({"te", "gzip"});
        return headers;
      }(),
      kInvalidHeaders, "te field", "\"trailers\"");
  request("a CONNECT with a path",
          {{":method", "CONNECT"}, {":authority", "a"}, {":path", "/"}},
          kInvalidHeaders, "CONNECT with", "8.5");
  request("a CONNECT to nowhere", {{":method", "CONNECT"}}, kInvalidHeaders,
          "CONNECT without :authority", "8.5");
  return rows;
}

// --- The connection ----------------------------------------------------------

absl::Status Update(Pair& of, SettingId id, uint32_t value) {
  return of.server.UpdateSettings({{id, value}});
}

std::vector<Row> ConnectionRows() {
  return {
      {"a second start",
       [](Pair& of) { return of.server.InitiateConnection(); }, kProtocol,
       "InitiateConnection()", "once"},
      {"an upgrade after the start",
       [](Pair& of) { return of.client.InitiateUpgrade().status(); }, kProtocol,
       "InitiateConnection()", "once"},
      {"a PING of 7 bytes", [](Pair& of) { return of.server.Ping("1234567"); },
       kInvalidArgument, "7 bytes", "must have 8"},
      {"a PING of nothing", [](Pair& of) { return of.server.Ping(""); },
       kInvalidArgument, "0 bytes", "must have 8"},
      {"a PING of 9 bytes",
       [](Pair& of) { return of.server.Ping("123456789"); }, kInvalidArgument,
       "9 bytes", "must have 8"},
      {"a GOAWAY that is too large",
       [](Pair& of) {
         return of.server.CloseConnection(ErrorCode::kNoError,
                                          std::string(16377, 'x'));
       },
       kFrameTooLarge, "16385 bytes", "MAX_FRAME_SIZE is 16384"},
      {"a window above the largest",
       [](Pair& of) {
         return Update(of, SettingId::kInitialWindowSize, kBeyond);
       },
       kInvalidSettingsValue, "INITIAL_WINDOW_SIZE is 2147483648",
       "0 to 2147483647"},
      {"a frame below the smallest",
       [](Pair& of) { return Update(of, SettingId::kMaxFrameSize, 16383); },
       kInvalidSettingsValue, "MAX_FRAME_SIZE is 16383", "16384 to 16777215"},
      {"a frame above the largest",
       [](Pair& of) { return Update(of, SettingId::kMaxFrameSize, 16777216); },
       kInvalidSettingsValue, "MAX_FRAME_SIZE is 16777216",
       "16384 to 16777215"},
      {"push enabled by the server",
       [](Pair& of) { return Update(of, SettingId::kEnablePush, 1); },
       kInvalidSettingsValue, "ENABLE_PUSH is 1", "0 to 0"},
      {"the connect protocol twice",
       [](Pair& of) {
         return Update(of, SettingId::kEnableConnectProtocol, 2);
       },
       kInvalidSettingsValue, "ENABLE_CONNECT_PROTOCOL is 2", "0 to 1"},
      {"a late change of the priorities",
       [](Pair& of) { return Update(of, SettingId::kNoRfc7540Priorities, 1); },
       kInvalidSettingsValue, "NO_RFC7540_PRIORITIES", "may not change"},
      {"time that runs back",
       [](Pair& of) { return of.server.AdvanceTime(-absl::Seconds(3)); },
       kInvalidArgument, "-3s", "finite and not negative"},
      {"time without end",
       [](Pair& of) { return of.server.AdvanceTime(absl::InfiniteDuration()); },
       kInvalidArgument, "inf", "finite and not negative"},
      {"output that is not there",
       [](Pair& of) { return of.server.ConsumeOutput(1); }, kInvalidArgument,
       "1 bytes consumed", "0 were waiting"},
      {"the result of a failed write",
       [](Pair& of) {
         return of.server.ConsumeOutput(static_cast<size_t>(-1));
       },
       kInvalidArgument, "18446744073709551615 bytes", "0 were waiting"},
      {"ALTSVC by the client",
       [](Pair& of) {
         return of.client.AdvertiseAlternativeService("h2", "a", {});
       },
       kServersOnly, "client", "only servers send ALTSVC"},
      {"ALTSVC of nothing",
       [](Pair& of) {
         return of.server.AdvertiseAlternativeService("h2", {}, {});
       },
       kInvalidArgument, "ALTSVC", "an origin or a stream"},
      {"ALTSVC of both",
       [](Pair& of) {
         return of.server.AdvertiseAlternativeService("h2", "a", 1);
       },
       kInvalidArgument, "ALTSVC", "and not both"},
      {"ALTSVC of an empty origin",
       [](Pair& of) {
         return of.server.AdvertiseAlternativeService("h2", "", {});
       },
       kInvalidArgument, "ALTSVC is empty", "RFC 7838"},
      {"ALTSVC of an unknown stream",
       [](Pair& of) {
         return of.server.AdvertiseAlternativeService("h2", {}, 9999);
       },
       kNoSuchStream, "stream 9999", "open stream"},
      {"ALTSVC after the response",
       [](Pair& of) {
         return of.server.AdvertiseAlternativeService("h2", {}, 3);
       },
       kProtocol, "stream 3", "only before its response"},
      {"ALTSVC that is too large",
       [](Pair& of) {
         return of.server.AdvertiseAlternativeService(std::string(16384, 'x'),
                                                      "a", {});
       },
       kFrameTooLarge, "16387 bytes", "MAX_FRAME_SIZE is 16384"},
  };
}

// --- Priorities and windows --------------------------------------------------

std::vector<Row> PriorityRows() {
  return {
      {"PRIORITY by the server",
       [](Pair& of) { return of.server.Prioritize(1, {}); }, kClientsOnly,
       "server", "only clients send PRIORITY"},
      {"PRIORITY_UPDATE by the server",
       [](Pair& of) { return of.server.SendPriorityUpdate(1, {}); },
       kClientsOnly, "server", "only clients send PRIORITY_UPDATE"},
      {"priority fields by the server",
       [](Pair& of) {
         return of.server.SendHeaders(1, Pair::Ok(),
                                      {.priority = signals::Rfc7540Priority{}});
       },
       kClientsOnly, "server", "only clients send priority fields"},
      {"PRIORITY of stream 0",
       [](Pair& of) { return of.client.Prioritize(0, {}); }, kInvalidArgument,
       "the stream is 0", "1 to 2147483647"},
      {"PRIORITY beyond the last id",
       [](Pair& of) { return of.client.Prioritize(kBeyond, {}); },
       kInvalidArgument, "the stream is 2147483648", "1 to 2147483647"},
      {"PRIORITY of weight 0",
       [](Pair& of) { return of.client.Prioritize(1, {.weight = 0}); },
       kInvalidArgument, "weight 0", "1 to 256"},
      {"PRIORITY of weight 257",
       [](Pair& of) { return of.client.Prioritize(1, {.weight = 257}); },
       kInvalidArgument, "weight 257", "1 to 256"},
      {"PRIORITY on itself",
       [](Pair& of) { return of.client.Prioritize(3, {.depends_on = 3}); },
       kProtocol, "stream 3 depends on itself", "0 or another"},
      {"PRIORITY on an id beyond the last",
       [](Pair& of) {
         return of.client.Prioritize(3, {.depends_on = kBeyond});
       },
       kInvalidArgument, "2147483648", "ids end at 2147483647"},
      {"a request of weight 300",
       [](Pair& of) {
         return of.client.SendHeaders(
             9, Pair::Get(),
             {.priority = signals::Rfc7540Priority{.weight = 300}});
       },
       kInvalidArgument, "weight 300", "1 to 256"},
      {"PRIORITY_UPDATE of stream 0",
       [](Pair& of) { return of.client.SendPriorityUpdate(0, {}); },
       kInvalidArgument, "the stream is 0", "1 to 2147483647"},
      {"PRIORITY_UPDATE of urgency 8",
       [](Pair& of) { return of.client.SendPriorityUpdate(1, {.urgency = 8}); },
       kInvalidArgument, "urgency 8", "0 to 7"},
      {"PRIORITY_UPDATE of urgency -1",
       [](Pair& of) {
         return of.client.SendPriorityUpdate(1, {.urgency = -1});
       },
       kInvalidArgument, "urgency -1", "0 to 7"},
      {"PRIORITY_UPDATE of a push that was not promised",
       [](Pair& of) { return of.client.SendPriorityUpdate(2, {}); },
       kNoSuchStream, "stream 2", "promised"},
      {"the window of an unknown stream",
       [](Pair& of) { return of.server.LocalFlowControlWindow(9999).status(); },
       kNoSuchStream, "stream 9999", "open stream"},
      {"the window of a closed stream",
       [](Pair& of) { return of.server.RemoteFlowControlWindow(5).status(); },
       kStreamClosed, "stream 5", "open stream"},
      {"a window opened by 0",
       [](Pair& of) { return of.client.IncrementFlowControlWindow(1, 0); },
       kInvalidArgument, "the increment is 0", "1 to 2147483647"},
      {"a window opened by too much",
       [](Pair& of) {
         return of.client.IncrementFlowControlWindow(1, kBeyond);
       },
       kInvalidArgument, "the increment is 2147483648", "1 to 2147483647"},
      {"a window opened beyond the largest",
       [](Pair& of) {
         return of.client.IncrementFlowControlWindow(0, 0x7fffffff);
       },
       kFlowControl, "2147483647 bytes", "exceed 2147483647"},
      {"the window of an unknown stream opened",
       [](Pair& of) { return of.client.IncrementFlowControlWindow(9999, 1); },
       kNoSuchStream, "stream 9999", "open stream"},
      {"the window of a closed stream opened",
       [](Pair& of) { return of.client.IncrementFlowControlWindow(5, 1); },
       kStreamClosed, "stream 5", "open stream"},
      {"bytes of the connection acknowledged",
       [](Pair& of) { return of.client.AcknowledgeReceivedData(0, 1); },
       kInvalidArgument, "1 bytes of stream 0", "a stream and up to"},
      {"too many bytes acknowledged",
       [](Pair& of) { return of.client.AcknowledgeReceivedData(1, kBeyond); },
       kInvalidArgument, "2147483648 bytes", "up to 2147483647"},
      {"bytes acknowledged that never arrived",
       [](Pair& of) { return of.client.AcknowledgeReceivedData(1, 1); },
       kInvalidArgument, "stream 1 has 1 bytes acknowledged", "; 0 that"},
      {"more bytes of closed streams acknowledged than a window has",
       [](Pair& of) { return of.client.AcknowledgeReceivedData(5, 70000); },
       kInvalidArgument, "stream 5 has 70000 bytes acknowledged",
       "that arrived on closed streams"},
      {"a drain in the past",
       [](Pair& of) { return of.server.Drain(-absl::Seconds(1)); },
       kInvalidArgument, "-1s", "not be negative"},
      {"bytes of an unknown stream acknowledged",
       [](Pair& of) { return of.client.AcknowledgeReceivedData(9999, 1); },
       kNoSuchStream, "stream 9999", "open stream"},
  };
}

TEST(CoreMisuseTest, AWrongCallSaysWhyAndChangesNothing) {
  std::vector<Row> rows = StreamRows();
  for (const auto& more : {FieldRows(), ConnectionRows(), PriorityRows()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  ExpectTable(rows, 90);
  Pair shared;  // by every row in turn
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Pair own;
    for (Pair* pair : {&shared, &own}) {
      const std::string before = pair->State();
      const absl::Status status = row.call(*pair);
      EXPECT_EQ(h2::ErrorKindOf(status), row.code) << status;
      ExpectSays(std::string(status.message()), row.given, row.allowed);
      EXPECT_EQ(pair->State(), before);
      pair->Exchange();
    }
  }
}

}  // namespace
}  // namespace sluice::testing
