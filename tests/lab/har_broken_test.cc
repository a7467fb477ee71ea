// HAR files with mistakes. Where no page can be made of one, a sentence names
// the entry; where a value can be done without, the page's note does. No file
// crashes, hangs or makes a page that cannot be loaded.
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/page/page_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

json Entry(absl::string_view url, int start_ms) {
  json entry = json::parse(R"({
    "startedDateTime": "2024-01-01T00:00:00.000Z", "time": 20,
    "request": {"method": "GET", "headers": []},
    "response": {"status": 200, "headers": [], "redirectURL": "",
                 "bodySize": 100, "content": {"size": 100}},
    "timings": {"send": 0, "wait": 10, "receive": 10}})");
  entry["request"]["url"] = std::string(url);
  entry["startedDateTime"] =
      absl::StrFormat("2024-01-01T00:00:00.%03dZ", start_ms);
  return entry;
}

// A document, a script and a stylesheet.
json Har() {
  json har;
  har["log"]["entries"] = json::array({Entry("https://a.example/index.html", 0),
                                       Entry("https://a.example/a.js", 50),
                                       Entry("https://a.example/b.css", 60)});
  return har;
}

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<Page> page = ParsePage(text, "x.har");
  if (page.ok()) return "no error";
  EXPECT_EQ(page.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(page.status().message());
}

TEST(BrokenHarTest, TheHarOfTheseTestsIsComplete) {
  EXPECT_EQ(ErrorOf(Har().dump()), "no error");
}

TEST(BrokenHarTest, EveryErrorNamesTheEntryAndTheField) {
  // All else can be done without.
  const std::set<std::string> needed = {
      "",   "/1/request",        "/1/request/url", "/2/response",
      "/1", "/2/startedDateTime"};
  const struct {
    absl::string_view where;  // JSON pointer below /log/entries
    absl::string_view value;  // JSON; empty: removed
    absl::string_view error;  // after "x.har: log.entries"
  } cases[] = {
      {"", "", ": must be an array of at least one entry"},
      {"", "[]", ": must be an array of at least one entry"},
      {"", "{}", ": must be an array of at least one entry"},
      {"/1", "7", "[1]: must be an object, not 7"},
      {"/1", "[[]]", "[1]: must be an object, not an array"},
      {"/1/request", "", "[1].request: is missing"},
      {"/1/request", "3", "[1].request: must be an object, not 3"},
      {"/1/request/url", "", "[1].request.url: is missing"},
      {"/1/request/url", "3", "[1].request.url: must be a string, not 3"},
      {"/1/request/headers", "{}",
       "[1] (https://a.example/a.js): "
       "request.headers: must be an array"},
      {"/1/request/headers", "[1]",
       "[1] (https://a.example/a.js): "
       "request.headers: must be an array of names and values"},
      {"/2/response", "",
       "[2] (https://a.example/b.css): response: is missing"},
      {"/2/response", "[]",
       "[2] (https://a.example/b.css): response: must be "
       "an object, not []"},
      {"/2/startedDateTime", "",
       "[2] (https://a.example/b.css): "
       "startedDateTime: is missing"},
      {"/2/startedDateTime", "\"yesterday\"",
       "[2] (https://a.example/b.css): "
       "startedDateTime: must be a time as 2020-01-31T12:00:00.000Z, not "
       "\"yesterday\""},
      {"/2/startedDateTime", "\"infinite-past\"",
       "[2] "
       "(https://a.example/b.css): startedDateTime: must be a time"},
      {"/2/startedDateTime", "1700000000",
       "[2] (https://a.example/b.css): "
       "startedDateTime: must be a string, not 1700000000"},
      {"/2/startedDateTime", "\"2024-01-01T05:00:00Z\"",
       "[2] "
       "(https://a.example/b.css): startedDateTime: is more than 10000000 ms "
       "after the first entry's"},
      {"/2/time", "-50",
       "[2] (https://a.example/b.css): time: must be a "
       "number from -1 to 10000000, not -50"},
      {"/2/time", "1e300",
       "[2] (https://a.example/b.css): time: must be a "
       "number from -1 to 10000000, not 1e+300"},
      {"/2/time", "\"20\"",
       "[2] (https://a.example/b.css): time: must be a "
       "number"},
      {"/2/timings/wait", "-7",
       "[2] (https://a.example/b.css): timings.wait: "
       "must be a number from -1 to 10000000, not -7"},
      {"/2/timings", "[1]",
       "[2] (https://a.example/b.css): timings: must be "
       "an object, not an array"},
      {"/2/response/status", "\"200\"",
       "[2] (https://a.example/b.css): "
       "response.status: must be a number"},
      {"/2/response/bodySize", "-100",
       "[2] (https://a.example/b.css): "
       "response.bodySize: must be a number from -1 to 1073741824, not -100"},
      {"/2/response/bodySize", "2e9",
       "[2] (https://a.example/b.css): "
       "response.bodySize: must be a number from -1 to 1073741824"},
      {"/2/response/content/size", "true",
       "[2] (https://a.example/b.css): "
       "response.content.size: must be a number"},
      {"/2/response/content", "[]",
       "[2] (https://a.example/b.css): "
       "response.content: must be an object, not []"},
      {"/2/response/redirectURL", "{\"a\":1}", "no error"},  // no redirect
      {"/2/_objectSize", "\"many\"",
       "[2] (https://a.example/b.css): "
       "_objectSize: must be a number"},
      {"/2/_objectSize", "[]",
       "[2] (https://a.example/b.css): _objectSize: "
       "must be a number"},
      {"/2/_bytesIn", "1e12",
       "[2] (https://a.example/b.css): _bytesIn: must "
       "be at most"},
      {"/2/_priority", "7",
       "[2] (https://a.example/b.css): _priority: must be "
       "a string, not 7"},
      {"/2/_resourceType", "[7]",
       "[2] (https://a.example/b.css): "
       "_resourceType: must be a string, not an array"},
      {"/2/_initiator", "7",
       "[2] (https://a.example/b.css): _initiator: must "
       "be an object or an address"},
      {"/2/_initiator", R"({"url":7})",
       "[2] (https://a.example/b.css): "
       "_initiator.url: must be a string, not 7"},
      {"/2/_initiator", R"({"stack":{"callFrames":7}})",
       "[2] "
       "(https://a.example/b.css): _initiator.stack.callFrames: must be an "
       "array"},
      {"/2/_initiator", R"({"stack":{"parent":{"callFrames":[8]}}})",
       "[2] "
       "(https://a.example/b.css): _initiator.stack.parent.callFrames[0]: "
       "must be an object, not 8"},
      {"/2/_chunks", "7",
       "[2] (https://a.example/b.css): _chunks: must be an "
       "array"},
      {"/2/_chunks", R"([{"ts":1,"bytes":-2}])",
       "[2] "
       "(https://a.example/b.css): _chunks[0].bytes: must be a number"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.where, " = ", c.value));
    json har = Har();
    const json::json_pointer at(absl::StrCat("/log/entries", c.where));
    if (c.value.empty()) {
      har.at(at.parent_pointer()).erase(at.back());
    } else {
      har[at] = json::parse(c.value.begin(), c.value.end());
    }
    const std::string error = ErrorOf(har.dump());
    if (error != "no error") {
      EXPECT_TRUE(needed.contains(std::string(c.where)));
      EXPECT_THAT(error,
                  StartsWith(absl::StrCat("x.har: log.entries", c.error)));
      EXPECT_EQ(error.find('\n'), std::string::npos);
      continue;
    }
    EXPECT_FALSE(needed.contains(std::string(c.where)));
    const std::string note = ParsePage(har.dump(), "x.har")->note;
    if (c.error == "no error") {
      EXPECT_EQ(note, ParsePage(Har().dump(), "x.har")->note);
    } else {
      EXPECT_THAT(note, HasSubstr(absl::StrCat("unusable values are ignored in "
                                               "1 places, the first: "
                                               "log.entries",
                                               c.error)));
      EXPECT_EQ(note.find('\n'), std::string::npos);
    }
  }
}

// A value of another kind than the field's counts as missing, and is told.
TEST(BrokenHarTest, NoValueOfAnOptionalFieldRefusesAFile) {
  enum Kind { kNumber, kText, kList, kObject, kMark, kAny };
  const struct {
    absl::string_view where;  // JSON pointer
    Kind kind;
  } fields[] = {
      {"/log/creator", kObject},
      {"/log/creator/name", kText},
      {"/log/creator/version", kText},
      {"/log/pages", kList},
      {"/log/pages/0", kAny},
      {"/log/pages/0/id", kAny},
      {"/log/pages/0/startedDateTime", kAny},
      {"/log/entries/1/pageref", kText},
      {"/log/entries/1/time", kNumber},
      {"/log/entries/1/timings", kObject},
      {"/log/entries/1/timings/blocked", kNumber},
      {"/log/entries/1/timings/dns", kNumber},
      {"/log/entries/1/timings/connect", kNumber},
      {"/log/entries/1/timings/ssl", kAny},
      {"/log/entries/1/timings/send", kNumber},
      {"/log/entries/1/timings/wait", kNumber},
      {"/log/entries/1/timings/receive", kNumber},
      {"/log/entries/1/timings/_queued", kNumber},
      {"/log/entries/1/cache", kObject},
      {"/log/entries/1/cache/beforeRequest", kAny},
      {"/log/entries/1/_load_ms", kNumber},
      {"/log/entries/1/_created", kNumber},
      {"/log/entries/1/_requestTime", kNumber},
      {"/log/entries/1/_objectSize", kNumber},
      {"/log/entries/1/_bytesIn", kNumber},
      {"/log/entries/1/_responseCode", kNumber},
      {"/log/entries/1/_fromCache", kMark},
      {"/log/entries/1/_was_pushed", kMark},
      {"/log/entries/1/_fetchType", kText},
      {"/log/entries/1/_resourceType", kText},
      {"/log/entries/1/_request_type", kText},
      {"/log/entries/1/_priority", kText},
      {"/log/entries/1/_initialPriority", kText},
      {"/log/entries/1/_initial_priority", kText},
      {"/log/entries/1/_renderBlocking", kText},
      {"/log/entries/1/_initiator", kAny},
      {"/log/entries/1/_initiator_type", kText},
      {"/log/entries/1/_securityState", kAny},
      {"/log/entries/1/_chunks", kList},
      {"/log/entries/1/_chunks/0", kObject},
      {"/log/entries/1/_chunks/0/ts", kNumber},
      {"/log/entries/1/_chunks/0/bytes", kNumber},
      {"/log/entries/1/request/method", kText},
      {"/log/entries/1/request/headers", kList},
      {"/log/entries/1/request/headers/0", kObject},
      {"/log/entries/1/request/headers/0/name", kText},
      {"/log/entries/1/request/headers/0/value", kText},
      {"/log/entries/1/request/_isLinkPreload", kMark},
      {"/log/entries/1/response/status", kNumber},
      {"/log/entries/1/response/redirectURL", kAny},  // no redirect
      {"/log/entries/1/response/headers", kList},
      {"/log/entries/1/response/headersSize", kNumber},
      {"/log/entries/1/response/bodySize", kNumber},
      {"/log/entries/1/response/_transferSize", kNumber},
      {"/log/entries/1/response/_error", kMark},
      {"/log/entries/1/response/_failureText", kMark},
      {"/log/entries/1/response/fromDiskCache", kMark},
      {"/log/entries/1/response/fromEarlyHints", kMark},
      {"/log/entries/1/response/content", kObject},
      {"/log/entries/1/response/content/size", kNumber},
      {"/log/entries/1/response/content/compression", kNumber},
      {"/log/entries/1/response/content/mimeType", kText},
      {"/log/entries/2/_initiator/type", kText},
      {"/log/entries/2/_initiator/url", kText},
      {"/log/entries/2/_initiator/stack", kObject},
      {"/log/entries/2/_initiator/stack/callFrames", kList},
      {"/log/entries/2/_initiator/stack/callFrames/0", kObject},
      {"/log/entries/2/_initiator/stack/callFrames/0/url", kText},
      {"/log/entries/2/_initiator/stack/parent", kObject},
  };
  json whole = Har();
  whole["log"]["creator"] = {{"name", "x"}, {"version", "1"}};
  whole["log"]["pages"] = json::parse(
      R"([{"id":"p","startedDateTime":"2024-01-01T00:00:00.000Z"}])");
  json& script = whole["log"]["entries"][1];
  script["pageref"] = "p";
  script["_initiator"] = "https://a.example/index.html";
  script["_initiator_type"] = "parser";
  script["_chunks"] = json::parse(R"([{"ts":65,"bytes":100}])");
  script["request"]["headers"] =
      json::parse(R"([{"name":"Referer","value":"https://a.example/"}])");
  whole["log"]["entries"][2]["_initiator"] = json::parse(
      R"({"type":"script","stack":{"callFrames":
          [{"url":"https://a.example/a.js"}]}})");
  ASSERT_EQ(ErrorOf(whole.dump()), "no error");

  const json values[] = {nullptr,
                         "x",
                         "",
                         -1,
                         -1e6,
                         1e300,
                         true,
                         json::array(),
                         json::array({1, json::object()}),
                         json::object(),
                         {{"a", 1}}};
  for (const auto& field : fields) {
    for (const json& value : values) {
      SCOPED_TRACE(absl::StrCat(field.where, " = ", value.dump()));
      json har = whole;
      const json::json_pointer at{std::string(field.where)};
      har[at] = value;
      const absl::StatusOr<Page> page = ParsePage(har.dump(), "x.har");
      ASSERT_TRUE(page.ok()) << page.status();
      const bool fits = value.is_null() || field.kind == kAny ||
                        field.kind == kMark ||
                        (field.kind == kText && value.is_string()) ||
                        (field.kind == kList && value.is_array()) ||
                        (field.kind == kObject && value.is_object()) ||
                        (field.kind == kNumber && value == -1) ||
                        (field.kind == kNumber && value == "");
      if (fits) continue;
      // The page is the one without that value, and says so. Negative numbers
      // of tools' own are unknown without a word, and of two that tell the same
      // only the first is looked at.
      json& parent = har.at(at.parent_pointer());
      if (parent.is_array()) {
        parent = json::array();
      } else {
        parent.erase(at.back());
      }
      const absl::StatusOr<Page> without = ParsePage(har.dump(), "x.har");
      ASSERT_TRUE(without.ok()) << without.status();
      EXPECT_EQ(PageFixture(*page).dump(), PageFixture(*without).dump());
      if (field.where == "/log/entries/1/_responseCode" ||
          (field.kind == kNumber && value == -1e6)) {
        continue;
      }
      EXPECT_THAT(page->note, HasSubstr("unusable values are ignored in 1 "));
    }
  }
}

TEST(BrokenHarTest, AnUnknownSizeIsNotedAndTheDocumentsIsRefused) {
  json har = Har();
  const auto forget = [&har](size_t entry) {
    json& response = har["log"]["entries"][entry]["response"];
    response.erase("bodySize");
    response.erase("content");
  };
  forget(1);
  const absl::StatusOr<Page> page = ParsePage(har.dump(), "x.har");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->note, HasSubstr("3 of 3 entries are loaded"));
  EXPECT_THAT(page->note, HasSubstr("1 sizes are unknown and count as 0"));
  forget(0);
  EXPECT_EQ(
      ErrorOf(har.dump()),
      "x.har: log.entries[0] (https://a.example/index.html): "
      "response.bodySize: is missing, and no other field tells the size of "
      "the page's document (_transferSize, content.size, Content-Length)");
}

TEST(BrokenHarTest, TheNextFieldWithAStartReplacesABrokenOne) {
  json har = Har();
  json& entries = har["log"]["entries"];
  har["log"]["pages"] = json::parse(
      R"([{"id":"p","startedDateTime":"2024-01-01T00:00:00.000Z"}])");
  entries[0]["_requestTime"] = 7.0;
  entries[1]["_requestTime"] = 7.05;
  entries[2]["_created"] = 60;
  entries[2]["pageref"] = "p";
  const std::string whole =
      PageFixture(ParsePage(har.dump(), "x.har").value()).dump();
  entries[1]["startedDateTime"] = "yesterday";
  entries[2].erase("startedDateTime");
  const absl::StatusOr<Page> page = ParsePage(har.dump(), "x.har");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(PageFixture(*page).dump(), whole);
  EXPECT_THAT(page->note, HasSubstr("unusable values are ignored in 2 places, "
                                    "the first: log.entries[1] "));
}

TEST(BrokenHarTest, InitiatorsInACircleAreReplacedByInference) {
  json har = Har();
  json& entries = har["log"]["entries"];
  entries[1]["_initiator"] = "https://a.example/b.css";
  entries[2]["_initiator"]["url"] = "https://a.example/a.js";
  const absl::StatusOr<Page> page = ParsePage(har.dump(), "x.har");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->resources[1].initiator, 0u);
  EXPECT_EQ(page->resources[2].initiator, 1u);
  EXPECT_THAT(page->note, HasSubstr("1 initiators are inferred"));
}

TEST(BrokenHarTest, ALogMustBeAnObjectWithADocument) {
  EXPECT_EQ(ErrorOf(R"({"log":7})"), "x.har: log: must be an object, not 7");
  EXPECT_THAT(ErrorOf(R"({"log":{}})"), StartsWith("x.har: log.entries: "));
  EXPECT_THAT(ErrorOf(R"({"entries":[]})"),
              StartsWith("x.har: is neither a HAR (an object with a log) nor a "
                         "page of the lab"));
  json har = Har();
  har["log"]["entries"].erase(0);
  EXPECT_THAT(ErrorOf(har.dump()),
              StartsWith("x.har: log.entries: no entry is a document (html)"));
}

TEST(BrokenHarTest, ALongAddressIsShortenedAndItsBytesAreEscaped) {
  json har = Har();
  json& entry = har["log"]["entries"][1];
  entry["request"]["url"] =
      absl::StrCat("https://a.example/\n", std::string(1 << 20, 'x'));
  entry["startedDateTime"] = "";
  const std::string error = ErrorOf(har.dump());
  EXPECT_THAT(error, HasSubstr("(https://a.example/\\nxxxx"));
  EXPECT_THAT(error, HasSubstr("xxx...): startedDateTime: must be"));
  EXPECT_LT(error.size(), 250u);
}

TEST(BrokenHarTest, ATruncatedFileIsReportedWhereverItEnds) {
  const std::string text = Har().dump();
  for (size_t size = 0; size < text.size(); ++size) {
    ASSERT_THAT(ErrorOf(text.substr(0, size)),
                StartsWith("x.har: is not complete JSON: it ends too early"))
        << size;
  }
  EXPECT_EQ(
      ErrorOf(R"({"log":{"entries":[{"time":1},{"time":2,"request":{"ur)"),
      "x.har: is not complete JSON: it ends too early, in "
      "log.entries[1].request");
  EXPECT_EQ(ErrorOf(R"({"log":{"pages":[],"entries":[{"time":1},)"),
            "x.har: is not complete JSON: it ends too early, in "
            "log.entries[0]");
  EXPECT_EQ(ErrorOf(R"({"log":{"entries":[{"time":1},{"time":+2}]}})"),
            "x.har: is not JSON: mistake at byte 39, in log.entries[1].time");
}

TEST(BrokenHarTest, DeepNestingIsRefusedBeforeAnythingRecurses) {
  for (absl::string_view open : {"[", "{\"a\":"}) {
    std::string deep;
    for (int i = 0; i < 1'000'000; ++i) absl::StrAppend(&deep, open);
    EXPECT_THAT(ErrorOf(absl::StrCat(R"({"log":{"entries":)", deep)),
                HasSubstr("is nested deeper than 512 arrays and objects at "
                          "byte "));
  }
  // Brackets in strings are no nesting.
  json har = Har();
  har["log"]["comment"] = std::string(2000, '[') + "\"\\";
  EXPECT_EQ(ErrorOf(har.dump()), "no error");
}

TEST(BrokenHarTest, TooManyValuesAreRefusedBeforeTheyTakeMemory) {
  std::string many = R"({"log":{"entries":[)";
  for (int i = 0; i < 4'000'000; ++i) many += "0,";
  EXPECT_THAT(ErrorOf(many), HasSubstr("has more than 4000000 values at byte"));
}

TEST(BrokenHarTest, AWideCallStackIsReadWholeAndADeepOneUpToALimit) {
  json har = Har();
  json stack;
  for (int i = 0; i < 200; ++i) {
    json outer = {{"callFrames", json::array()}};
    if (i > 0) outer["parent"] = std::move(stack);
    stack = std::move(outer);
  }
  har["log"]["entries"][2]["_initiator"]["stack"] = std::move(stack);
  EXPECT_EQ(ErrorOf(har.dump()), "no error");
}

// The worst of what is allowed: half of it blocks, half of it is raised, and
// nothing is named.
TEST(BrokenHarTest, APageMayHaveTenThousandEntriesAndNoMore) {
  const std::string script = Entry("https://a.example/a.js", 50).dump();
  json image = Entry("https://a.example/b.png", 60);
  image["_initialPriority"] = "Low";
  image["_priority"] = "High";
  std::string entries = Entry("https://a.example/index.html", 0).dump();
  for (int i = 0; i < 9'999; ++i) {
    absl::StrAppend(&entries, ",", i < 2'000 ? script : image.dump());
  }
  const auto log = [](const std::string& all) {
    return absl::StrCat(R"({"log":{"entries":[)", all, "]}}");
  };
  EXPECT_EQ(ErrorOf(log(entries)), "no error");
  EXPECT_EQ(ErrorOf(log(absl::StrCat(entries, ",", script))),
            "x.har: log.entries: has 10001 entries of its first page; at most "
            "10000 are allowed");
}

}  // namespace
}  // namespace sluice::lab
