// Host and :authority of one request (RFC 9113 §8.3.1): the same entity after
// normalisation by RFC 3986 §6.2.2 and §6.2.3, or a malformed request. Through
// every way that a request takes in and out.
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

struct Case {
  const char* scheme;
  const char* authority;
  const char* host;
  bool same;
};

constexpr Case kCases[] = {
    {"https", "example.com", "example.com", true},
    {"https", "example.com", "other.com", false},
    {"https", "example.com", "", false},
    // Case (§6.2.2.1).
    {"https", "Example.COM", "example.com", true},
    {"HTTPS", "example.com:443", "EXAMPLE.com", true},
    // The scheme's default port, and an empty one (§6.2.3).
    {"https", "example.com", "example.com:443", true},
    {"https", "example.com:443", "example.com", true},
    {"https", "example.com", "example.com:", true},
    {"https", "example.com:", "example.com:443", true},
    {"https", "example.com", "example.com:80", false},
    {"http", "example.com", "example.com:80", true},
    {"http", "example.com", "example.com:443", false},
    {"http", "example.com:8080", "example.com:8080", true},
    {"http", "example.com:8080", "example.com", false},
    {"ftp", "example.com:", "example.com", true},
    {"ftp", "example.com:80", "example.com", false},
    // Percent-encoding (§6.2.2.2): of unreserved characters alone.
    {"https", "ex%61mple.com", "example.com", true},
    {"https", "example%2Ecom", "example.com", true},
    {"https", "ex%41mple.com", "example.com", true},
    {"https", "a%2d%2D%5f%7E.com", "a--_~.com", true},
    {"https", "%C3%BC.com", "%c3%bc.com", true},
    {"https", "a%2Fb", "a/b", false},
    {"https", "a%3A443", "a:443", false},
    {"https", "a%3A443", "a", false},
    {"https", "a%2", "a%2", true},
    {"https", "a%zz", "a%ZZ", true},
    {"https", "%2561", "a", false},
    // IPv6 literals.
    {"https", "[2001:DB8::1]", "[2001:db8::1]:443", true},
    {"https", "[2001:db8::1]:", "[2001:db8::1]", true},
    {"https", "[2001:db8::1]:8443", "[2001:db8::1]", false},
    {"https", "[::443]", "[::]:443", false},
    {"https", "[::1]", "[::2]", false},
    // A colon that divides no host from a port.
    {"https", "example.com:x", "example.com", false},
    {"https", "2001:db8::443", "2001:db8:", false},
};

std::vector<Header> Request(const Case& c) {
  return {{":method", "GET"},
          {":scheme", c.scheme},
          {":authority", c.authority},
          {":path", "/"},
          {"host", c.host}};
}

std::string Name(const Case& c) {
  return absl::StrCat(c.scheme, " :authority ", c.authority, " host ", c.host);
}

TEST(AuthorityTest, ARequestComesInWhereItsHostIsTheSame) {
  UnderEveryFeeding(ServerOptions(), [](Player& server) {
    server.Handshake();
    StreamId id = 1;
    for (const Case& c : kCases) {
      ASSERT_TRUE(server
                      .Receive(HeadersFrame(id, Block(Request(c)),
                                            kEndHeaders | kEndStream))
                      .ok());
      const std::string first = server.TakeEvents().at(0);
      EXPECT_EQ(absl::StartsWith(first, "RequestReceived"), c.same)
          << Name(c) << ": " << first;
      if (!c.same) {
        EXPECT_THAT(server.TakeFrames(),
                    ::testing::ElementsAre(
                        absl::StrCat("RST_STREAM ", id, " PROTOCOL_ERROR")));
      }
      id += 2;
    }
  });
}

TEST(AuthorityTest, ARequestGoesOutWhereItsHostIsTheSame) {
  Player client(ClientOptions(), Feeding::Whole());
  client.Handshake();
  for (const Case& c : kCases) {
    const StreamId id = *client->GetNextAvailableStreamId();
    EXPECT_EQ(StatusText(client->SendHeaders(id, Request(c))),
              c.same ? "OK"
                     : absl::StrCat(
                           "ERROR InvalidHeaders PROTOCOL_ERROR stream ", id))
        << Name(c);
  }
}

TEST(AuthorityTest, APromiseGoesOutWhereItsHostIsTheSame) {
  Player server(ServerOptions(), Feeding::Whole());
  server.Handshake();
  ASSERT_TRUE(server.Receive(HeadersFrame(1, Block(Get()))).ok());
  for (const Case& c : kCases) {
    const StreamId id = *server->GetNextAvailableStreamId();
    EXPECT_EQ(server->PushStream(1, id, Request(c)).ok(), c.same) << Name(c);
  }
}

TEST(AuthorityTest, APromiseComesInWhereItsHostIsTheSame) {
  Player client(ClientOptions(), Feeding::Whole());
  client.Handshake();
  ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
  StreamId id = 2;
  for (const Case& c : kCases) {
    ASSERT_TRUE(
        client.Receive(PushPromiseFrame(1, id, Block(Request(c)))).ok());
    EXPECT_EQ(
        absl::StartsWith(client.TakeEvents().at(0), "PushedStreamReceived"),
        c.same)
        << Name(c);
    id += 2;
  }
}

}  // namespace
}  // namespace sluice::h2::tests
