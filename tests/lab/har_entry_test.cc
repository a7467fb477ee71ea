#include "benchmarks/lab/capture/har_entry.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/capture/har_names.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::Pair;

// An entry of `fields`, which replace those of a plain one (RFC 7386).
HarEntry Read(absl::string_view fields, absl::string_view pages = "[]") {
  json entry = json::parse(R"({
    "startedDateTime": "2024-01-01T00:00:00.500Z", "time": 100,
    "request": {"method": "GET", "url": "https://a.example/x", "headers": []},
    "response": {"status": 200, "headers": [],
                 "content": {"size": 1000, "mimeType": "text/plain"}},
    "timings": {"blocked": 20, "send": 0, "wait": 50, "receive": 30}})");
  entry.merge_patch(json::parse(fields.begin(), fields.end()));
  json har;
  har["log"]["pages"] = json::parse(pages.begin(), pages.end());
  har["log"]["entries"] = json::array({std::move(entry)});
  absl::StatusOr<HarLog> log = ReadHarLog(har, "x.har");
  EXPECT_TRUE(log.ok()) << log.status();
  return log.ok() ? log->entries.front() : HarEntry();
}

TEST(HarEntryTest, BytesComeFromTheFieldThatIsClosestToTheWire) {
  const struct {
    absl::string_view fields;
    uint64_t bytes;
  } cases[] = {
      {"{}", 1000},  // content.size
      {R"({"response":{"content":{"compression":300}}})", 700},
      {R"({"response":{"content":{"compression":-50}}})", 1050},
      {R"({"response":{"bodySize":-1}})", 1000},
      {R"({"response":{"bodySize":600}})", 600},
      {R"({"response":{"bodySize":600,"_transferSize":800}})", 800},
      {R"({"response":{"_transferSize":800,"headersSize":150}})", 650},
      // Headers alone: a body that is not empty takes bytes.
      {R"({"response":{"_transferSize":80,"headersSize":150}})", 1000},
      {R"({"response":{"_transferSize":150,"headersSize":150,"bodySize":0,
           "headers":[{"name":"Content-Encoding","value":"br"}]}})",
       1000},
      {R"({"response":{"_transferSize":150,"headers":[
           {"name":"Content-Length","value":"4000"}]}})",
       1000},
      {R"({"response":{"bodySize":-170,"_transferSize":900}})", 900},
      {R"({"response":{"bodySize":600,"_transferSize":1e300}})", 600},
      {R"({"response":{"bodySize":"x","_transferSize":[]},"_bytesIn":700})",
       700},
      {R"({"response":{"content":{"compression":1000}}})", 1000},
      // A Content-Length that cannot be.
      {R"({"response":{"bodySize":600,
           "headers":[{"name":"content-length","value":"0"}]}})",
       600},
      {R"({"request":{"method":"HEAD"},"response":{"bodySize":0,
           "headers":[{"name":"content-length","value":"400"}]}})",
       0},
      // Of Chrome's DevTools: with the headers, whose size it does not tell.
      {R"({"response":{"_transferSize":1050,"headersSize":-1}})", 1000},
      {R"({"response":{"_transferSize":1050,"headersSize":-1,
           "headers":[{"name":"content-encoding","value":"br"}]}})",
       1050},
      // Of Firefox: with the headers.
      {R"({"response":{"bodySize":600,"headersSize":150}})", 600},
      {R"({"_securityState":"secure",
           "response":{"bodySize":600,"headersSize":150}})",
       450},
      {R"({"_securityState":"secure","response":{"bodySize":600}})", 600},
      {R"({"response":{"_transferSize":800},"_objectSize":500})", 500},
      {R"({"_objectSize":"500"})", 500},
      {R"({"_objectSize":"","_bytesIn":"550"})", 550},
      {R"({"response":{"headers":[{"name":"Content-Length","value":"400"}]}})",
       400},
      {R"({"response":{"bodySize":600,
           "headers":[{"name":"content-length","value":"400"}]}})",
       400},
      {R"({"response":{"bodySize":600,
           "headers":[{"name":"content-length","value":"4000"}]}})",
       600},
      {R"({"response":{"bodySize":600,"status":304}})", 0},
      {R"({"response":{"bodySize":599.6}})", 600},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Read(c.fields).bytes, c.bytes) << c.fields;
  }
  EXPECT_FALSE(Read("{}").decoded);
  EXPECT_TRUE(Read(R"({"response":{"headers":[
      {"name":"Content-Encoding","value":"br"}]}})")
                  .decoded);
}

TEST(HarEntryTest, EntriesThatDidNotComeOverHttpAreLeftOutWithTheReason) {
  const struct {
    absl::string_view fields;
    HarFate fate;
  } cases[] = {
      {"{}", HarFate::kKept},
      {R"({"request":{"url":"data:text/css,"}})", HarFate::kNotHttp},
      {R"({"request":{"url":"blob:https://a.example/1"}})", HarFate::kNotHttp},
      {R"({"request":{"url":"HTTPS://a.example/"}})", HarFate::kKept},
      {R"({"_resourceType":"websocket"})", HarFate::kNotHttp},
      {R"({"_fromCache":"disk"})", HarFate::kCached},
      {R"({"response":{"fromDiskCache":true}})", HarFate::kCached},
      {R"({"response":{"fromDiskCache":false}})", HarFate::kKept},
      {R"({"response":{"fromDiskCache":true,"fromEarlyHints":true,
           "_transferSize":0,"bodySize":0}})",
       HarFate::kKept},
      {R"({"_was_pushed":1,"response":{"fromDiskCache":true}})",
       HarFate::kKept},
      {R"({"_was_pushed":"1","_fromCache":"memory"})", HarFate::kKept},
      {R"({"_was_pushed":"0","_fromCache":"memory"})", HarFate::kCached},
      {R"({"_fetchType":"Network Load"})", HarFate::kKept},
      {R"({"_fetchType":"Memory Cache"})", HarFate::kCached},
      {R"({"_fetchType":"Disk Cache"})", HarFate::kCached},
      {R"({"_fetchType":"Service Worker"})", HarFate::kCached},
      {R"({"request":{"method":"connect","url":"https://a.example:443"}})",
       HarFate::kTunnel},
      // As Firefox writes an image of its cache; slower ones were loaded.
      {R"({"time":0,"timings":null,"response":{"content":{"size":null}}})",
       HarFate::kCached},
      {R"({"response":{"content":{"size":null}}})", HarFate::kKept},
      {R"({"response":{"status":null}})", HarFate::kKept},
      {R"({"response":{"status":null,"content":null}})", HarFate::kFailed},
      {R"({"response":{"status":null},"_responseCode":0})", HarFate::kFailed},
      {R"({"cache":{"beforeRequest":{"hitCount":1}}})", HarFate::kCached},
      {R"({"cache":{"beforeRequest":{}},"response":{"status":304}})",
       HarFate::kKept},
      {R"({"response":{"_transferSize":0}})", HarFate::kCached},
      {R"({"response":{"bodySize":0}})", HarFate::kCached},
      {R"({"response":{"bodySize":0,"content":{"size":0}}})", HarFate::kKept},
      {R"({"response":{"status":0}})", HarFate::kFailed},
      {R"({"response":{"status":-1,"bodySize":-1}})", HarFate::kFailed},
      {R"({"response":{"status":12029}})", HarFate::kFailed},
      {R"({"response":{"_error":"net::ERR_ABORTED","_transferSize":0}})",
       HarFate::kFailed},
      {R"({"response":{"_error":"net::ERR_ABORTED","_transferSize":9}})",
       HarFate::kKept},
      {R"({"response":{"_error":""}})", HarFate::kKept},
      {R"({"response":{"status":404}})", HarFate::kKept},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Read(c.fields).fate, c.fate) << c.fields;
  }
}

TEST(HarEntryTest, ARedirectLeadsToAnAbsoluteAddress) {
  EXPECT_FALSE(Read("{}").redirect);
  EXPECT_FALSE(
      Read(R"({"response":{"status":304,"redirectURL":"/y"}})").redirect);
  const HarEntry entry =
      Read(R"({"response":{"status":302,"redirectURL":"/y#part"}})");
  EXPECT_TRUE(entry.redirect);
  EXPECT_EQ(entry.redirect_url, "https://a.example/y");
  EXPECT_EQ(Read(R"({"response":{"status":302,"headers":[
                {"name":"Location","value":"z"}]}})")
                .redirect_url,
            "https://a.example/z");
}

TEST(HarEntryTest, AnAddressIsResolvedAgainstAnother) {
  const absl::string_view base = "https://a.example/b/c?d=/e";
  EXPECT_EQ(ResolveUrl(base, "http://x.example/y"), "http://x.example/y");
  EXPECT_EQ(ResolveUrl(base, "//x.example/y"), "https://x.example/y");
  EXPECT_EQ(ResolveUrl(base, "/y"), "https://a.example/y");
  EXPECT_EQ(ResolveUrl(base, "y?z"), "https://a.example/b/y?z");
  EXPECT_EQ(ResolveUrl("https://a.example", "y"), "https://a.example/y");
  EXPECT_EQ(ResolveUrl("", "y"), "/y");
}

TEST(HarEntryTest, ChromeTellsTheTypeThenTheRequestThenTheMimeType) {
  const struct {
    absl::string_view fields;
    ResourceType type;
  } cases[] = {
      {R"({"_resourceType":"stylesheet"})", ResourceType::kCss},
      {R"({"_resourceType":"xhr"})", ResourceType::kFetch},
      {R"({"_resourceType":"other"})", ResourceType::kOther},
      {R"({"_resourceType":"other",
           "response":{"content":{"mimeType":"text/css"}}})",
       ResourceType::kCss},
      {R"({"_resourceType":"other","request":{"headers":[
           {"name":"Sec-Fetch-Dest","value":"font"}]}})",
       ResourceType::kFont},
      {R"({"_resourceType":"other","_request_type":"Script"})",
       ResourceType::kJs},
      {R"({"_resourceType":"other",
           "response":{"content":{"mimeType":"image/png"}}})",
       ResourceType::kImage},
      // The page's icon is no image of the page.
      {R"({"_resourceType":"other","_initiator":{"type":"other"},
           "response":{"content":{"mimeType":"image/png"}}})",
       ResourceType::kOther},
      {R"({"_resourceType":"other",
           "response":{"content":{"mimeType":"image/x-icon"}}})",
       ResourceType::kOther},
      // A tool may call everything other, Chrome no frame.
      {R"({"_resourceType":"other",
           "response":{"content":{"mimeType":"text/html"}}})",
       ResourceType::kHtml},
      {R"({"_resourceType":"other","_initiator":{"type":"parser"},
           "response":{"content":{"mimeType":"text/html"}}})",
       ResourceType::kOther},
      // Nor is the body of a redirect what it leads to.
      {R"({"_resourceType":"other","response":{"status":302,
           "content":{"mimeType":"text/html"}}})",
       ResourceType::kOther},
      {R"({"_resourceType":"other","request":{"method":"OPTIONS"},
           "response":{"content":{"mimeType":"text/html"}}})",
       ResourceType::kFetch},
      {R"({"_request_type":"Image"})", ResourceType::kImage},
      {R"({"request":{"headers":[
           {"name":"Sec-Fetch-Dest","value":"style"}]}})",
       ResourceType::kCss},
      {R"({"request":{"headers":[
           {"name":"sec-fetch-dest","value":"empty"}]},
           "response":{"content":{"mimeType":"text/html"}}})",
       ResourceType::kFetch},
      {R"({"_resourceType":"prefetch",
           "response":{"content":{"mimeType":"text/css; charset=utf-8"}}})",
       ResourceType::kCss},
      {R"({"response":{"content":{"mimeType":"application/x-javascript"}}})",
       ResourceType::kJs},
      {R"({"response":{"content":{"mimeType":"font/woff2"}}})",
       ResourceType::kFont},
      {R"({"response":{"content":{"mimeType":"image/svg+xml"}}})",
       ResourceType::kImage},
      {R"({"response":{"content":{"mimeType":"application/ld+json"}}})",
       ResourceType::kFetch},
      {R"({"response":{"content":{"mimeType":"video/mp4"}}})",
       ResourceType::kMedia},
      {R"({"request":{"url":"https://a.example/f.WOFF2?v=1.css"},
           "response":{"content":{"mimeType":"application/octet-stream"}}})",
       ResourceType::kFont},
      {"{}", ResourceType::kOther},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Read(c.fields).type, c.type) << c.fields;
  }
}

TEST(HarEntryTest, LevelsAreReadInThreeVocabularies) {
  EXPECT_EQ(LevelOfName("VeryHigh"), ChromeLevel::kVeryHigh);
  EXPECT_EQ(LevelOfName("Highest"), ChromeLevel::kVeryHigh);
  EXPECT_EQ(LevelOfName("Lowest"), ChromeLevel::kVeryLow);
  EXPECT_EQ(LevelOfName("LOWEST"), ChromeLevel::kLow);  // of the network stack
  EXPECT_EQ(LevelOfName("Medium"), ChromeLevel::kMedium);
  EXPECT_EQ(LevelOfName("MEDIUM"), ChromeLevel::kHigh);
  EXPECT_EQ(LevelOfName("urgent"), std::nullopt);
}

TEST(HarEntryTest, AChangeOfLevelAndAHeaderAreKept) {
  const HarEntry changed =
      Read(R"({"_initialPriority":"Low","_priority":"High"})");
  EXPECT_EQ(changed.level, ChromeLevel::kLow);
  EXPECT_EQ(changed.final_level, ChromeLevel::kHigh);
  EXPECT_EQ(Read(R"({"_initialPriority":"Low","_priority":"Low"})").final_level,
            std::nullopt);
  EXPECT_EQ(Read(R"({"_priority":"gut"})").level, std::nullopt);
  const HarEntry agent =
      Read(R"({"_initial_priority":"Low","_priority":"Highest"})");
  EXPECT_EQ(agent.level, ChromeLevel::kLow);
  EXPECT_EQ(agent.final_level, ChromeLevel::kVeryHigh);

  const HarEntry chrome = Read(R"({"request":{"headers":[
      {"name":"User-Agent","value":"Mozilla/5.0 Chrome/156.0.0.0"},
      {"name":"priority","value":"u=1, i"}]}})");
  EXPECT_EQ(chrome.level, ChromeLevel::kHigh);
  EXPECT_TRUE(chrome.level_of_header);
  EXPECT_EQ(Read(R"({"request":{"headers":[
                {"name":"User-Agent","value":"Chrome/60"}]}})")
                .level,
            std::nullopt);
  EXPECT_EQ(chrome.firefox_urgency, std::nullopt);
  const HarEntry firefox = Read(R"({"request":{"headers":[
      {"name":"User-Agent","value":"Gecko/20100101 Firefox/140.0"},
      {"name":"Priority","value":"u=2"}]}})");
  EXPECT_EQ(firefox.level, std::nullopt);  // u=2 is no level of Chrome's
  EXPECT_EQ(firefox.firefox_urgency, 2);
  EXPECT_EQ(Read(R"({"request":{"headers":[
                {"name":"User-Agent","value":"Firefox/140.0"}]}})")
                .firefox_urgency,
            -1);
}

TEST(HarEntryTest, AnImagesHeaderHasTheFirstLevelIfChromeHasOnlyTheLast) {
  const auto read = [](absl::string_view type, absl::string_view header) {
    return Read(absl::StrCat(R"({"_priority":"High","_resourceType":")", type,
                             R"(","request":{"headers":[
        {"name":"User-Agent","value":"Mozilla/5.0 Chrome/156.0.0.0"},
        {"name":")",
                             header, R"(","value":"u=2, i"}]}})"));
  };
  const HarEntry image = read("image", "priority");
  EXPECT_EQ(image.level, ChromeLevel::kMedium);
  EXPECT_EQ(image.final_level, ChromeLevel::kHigh);
  EXPECT_FALSE(image.level_of_header);
  // Of an image from a cache the headers are not those that were sent.
  EXPECT_EQ(read("image", "x").level, ChromeLevel::kHigh);
  EXPECT_EQ(read("image", "x").final_level, std::nullopt);
  EXPECT_EQ(read("script", "priority").level, ChromeLevel::kHigh);
}

TEST(HarEntryTest, FirefoxsPriorityIsNoLevelButShowsADisplayedImage) {
  const auto read = [](absl::string_view type, absl::string_view priority) {
    json fields = {{"_securityState", "secure"}};
    fields["_resourceType"] = std::string(type);
    fields["_priority"] = std::string(priority);
    return Read(fields.dump());
  };
  for (absl::string_view priority :
       {"Highest", "High", "Normal", "Low", "Lowest"}) {
    EXPECT_EQ(read("image", priority).level, std::nullopt) << priority;
    EXPECT_EQ(read("image", priority).displayed,
              priority == "Highest" || priority == "High")
        << priority;
    EXPECT_FALSE(read("font", priority).displayed) << priority;
  }
}

TEST(HarEntryTest, ATimeWithoutAZoneIsUtc) {
  json har = json::parse(R"({"log":{"entries":[]}})");
  for (const char* start :
       {"2024-07-12T12:44:30", "2024-07-12T14:44:30.250000+02:00",
        "2024-07-12T12:44:30.750001"}) {
    har["log"]["entries"].push_back(
        {{"startedDateTime", start},
         {"time", 1},
         {"request", {{"url", "https://a.example/"}}},
         {"response", {{"status", 200}, {"bodySize", 1}}}});
  }
  const absl::StatusOr<HarLog> log = ReadHarLog(har, "x.har");
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->entries[1].start_ms, 250);
  EXPECT_NEAR(log->entries[2].start_ms, 750.001, 1e-6);
}

TEST(HarEntryTest, TimesCountFromTheFirstEntryAndIncludeTheQueue) {
  const HarEntry plain = Read("{}");
  EXPECT_EQ(plain.start_ms, 0);
  EXPECT_EQ(plain.first_byte_ms, 70);
  EXPECT_EQ(plain.end_ms, 100);
  // Unknown, or below by rounding: the sum of the parts.
  EXPECT_EQ(Read(R"({"time":null})").end_ms, 100);
  EXPECT_EQ(Read(R"({"time":-1,"timings":{"wait":-0.001}})").end_ms, 50);
  const HarEntry queued = Read(R"({"timings":{"_queued":40}})");
  EXPECT_EQ(queued.end_ms, 140);  // began 40 ms earlier
  const HarEntry created =
      Read(R"({"pageref":"p","_created":"450"})",
           R"([{"id":"p","startedDateTime":"2024-01-01T00:00:00Z"}])");
  EXPECT_EQ(created.end_ms, 150);
  const HarEntry load = Read(R"({"time":900,"_load_ms":80})");
  EXPECT_EQ(load.first_byte_ms, 50);
  EXPECT_EQ(load.end_ms, 80);
  EXPECT_EQ(Read(R"({"_load_ms":-1})").end_ms, 100);
}

TEST(HarEntryTest, ChunksBecomeProgressSinceTheFirstEntry) {
  const absl::string_view chunks =
      R"({"pageref":"p","_chunks":[{"ts":590,"bytes":30},{"ts":580,"bytes":10}]})";
  EXPECT_THAT(
      Read(chunks, R"([{"id":"p","startedDateTime":"2024-01-01T00:00:00Z"}])")
          .progress,
      ElementsAre(Pair(80, 10), Pair(90, 40)));
  EXPECT_TRUE(Read(chunks).progress.empty());  // from when?
}

TEST(HarEntryTest, ChunksStayWithinTheirEntryWheneverItsPageBegan) {
  const absl::string_view chunks =
      R"({"pageref":"p","_chunks":[{"ts":590,"bytes":30},{"ts":580,"bytes":10}]})";
  const auto read = [chunks](absl::string_view start) {
    return Read(chunks, absl::StrCat(R"([{"id":"p","startedDateTime":")", start,
                                     "\"}]"))
        .progress;
  };
  EXPECT_THAT(read("0001-01-01T00:00:00Z"),
              ElementsAre(Pair(0, 10), Pair(0, 40)));
  EXPECT_THAT(read("2023-01-01T00:00:00Z"),
              ElementsAre(Pair(0, 10), Pair(0, 40)));
  EXPECT_THAT(read("9999-01-01T00:00:00Z"),
              ElementsAre(Pair(100, 10), Pair(100, 40)));
}

TEST(HarEntryTest, EveryAddressInAStackIsAnInitiator) {
  const HarEntry script = Read(R"({"_initiator":{"type":"script","stack":{
      "callFrames":[{"url":"https://a.example/1.js#f"},{"url":""},
                    {"url":"https://a.example/1.js"}],
      "parent":{"callFrames":[{"url":"https://a.example/2.js"}]}}}})");
  EXPECT_EQ(script.initiator, HarInitiator::kScript);
  EXPECT_THAT(script.initiator_urls,
              ElementsAre("https://a.example/1.js", "https://a.example/2.js"));
  const HarEntry parser =
      Read(R"({"_initiator":"https://a.example/","_initiator_type":"parser"})");
  EXPECT_EQ(parser.initiator, HarInitiator::kParser);
  EXPECT_THAT(parser.initiator_urls, ElementsAre("https://a.example/"));
  const HarEntry preload =
      Read(R"({"_initiator_type":"parser","request":{"_isLinkPreload":true}})");
  EXPECT_EQ(preload.initiator, HarInitiator::kParser);
  EXPECT_TRUE(preload.preloaded);
  EXPECT_TRUE(Read(R"({"_initiator":{"type":"preload"}})").preloaded);
  EXPECT_FALSE(parser.preloaded);
  EXPECT_EQ(Read("{}").initiator, HarInitiator::kNone);
}

}  // namespace
}  // namespace sluice::lab
