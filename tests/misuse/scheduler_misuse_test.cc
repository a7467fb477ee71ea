// Wrong calls of the scheduler: DataScheduler, StreamBook, and the registry.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/signals/signal_source.h>

#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/misuse/misuse.h"

namespace sluice::testing {
namespace {

using absl::StatusCode;
using h2::Connection;
using h2::Event;
using h2::Header;
using h2::StreamId;
using scheduler::CreatePolicy;
using scheduler::DataScheduler;
using scheduler::DataSource;
using scheduler::PolicyOptions;
using scheduler::ServerPriority;
using scheduler::StreamBook;
using scheduler::StreamRecord;
using signals::Rfc7540Priority;
using signals::Rfc9218Priority;
using signals::SignalSource;

constexpr StreamId kBeyond = 0x80000000u;

// Says that its body was destroyed, which a refused Submit() does.
class Body : public DataSource {
 public:
  explicit Body(std::string text, int* living = nullptr)
      : text_(std::move(text)), living_(living) {
    if (living_ != nullptr) ++*living_;
  }
  ~Body() override {
    if (living_ != nullptr) --*living_;
  }
  Chunk Read(size_t max_bytes) override {
    Chunk chunk;
    chunk.data = absl::Cord(text_.substr(0, max_bytes));
    text_.erase(0, max_bytes);
    chunk.end = text_.empty();
    return chunk;
  }

 private:
  std::string text_;
  int* living_;
};

// A client and a server with a scheduler. Stream 1 waits for its response, 3
// has a response whose body waits, 5 is done, 7 was cancelled.
class Server {
 public:
  explicit Server(const char* policy = "rfc7540")
      : scheduler(&server, *CreatePolicy(policy)) {
    EXPECT_TRUE(client.InitiateConnection().ok());
    EXPECT_TRUE(server.InitiateConnection().ok());
    for (int i = 0; i < 4; ++i) Request();
    Carry();
    EXPECT_TRUE(Submit(5, std::make_unique<Body>("x")).ok());
    scheduler.Pull(100);
    EXPECT_TRUE(Submit(3, std::make_unique<Body>("waits")).ok());
    scheduler.Cancel(7);
    Carry();
  }

  static std::vector<Header> Ok() { return {{":status", "200"}}; }

  StreamId Request() {
    const StreamId id = *client.GetNextAvailableStreamId();
    EXPECT_TRUE(client
                    .SendHeaders(id,
                                 {{":method", "GET"},
                                  {":scheme", "http"},
                                  {":authority", "a.example"},
                                  {":path", "/"}},
                                 {.end_stream = true})
                    .ok());
    return id;
  }

  absl::Status Submit(StreamId id, std::unique_ptr<DataSource> body,
                      scheduler::SubmitOptions options = {}) {
    return scheduler.Submit(id, Ok(), std::move(body), std::move(options));
  }
  absl::Status Submit(StreamId id, std::vector<Header> headers) {
    return scheduler.Submit(id, headers,
                            std::make_unique<Body>("refused", &living));
  }

  void Carry() {
    while (client.OutputSize() + server.OutputSize() > 0) {
      std::vector<Event> events;
      const std::string up = client.DataToSend();
      EXPECT_TRUE(server.ReceiveData(up, &events).ok());
      for (const Event& event : events) scheduler.OnEvent(event);
      events.clear();
      const std::string down = server.DataToSend();
      EXPECT_TRUE(client.ReceiveData(down, &events).ok());
      for (const Event& event : events) {
        const auto* data = std::get_if<h2::DataReceived>(&event);
        if (data != nullptr) received[data->stream_id] += data->data;
      }
    }
  }

  // A request is answered with 5 bytes, which arrive.
  void Exchange() {
    const StreamId id = Request();
    Carry();
    EXPECT_TRUE(Submit(id, std::make_unique<Body>("hello")).ok());
    for (int i = 0; i < 3; ++i) scheduler.Pull(100);
    Carry();
    EXPECT_EQ(received[id], "hello");
  }

  std::string State() const {
    const auto& counters = scheduler.counters();
    return absl::StrCat(server.OutputSize(), " ", scheduler.ActiveBodies(), " ",
                        scheduler.HasReady(), " ", counters.bytes, " ",
                        counters.frames, " ", counters.streams_finished, " ",
                        counters.streams_reset, " ", living, " ",
                        server.CanSendData(1));
  }

  Connection client{{.side = h2::Side::kClient}};
  Connection server{{.side = h2::Side::kServer}};
  DataScheduler scheduler;
  std::map<StreamId, std::string> received;
  int living = 0;  // bodies
};

using Row = Misuse<Server, absl::Status, StatusCode>;

std::vector<Row> SubmitRows() {
  std::vector<Row> rows;
  const auto submit = [&rows](const char* name, StreamId id,
                              std::vector<Header> headers, StatusCode code,
                              const char* given, const char* allowed) {
    rows.push_back(
        {name, [id, headers](Server& of) { return of.Submit(id, headers); },
         code, given, allowed});
  };
  const std::vector<Header> ok = Server::Ok();
  submit("a response on 0", 0, ok, StatusCode::kInvalidArgument, "0 is no",
         "1 to 2147483647");
  submit("a response beyond the last id", kBeyond, ok,
         StatusCode::kInvalidArgument, "2147483648 is no", "1 to 2147483647");
  submit("a response on an unknown stream", 9999, ok, StatusCode::kNotFound,
         "stream 9999", "open stream");
  submit("a response on an even stream", 2, ok, StatusCode::kNotFound,
         "stream 2", "open stream");
  submit("a response on a closed stream", 5, ok,
         StatusCode::kFailedPrecondition, "stream 5", "open stream");
  submit("a response on a cancelled stream", 7, ok,
         StatusCode::kFailedPrecondition, "stream 7", "open stream");
  submit("a second response", 3, ok, StatusCode::kAlreadyExists, "stream 3",
         "has a response already");
  submit("an informational response", 1, {{":status", "103"}},
         StatusCode::kInvalidArgument, "100 to 199", "SubmitInformational()");
  submit("a response without fields", 1, {}, StatusCode::kInvalidArgument,
         "without a :status", "100 to 999");
  submit("a response without a status", 1, {{"server", "s"}},
         StatusCode::kInvalidArgument, "without a :status", "100 to 999");
  submit("a response with CR LF", 1, {{":status", "200"}, {"x", "a\r\nb"}},
         StatusCode::kInvalidArgument, "field x", "no NUL, CR or LF");
  submit("a status after another field", 1,
         {{"server", "s"}, {":status", "200"}}, StatusCode::kInvalidArgument,
         ":status after", "before all regular fields");
  submit("a response with too large a field", 1,
         {{":status", "200"}, {"x", std::string(65537, 'x')}},
         StatusCode::kOutOfRange, "65537", "65536");
  const auto length = [&submit](const char* name, const char* value) {
    submit(name, 1, {{":status", "200"}, {"content-length", value}},
           StatusCode::kInvalidArgument, value, "one number below 2^63");
  };
  length("a length below 0", "-1");
  length("a length of two words", "1 2");
  length("two lengths in one field", "5, 6");
  length("a length beyond all", "99999999999999999999");
  submit("two lengths", 1,
         {{":status", "200"}, {"content-length", "5"}, {"content-length", "6"}},
         StatusCode::kInvalidArgument, "content-length", "repeated or not");
  rows.push_back(
      {"bytes announced without a body",
       [](Server& of) {
         return of.scheduler.Submit(
             1, {{":status", "200"}, {"content-length", "5"}}, nullptr);
       },
       StatusCode::kInvalidArgument, "announces 5 bytes", "has no body"});
  const auto override = [&rows](const char* name, ServerPriority server,
                                const char* given, const char* allowed) {
    rows.push_back({name,
                    [server](Server& of) {
                      return of.Submit(
                          1, std::make_unique<Body>("refused", &of.living),
                          {.server = server});
                    },
                    StatusCode::kInvalidArgument, given, allowed});
  };
  override("a response of weight 0", {.rfc7540 = Rfc7540Priority{0, 0, false}},
           "weight 0", "1 to 256");
  override("a response on itself", {.rfc7540 = Rfc7540Priority{1, 16, false}},
           "stream 1 depends on itself", "0 or another");
  override("a response of urgency 8", {.rfc9218 = Rfc9218Priority{8, false}},
           "urgency 8", "0 to 7");
  return rows;
}

std::vector<Row> OtherRows() {
  const auto informational = [](Server& of, StreamId id, const char* status) {
    return of.scheduler.SubmitInformational(id, {{":status", status}});
  };
  return {
      {"an informational response that is final",
       [=](Server& of) { return informational(of, 1, "200"); },
       StatusCode::kInvalidArgument, "stream 1", "100 to 199"},
      {"an informational response after the response",
       [=](Server& of) { return informational(of, 3, "103"); },
       StatusCode::kFailedPrecondition, "stream 3", "begun already"},
      {"an informational response on a closed stream",
       [=](Server& of) { return informational(of, 5, "103"); },
       StatusCode::kFailedPrecondition, "stream 5", "open stream"},
      {"an informational response on an unknown stream",
       [=](Server& of) { return informational(of, 9999, "103"); },
       StatusCode::kNotFound, "stream 9999", "open stream"},
      {"an informational response 101",
       [=](Server& of) { return informational(of, 1, "101"); },
       StatusCode::kInvalidArgument, "status 101", "other than 101"},
      {"a priority of an unknown stream",
       [](Server& of) {
         return of.scheduler.SetServerPriority(9999, ServerPriority{});
       },
       StatusCode::kNotFound, "stream 9999", "open"},
      {"a priority of a closed stream",
       [](Server& of) {
         return of.scheduler.SetServerPriority(5, ServerPriority{});
       },
       StatusCode::kNotFound, "stream 5", "open"},
      {"no priority of stream 0",
       [](Server& of) {
         return of.scheduler.SetServerPriority(0, std::nullopt);
       },
       StatusCode::kNotFound, "stream 0", "open"},
      {"a priority of weight 257",
       [](Server& of) {
         return of.scheduler.SetServerPriority(
             3, ServerPriority{.rfc7540 = Rfc7540Priority{0, 257, false}});
       },
       StatusCode::kInvalidArgument, "weight 257", "1 to 256"},
      {"a priority on itself",
       [](Server& of) {
         return of.scheduler.SetServerPriority(
             3, ServerPriority{.rfc7540 = Rfc7540Priority{3, 16, true}});
       },
       StatusCode::kInvalidArgument, "stream 3 depends on itself",
       "0 or another"},
      {"a priority of urgency -1",
       [](Server& of) {
         return of.scheduler.SetServerPriority(
             3, ServerPriority{.rfc9218 = Rfc9218Priority{-1, false}});
       },
       StatusCode::kInvalidArgument, "urgency -1", "0 to 7"},
      {"hints of an unknown stream",
       [](Server& of) { return of.scheduler.SetHints(9999, {}); },
       StatusCode::kNotFound, "stream 9999", "open"},
      {"hints of a closed stream",
       [](Server& of) { return of.scheduler.SetHints(5, {}); },
       StatusCode::kNotFound, "stream 5", "open"},
  };
}

TEST(SchedulerMisuseTest, AWrongCallSaysWhyAndChangesNothing) {
  std::vector<Row> rows = SubmitRows();
  for (const Row& row : OtherRows()) rows.push_back(row);
  ExpectTable(rows, 28);
  for (const char* policy : {"rfc7540", "rfc9218", "auto:via=share"}) {
    Server shared(policy);  // by every row in turn
    for (const Row& row : rows) {
      SCOPED_TRACE(row.name);
      Server own(policy);
      for (Server* server : {&own, &shared}) {
        const std::string before = server->State();
        const absl::Status status = row.call(*server);
        EXPECT_EQ(status.code(), row.code) << status;
        ExpectSays(std::string(status.message()), row.given, row.allowed);
        EXPECT_EQ(server->State(), before);
        // The shared one keeps its waiting body for the rows that follow.
        if (server == &own) server->Exchange();
      }
    }
    shared.Exchange();
    EXPECT_EQ(shared.received[3], "waits");
  }
}

// Calls that take any id and say nothing.
TEST(SchedulerMisuseTest, CallsAboutUnknownStreamsAreIgnored) {
  Server server;
  const std::string before = server.State();
  for (const StreamId id : {0u, 2u, 5u, 7u, 9999u, kBeyond}) {
    server.scheduler.Resume(id);
    server.scheduler.Cancel(id);
    for (const Event& event : std::initializer_list<Event>{
             h2::WindowUpdated{.stream_id = id, .delta = 1},
             h2::StreamReset{.stream_id = id}, h2::StreamEnded{id},
             h2::WindowUpdated{.stream_id = id, .delta = 0}}) {
      server.scheduler.OnEvent(event);
    }
  }
  EXPECT_EQ(server.scheduler.Pull(0), 0u);
  EXPECT_EQ(server.State(), before);
  server.Exchange();
  EXPECT_EQ(server.received[3], "waits");
}

// A body that calls everything it should not, while it is read.
TEST(SchedulerMisuseTest, WrongCallsWhileABodyIsReadAreRefused) {
  class Caller : public DataSource {
   public:
    explicit Caller(Server* server) : server_(server) {}
    Chunk Read(size_t) override {
      for (const Row& row : OtherRows()) {
        if (std::string(row.name).ends_with("101")) continue;  // it has begun
        const absl::Status status = row.call(*server_);
        EXPECT_EQ(status.code(), row.code) << row.name << ": " << status;
      }
      EXPECT_EQ(server_->scheduler.Pull(100), 0u);
      Chunk chunk;
      chunk.data = absl::Cord("read");
      chunk.end = true;
      return chunk;
    }

   private:
    Server* server_;
  };
  Server server("fifo");  // 1 goes before 3
  ASSERT_TRUE(server.Submit(1, std::make_unique<Caller>(&server)).ok());
  for (int i = 0; i < 3; ++i) server.scheduler.Pull(100);
  server.Carry();
  EXPECT_EQ(server.received[1], "read");
  EXPECT_EQ(server.received[3], "waits");
  server.Exchange();
}

TEST(SchedulerMisuseTest, AfterTheConnectionsEndACallSaysSo) {
  Server server;
  ASSERT_TRUE(
      server.server.CloseConnection(h2::ErrorCode::kInternalError).ok());
  const absl::Status status = server.Submit(1, Server::Ok());
  EXPECT_FALSE(status.ok());
  ExpectSays(std::string(status.message()), "ended with a GOAWAY",
             "only another GOAWAY");
  EXPECT_EQ(server.living, 0);
  EXPECT_EQ(server.scheduler.Pull(100), 0u);
}

// --- The book ----------------------------------------------------------------

struct Book {
  Book() {
    EXPECT_EQ(book.Open(1, &one), StatusCode::kOk);
    book.SetReady(&one);
  }
  std::unique_ptr<scheduler::Policy> policy = *CreatePolicy("rfc7540");
  StreamBook book{policy.get(), /*max_streams=*/2};
  StreamRecord one;
};

using BookRow = Misuse<Book, StatusCode, StatusCode>;

StatusCode Say(Book& of, StreamId id, const Rfc7540Priority& priority) {
  return of.book.SetRfc7540(id, nullptr, priority, SignalSource::kFrame);
}
StatusCode Say(Book& of, StreamId id, const Rfc9218Priority& priority) {
  return of.book.SetRfc9218(id, nullptr, priority, SignalSource::kFrame);
}

TEST(BookMisuseTest, AWrongCallSaysWhyAndChangesNothing) {
  constexpr StatusCode kWrong = StatusCode::kInvalidArgument;
  const std::vector<BookRow> rows = {
      {"stream 0 opens", [](Book& of) { return of.book.CheckOpen(0); }, kWrong,
       "0 is no", "1 to 2147483647"},
      {"a stream beyond the last opens",
       [](Book& of) {
         StreamRecord record;
         return of.book.Open(kBeyond, &record);
       },
       kWrong, "2147483648 is no", "1 to 2147483647"},
      {"a reserved stream opens",
       [](Book& of) {
         StreamRecord record;
         return of.book.Open(scheduler::kFirstReservedId, &record);
       },
       kWrong, "stream 2147483616", "even ids"},
      {"weight 257",
       [](Book& of) {
         return Say(of, 3, {0, 257, false});
       },
       kWrong, "weight 257", "1 to 256"},
      {"weight -1",
       [](Book& of) {
         return Say(of, 3, {0, -1, false});
       },
       kWrong, "weight -1", "1 to 256"},
      {"a stream on itself",
       [](Book& of) {
         return Say(of, 3, {3, 16, false});
       },
       kWrong, "depends on itself", "0 or another"},
      {"a parent beyond the last",
       [](Book& of) {
         return Say(of, 3, {kBeyond, 16, false});
       },
       kWrong, "2147483648 is no", "1 to 2147483647"},
      {"urgency 8",
       [](Book& of) {
         return Say(of, 3, Rfc9218Priority{8, false});
       },
       kWrong, "urgency 8", "0 to 7"},
      {"a signal for 0", [](Book& of) { return Say(of, 0, Rfc9218Priority{}); },
       kWrong, "0 is no", "1 to 2147483647"},
      {"an override of urgency -1",
       [](Book& of) {
         return of.book.SetServerPriority(
             &of.one, ServerPriority{.rfc9218 = Rfc9218Priority{-1, false}});
       },
       kWrong, "urgency -1", "0 to 7"},
      {"one id too many",
       [](Book& of) {
         EXPECT_EQ(Say(of, 9, Rfc9218Priority{}), StatusCode::kOk);
         return Say(of, 11, Rfc9218Priority{});
       },
       StatusCode::kResourceExhausted, "2 streams are known", "limit is 2"},
  };
  ExpectTable(rows, 11);
  for (const BookRow& row : rows) {
    SCOPED_TRACE(row.name);
    Book book;
    EXPECT_EQ(row.call(book), row.code);
    ExpectSays(book.book.error_text(), row.given, row.allowed);
    EXPECT_EQ(book.book.open_streams(), 1u);
    const std::optional<scheduler::Grant> grant = book.book.Pick();
    ASSERT_TRUE(grant.has_value());
    EXPECT_EQ(grant->stream_id, 1u);
    book.book.Charge(1, &book.one, grant->max_bytes);
    book.book.Close(&book.one);
  }
}

// --- The registry ------------------------------------------------------------

struct Nobody {};
using SpecRow = Misuse<Nobody, absl::Status, StatusCode>;

SpecRow Spec(const char* name, const char* spec, StatusCode code,
             const char* given, const char* allowed,
             PolicyOptions options = {}) {
  return {
      name,
      [spec, options](Nobody&) { return CreatePolicy(spec, options).status(); },
      code, given, allowed};
}

TEST(RegistryMisuseTest, AWrongSpecSaysWhatIsKnown) {
  constexpr StatusCode kWrong = StatusCode::kInvalidArgument;
  constexpr StatusCode kUnknown = StatusCode::kNotFound;
  constexpr size_t kMost = std::numeric_limits<size_t>::max();
  const std::vector<SpecRow> rows = {
      Spec("nothing", "", kUnknown, "no policy ''", "known: auto"),
      Spec("a colon", ":", kUnknown, "no policy ''", "known: auto"),
      Spec("upper case", "RR", kUnknown, "no policy 'RR'", "known: auto"),
      Spec("a space", " rr", kUnknown, "no policy ' rr'", "known: auto"),
      Spec("an empty option", "rr:", kWrong, "option ''", "key=value"),
      Spec("an option without a value", "rr:a", kWrong, "option 'a'",
           "key=value"),
      Spec("an unknown option", "rr:a=1", kWrong, "unknown option 'a'",
           "takes"),
      Spec("an option of another policy", "rfc7540:mixed=alternate", kWrong,
           "unknown option 'mixed'", "exact"),
      Spec("an option twice", "auto:via=share,via=share", kWrong,
           "'via' comes twice", "once"),
      Spec("a value of via", "auto:via=yes", kWrong, "'via' is 'yes'",
           "one of ignore, share"),
      Spec("a value in upper case", "auto:via=SHARE", kWrong,
           "'via' is 'SHARE'", "one of ignore, share"),
      Spec("a truth value", "rfc7540:exact=1", kWrong, "'exact' is '1'",
           "one of false, true"),
      Spec("a number below the least", "rfc9218:starvation_guard=-1", kWrong,
           "'-1'", "an integer from"),
      Spec("a number too large",
           "rfc9218:starvation_guard=99999999999999999999", kWrong,
           "'99999999999999999999'", "an integer from"),
      Spec("a grant of 0", "rr", kWrong, "max_grant is 0", "1 to 16777215",
           {.max_grant = 0}),
      Spec("too large a grant", "rr", kWrong, "max_grant is 16777216",
           "1 to 16777215", {.max_grant = 16777216}),
      Spec("no streams", "rr", kWrong, "max_streams is 0", "1 to 1048576",
           {.max_streams = 0}),
      Spec("too many streams", "rr", kWrong, "max_streams is 18446744",
           "1 to 1048576", {.max_streams = kMost}),
      Spec("too many closed streams", "rr", kWrong,
           "max_closed_streams is 18446744", "0 to 1048576",
           {.max_closed_streams = kMost}),
  };
  ExpectTable(rows, 19);
  Nobody nobody;
  for (const SpecRow& row : rows) {
    SCOPED_TRACE(row.name);
    const absl::Status status = row.call(nobody);
    EXPECT_EQ(status.code(), row.code) << status;
    ExpectSays(std::string(status.message()), row.given, row.allowed);
    EXPECT_TRUE(CreatePolicy("rr").ok());
  }
  EXPECT_FALSE(scheduler::RegisterPolicy("rr", "another", nullptr));
  EXPECT_TRUE(CreatePolicy("rr").ok());
}

}  // namespace
}  // namespace sluice::testing
