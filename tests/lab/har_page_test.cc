// HAR files of three origins, and recordings of one real site, as pages.
#include "benchmarks/lab/capture/har_page.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/page/page.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kMs = 1'000'000;

Page PageOfFile(absl::string_view name) {
  absl::StatusOr<Page> page =
      LoadPageFile(absl::StrCat("tests/lab/har/", name));
  EXPECT_TRUE(page.ok()) << page.status();
  return page.ok() ? *std::move(page) : Page();
}

// The last part of the address: "app.js"; "/" for that of a folder.
std::string ShortName(const Resource& resource) {
  const size_t slash = resource.url.rfind('/');
  const std::string name = resource.url.substr(slash + 1);
  return name.empty() ? "/" : name;
}

const Resource& Find(const Page& page, absl::string_view name) {
  static const Resource* const none = new Resource;
  for (const Resource& resource : page.resources) {
    if (ShortName(resource) == name && !resource.redirect) return resource;
  }
  ADD_FAILURE() << "no " << name;
  return *none;
}

// "main.css < / at 4500 + 2 ms"; without an initiator "< start".
std::string Discovery(const Page& page, absl::string_view name) {
  const Resource& resource = Find(page, name);
  return absl::StrCat(resource.initiator.has_value()
                          ? ShortName(page.resources[*resource.initiator])
                          : "start",
                      resource.discovered_at_byte.has_value()
                          ? absl::StrCat(" at ", *resource.discovered_at_byte)
                          : "",
                      " + ", resource.discovery_delay_ns / kMs);
}

// The names with a mark, in order.
template <typename Is>
std::vector<std::string> Names(const Page& page, Is is) {
  std::vector<std::string> names;
  for (const Resource& resource : page.resources) {
    if (is(resource)) names.push_back(ShortName(resource));
  }
  return names;
}

std::vector<std::string> All(const Page& page) {
  return Names(page, [](const Resource& r) { return !r.redirect; });
}
std::vector<std::string> InView(const Page& page) {
  return Names(page, [](const Resource& r) { return r.hints.above_the_fold; });
}
std::vector<std::string> Critical(const Page& page) {
  return Names(page, [](const Resource& r) { return r.render_critical; });
}
std::vector<std::string> Async(const Page& page) {
  return Names(page, [](const Resource& r) { return r.hints.async_or_defer; });
}
std::vector<std::string> Preloaded(const Page& page) {
  return Names(page, [](const Resource& r) { return r.hints.preload; });
}

TEST(HarPageTest, AChromeHarKeepsTheEntriesThatCameOverHttp) {
  const Page page = PageOfFile("chrome.har");
  EXPECT_EQ(page.name, "chrome");
  EXPECT_EQ(page.sha256.size(), 64u);
  EXPECT_THAT(All(page),
              ElementsAre("/", "main.css", "app.js", "lib.js", "late.js",
                          "logo.png", "foot.png", "old.woff2", "pre.woff2",
                          "data.json", "film.mp4", "stamp"));
  EXPECT_EQ(page.note,
            "HAR of WebInspector 537.36: 13 of 18 entries are loaded, 1 came "
            "from a cache, 1 failed, 2 were not HTTP, 1 are of another page, 2 "
            "hosts are merged");
  ASSERT_FALSE(page.resources.empty());
  EXPECT_TRUE(page.resources[0].redirect);
  EXPECT_EQ(page.resources[0].url, "http://shop.example/");
  EXPECT_EQ(Find(page, "film.mp4").id, 14);  // its place in the HAR
}

TEST(HarPageTest, AChromeHarGivesSizesOnTheWire) {
  const Page page = PageOfFile("chrome.har");
  EXPECT_EQ(Find(page, "/").bytes, 20200u);         // _transferSize
  EXPECT_EQ(Find(page, "main.css").bytes, 3000u);   // not above Content-Length
  EXPECT_EQ(Find(page, "film.mp4").bytes, 70000u);  // aborted: what came
  EXPECT_EQ(Find(page, "stamp").bytes, 0u);         // 204
  EXPECT_EQ(Find(page, "stamp").type, ResourceType::kBeacon);
  EXPECT_EQ(Find(page, "data.json").type, ResourceType::kFetch);
}

TEST(HarPageTest, AChromeHarTellsTheInitiators) {
  const Page page = PageOfFile("chrome.har");
  EXPECT_EQ(Find(page, "/").initiator, 0u);  // the redirect
  EXPECT_EQ(Discovery(page, "/"), "/ + 0");
  // Bytes come evenly from 200 to 300 ms; at 250 ms half of 20200 had come.
  EXPECT_EQ(Discovery(page, "main.css"), "/ at 10100 + 0");
  EXPECT_EQ(Discovery(page, "app.js"), "/ + 10");  // named with a fragment
  // The parent of a cached stylesheet is the parent of its children.
  EXPECT_EQ(Discovery(page, "old.woff2"), "/ + 40");
  // The script in the call stacks that ended last: 500, not 450.
  EXPECT_EQ(Discovery(page, "data.json"), "lib.js + 5");
  EXPECT_EQ(Discovery(page, "stamp"), "app.js + 75");
}

TEST(HarPageTest, AChromeHarTellsPrioritiesAndThusBlockingResources) {
  const Page page = PageOfFile("chrome.har");
  EXPECT_THAT(Critical(page), ElementsAre("/", "main.css", "app.js"));
  EXPECT_THAT(InView(page), ElementsAre("logo.png"));
  EXPECT_THAT(Async(page), ElementsAre("lib.js"));
  EXPECT_THAT(Preloaded(page), ElementsAre("pre.woff2"));
  EXPECT_EQ(Find(page, "late.js").render_blocking, RenderBlocking::kParserLate);
  EXPECT_EQ(Find(page, "late.js").level, ChromeLevel::kMedium);
  EXPECT_EQ(Find(page, "stamp").level, ChromeLevel::kVeryLow);
}

TEST(HarPageTest, AFirefoxHarNamesNoInitiatorsSoTheyAreInferred) {
  const Page page = PageOfFile("firefox.har");
  EXPECT_THAT(All(page),
              ElementsAre("/", "main.css", "print.css", "head.js", "async.js",
                          "hero.jpg", "text.woff2", "api", "pixel.gif"));
  EXPECT_EQ(Discovery(page, "/"), "start + 0");
  EXPECT_EQ(Discovery(page, "head.js"), "/ + 12");
  EXPECT_EQ(Discovery(page, "text.woff2"), "main.css + 20");  // its Referer
  // The last script that had ended, at 392; the stylesheet ended at 311.
  EXPECT_EQ(Discovery(page, "api"), "async.js + 8");
  EXPECT_THAT(page.note, HasSubstr("8 initiators are inferred, priorities are "
                                   "inferred, images in view are guessed"));
}

TEST(HarPageTest, AFirefoxHarTellsBlockingResourcesByPriorityHeaders) {
  const Page page = PageOfFile("firefox.har");
  EXPECT_EQ(Find(page, "/").bytes, 8000u);         // Content-Length
  EXPECT_EQ(Find(page, "head.js").bytes, 12000u);  // bodySize less the headers
  EXPECT_THAT(Critical(page), ElementsAre("/", "main.css", "head.js"));
  EXPECT_EQ(Find(page, "print.css").level, ChromeLevel::kVeryLow);
  EXPECT_THAT(Async(page), ElementsAre("async.js"));
  EXPECT_THAT(Preloaded(page), ElementsAre("text.woff2"));
  EXPECT_EQ(Find(page, "text.woff2").level, ChromeLevel::kHigh);
  EXPECT_THAT(InView(page), ElementsAre("hero.jpg"));  // not the script's
}

TEST(HarPageTest, AWebPageTestHarHasFieldsOfItsOwn) {
  const Page page = PageOfFile("webpagetest.har");
  EXPECT_THAT(All(page), ElementsAre("/", "main.css", "app.js", "end.js",
                                     "hero.webp", "widget.js"));
  // _objectSize, also as a string; then _bytesIn.
  EXPECT_EQ(Find(page, "main.css").bytes, 2500u);
  EXPECT_EQ(Find(page, "widget.js").bytes, 4100u);
  // Wanted (_created) at 402 ms: by the chunks, half had come at 400.
  EXPECT_EQ(Discovery(page, "main.css"), "/ at 4500 + 2");
  EXPECT_EQ(Discovery(page, "hero.webp"), "/ + 10");
  EXPECT_EQ(Discovery(page, "widget.js"), "app.js + 88");
  EXPECT_THAT(Critical(page), ElementsAre("/", "main.css", "app.js"));
  EXPECT_EQ(Find(page, "end.js").render_blocking, RenderBlocking::kParserLate);
  EXPECT_THAT(Async(page), ElementsAre("widget.js"));
  EXPECT_EQ(Find(page, "widget.js").level, ChromeLevel::kLow);
  EXPECT_EQ(Find(page, "/").level, ChromeLevel::kVeryHigh);
}

TEST(HarPageTest, WebPageTestsAgentCountsHandshakesBeforeTheStart) {
  const Page page = PageOfFile("webpagetest.agent.har");
  EXPECT_THAT(All(page), ElementsAre("/", "main.css", "hero.webp", "foot.webp",
                                     "app.js", "api"));
  // The document ends at 1010 ms, by `time` it would at 1721. By the chunks,
  // 2000 bytes had come at 910 ms; the stylesheet was wanted at 915.
  EXPECT_EQ(Discovery(page, "main.css"), "/ at 2000 + 5");
  EXPECT_EQ(Discovery(page, "hero.webp"), "/ at 4000 + 2");
  EXPECT_EQ(Discovery(page, "api"), "app.js + 5");
  const Resource& hero = Find(page, "hero.webp");
  EXPECT_EQ(hero.level, ChromeLevel::kLow);
  ASSERT_TRUE(hero.change_of_mind.has_value());
  EXPECT_EQ(hero.change_of_mind->level, ChromeLevel::kHigh);
  EXPECT_THAT(InView(page), ElementsAre("hero.webp"));
  EXPECT_THAT(Critical(page), ElementsAre("/", "main.css"));
  EXPECT_EQ(page.note,
            "HAR of WebPageTest 240709.152506: 6 of 6 entries are loaded, 2 "
            "hosts are merged");
}

// The site of benchmarks/lab/tools/make_site.mjs, loaded by real browsers and
// recorded by record_site.sh: what its html, css and js say is what the
// recordings should tell.
class RecordedHarTest : public ::testing::TestWithParam<std::string> {};

TEST_P(RecordedHarTest, ShowsTheSiteAsItWasWritten) {
  const Page page = PageOfFile(GetParam());
  EXPECT_EQ(page.resources.size(), 30u);
  const std::map<std::string, uint64_t> sizes = {
      {"index.html", 6707}, {"text.woff2", 18000}, {"head.woff2", 14000},
      {"head.js", 20036},   {"hero.svg", 60122},   {"photo11.svg", 28622},
      {"main.css", 12198},  {"data.json", 2338},
  };
  for (const auto& [name, bytes] : sizes) {
    EXPECT_EQ(Find(page, name).bytes, bytes) << name;
  }
  EXPECT_THAT(Critical(page),
              ::testing::UnorderedElementsAre("index.html", "main.css",
                                              "colors.css", "head.js"));
  // Firefox asks for a script at the end of the body as for an async one.
  std::vector<std::string> async = {"analytics.js", "later.js", "widget.js"};
  if (absl::StrContains(GetParam(), "firefox")) {
    async.push_back("end.js");
  } else {
    EXPECT_EQ(Find(page, "end.js").render_blocking,
              RenderBlocking::kParserLate);
  }
  EXPECT_THAT(Async(page), ::testing::UnorderedElementsAreArray(async));
  EXPECT_EQ(Find(page, "print.css").level, ChromeLevel::kVeryLow);
  EXPECT_TRUE(Find(page, "hero.svg").hints.above_the_fold);
  EXPECT_FALSE(Find(page, "photo11.svg").hints.above_the_fold);

  const auto parent = [&](absl::string_view name) {
    const Resource& resource = Find(page, name);
    return resource.initiator.has_value()
               ? ShortName(page.resources[*resource.initiator])
               : "start";
  };
  for (const Resource& resource : page.resources) {
    const std::string name = ShortName(resource);
    if (absl::StartsWith(name, "photo") || name == "hero.svg" ||
        name == "main.css" || name == "head.js" || name == "end.js") {
      EXPECT_EQ(parent(name), "index.html") << name;
    }
  }
  EXPECT_EQ(parent("index.html"), "start");
  EXPECT_EQ(parent("colors.css"), "main.css");
  EXPECT_EQ(parent("back.svg"), "main.css");
  EXPECT_EQ(parent("head.woff2"), "main.css");
  EXPECT_EQ(parent("frame.css"), "frame.html");
}

INSTANTIATE_TEST_SUITE_P(
    Recorders, RecordedHarTest,
    ::testing::Values("recorded.chrome-har.har", "recorded.devtools.har",
                      "recorded.firefox.har", "recorded.playwright.har"),
    [](const auto& info) {
      std::string name;
      for (char c : info.param) {
        if (absl::ascii_isalpha(static_cast<unsigned char>(c))) name += c;
      }
      return name;
    });

// By chrome-har, which follows the protocol, and by Chromium's own DevTools.
class RecordedChromeTest : public ::testing::TestWithParam<std::string> {};

TEST_P(RecordedChromeTest, NamesInitiatorsAndShowsAChangeOfLevel) {
  const Page page = PageOfFile(GetParam());
  EXPECT_THAT(Discovery(page, "data.json"), HasSubstr("analytics.js + "));
  EXPECT_THAT(Discovery(page, "widget.js"), HasSubstr("later.js + "));
  const Resource& hero = Find(page, "hero.svg");
  EXPECT_EQ(hero.level, ChromeLevel::kMedium);
  ASSERT_TRUE(hero.change_of_mind.has_value());
  EXPECT_EQ(hero.change_of_mind->level, ChromeLevel::kHigh);
  EXPECT_EQ(hero.change_of_mind->after.size(), 4u);
  // DevTools do not tell.
  EXPECT_EQ(Find(page, "text.woff2").hints.preload,
            !absl::StrContains(GetParam(), "devtools"));
  EXPECT_THAT(InView(page), ElementsAre("hero.svg", "back.svg"));
  EXPECT_THAT(page.note, Not(HasSubstr("priorities are inferred")));
}

INSTANTIATE_TEST_SUITE_P(Recorders, RecordedChromeTest,
                         ::testing::Values("recorded.chrome-har.har",
                                           "recorded.devtools.har"),
                         [](const auto& info) {
                           return absl::StrContains(info.param, "devtools")
                                      ? "DevTools"
                                      : "ChromeHar";
                         });

TEST(RecordedFirefoxTest, ItsPrioritiesAreNoLevelsButShowDisplayedImages) {
  const Page page = PageOfFile("recorded.firefox.har");
  EXPECT_EQ(page.note,
            "HAR of Firefox 153.7.0: 30 of 32 entries are loaded, 2 were not "
            "HTTP, 29 initiators are inferred, priorities are inferred");
  // In the HAR "Normal", which is none of Chrome's words, and "High".
  EXPECT_EQ(Find(page, "main.css").level, ChromeLevel::kVeryHigh);
  EXPECT_EQ(Find(page, "head.woff2").level, ChromeLevel::kVeryHigh);
  // As Chrome would do: what is displayed is raised once there is a layout.
  const Resource& hero = Find(page, "hero.svg");
  EXPECT_EQ(hero.level, ChromeLevel::kLow);
  ASSERT_TRUE(hero.change_of_mind.has_value());
  EXPECT_EQ(hero.change_of_mind->level, ChromeLevel::kHigh);
  EXPECT_EQ(hero.change_of_mind->after.size(), 4u);
  EXPECT_FALSE(Find(page, "photo0.svg").change_of_mind.has_value());
  EXPECT_THAT(Preloaded(page), ElementsAre("text.woff2"));
  EXPECT_THAT(InView(page), ElementsAre("hero.svg", "back.svg"));
}

}  // namespace
}  // namespace sluice::lab
