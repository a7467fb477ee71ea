// The ends that benchmarks/micro:core measures do the whole work: every message
// comes whole, whichever library is at the other end.
#include "benchmarks/micro/exchange.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <tuple>

#include "benchmarks/micro/parts.h"
#include "gtest/gtest.h"

namespace sluice::benchmarks {
namespace {

enum class Library {
  kSluice,
  kNghttp2Copy,
  kNghttp2NoCopy,
  // Servers only.
  kAdapterCopy,
  kAdapterNoCopy,
};

std::unique_ptr<ClientEnd> MakeClient(Library library, const Exchange& of) {
  return library == Library::kSluice
             ? MakeSluiceClient(of)
             : MakeNghttp2Client(of, library == Library::kNghttp2NoCopy);
}

std::unique_ptr<End> MakeServer(Library library, const Exchange& of) {
  switch (library) {
    case Library::kSluice:
      return MakeSluiceServer(of);
    case Library::kNghttp2Copy:
      return MakeNghttp2Server(of, /*no_copy=*/false);
    case Library::kNghttp2NoCopy:
      return MakeNghttp2Server(of, /*no_copy=*/true);
    case Library::kAdapterCopy:
      return MakeNghttp2Server(of, /*no_copy=*/false, "rfc7540");
    case Library::kAdapterNoCopy:
      return MakeNghttp2Server(of, /*no_copy=*/true, "auto");
  }
  return nullptr;
}

class ExchangeTest
    : public testing::TestWithParam<std::tuple<Library, Library>> {
 protected:
  // Bytes that the server wrote for 30 requests, ten at once.
  uint64_t BytesOf(const Exchange& exchange) {
    const auto client = MakeClient(std::get<0>(GetParam()), exchange);
    const auto server = MakeServer(std::get<1>(GetParam()), exchange);
    for (uint64_t i = 0; i < exchange.unanswered; ++i) client->Request();
    uint64_t bytes = 0;
    for (uint64_t round = 1; round <= 3; ++round) {
      for (int i = 0; i < 10; ++i) client->Request();
      bytes += Carry(*client, *server, 10 * round).to_client;
      EXPECT_EQ(client->done(), 10 * round);
    }
    return bytes;
  }
};

TEST_P(ExchangeTest, ResponsesWithABodyAreWhole) {
  EXPECT_GE(BytesOf(BrowserExchange(100000)), 30 * 100000u);
  EXPECT_LT(BytesOf(BrowserExchange(100000)), 30 * 101000u);
}

TEST_P(ExchangeTest, ResponsesWithoutABodyAreSmall) {
  EXPECT_LT(BytesOf(BrowserExchange(0)), 30 * 100u + 200);
  EXPECT_LT(BytesOf(ApiExchange(0)), 30 * 100u + 200);
}

TEST_P(ExchangeTest, RequestsWithABodyAndResponsesWithTrailersAreAnswered) {
  EXPECT_GE(BytesOf(GrpcExchange(1000)), 30 * 1000u);
  BytesOf(GrpcExchange(0));
  BytesOf(UploadExchange(100000));
}

TEST_P(ExchangeTest, EachBodyHasItsOwnLengthWhereTheMessagesDiffer) {
  constexpr uint64_t kLonger = 30 * 29 / 2;
  EXPECT_GE(BytesOf(PathsExchange(1000)), 30 * 1000u + kLonger);
  EXPECT_LT(BytesOf(PathsExchange(0)), 30 * 100u + 200);
}

// HEADERS frames of one end, without their frame headers.
std::set<std::string> HeadersOf(const Exchange& exchange, Library library,
                                bool of_client) {
  const auto client = MakeClient(library, exchange);
  const auto server = MakeServer(library, exchange);
  std::set<std::string> blocks;
  for (uint64_t round = 1; round <= 20; ++round) {
    std::string sent;
    std::string answered;
    client->Request();
    Carry(*client, *server, round, &sent, &answered);
    // The first rounds have other frames, and fill the tables of HPACK.
    if (round > 10) blocks.insert((of_client ? sent : answered).substr(9));
  }
  return blocks;
}

TEST(MessagesTest, AllDifferOrAllAreTheSame) {
  for (const Library library : {Library::kSluice, Library::kNghttp2Copy}) {
    for (const bool of_client : {true, false}) {
      EXPECT_EQ(HeadersOf(PathsExchange(0), library, of_client).size(), 10u);
      EXPECT_EQ(HeadersOf(BrowserExchange(0), library, of_client).size(), 1u);
    }
  }
}

TEST_P(ExchangeTest, StreamsWithoutAnAnswerHoldUpNobody) {
  Exchange exchange = BrowserExchange(1000);
  exchange.unanswered = 500;
  EXPECT_GE(BytesOf(exchange), 30 * 1000u);
}

const Library kClients[] = {Library::kSluice, Library::kNghttp2Copy,
                            Library::kNghttp2NoCopy};
const Library kServers[] = {Library::kSluice, Library::kNghttp2Copy,
                            Library::kNghttp2NoCopy, Library::kAdapterCopy,
                            Library::kAdapterNoCopy};

std::string NameOf(
    const testing::TestParamInfo<std::tuple<Library, Library>>& pair) {
  const std::string names[] = {"Sluice", "Nghttp2Copy", "Nghttp2NoCopy",
                               "AdapterCopy", "AdapterNoCopy"};
  return names[static_cast<int>(std::get<0>(pair.param))] + "To" +
         names[static_cast<int>(std::get<1>(pair.param))];
}

INSTANTIATE_TEST_SUITE_P(AllPairs, ExchangeTest,
                         testing::Combine(testing::ValuesIn(kClients),
                                          testing::ValuesIn(kServers)),
                         NameOf);

// A part aborts at its first fault.
TEST(PartsTest, EveryPartServesEveryKindOfMessage) {
  for (const Exchange& exchange : {BrowserExchange(0), BrowserExchange(100000),
                                   ApiExchange(1000), GrpcExchange(1000)}) {
    MakeHpackPart(exchange)->Round(10);
    for (const char* policy : {"rfc7540", "auto", "rr"}) {
      const std::unique_ptr<Part> part = MakeCAbiPart(policy, exchange);
      for (int round = 0; round < 3; ++round) part->Round(10);
    }
  }
}

}  // namespace
}  // namespace sluice::benchmarks
