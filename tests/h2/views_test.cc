// How long the views of events are valid: see h2/events.h.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "absl/base/config.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/event_text.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

// A loop that takes Header by mistake does not copy: it does not compile.
static_assert(!std::is_convertible_v<HeaderView, Header>);

constexpr uint8_t kEnds = kEndHeaders | kEndStream;

class ViewsTest : public ::testing::Test {
 protected:
  ViewsTest() : server_(ServerOptions()) {
    EXPECT_TRUE(server_.InitiateConnection().ok());
    Receive(absl::StrCat(kPreface, SettingsFrame(), SettingsAckFrame()));
    server_.ClearOutput();
  }

  // Its events.
  std::vector<Event> Receive(absl::string_view bytes) {
    std::vector<Event> events;
    EXPECT_EQ(StatusText(server_.ReceiveData(bytes, &events)), "OK");
    return events;
  }

  Connection server_;
};

std::string GetFrame(StreamId id, absl::string_view path) {
  return HeadersFrame(id, Block(Get(path)), kEnds);
}

TEST_F(ViewsTest, HeadersOfAllEventsOfAReadAreValidTogether) {
  std::string bytes;
  for (StreamId id = 1; id < 100; id += 2) {
    bytes += GetFrame(id, absl::StrCat("/", id, std::string(1000, 'p')));
  }
  StreamId id = 1;
  for (const Event& event : Receive(bytes)) {
    const auto* request = std::get_if<RequestReceived>(&event);
    if (request == nullptr) continue;
    EXPECT_EQ(request->headers.Find(":path"),
              absl::StrCat("/", id, std::string(1000, 'p')));
    id += 2;
  }
  EXPECT_EQ(id, 101u);
}

// What comes next has the same memory, and a block that is open stays whole.
TEST_F(ViewsTest, TheyEndWhereTheCallerSaysSo) {
  const std::string block = Block(Get("/3"));
  std::vector<Event> events = Receive(
      GetFrame(1, "/1") + HeadersFrame(3, block.substr(0, 5), kEndStream));
  ASSERT_EQ(events.size(), 2u);
  server_.EndViews();
  server_.EndViews();
  events = Receive(ContinuationFrame(3, block.substr(5), kEndHeaders));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(std::get<RequestReceived>(events[0]).headers.Find(":path"), "/3");
}

TEST_F(ViewsTest, OtherCallsDoNotEndThem) {
  const std::vector<Event> events =
      Receive(GetFrame(1, "/1") + GetFrame(3, "/3"));
  ASSERT_TRUE(server_.SendHeaders(1, Status()).ok());
  ASSERT_TRUE(server_.SendData(1, absl::Cord("x"), {.end_stream = true}).ok());
  ASSERT_TRUE(server_.ResetStream(3, ErrorCode::kCancel).ok());
  ASSERT_TRUE(server_.AdvanceTime(absl::Seconds(1)).ok());
  const Setting more[] = {{SettingId::kMaxConcurrentStreams, 10}};
  ASSERT_TRUE(server_.UpdateSettings(more).ok());
  server_.DataToSend();
  ASSERT_TRUE(server_.CloseConnection(ErrorCode::kInternalError).ok());
  EXPECT_EQ(EventText(events[0]),
            "RequestReceived 1 " + HeadersText(Get("/1")) + " ended");
  EXPECT_EQ(EventText(events[2]),
            "RequestReceived 3 " + HeadersText(Get("/3")) + " ended");
}

TEST_F(ViewsTest, ARefusedSectionBetweenOthersHarmsNone) {
  const std::string refused =
      HeadersFrame(3, Block(With(Get("/3"), {{"Upper", "x"}})), kEnds);
  const std::vector<Event> events =
      Receive(GetFrame(1, "/1") + refused + GetFrame(5, "/5"));
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(EventText(events[0]),
            "RequestReceived 1 " + HeadersText(Get("/1")) + " ended");
  EXPECT_EQ(EventText(events[3]),
            "RequestReceived 5 " + HeadersText(Get("/5")) + " ended");
}

TEST_F(ViewsTest, ABlockThatContinuesInLaterReadsIsWhole) {
  const std::vector<Header> headers =
      With(Get(), {{"x", std::string(25'000, 'x')}, {"y", "z"}});
  const std::string block = Block(headers);
  Receive(HeadersFrame(1, block.substr(0, 10), kEndStream));
  Receive(ContinuationFrame(1, block.substr(10, 10'000), 0));
  const std::vector<Event> events =
      Receive(ContinuationFrame(1, block.substr(10'010)) + GetFrame(3, "/3"));
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(std::get<RequestReceived>(events[0]).headers.ToHeaders(), headers);
  EXPECT_EQ(std::get<RequestReceived>(events[2]).headers.Find(":path"), "/3");
}

TEST_F(ViewsTest, OwningCopiesOutliveTheNextRead) {
  std::vector<Header> copies;
  {
    const std::vector<Event> events = Receive(GetFrame(1, "/1"));
    copies = std::get<RequestReceived>(events[0]).headers.ToHeaders();
  }
  Receive(GetFrame(3, "/another"));
  EXPECT_EQ(copies, Get("/1"));
}

TEST_F(ViewsTest, DataPointsIntoTheBytesThatTheCallerGave) {
  Receive(HeadersFrame(1, Block(Post())));
  const std::string bytes =
      DataFrame(1, "hello") + RawFrame(kData, kPadded, 1, Padded("world", 9));
  for (const size_t cut : {bytes.size(), size_t{11}, size_t{27}}) {
    std::string body;
    for (const absl::string_view piece :
         {absl::string_view(bytes).substr(0, cut),
          absl::string_view(bytes).substr(cut)}) {
      for (const Event& event : Receive(piece)) {
        const absl::string_view data = std::get<DataReceived>(event).data;
        if (data.empty()) continue;
        EXPECT_GE(data.data(), bytes.data());
        EXPECT_LE(data.data() + data.size(), bytes.data() + bytes.size());
        absl::StrAppend(&body, data);
      }
    }
    EXPECT_EQ(body, "helloworld") << "cut at " << cut;
  }
}

// Reads the text, so that nothing optimises it away.
void Use(absl::string_view text) {
  volatile char sum = 0;
  for (const char c : text) sum = static_cast<char>(sum + c);
}

TEST_F(ViewsTest, AHeaderThatIsUsedTooLateIsFoundByAddressSanitizer) {
#ifndef ABSL_HAVE_ADDRESS_SANITIZER
  GTEST_SKIP() << "other builds use the memory again, so that no read needs an "
                  "allocation";
#endif
  // What comes again is taken from memory, and its views end all the same.
  for (StreamId id = 1; id < 20; id += 2) {
    const std::vector<Event> events = Receive(GetFrame(id, "/1"));
    const HeaderList headers = std::get<RequestReceived>(events[0]).headers;
    const HeaderView path = headers[3];
    Use(path.value);
    Receive(PingFrame("12345678"));
    if (id != 1 && id != 19) continue;
    EXPECT_DEATH(Use(path.value), "AddressSanitizer: heap-use-after-free");
    EXPECT_DEATH(Use(headers[0].name), "AddressSanitizer: heap-use-after-free");
  }
}

}  // namespace
}  // namespace sluice::h2::tests
