// The RFC 9218 signal sets against the captures that they were made from: each
// way to load a resource of the capture's test page, asked of the set.
#include <sluice/h2/events.h>

#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/page/page.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

using nlohmann::json;
using enum ChromeLevel;

constexpr char kCapture[] = "tests/lab/captures/browser_rfc9218_signals.json";

Resource Of(ResourceType type, ChromeLevel level) {
  Resource resource;
  resource.type = type;
  resource.level = level;
  return resource;
}

Resource Document() {
  Resource resource = Of(ResourceType::kHtml, kVeryHigh);
  resource.render_critical = true;
  return resource;
}
Resource Js(ChromeLevel level, RenderBlocking blocking, bool async) {
  Resource resource = Of(ResourceType::kJs, level);
  resource.render_blocking = blocking;
  resource.hints.async_or_defer = async;
  return resource;
}
Resource Preloaded(ResourceType type, ChromeLevel level) {
  Resource resource = Of(type, level);
  resource.hints.preload = true;
  return resource;
}
Resource InView(ChromeLevel level) {
  Resource resource = Of(ResourceType::kImage, level);
  resource.hints.above_the_fold = true;
  return resource;
}

// The capture's names of what a page file can say. What it cannot is left out:
// modules, deferred scripts (told from async ones), svg documents in frames,
// fields that the page sets itself, fetchpriority.
std::map<std::string, Resource> Methods() {
  using enum ResourceType;
  return {
      {"test_all.html", Document()},
      {"style.css?preload", Preloaded(kCss, kVeryHigh)},
      {"style.css?head", Of(kCss, kVeryHigh)},
      {"fonts.css?head", Of(kCss, kVeryHigh)},
      {"style.css?head-import", Of(kCss, kVeryHigh)},
      {"style.css?bottom", Of(kCss, kMedium)},
      {"style.css?head-print", Of(kCss, kVeryLow)},
      {"script.js?head", Js(kHigh, RenderBlocking::kParser, false)},
      {"script.js?bottom", Js(kMedium, RenderBlocking::kParserLate, false)},
      {"script.js?body-afterimage",
       Js(kMedium, RenderBlocking::kParserLate, false)},
      {"script.js?head-async", Js(kLow, RenderBlocking::kNo, true)},
      {"script.js?prefetch", Js(kVeryLow, RenderBlocking::kNo, true)},
      {"font1.woff2?from-css", Of(kFont, kVeryHigh)},
      {"font2.woff2?from-css", Of(kFont, kVeryHigh)},
      {"font1.woff2?preload", Preloaded(kFont, kHigh)},
      {"img1.png?visible-eager", InView(kLow)},
      {"img1.png?visible-lazy", InView(kLow)},
      {"img1.png?hidden-eager", Of(kImage, kLow)},
      {"img1.png?visible-fetchpriority", InView(kHigh)},
      {"data.json?head", Of(kFetch, kHigh)},
      {"data.json?script-defer", Of(kFetch, kHigh)},
      {"data.json?bottom-fetchpriority", Of(kFetch, kLow)},
      {"movie.mp4", Of(kMedia, kLow)},
  };
}

// The final signal: the update overrides the header, with the defaults
// written out: "u=3" for nothing at all.
std::string Effective(const RequestSignals& said) {
  if (said.update.has_value()) {
    return absl::StrCat("u=", said.update->urgency,
                        said.update->incremental ? ",i" : "");
  }
  if (said.header.empty()) return "u=3";
  return absl::StrReplaceAll(said.header, {{", ", ","}});
}

std::string Effective(const json& captured) {
  for (const char* field : {"priority_update", "header"}) {
    if (captured[field].is_string()) {
      return absl::StrReplaceAll(captured[field].get<std::string>(),
                                 {{", ", ","}});
    }
  }
  return "u=3";
}

struct Column {
  const char* set;
  const char* capture;
  const char* browser;
  int rows;  // of Methods(), that the capture has
};

class SignalCapturesTest : public ::testing::TestWithParam<Column> {};

TEST_P(SignalCapturesTest, EachLoadingMethodHasTheCapturedSignals) {
  std::ifstream stream(kCapture);
  const json document = json::parse(stream, nullptr, false);
  ASSERT_FALSE(document.is_discarded());
  const json& capture = document["captures"][GetParam().capture];
  int rows = 0;
  for (const auto& [name, resource] : Methods()) {
    SCOPED_TRACE(name);
    if (!capture.contains(name)) continue;
    const json& by_browser = capture[name];
    if (!by_browser.contains(GetParam().browser)) continue;
    const json& captured = by_browser[GetParam().browser];
    auto signals = FindSignalSet(GetParam().set)->make({});
    const RequestSignals said = signals->OnRequest(1, resource);
    EXPECT_EQ(Effective(said), Effective(captured));
    EXPECT_EQ(said.header.empty(), captured["header"].is_null());
    EXPECT_EQ(said.update.has_value(), !captured["priority_update"].is_null());
    EXPECT_FALSE(said.dependency.has_value());
    ++rows;
  }
  EXPECT_EQ(rows, GetParam().rows);
}

INSTANTIATE_TEST_SUITE_P(
    Sets, SignalCapturesTest,
    ::testing::Values(Column{"chrome9218_2022", "december2022", "chrome", 22},
                      Column{"chrome9218_2023", "august2023", "chrome", 23},
                      Column{"firefox9218", "august2023", "firefox", 23},
                      Column{"safari9218", "august2023", "safari", 20}),
    [](const auto& info) { return std::string(info.param.set); });

}  // namespace
}  // namespace sluice::lab
