#include "benchmarks/lab/capture/har_discovery.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::HasSubstr;

struct Line {
  std::string url;
  ResourceType type = ResourceType::kOther;
  double start_ms = 0;
  double end_ms = 0;
  std::string initiator = "";
  std::string referer = "";
  std::string redirect = "";
  HarFate fate = HarFate::kKept;
};

constexpr ResourceType kHtml = ResourceType::kHtml;
constexpr ResourceType kCss = ResourceType::kCss;
constexpr ResourceType kJs = ResourceType::kJs;
constexpr ResourceType kFont = ResourceType::kFont;
constexpr ResourceType kImage = ResourceType::kImage;

HarLog LogOf(const std::vector<Line>& lines) {
  HarLog log;
  for (const Line& line : lines) {
    HarEntry entry;
    entry.index = log.entries.size();
    entry.url = line.url;
    entry.type = line.type;
    entry.start_ms = line.start_ms;
    entry.end_ms = line.end_ms;
    if (!line.initiator.empty()) entry.initiator_urls = {line.initiator};
    entry.referer = line.referer;
    entry.redirect = !line.redirect.empty();
    entry.redirect_url = line.redirect;
    entry.fate = line.fate;
    log.entries.push_back(std::move(entry));
  }
  return log;
}

// "- 0 0 1?": the parent of each entry; '?' where it is inferred.
std::string Parents(const std::vector<Line>& lines) {
  const absl::StatusOr<HarDiscovery> found = DiscoverHar(LogOf(lines), "x");
  if (!found.ok()) return std::string(found.status().message());
  std::vector<std::string> words;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::optional<size_t>& parent = found->parents[i];
    words.push_back(parent.has_value()
                        ? absl::StrCat(*parent, found->inferred[i] ? "?" : "")
                        : "-");
  }
  return absl::StrJoin(words, " ");
}

TEST(HarDiscoveryTest, TheNamedInitiatorIsTheLatestEntryOfItsAddress) {
  EXPECT_EQ(Parents({{"/", kHtml, 0, 10},
                     {"a", kJs, 20, 30, "/"},
                     {"a", kJs, 40, 50, "/"},
                     {"b", kJs, 60, 70, "a"},
                     {"a", kJs, 80, 90, "/"}}),
            "- 0 0 2 0");
}

TEST(HarDiscoveryTest, OfAllTheScriptsInAStackTheLastToEndCounts) {
  HarLog log = LogOf({{"/", kHtml, 0, 10},
                      {"a", kJs, 20, 90, "/"},
                      {"b", kJs, 20, 50, "/"},
                      {"c", kJs, 100, 110}});
  log.entries[3].initiator_urls = {"b", "elsewhere", "a"};
  const absl::StatusOr<HarDiscovery> found = DiscoverHar(log, "x");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->parents[3], 1u);
}

TEST(HarDiscoveryTest, ARedirectDecidesBeforeANamedInitiator) {
  EXPECT_EQ(Parents({{"http:/", kHtml, 0, 5, "", "", "https:/"},
                     {"https:/", kHtml, 5, 9, "", "", "https:/en"},
                     {"https:/en", kHtml, 9, 20},
                     {"a", kImage, 30, 35, "https:/en", "", "b"},
                     {"b", kImage, 35, 40, "https:/en"},
                     {"b", kImage, 45, 50, "https:/en"}}),
            "- 0 1 2 3 2");
}

TEST(HarDiscoveryTest, ARedirectToItselfIsFollowedOnce) {
  EXPECT_EQ(Parents({{"/", kHtml, 0, 5, "", "", "/"},
                     {"/", kHtml, 5, 9},
                     {"a", kCss, 10, 20, "/"}}),
            "- 0 1");
}

TEST(HarDiscoveryTest, WithoutNamesTheParentIsTheDocumentOrTheLastScriptToEnd) {
  EXPECT_EQ(Parents({{"/", kHtml, 0, 100},
                     {"a", kJs, 50, 150},       // while the document arrived
                     {"b", kJs, 110, 170},      // after it
                     {"c", kImage, 160, 300},   // after script a
                     {"d", kFont, 180, 300}}),  // after script b
            "- 0? 0? 1? 2?");
}

TEST(HarDiscoveryTest, AStylesheetCanAskForFontsAndImagesButNotForScripts) {
  EXPECT_EQ(Parents({{"/", kHtml, 0, 10},
                     {"a", kCss, 20, 50},
                     {"b", kFont, 60, 70},
                     {"c", kJs, 60, 70}}),
            "- 0? 1? 0?");
}

TEST(HarDiscoveryTest, TheRefererNamesTheStylesheetOrTheFrame) {
  EXPECT_EQ(Parents({{"/", kHtml, 0, 10},
                     {"a", kCss, 20, 50},
                     {"b", kFont, 40, 70, "", "a"},   // of the stylesheet
                     {"c", kImage, 60, 70, "", "/"},  // not of it
                     {"f", kHtml, 60, 70, "", "/"},
                     {"d", kImage, 80, 90, "", "f"}}),
            "- 0? 1? 0? 0? 4?");
}

TEST(HarDiscoveryTest, AnEntryLeftOutPassesItsChildrenToItsParent) {
  EXPECT_EQ(Parents({{"/", kHtml, 0, 10},
                     {"a", kJs, 20, 20, "/", "", "", HarFate::kCached},
                     {"b", kJs, 30, 30, "a", "", "", HarFate::kFailed},
                     {"c", kImage, 40, 50, "b"}}),
            "- 0 0 0");
}

TEST(HarDiscoveryTest, ANameThatIsLaterMissingOrItsOwnIsReplacedByInference) {
  EXPECT_EQ(Parents({{"/", kHtml, 0, 10, "b"},  // of the page before
                     {"a", kJs, 20, 30, "later"},
                     {"b", kJs, 40, 50, "nowhere"},
                     {"c", kImage, 60, 70, "c"},
                     {"later", kJs, 80, 90, "/"}}),
            "- 0? 1? 2? 0");
}

TEST(HarDiscoveryTest, ACircleOfNamesEndsAtItsFirstEntry) {
  EXPECT_EQ(Parents({{"/", kHtml, 0, 10},
                     {"a", kJs, 20, 30, "c"},
                     {"b", kJs, 40, 50, "a"},
                     {"c", kJs, 60, 70, "b"},
                     {"d", kJs, 80, 90, "c"}}),
            "- 0? 1 2 3");
}

TEST(HarDiscoveryTest, ALogWithoutADocumentIsRefused) {
  EXPECT_THAT(Parents({{"a", kJs, 0, 10}}),
              HasSubstr("no entry is a document"));
  EXPECT_THAT(Parents({{"/", kHtml, 0, 10, "", "", "", HarFate::kCached}}),
              HasSubstr("no entry is a document"));
}

TEST(HarDiscoveryTest, EntriesBeforeTheDocumentStartThePage) {
  EXPECT_EQ(Parents({{"early", kImage, 0, 10},
                     {"/", kHtml, 20, 30},
                     {"a", kCss, 40, 50}}),
            "- - 1?");
}

}  // namespace
}  // namespace sluice::lab
