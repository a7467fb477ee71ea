// HAR files as bug reports show them, and chrome-har's own recordings: each
// goes through to a page with the right counts, or to a sentence that is true.
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/page/page.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<Page> Load(absl::string_view file) {
  return LoadPageFile(absl::StrCat("tests/lab/har/", file));
}

Page PageOf(absl::string_view file) {
  absl::StatusOr<Page> page = Load(file);
  EXPECT_TRUE(page.ok()) << page.status();
  return page.ok() ? *std::move(page) : Page();
}

// "/ a.js", the last parts of the addresses.
template <typename Is>
std::string Names(const Page& page, Is is) {
  std::vector<std::string> names;
  for (const Resource& resource : page.resources) {
    if (!is(resource)) continue;
    const std::string name = resource.url.substr(resource.url.rfind('/') + 1);
    names.push_back(name.empty() ? "/" : name);
  }
  return absl::StrJoin(names, " ");
}

std::string All(const Page& page) {
  return Names(page, [](const Resource&) { return true; });
}
std::string Critical(const Page& page) {
  return Names(page, [](const Resource& r) { return r.render_critical; });
}
std::string AboveTheFold(const Page& page) {
  return Names(page, [](const Resource& r) { return r.above_the_fold; });
}

uint64_t BytesOf(const Page& page, absl::string_view name) {
  for (const Resource& resource : page.resources) {
    if (absl::EndsWith(resource.url, name)) return resource.bytes;
  }
  ADD_FAILURE() << "no " << name;
  return 0;
}

struct Case {
  const char* file;
  const char* note;  // what it says of the file, behind "HAR of "
};

void PrintTo(const Case& c, std::ostream* stream) { *stream << c.file; }

class HarCaseTest : public ::testing::TestWithParam<Case> {};

TEST_P(HarCaseTest, GivesTheResourcesThatWereLoaded) {
  EXPECT_EQ(PageOf(GetParam().file).note,
            absl::StrCat("HAR of ", GetParam().note));
}

std::string CaseName(const ::testing::TestParamInfo<Case>& info) {
  const absl::string_view file = info.param.file;
  std::string name(file.substr(file.rfind('/') + 1));
  for (char& c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    Reports, HarCaseTest,
    ::testing::Values(
        Case{"cases/charles_connect_entry.har",
             "x 1: 4 of 5 entries are loaded, 1 opened a tunnel, 3 initiators "
             "are inferred, priorities are inferred, images in view are "
             "guessed"},
        Case{"cases/chrome-har-115_early_hints.har",
             "chrome-har 1.3.1: 4 of 4 entries are loaded, 3 initiators are "
             "inferred, 1 sizes are of decoded bodies, priorities are "
             "inferred, images in view are guessed"},
        Case{"cases/chrome-har-123_bodySize_-170.har",
             "x 1: 4 of 4 entries are loaded, 3 initiators are inferred, "
             "priorities are inferred, images in view are guessed, unusable "
             "values are ignored in 1 places, the first: log.entries[1] "
             "(https://a.example/a.js): response.bodySize: must be a number "
             "from -1 to 1073741824, not -170"},
        Case{"cases/chrome-har_pushed.har",
             "x 1: 4 of 4 entries are loaded, 3 initiators are inferred, "
             "priorities are inferred, images in view are guessed"},
        Case{"cases/firefox_image_cache.har",
             "Firefox 111.0.1: 3 of 4 entries are loaded, 1 came from a cache, "
             "2 initiators are inferred, priorities are inferred, images in "
             "view are guessed"},
        Case{"cases/link_preload_css.har", "t 1: 2 of 2 entries are loaded"},
        Case{"cases/mitmproxy-3627_connect_-1000.har",
             "x 1: 4 of 4 entries are loaded, 3 initiators are inferred, "
             "priorities are inferred, images in view are guessed, unusable "
             "values are ignored in 1 places, the first: log.entries[1] "
             "(https://a.example/a.js): timings.connect: must be a number from "
             "-1 to 10000000, not -1000"},
        Case{"cases/resource_type_other.har", "t 1: 3 of 3 entries are loaded"},
        Case{"cases/safari_memory_cache.har",
             "WebKit Web Inspector 1.0: 3 of 4 entries are loaded, 1 came from "
             "a cache, 2 initiators are inferred, priorities are inferred, "
             "images in view are guessed"},
        Case{"cases/script_inserted_css.har",
             "t 1: 3 of 3 entries are loaded"}),
    CaseName);

TEST(HarCasesTest, APushedOrHintedBodyHasItsSize) {
  EXPECT_EQ(BytesOf(PageOf("cases/chrome-har-115_early_hints.har"), "b.css"),
            219775u);
  EXPECT_EQ(BytesOf(PageOf("cases/chrome-har_pushed.har"), "c.png"), 3628u);
  EXPECT_EQ(BytesOf(PageOf("cases/chrome-har-123_bodySize_-170.har"), "a.js"),
            730u);
}

TEST(HarCasesTest, TheMimeTypeDecidesWhereChromeSaysOther) {
  const Page page = PageOf("cases/resource_type_other.har");
  EXPECT_EQ(Critical(page), "/ a.css b.js");
  EXPECT_EQ(AboveTheFold(page), "/ a.css b.js");
}

TEST(HarCasesTest, AStylesheetInsertedByAScriptDoesNotBlock) {
  const Page page = PageOf("cases/script_inserted_css.har");
  EXPECT_EQ(Critical(page), "/");
  EXPECT_EQ(AboveTheFold(page), "/ late.css");
}

TEST(HarCasesTest, APreloadedStylesheetOfTheHeadBlocks) {
  EXPECT_EQ(Critical(PageOf("cases/link_preload_css.har")), "/ a.css");
}

// The page of a document, app.js and a.css, which `stylesheet` changes.
Page PageWith(absl::string_view stylesheet) {
  std::vector<nlohmann::json> entries;
  for (absl::string_view name : {"", "app.js", "a.css", "b.css"}) {
    nlohmann::json entry = nlohmann::json::parse(R"({
      "startedDateTime": "2024-01-01T00:00:00Z", "time": 20, "request": {},
      "response": {"status": 200, "bodySize": 100},
      "_initialPriority": "VeryHigh", "_initiator": "https://a.test/",
      "_initiator_type": "parser"})");
    entry["request"]["url"] = absl::StrCat("https://a.test/", name);
    if (name.empty()) entry["_resourceType"] = "document";
    if (name == "a.css") {
      entry.merge_patch(
          nlohmann::json::parse(stylesheet.begin(), stylesheet.end()));
    }
    if (name == "b.css") entry["_initiator"] = "https://a.test/a.css";
    entries.push_back(std::move(entry));
  }
  const nlohmann::json har = {{"log", {{"entries", entries}}}};
  absl::StatusOr<Page> page = ParsePage(har.dump(), "x.har");
  EXPECT_TRUE(page.ok()) << page.status();
  return page.ok() ? *std::move(page) : Page();
}

TEST(HarCasesTest, AStylesheetBlocksIfTheParserFoundItOrItsImporter) {
  EXPECT_EQ(Critical(PageWith("{}")), "/ app.js a.css b.css");
  EXPECT_EQ(Critical(PageWith(R"({"request":{"_isLinkPreload":true}})")),
            "/ app.js a.css b.css");
  EXPECT_EQ(Critical(PageWith(R"({"_initiator_type":"preload"})")),
            "/ app.js a.css b.css");
  for (absl::string_view by_script :
       {R"({"_initiator_type":"script"})",
        R"({"_initiator_type":"script","_initiator":null})",
        R"({"_initiator_type":"script","request":{"_isLinkPreload":true}})",
        R"({"_initiator_type":null,"_initiator":"https://a.test/app.js"})",
        R"({"_initiator":{"type":"script","stack":{"callFrames":
            [{"url":"https://a.test/app.js"}]}}})"}) {
    EXPECT_EQ(Critical(PageWith(by_script)), "/ app.js") << by_script;
  }
}

// The page of a document, an image that layout raises at its end, 400 ms after
// the start, and what the parser asks for `later_ms` after the start.
Page PageWithAnImage(absl::string_view level, int later_ms) {
  std::vector<nlohmann::json> entries;
  for (absl::string_view name : {"", "a.png", "late.css", "late.js"}) {
    nlohmann::json entry = nlohmann::json::parse(R"({
      "startedDateTime": "2024-01-01T00:00:00.000Z", "time": 300,
      "request": {}, "response": {"status": 200, "bodySize": 100},
      "_initialPriority": "VeryHigh", "_initiator": "https://a.test/",
      "_initiator_type": "parser"})");
    entry["request"]["url"] = absl::StrCat("https://a.test/", name);
    if (name.empty()) entry["_resourceType"] = "document";
    if (name == "a.png") {
      entry["startedDateTime"] = "2024-01-01T00:00:00.100Z";
      entry["_initialPriority"] = "Low";
      entry["_priority"] = std::string(level);
    } else if (!name.empty()) {
      entry["startedDateTime"] =
          absl::StrCat("2024-01-01T00:00:00.", later_ms, "Z");
    }
    entries.push_back(std::move(entry));
  }
  const nlohmann::json har = {{"log", {{"entries", entries}}}};
  absl::StatusOr<Page> page = ParsePage(har.dump(), "x.har");
  EXPECT_TRUE(page.ok()) << page.status();
  return page.ok() ? *std::move(page) : Page();
}

TEST(HarCasesTest, WhatTheParserAsksForAfterLayoutDoesNotBlockIt) {
  EXPECT_EQ(Critical(PageWithAnImage("High", 399)), "/ late.css late.js");
  const Page page = PageWithAnImage("High", 400);
  EXPECT_EQ(Critical(page), "/");
  EXPECT_EQ(page.resources.back().render_blocking, RenderBlocking::kParserLate);
  EXPECT_EQ(Critical(PageWithAnImage("Low", 400)), "/ late.css late.js");
}

std::string Warnings(absl::string_view file) {
  return absl::StrJoin(PageWarnings(PageOf(file)), "; ");
}

TEST(HarCasesTest, WarnsWhenASetHoldsTheDocumentAlone) {
  EXPECT_EQ(Warnings("cases/resource_type_other.har"), "");
  EXPECT_EQ(Warnings("cases/link_preload_css.har"), "");
  EXPECT_EQ(Warnings("cases/script_inserted_css.har"),
            "the document alone is render-critical; none of 1 stylesheets "
            "blocks rendering");
  EXPECT_EQ(Warnings("chrome-har/linkClickChrome.har"),
            "the document alone is render-critical; the document alone is "
            "above the fold");
  // Its images were asked for at the lowest level; its stylesheet at High.
  EXPECT_EQ(Warnings("chrome-har/www.izettle.com.har"),
            "none of 12 images is above the fold");
  // Its styles are in the document.
  EXPECT_EQ(Warnings("chrome-har/www.wikipedia.org.har"),
            "the document alone is render-critical");
}

TEST(HarCasesTest, AProxyTunnelIsNotAResource) {
  EXPECT_EQ(All(PageOf("cases/charles_connect_entry.har")),
            "index.html a.js b.css c.png");
}

constexpr char kChromeHar[] = "chrome-har 1.3.1: ";

class ChromeHarTest : public ::testing::TestWithParam<Case> {};

TEST_P(ChromeHarTest, GivesTheResourcesThatWereLoaded) {
  const std::string note = PageOf(GetParam().file).note;
  EXPECT_EQ(note, absl::StrCat("HAR of ", kChromeHar, GetParam().note));
}

INSTANTIATE_TEST_SUITE_P(
    Recordings, ChromeHarTest,
    ::testing::Values(
        Case{"chrome-har/canceled-video.har",
             "5 of 5 entries are loaded, 3 hosts are merged, 1 initiators are "
             "inferred"},
        Case{"chrome-har/iframe-not-attached.har",
             "8 of 8 entries are loaded, 5 hosts are merged, 1 initiators are "
             "inferred"},
        Case{"chrome-har/linkClickChrome.har", "1 of 1 entries are loaded"},
        Case{"chrome-har/missing-response.har",
             "38 of 38 entries are loaded, 11 hosts are merged, 3 initiators "
             "are inferred, 1 sizes are of decoded bodies"},
        Case{"chrome-har/response-blocked-cookies.har",
             "5 of 5 entries are loaded, 3 hosts are merged, 1 initiators are "
             "inferred"},
        Case{"chrome-har/run.sitespeed.io.har",
             "2 of 2 entries are loaded, 2 hosts are merged, 1 initiators are "
             "inferred"},
        Case{"chrome-har/samesite-sandbox.glitch.me.har",
             "4 of 4 entries are loaded, 3 hosts are merged, 1 initiators are "
             "inferred"},
        Case{"chrome-har/www.calibreapp.com.signin.har",
             "15 of 15 entries are loaded, 6 hosts are merged, 2 initiators "
             "are inferred"},
        Case{"chrome-har/www.google.com.har",
             "15 of 15 entries are loaded, 6 hosts are merged, 4 initiators "
             "are inferred"},
        Case{"chrome-har/www.izettle.com.har",
             "48 of 48 entries are loaded, 19 hosts are merged, 25 initiators "
             "are inferred"},
        Case{"chrome-har/www.sitepeed.io.chrome66.har",
             "9 of 9 entries are loaded, 1 initiators are inferred"},
        Case{"chrome-har/www.sitespeed.io-chrome66-bt2.x.har",
             "9 of 9 entries are loaded, 1 initiators are inferred"},
        Case{"chrome-har/www.wikipedia.org-empty.har",
             "12 of 13 entries are loaded, 1 came from a cache, 2 hosts are "
             "merged, 1 initiators are inferred, unusable values are ignored "
             "in 1 places, the first: log.entries[0] "
             "(http://www.wikipedia.org/): response.bodySize: must be a number "
             "from -1 to 1073741824, not -104"},
        Case{"chrome-har/www.wikipedia.org.har",
             "12 of 26 entries are loaded, 1 came from a cache, 13 are of "
             "another page, 2 hosts are merged, 1 initiators are inferred, "
             "unusable values are ignored in 1 places, the first: "
             "log.entries[0] (http://www.wikipedia.org/): response.bodySize: "
             "must be a number from -1 to 1073741824, not -104"}),
    CaseName);

TEST(ChromeHarsTest, WithoutADocumentThereIsNoPage) {
  EXPECT_THAT(
      Load("chrome-har/navigatedWithinDocument.har").status().message(),
      HasSubstr("log.entries: no entry is a document (html) that came over"));
}

// In this one minutes went by between them.
TEST(ChromeHarsTest, ARedirectIsFollowedAtOnce) {
  const Page page = PageOf("chrome-har/www.google.com.har");
  for (size_t i : {0, 1}) {
    EXPECT_TRUE(page.resources[i].redirect);
    EXPECT_EQ(page.resources[i + 1].initiator, i);
    EXPECT_EQ(page.resources[i + 1].discovery_delay_ns, 0);
  }
}

// Chrome counted nothing but the headers of what was cut off.
TEST(ChromeHarsTest, ATruncatedBodyCountsTheBytesThatCame) {
  EXPECT_EQ(BytesOf(PageOf("chrome-har/canceled-video.har"), "movie.mp4"),
            147456u);
  const Page page = PageOf("chrome-har/missing-response.har");
  EXPECT_EQ(BytesOf(page, "vendor.5876868235e5d68d900c.js"), 671741u);
}

TEST(ChromeHarsTest, WithoutChromesTypesThereAreStillImagesAndScripts) {
  const Page page = PageOf("chrome-har/www.wikipedia.org.har");
  int images = 0, scripts = 0;
  for (const Resource& resource : page.resources) {
    if (resource.type == ResourceType::kImage) ++images;
    if (resource.type == ResourceType::kJs) ++scripts;
    if (absl::EndsWith(resource.url, "wikipedia.ico")) {
      EXPECT_EQ(resource.type, ResourceType::kOther);  // nobody sees it
    }
  }
  EXPECT_EQ(images, 4);
  EXPECT_EQ(scripts, 2);
}

}  // namespace
}  // namespace sluice::lab
