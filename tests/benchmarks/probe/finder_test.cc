// Which bodies the probe finds, and which URLs it understands.
#include "benchmarks/probe/finder.h"

#include <sluice/h2/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/probe/url.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/benchmarks/probe/memory_server.h"

namespace sluice::probe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Url UrlOf(absl::string_view text) { return *ParseUrl(text); }

std::vector<std::string> Texts(const std::vector<Url>& urls) {
  std::vector<std::string> texts;
  for (const Url& url : urls) texts.push_back(url.ToString());
  return texts;
}

TEST(UrlTest, HasAPortAPathAndAnAuthority) {
  EXPECT_EQ(UrlOf("https://Example.com").ToString(), "https://example.com/");
  EXPECT_EQ(UrlOf("http://a:8080/b?c=d#e").ToString(), "http://a:8080/b?c=d");
  EXPECT_EQ(UrlOf("https://a:443/").Authority(), "a");
  EXPECT_EQ(UrlOf("http://[::1]:8080/x").host, "::1");
  EXPECT_EQ(UrlOf("http://[::1]:8080/x").Authority(), "[::1]:8080");
  EXPECT_EQ(UrlOf("http://a?b").path, "/?b");
}

TEST(UrlTest, WhatIsNoUrlIsRefused) {
  for (const char* text :
       {"", "localhost", "ftp://a/", "http://", "http://a:0/", "http://a:x/",
        "http://a:70000/", "http://me:word@a/", "http://a b/", "http://[::1/",
        "http://[[]/", "http://[a]/", "http://a]/", "https:///x"}) {
    EXPECT_THAT(ParseUrl(text).status().message(),
                HasSubstr("is no URL to probe"))
        << text;
  }
}

TEST(UrlTest, ReferencesAreResolved) {
  const Url base = UrlOf("https://a/b/c?d");
  const auto resolved = [&](absl::string_view reference) {
    return Resolve(reference, base)->ToString();
  };
  EXPECT_EQ(resolved("x"), "https://a/b/x");
  EXPECT_EQ(resolved("/x?y:z"), "https://a/x?y:z");
  EXPECT_EQ(resolved("../../x/./y/.."), "https://a/x/");
  EXPECT_EQ(resolved("?q"), "https://a/b/c?q");
  EXPECT_EQ(resolved("#f"), "https://a/b/c?d");
  EXPECT_EQ(resolved("//e/f"), "https://e/f");
  EXPECT_EQ(resolved("http://e/f"), "http://e/f");
  EXPECT_FALSE(Resolve("mailto:a@b", base).ok());
  EXPECT_FALSE(Resolve("a b", base).ok());
}

TEST(UrlTest, LinksToTheSameServerAreFoundOnce) {
  EXPECT_THAT(
      Texts(LinksOf("<IMG SRC=a.png><a href='/b?x=1&amp;y=2'>"
                    "<script src = \"a.png\"></script>"
                    "<a href=https://elsewhere/c><a data-src=d><a href=\"e",
                    UrlOf("https://here/p/"))),
      ElementsAre("https://here/p/a.png", "https://here/b?x=1&y=2"));
  EXPECT_THAT(LinksOf("src href= src=\xff href", UrlOf("http://a/")),
              IsEmpty());
}

// What the finder finds at `low`: "LOW HIGH", or why it fails.
std::string Found(const ServerOptions& options, absl::string_view low = "/",
                  std::optional<std::string> high = std::nullopt) {
  const Url base = UrlOf("http://localhost/");
  std::optional<Url> high_url;
  if (high) high_url = *Resolve(*high, base);
  Finder finder(*Resolve(low, base), high_url);
  const absl::Status status = Conduct(options, &finder);
  if (!status.ok()) return std::string(status.message());
  return finder.target().low_path + " " + finder.target().high_path;
}

ServerOptions Serving(std::map<std::string, Response> pages) {
  ServerOptions options;
  options.pages.merge(pages);
  return options;
}

Response Page(std::string html) {
  return {.body = std::move(html),
          .fields = {{"content-type", "text/html; charset=utf-8"}}};
}

TEST(FinderTest, OneLargeBodyServesAsBoth) {
  EXPECT_EQ(Found(ServerOptions(), "/big"), "/big /big");
}

TEST(FinderTest, ABodyWithoutALengthIsCounted) {
  EXPECT_EQ(
      Found(Serving({{"/x",
                      {.body = std::string(kBody, 'x'), .has_length = false}}}),
            "/x"),
      "/x /x");
}

TEST(FinderTest, LowAndHighAreBothAskedFor) {
  EXPECT_EQ(
      Found(Serving({{"/x", {.body = std::string(kBody, 'x')}}}), "/big", "/x"),
      "/big /x");
  EXPECT_EQ(Found(Serving({{"/x", {.body = "small"}}}), "/big", "/x"),
            "the body of /x has 1 KB, and the probe needs 320 KB; name larger "
            "ones with --low and --high");
  EXPECT_EQ(Found(ServerOptions(), "/big", "/none"),
            "the server answers /none with status 404, not 200");
}

TEST(FinderTest, ThePagesLinksAreTriedInTurn) {
  EXPECT_EQ(Found(Serving({{"/", Page("<img src=none><img src=s><a href=big>"
                                      "<a href=other>")},
                           {"/s", {.body = "small"}}})),
            "/big /big");
}

TEST(FinderTest, WithoutALargeBodyItSaysTheLargest) {
  EXPECT_EQ(
      Found(Serving({{"/", Page("<img src=s>")},
                     {"/s", {.body = std::string(200'000, 's')}}})),
      "the largest body of the page and 1 links of it to the same server has "
      "196 KB, and the probe needs 320 KB; name larger ones with --low and "
      "--high");
  EXPECT_THAT(Found(Serving({{"/", {.body = "<a href=big>"}}})),
              HasSubstr("the body of / has 1 KB"));
}

TEST(FinderTest, ItFollowsRedirectionsOnTheServerOnly) {
  const auto to = [](const char* location) {
    return Response{
        .body = "", .fields = {{"location", location}}, .status = "302"};
  };
  EXPECT_EQ(Found(Serving({{"/", to("/big")}})), "/big /big");
  EXPECT_EQ(Found(Serving({{"/", to("https://elsewhere/big")}})),
            "the server redirects / to 'https://elsewhere/big'; name a URL "
            "that it answers itself");
  EXPECT_THAT(Found(Serving({{"/", to("/")}})), HasSubstr("redirects"));
  // It is shown on a terminal.
  EXPECT_THAT(Found(Serving({{"/", to("/\x1b[2J")}})),
              HasSubstr("to '/\\x1b[2J'"));
}

TEST(FinderTest, ItLearnsWhoTheServerIs) {
  Finder finder(UrlOf("http://localhost/big"));
  ServerOptions options;
  options.most_streams = 7;
  ASSERT_TRUE(Conduct(options, &finder).ok());
  EXPECT_EQ(finder.software(), "memory");
  EXPECT_EQ(finder.settings().at(h2::SettingId::kMaxConcurrentStreams), 7);
}

TEST(FinderTest, ASilentServerIsNotWaitedForLonger) {
  Finder finder(UrlOf("http://localhost/big"));
  ASSERT_TRUE(finder.Start(absl::ZeroDuration()).ok());
  EXPECT_EQ(finder.wake_at(), absl::Seconds(5));
  EXPECT_EQ(finder.OnTime(absl::Seconds(5)).message(),
            "the server sends no SETTINGS for 5 s");
}

}  // namespace
}  // namespace sluice::probe
