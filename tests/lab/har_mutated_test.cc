// Real HAR files with random changes, of values and of bytes: each gives a page
// that can be loaded, or a sentence.
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/page/page_fixture.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

using nlohmann::json;

std::string TextOf(absl::string_view name) {
  std::ifstream stream(absl::StrCat("tests/lab/har/", name));
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

// All values in a document, from the outside in. The document outlives them.
void Collect(json& document, std::vector<json*>& values) {
  values = {&document};
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i]->is_structured()) continue;
    for (json& child : *values[i]) values.push_back(&child);
  }
}

// A HAR makes a valid page: written in the lab's format it passes that
// format's checks, so that the engine can load it.
void ExpectASentenceOrAPage(const std::string& text) {
  const absl::StatusOr<Page> page = ParsePage(text, "x.har");
  if (!page.ok()) {
    EXPECT_TRUE(absl::StartsWith(page.status().message(), "x.har: "));
    EXPECT_EQ(page.status().message().find('\n'), absl::string_view::npos);
    EXPECT_LT(page.status().message().size(), 500u);
    return;
  }
  EXPECT_EQ(page->note.find('\n'), std::string::npos);
  EXPECT_LT(page->note.size(), 1000u);
  const absl::StatusOr<Page> again = ParsePage(
      PageFixture(*page).dump(-1, ' ', false,
                              nlohmann::ordered_json::error_handler_t::replace),
      "again");
  EXPECT_TRUE(again.ok()) << again.status();
}

class MutatedHarTest : public ::testing::TestWithParam<std::string> {};

TEST_P(MutatedHarTest, GivesAPageOrAnError) {
  const std::string text = TextOf(GetParam());
  std::mt19937 random(1);
  const json nasty[] = {nullptr,
                        true,
                        -1,
                        -2,
                        0,
                        1e300,
                        1 << 30,
                        "",
                        "x",
                        "https://shop.example/",
                        "parser",
                        json::array(),
                        json::object(),
                        json::array({1}),
                        "2024-03-01T10:00:00.600Z",
                        "0001-01-01T00:00:00Z",
                        302,
                        "javascript:void(0)",
                        "#"};
  for (int i = 0; i < 200; ++i) {
    SCOPED_TRACE(i);
    json document = json::parse(text);
    std::vector<json*> values;
    const int changes = 1 + static_cast<int>(random() % 3);
    for (int change = 0; change < changes; ++change) {
      Collect(document, values);
      json& value = *values[random() % values.size()];
      // A value of the same document makes wrong things that look right.
      if (random() % 3 == 0) {
        const json copy = *values[random() % values.size()];
        value = copy;
      } else {
        value = nasty[random() % std::size(nasty)];
      }
    }
    ExpectASentenceOrAPage(document.dump());
  }
}

TEST_P(MutatedHarTest, GivesAPageOrAnErrorForChangedBytesToo) {
  const std::string text = TextOf(GetParam());
  std::mt19937 random(2);
  for (int i = 0; i < 150; ++i) {
    SCOPED_TRACE(i);
    std::string changed = text;
    for (int change = 0; change < 3; ++change) {
      changed[random() % changed.size()] = "\"{}[],:0-e\\\xff"[random() % 12];
    }
    ExpectASentenceOrAPage(changed);
  }
}

INSTANTIATE_TEST_SUITE_P(Origins, MutatedHarTest,
                         ::testing::Values("chrome.har", "firefox.har",
                                           "webpagetest.har",
                                           "webpagetest.agent.har"),
                         [](const auto& info) {
                           return absl::StrReplaceAll(
                               info.param.substr(0, info.param.size() - 4),
                               {{".", "_"}});
                         });

}  // namespace
}  // namespace sluice::lab
