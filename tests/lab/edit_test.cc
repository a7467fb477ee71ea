#include "benchmarks/lab/browser/edit.h"

#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/page/page.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// html0, css1, img2, img3, font4; 5 is a redirect.
Page TestPage(absl::string_view name = "p") {
  absl::StatusOr<Page> page = ParsePage(
      absl::StrCat(R"({"format":"h2-page-fixture/1","page":")", name, R"(",
        "resources":[{"id":0,"type":"html","bytes":1000},
        {"id":1,"type":"css","bytes":14000,"initiator":0},
        {"id":2,"type":"image","bytes":14000,"initiator":0,
         "url":"https://a.example/hero.jpg?w=[2]"},
        {"id":3,"type":"image","bytes":14000,"initiator":0,
         "url":"https://a.example/ads/1.png"},
        {"id":4,"type":"font","bytes":14000,"initiator":1},
        {"id":5,"type":"image","bytes":0,"initiator":0,"redirect":true}]})"),
      "p.json");
  EXPECT_TRUE(page.ok()) << page.status();
  return page.ok() ? *std::move(page) : Page();
}

Edit EditOf(absl::string_view rules) {
  if (rules.empty()) return Edit();
  absl::StatusOr<Edit> edit =
      Edit::Parse(absl::StrCat("[", rules, "]"), "e.json");
  EXPECT_TRUE(edit.ok()) << edit.status();
  return edit.ok() ? *std::move(edit) : Edit();
}

std::string Show(const signals::Rfc7540Priority& priority) {
  return absl::StrCat(priority.depends_on, "/", priority.weight,
                      priority.exclusive ? "!" : "");
}

std::string Show(const SignalFrame& frame) {
  const auto* field = std::get_if<signals::Rfc9218Priority>(&frame.signal);
  return absl::StrCat(
      frame.stream_id, ":",
      field != nullptr
          ? signals::FormatRfc9218Priority(*field)
          : Show(std::get<signals::Rfc7540Priority>(frame.signal)));
}

// "0/16 header u=1 update u=0 then 3:5/16", what there is of it.
std::string Show(const RequestSignals& said) {
  std::string text;
  const auto add = [&text](absl::string_view name, absl::string_view value) {
    absl::StrAppend(&text, text.empty() ? "" : " ", name, value);
  };
  if (said.dependency.has_value()) add("", Show(*said.dependency));
  if (!said.header.empty()) add("header ", said.header);
  if (said.update.has_value()) {
    add("update ", signals::FormatRfc9218Priority(*said.update));
  }
  for (const SignalFrame& frame : said.afterwards) add("then ", Show(frame));
  return text;
}

// A browser with edits on TestPage(), which is asked for resources by index.
class EditedBrowser {
 public:
  EditedBrowser(absl::string_view set, absl::string_view rules)
      : page_(TestPage()),
        signals_(EditSignals(FindSignalSet(set)->make({.late_signals = true}),
                             *EditOf(rules).For(page_))) {}

  std::string Request(h2::StreamId id, size_t resource) {
    return Show(signals_->OnRequest(id, page_.resources[resource]));
  }
  std::vector<std::string> Change(h2::StreamId id, ChromeLevel level) {
    std::vector<std::string> frames;
    for (const SignalFrame& frame : signals_->OnChangeOfMind(id, level)) {
      frames.push_back(Show(frame));
    }
    return frames;
  }
  void Close(h2::StreamId id) { signals_->OnStreamClosed(id); }

 private:
  Page page_;
  std::unique_ptr<Signals> signals_;
};

TEST(EditTest, TheUrgencyGoesWhereTheBrowserSaysIt) {
  constexpr char kRule[] = R"({"resource":"css1","u":6})";
  EXPECT_EQ(EditedBrowser("none", kRule).Request(3, 1), "header u=6");
  EXPECT_EQ(EditedBrowser("chrome7540", kRule).Request(3, 1),
            "0/256! header u=6");
  EXPECT_EQ(EditedBrowser("chromium_h2_156", kRule).Request(3, 1),
            "0/256! header u=6");
  EXPECT_EQ(EditedBrowser("chrome9218_2023", kRule).Request(3, 1),
            "update u=6");
}

TEST(EditTest, WhatARuleLeavesOutStaysTheBrowsers) {
  EXPECT_EQ(EditedBrowser("firefox9218", "").Request(3, 2), "header u=4");
  EXPECT_EQ(
      EditedBrowser("firefox9218", R"({"resource":2,"i":true})").Request(3, 2),
      "header u=4, i");
  EXPECT_EQ(EditedBrowser("none", R"({"resource":2,"i":true})").Request(3, 2),
            "header u=3, i");
  EXPECT_EQ(
      EditedBrowser("chrome7540", R"({"resource":2,"weight":1})").Request(3, 2),
      "0/1!");
  EXPECT_EQ(
      EditedBrowser("none", R"({"resource":2,"exclusive":true})").Request(3, 2),
      "0/16!");
}

TEST(EditTest, OfTwoRulesTheLaterFieldCounts) {
  EXPECT_EQ(EditedBrowser("none", R"({"resource":"img*","u":5,"i":true},
                                     {"resource":"img2","u":1})")
                .Request(3, 2),
            "header u=1, i");
}

TEST(EditTest, ADependencyIsOnAnOpenStreamOrComesWhenItIsRequested) {
  EditedBrowser browser("none", R"({"resource":2,"depends_on":"css1"},
      {"resource":3,"depends_on":"font4","weight":9,"exclusive":true})");
  EXPECT_EQ(browser.Request(1, 1), "");
  EXPECT_EQ(browser.Request(3, 2), "1/16");
  EXPECT_EQ(browser.Request(5, 3), "0/9!");
  EXPECT_EQ(browser.Request(7, 4), "then 5:7/9!");
}

TEST(EditTest, AClosedStreamIsNoParentAndGetsNoFrame) {
  EditedBrowser browser("none", R"({"resource":2,"depends_on":1},
                                   {"resource":3,"depends_on":4})");
  browser.Request(1, 1);
  browser.Request(3, 3);
  browser.Close(1);
  browser.Close(3);
  EXPECT_EQ(browser.Request(5, 2), "0/16");
  EXPECT_EQ(browser.Request(7, 4), "");
}

TEST(EditTest, TheRootCanBeTheParent) {
  EditedBrowser browser("chrome7540", R"({"resource":3,"depends_on":"root"})");
  EXPECT_EQ(browser.Request(1, 2), "0/147!");
  EXPECT_EQ(browser.Request(3, 3), "0/147!");
  // The browser's own chain is as it was.
  EXPECT_EQ(browser.Request(5, 5), "3/147!");
}

TEST(EditTest, TheBrowserDoesNotChangeAnEditedFieldLater) {
  EditedBrowser edited("chrome7540", R"({"resource":2,"weight":1})");
  edited.Request(1, 2);
  edited.Request(3, 3);
  EXPECT_THAT(edited.Change(1, ChromeLevel::kHigh), ElementsAre());
  EditedBrowser other("chrome7540", R"({"resource":2,"u":1})");
  other.Request(1, 2);
  other.Request(3, 3);
  EXPECT_THAT(other.Change(1, ChromeLevel::kHigh), ElementsAre("1:0/220!"));
}

TEST(EditTest, ResourcesAreNamedByIdLabelAddressOrGlob) {
  const Page page = TestPage();
  const auto ids = [&page](absl::string_view selector) {
    const Edit edit =
        EditOf(absl::StrCat(R"({"u":1,"resource":)", selector, "}"));
    const absl::StatusOr<PriorityEdits> edits = edit.For(page);
    std::vector<int64_t> ids;
    for (const auto& [id, of_resource] : *edits) ids.push_back(id);
    return ids;
  };
  EXPECT_THAT(ids("4"), ElementsAre(4));
  EXPECT_THAT(ids(R"("4")"), ElementsAre(4));
  EXPECT_THAT(ids(R"("img*")"), ElementsAre(2, 3));  // 5 is a redirect
  EXPECT_THAT(ids(R"("https://a.example/hero.jpg?w=[2]")"), ElementsAre(2));
  EXPECT_THAT(ids(R"("*/ads/*")"), ElementsAre(3));
  EXPECT_THAT(ids(R"("img9")"), ElementsAre());
}

TEST(EditTest, ARuleCanBeForOnePage) {
  const Edit edit = EditOf(R"({"page":"v*","resource":1,"u":1})");
  EXPECT_EQ(edit.For(TestPage("vk"))->size(), 1u);
  EXPECT_EQ(edit.For(TestPage("squoosh"))->size(), 0u);
  EXPECT_TRUE(edit.Check({TestPage("squoosh"), TestPage("vk")}).ok());
  EXPECT_EQ(edit.Check({TestPage("squoosh")}).message(),
            "e.json:1: [0].resource: no page \"v*\" has a resource \"1\"");
}

TEST(EditTest, MistakesAreNamedWithTheirLineAndField) {
  const std::pair<absl::string_view, absl::string_view> refused[] = {
      {"{}", "e.json: must be an array of at least one edit"},
      {"[]", "e.json: must be an array of at least one edit"},
      {"[7]", "e.json:1: [0]: must be an object, not 7"},
      {"[\n {\"resource\": 1, \"u\": 1},\n\n {\"resource\": 2, \"u\": 8}]",
       "e.json:4: [1].u: must be a whole number from 0 to 7, not 8"},
      {"[{\"u\":1}]",
       "e.json:1: [0].resource: is missing: an id, a label or an address"},
      {"[{\"resource\":\"[{,\",\"u\":1},\n{\"resource\":1}]",
       "e.json:2: [1]: has none of u, i, weight, depends_on, exclusive"},
      {"[{\"resource\":1,\"weight\":0}]",
       "[0].weight: must be a whole number from 1 to 256, not 0"},
      {"[{\"resource\":1,\"i\":1}]", "[0].i: must be true or false, not 1"},
      {"[{\"resource\":1,\"wieght\":1}]",
       "[0].wieght: is no field of an edit; known are page, resource, u, i"},
      {"[{\"resource\":true,\"u\":1}]",
       "[0].resource: must be a string, not true"},
      {"[{\"resource\":1,\"u\":1},\n 7,\n {\"resource\":2,\"u\":3, "
       "\"\\u0075\":4}]",
       "e.json:3: [2].u: is given twice"},
      {"[{\"resource\":1,\"u\":1}", "e.json: is not complete JSON"},
  };
  for (const auto& [text, why] : refused) {
    const absl::StatusOr<Edit> edit = Edit::Parse(text, "e.json");
    ASSERT_FALSE(edit.ok()) << text;
    EXPECT_THAT(std::string(edit.status().message()), HasSubstr(why)) << text;
  }
}

TEST(EditTest, AParentMustBeOneOtherResourceOfThePage) {
  const std::pair<absl::string_view, absl::string_view> refused[] = {
      {"\"img*\"", "\"img*\" is several of the resources of page p"},
      {"\"img9\"", "\"img9\" is none of the resources of page p"},
      {"5", "\"5\" is none of the resources of page p"},
      {"2", "\"2\" is the resource itself on page p"},
  };
  for (const auto& [parent, why] : refused) {
    const Edit edit =
        EditOf(absl::StrCat(R"({"resource":2,"depends_on":)", parent, "}"));
    EXPECT_EQ(edit.For(TestPage()).status().message(),
              absl::StrCat("e.json:1: [0].depends_on: ", why));
  }
}

// The labels in the order in which they complete, 1 ms a segment.
std::string Completed(absl::string_view policy, absl::string_view rules) {
  const Page page = TestPage();
  Link link({.down_bits_per_second = 11'200'000, .send_buffer_bytes = 0});
  scheduler::PolicyOptions options;
  options.max_grant = kMaxGrant;
  const auto signals =
      EditSignals(FindSignalSet("none")->make({}), *EditOf(rules).For(page));
  const absl::StatusOr<PageLoad> load = RunPageLoad(
      page, *signals, *scheduler::CreatePolicy(policy, options), link);
  EXPECT_TRUE(load.ok()) << load.status();
  std::string labels;
  if (!load.ok()) return labels;
  for (const size_t index : CompletionOrder(page, *load)) {
    absl::StrAppend(&labels, labels.empty() ? "" : " ",
                    page.resources[index].label);
  }
  return labels;
}

TEST(EditTest, TheServerFollowsTheEdit) {
  EXPECT_EQ(Completed("rfc9218", ""), "html0 css1 img2 img3 font4");
  EXPECT_EQ(Completed("rfc9218", R"({"resource":3,"u":0})"),
            "html0 img3 css1 img2 font4");
  EXPECT_EQ(Completed("rfc7540", R"({"resource":1,"depends_on":3},
                                    {"resource":2,"depends_on":1})"),
            "html0 img3 css1 img2 font4");
}

}  // namespace
}  // namespace sluice::lab
