// Every error is answered with its code; see error_table.h.

#include "tests/h2/error_table.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>

#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

using ::testing::Contains;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

constexpr uint8_t kEnds = kEndHeaders | kEndStream;

std::vector<ErrorRow> AllRows() {
  std::vector<ErrorRow> rows;
  for (const auto& part : {FramingErrors(), StreamErrors(), MessageErrors(),
                           CompressionErrors(), PriorityErrors()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

void ServerSetUp(Given given, Player& server) {
  if (given == Given::kReady) return;
  const bool ended = given == Given::kRequestEnded || given == Given::kAnswered;
  ASSERT_TRUE(
      server
          .Receive(HeadersFrame(1, Block(Get()),
                                ended ? uint8_t{kEnds} : uint8_t{kEndHeaders}))
          .ok());
  if (given == Given::kAnswered) {
    ASSERT_TRUE(server->SendHeaders(1, Status(), {.end_stream = true}).ok());
  } else if (given == Given::kResetByUs) {
    ASSERT_TRUE(server->ResetStream(1, ErrorCode::kCancel).ok());
  } else if (given == Given::kResetByPeer) {
    ASSERT_TRUE(server.Receive(RstStreamFrame(1, ErrorCode::kCancel)).ok());
  } else if (given == Given::kPromised) {
    ASSERT_TRUE(server->PushStream(1, 2, Get("/pushed")).ok());
  }
}

void ClientSetUp(Given given, Player& client) {
  if (given == Given::kReady) return;
  const bool ended = given == Given::kRequestEnded || given == Given::kAnswered;
  ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = ended}).ok());
  if (given == Given::kAnswered) {
    ASSERT_TRUE(client.Receive(HeadersFrame(1, Block(Status()), kEnds)).ok());
  } else if (given == Given::kResetByUs) {
    ASSERT_TRUE(client->ResetStream(1, ErrorCode::kCancel).ok());
  } else if (given == Given::kResetByPeer) {
    ASSERT_TRUE(client.Receive(RstStreamFrame(1, ErrorCode::kCancel)).ok());
  } else if (given == Given::kPromised) {
    ASSERT_TRUE(
        client.Receive(PushPromiseFrame(1, 2, Block(Get("/pushed")))).ok());
  }
}

// GOAWAY and RST_STREAM frames as ErrorRow::answer has them.
std::vector<std::string> Answers(const std::vector<std::string>& frames) {
  std::vector<std::string> answers;
  for (const std::string& frame : frames) {
    const std::vector<std::string> words = absl::StrSplit(frame, ' ');
    if (words[0] == "GOAWAY") {
      answers.push_back(absl::StrCat("GOAWAY ", words[3]));  // GOAWAY last N …
    } else if (words[0] == "RST_STREAM") {
      answers.push_back(frame);
    }
  }
  return answers;
}

class ErrorTableTest : public ::testing::TestWithParam<ErrorRow> {};

TEST_P(ErrorTableTest, IsAnsweredWithItsCode) {
  const ErrorRow& row = GetParam();
  SCOPED_TRACE(row.section);
  ConnectionOptions options;
  options.side = row.side;
  options.settings = row.our_settings;
  UnderEveryFeeding(options, [&](Player& player) {
    if (row.given == Given::kInitiated) {
      ASSERT_TRUE(player->InitiateConnection().ok());
    } else {
      player.Handshake(row.peer_settings);
      row.side == Side::kServer ? ServerSetUp(row.given, player)
                                : ClientSetUp(row.given, player);
    }
    player.TakeEvents();
    player.TakeFrames();

    const absl::Status status = player.Receive(row.bytes);
    const std::vector<std::string> events = player.TakeEvents();
    ASSERT_THAT(Answers(player.TakeFrames()), ElementsAreArray(row.answer))
        << ::testing::PrintToString(events);
    const bool ends =
        !row.answer.empty() && absl::StartsWith(row.answer[0], "GOAWAY");
    if (ends) {
      EXPECT_TRUE(player->IsTerminated());
      const absl::string_view code = absl::string_view(row.answer[0]).substr(7);
      EXPECT_TRUE(absl::StrContains(StatusText(status), code))
          << StatusText(status);
      std::vector<Event> more;
      EXPECT_FALSE(player->ReceiveData(PingFrame("12345678"), &more).ok());
      EXPECT_THAT(more, IsEmpty());
      EXPECT_EQ(player->OutputSize(), 0u);
    } else {
      EXPECT_EQ(StatusText(status), "OK");
      EXPECT_FALSE(player->IsTerminated());
      EXPECT_TRUE(player.Receive(PingFrame("12345678")).ok());
      EXPECT_THAT(player.TakeFrames(), Contains("PING ACK \"12345678\""));
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Rows, ErrorTableTest, ::testing::ValuesIn(AllRows()),
                         [](const auto& info) { return info.param.name; });

TEST(ErrorTableTest, EveryRowHasANameOfItsOwnAndASection) {
  std::set<std::string> names;
  for (const ErrorRow& row : AllRows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(absl::StrContains(row.section, "RFC ") &&
                absl::StrContains(row.section, "§"))
        << row.name;
  }
}

}  // namespace

// Keeps GoogleTest from printing a row's bytes.
void PrintTo(const ErrorRow& row, std::ostream* out) {
  *out << row.section << " " << row.name;
}

}  // namespace sluice::h2::tests
