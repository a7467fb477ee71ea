// A program on the whole C++ API that uses no type of Abseil but absl::Status:
// its text, bytes, lists and times are the standard library's. It is also
// compiled for an Abseil whose string_view is std::string_view
// (std_string_view_test.sh).
#include <sluice/adapters/nghttp2/priority_adapter.h>
#include <sluice/h2/connection.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/header_span.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/register_policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/signals/views.h>
#include <sluice/trace/json_lines.h>
#include <sluice/trace/record.h>
#include <sluice/trace/trace_files.h>

#include <nghttp2/nghttp2.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "gtest/gtest.h"

namespace {

using ::sluice::h2::Connection;
using ::sluice::h2::Event;
using ::sluice::h2::Header;
using ::sluice::h2::HeaderView;
using ::sluice::h2::SettingId;
using ::sluice::h2::Side;
using ::sluice::h2::StreamId;
using ::sluice::scheduler::CreatePolicy;
using ::sluice::scheduler::DataScheduler;
using ::sluice::scheduler::DataSource;
using ::sluice::signals::StringView;

// A body from text of the program's.
class Body : public DataSource {
 public:
  explicit Body(std::string text)
      : text_(std::make_shared<std::string>(std::move(text))) {}
  Chunk Read(size_t max_bytes) override {
    Chunk chunk;
    const auto piece = std::string_view(*text_).substr(sent_, max_bytes);
    sent_ += piece.size();
    chunk.shared = {piece, text_};
    chunk.end = sent_ == text_->size();
    return chunk;
  }

 private:
  std::shared_ptr<const std::string> text_;
  size_t sent_ = 0;
};

// Two connections joined in memory.
struct Pair {
  Pair() {
    EXPECT_TRUE(client.InitiateConnection().ok());
    EXPECT_TRUE(server.InitiateConnection().ok());
    Carry();
  }
  // Both ways, until nothing moves; `got` has the client's body bytes.
  void Carry() {
    while (client.OutputSize() + server.OutputSize() > 0) {
      const std::string up = client.DataToSend();
      std::vector<Event> events;
      EXPECT_TRUE(server.ReceiveData(std::string_view(up), &events).ok());
      if (on_event) std::for_each(events.begin(), events.end(), on_event);
      const std::string down = server.DataToSend();
      std::vector<Event> arrived;
      EXPECT_TRUE(client.ReceiveData(down, &arrived).ok());
      for (const Event& event : arrived) {
        const auto* data = std::get_if<sluice::h2::DataReceived>(&event);
        if (data != nullptr) got += data->data;
      }
    }
  }
  StreamId Get() {
    const StreamId id = *client.GetNextAvailableStreamId();
    const std::string_view path = "/";
    EXPECT_TRUE(client
                    .SendHeaders(id,
                                 {{":method", "GET"},
                                  {":scheme", "http"},
                                  {":authority", std::string("a.example")},
                                  {":path", path}},
                                 {.end_stream = true})
                    .ok());
    Carry();
    return id;
  }

  Connection client{{.side = Side::kClient}};
  Connection server{{.side = Side::kServer}};
  std::function<void(const Event&)> on_event;  // of the server
  std::string got;
};

TEST(StdTypesTest, HeadersComeFromEveryKindOfList) {
  const std::string_view ok = "200";
  const std::vector<Header> vector = {{":status", std::string(ok)}};
  const std::array<Header, 1> array = {Header{":status", "200"}};
  const Header bare[] = {{":status", "200"}};
  const std::array<HeaderView, 1> views = {HeaderView{":status", ok}};
  const auto answer = [](const sluice::h2::HeaderSpan& headers) {
    Pair pair;
    EXPECT_TRUE(pair.server.SendHeaders(pair.Get(), headers).ok());
    pair.Carry();
  };
  answer(vector);
  answer(std::span<const Header>(vector));
  answer(array);
  answer(bare);
  answer(views);
  answer(std::span<const HeaderView>(views));
  answer({{":status", ok}, {"server", std::string("s")}, {"x", "literal"}});
}

TEST(StdTypesTest, ReceivedBytesComeFromEveryKindOfBuffer) {
  Connection client({.side = Side::kClient});
  ASSERT_TRUE(client.InitiateConnection().ok());
  const std::string bytes = client.DataToSend();
  const auto receive = [](StringView view) {
    Connection server({.side = Side::kServer});
    EXPECT_TRUE(server.InitiateConnection().ok());
    std::vector<Event> events;
    EXPECT_TRUE(server.ReceiveData(view, &events).ok());
    EXPECT_FALSE(events.empty());
  };
  const std::vector<uint8_t> octets(bytes.begin(), bytes.end());
  receive(bytes);
  receive(std::string_view(bytes));
  receive(std::span<const char>(bytes));
  receive({bytes.data(), bytes.size()});
  receive(octets);
  receive(std::span<const uint8_t>(octets));
  receive(std::as_bytes(std::span(octets)));
  uint8_t buffer[256];
  ASSERT_LE(bytes.size(), sizeof(buffer));
  std::copy(octets.begin(), octets.end(), buffer);
  receive(std::span(buffer).first(bytes.size()));
}

TEST(StdTypesTest, AViewIsOfWhatTheProgramSees) {
  // It costs what the view below costs: two registers.
  static_assert(std::is_trivially_copyable_v<StringView>);
  static_assert(sizeof(StringView) == 2 * sizeof(void*));
  constexpr std::string_view kName = "a name";
  constexpr StringView kView = kName;
  static_assert(kView.size() == 6);
  char text[16] = "up to the NUL";
  EXPECT_EQ(StringView(text).size(), 13u);
  const uint8_t octets[4] = {'a', 0, 'b', 0};
  EXPECT_EQ(StringView(octets).size(), 4u);
  const std::string_view back = StringView("abc");
  EXPECT_EQ(back, "abc");
  EXPECT_EQ(StringView().size(), 0u);
  std::string grown = "a";
  grown += StringView("b");
  EXPECT_EQ(grown, "ab");
}

TEST(StdTypesTest, BodiesAreSentFromStdText) {
  Pair pair;
  const StreamId id = pair.Get();
  ASSERT_TRUE(pair.server.SendHeaders(id, {{":status", "200"}}).ok());
  const std::string_view view = "view ";
  const std::string text = "text ";
  const std::vector<uint8_t> octets = {'o', ' '};
  EXPECT_TRUE(pair.server.SendData(id, view).ok());
  EXPECT_TRUE(pair.server.SendData(id, text).ok());
  EXPECT_TRUE(pair.server.SendData(id, "literal ").ok());
  EXPECT_TRUE(pair.server.SendData(id, octets).ok());
  EXPECT_TRUE(pair.server.SendData(id, {.bytes = view, .owner = nullptr}).ok());
  EXPECT_TRUE(pair.server.SendData(id, "end", {.end_stream = true}).ok());
  pair.Carry();
  EXPECT_EQ(pair.got, "view text literal o view end");
}

TEST(StdTypesTest, TheOtherCallsOfAConnectionTakeThemToo) {
  std::vector<std::string> log;
  Connection server(
      {.side = Side::kServer,
       .log_sink = [&log](std::string_view line) { log.emplace_back(line); }});
  ASSERT_TRUE(server.InitiateConnection().ok());
  const std::string_view ping = "12345678";
  EXPECT_TRUE(server.Ping(ping).ok());
  const std::array<sluice::h2::Setting, 1> setting = {
      sluice::h2::Setting{SettingId::kMaxConcurrentStreams, 7}};
  EXPECT_TRUE(server.UpdateSettings(setting).ok());
  EXPECT_TRUE(server
                  .AdvertiseAlternativeService(
                      std::string_view("h2=\":443\""),
                      std::string_view("https://a.example"), std::nullopt)
                  .ok());
  EXPECT_TRUE(server.AdvanceTime(std::chrono::milliseconds(5)).ok());
  EXPECT_TRUE(server.Drain(std::chrono::seconds(30)).ok());
  std::array<iovec, 2> array;
  std::vector<iovec> vector(2);
  iovec bare[2];
  EXPECT_GE(server.PeekOutput(array), 1u);
  EXPECT_GE(server.PeekOutput(vector), 1u);
  EXPECT_GE(server.PeekOutput(std::span(vector).first(1)), 1u);
  EXPECT_GE(server.PeekOutput(bare), 1u);
  EXPECT_GE(server.PeekOutput({bare, 2}), 1u);
  std::vector<Event> events;
  const std::string_view junk = "not an HTTP/2 connection preface";
  EXPECT_FALSE(server.ReceiveData(junk, &events).ok());
  EXPECT_EQ(log.size(), 1u);
  // It may say more about its end.
  EXPECT_TRUE(
      server.CloseConnection(sluice::h2::ErrorCode::kProtocolError, junk).ok());
}

TEST(StdTypesTest, APolicyComesFromAStdSpec) {
  const std::string_view spec = "rfc9218:mixed=alternate";
  EXPECT_TRUE(CreatePolicy(spec).ok());
  EXPECT_TRUE(CreatePolicy(std::string(spec)).ok());
  EXPECT_TRUE(CreatePolicy("rr").ok());
  const std::string_view name = sluice::scheduler::RegisteredNameOf(spec);
  EXPECT_EQ(name, "rfc9218");
  EXPECT_EQ(
      sluice::signals::ParseRfc9218Priority(std::string_view("u=1"))->urgency,
      1);
  EXPECT_TRUE(sluice::adapters::PriorityAdapter::Create(spec).ok());
  EXPECT_TRUE(
      sluice::trace::CreateLoggedPolicy(spec, {}, /*files=*/nullptr).ok());
  EXPECT_FALSE(sluice::trace::TraceEventFromJson(std::string_view("{}")).ok());
}

TEST(StdTypesTest, AServerWithASchedulerNeedsNothingElse) {
  Pair pair;
  DataScheduler scheduler(&pair.server, *CreatePolicy(std::string_view("rr")));
  pair.on_event = [&](const Event& event) { scheduler.OnEvent(event); };
  const StreamId id = pair.Get();
  const std::string_view type = "text/plain";
  ASSERT_TRUE(scheduler
                  .Submit(id, {{":status", "200"}, {"content-type", type}},
                          std::make_unique<Body>("hello"),
                          {.trailers = {{"x-sum", std::string("1")}}})
                  .ok());
  EXPECT_EQ(scheduler.Pull(16384), 5u);
  pair.Carry();
  EXPECT_EQ(pair.got, "hello");
}

}  // namespace
