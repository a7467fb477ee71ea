#include "benchmarks/lab/results/har_output.h"

#include <sluice/scheduler/registry.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/comparison/selection.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/page/page.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kFolder[] = "benchmarks/lab/pages";

json HarOf(const Page& page, absl::string_view signals = "chrome7540",
           bool late_signals = false) {
  Link link({});
  scheduler::PolicyOptions options;
  options.max_grant = kMaxGrant;
  auto policy = scheduler::CreatePolicy("auto", options);
  EXPECT_TRUE(policy.ok()) << policy.status();
  const absl::StatusOr<PageLoad> load = RunPageLoad(
      page, *FindSignalSet(signals)->make({.late_signals = late_signals}),
      *std::move(policy), link);
  EXPECT_TRUE(load.ok()) << load.status();
  if (!load.ok()) return json::object();
  const Run run = {.page = &page,
                   .policy = "auto",
                   .setting = {.signals = std::string(signals),
                               .network = "3g_fast",
                               .send_buffer_bytes = 16384,
                               .max_streams = 100,
                               .late_signals = late_signals},
                   .seed = 1,
                   .metrics = Measure(page, *load)};
  return json::parse(HarText(run, *load));
}

// Everything that a resource is made of.
std::string Describe(const Resource& r) {
  std::string text = absl::StrCat(
      r.id, " ", r.label, " ", ResourceTypeName(r.type), " ", r.bytes, " ",
      r.redirect, " initiator ",
      r.initiator.has_value() ? absl::StrCat(*r.initiator) : "-", " at ",
      r.discovered_at_byte.has_value() ? absl::StrCat(*r.discovered_at_byte)
                                       : "-",
      " delay ", r.discovery_delay_ns, " role ", r.role, " url ", r.url,
      " level ", static_cast<int>(r.level), " blocking ",
      static_cast<int>(r.render_blocking), " critical ", r.render_critical,
      " atf ", r.above_the_fold, " lcp ", r.lcp_candidate);
  if (r.trigger.has_value()) {
    absl::StrAppend(&text, " trigger ", r.trigger->role, r.trigger->bytes, " ",
                    r.trigger->completed);
  }
  if (r.change_of_mind.has_value()) {
    absl::StrAppend(&text, " change ",
                    static_cast<int>(r.change_of_mind->level), " ",
                    r.change_of_mind->delay_ns, " ",
                    absl::StrJoin(r.change_of_mind->after, ","));
  }
  absl::StrAppend(&text, " hints ", static_cast<int>(r.hints.resource_class),
                  r.hints.in_head, r.hints.after_first_image,
                  r.hints.async_or_defer, r.hints.above_the_fold,
                  r.hints.preload, " ", r.hints.bytes_remaining.value_or(0));
  return text;
}

TEST(HarOutputTest, ItIsReadAsTheSamePage) {
  const absl::StatusOr<std::vector<Page>> pages =
      SelectPages("all,tests/lab/har/*.har", kFolder);
  ASSERT_TRUE(pages.ok()) << pages.status();
  EXPECT_GE(pages->size(), 25u);
  for (const Page& page : *pages) {
    SCOPED_TRACE(page.name);
    const absl::StatusOr<Page> again =
        ParsePage(HarOf(page).dump(), "again.har");
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->name, page.name);
    ASSERT_EQ(again->resources.size(), page.resources.size());
    for (size_t i = 0; i < page.resources.size(); ++i) {
      EXPECT_EQ(Describe(again->resources[i]), Describe(page.resources[i]));
    }
  }
}

// The same by the rules for HARs of others: the page that is inside is taken
// out. What the lab writes is so a HAR as good as any browser's.
TEST(HarOutputTest, WithoutTheEmbeddedPageItIsReadAsNearlyTheSamePage) {
  const absl::StatusOr<std::vector<Page>> pages = SelectPages("real", kFolder);
  ASSERT_TRUE(pages.ok()) << pages.status();
  for (const Page& page : *pages) {
    SCOPED_TRACE(page.name);
    json har = HarOf(page);
    har["log"].erase("_page_fixture");
    const absl::StatusOr<Page> again = ParsePage(har.dump(), "again.har");
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_THAT(again->note, HasSubstr("HAR of sluice "));
    ASSERT_EQ(again->resources.size(), page.resources.size());
    // Found by their addresses: entries are in the order of requests.
    for (const Resource& was : page.resources) {
      SCOPED_TRACE(was.label);
      const Resource* is = nullptr;
      for (const Resource& candidate : again->resources) {
        if (absl::EndsWith(candidate.url, absl::StrCat("/", was.label))) {
          is = &candidate;
        }
      }
      ASSERT_NE(is, nullptr);
      EXPECT_EQ(is->type, was.type);
      EXPECT_EQ(is->redirect, was.redirect);
      if (!was.redirect) {
        EXPECT_EQ(is->bytes, was.bytes);
      }
      EXPECT_EQ(is->initiator.has_value(), was.initiator.has_value());
      if (is->initiator.has_value() && was.initiator.has_value()) {
        EXPECT_TRUE(absl::EndsWith(
            again->resources[*is->initiator].url,
            absl::StrCat("/", page.resources[*was.initiator].label)))
            << again->resources[*is->initiator].url;
      }
      if (!was.change_of_mind.has_value()) {
        EXPECT_EQ(is->level, was.level);
      }
      EXPECT_EQ(is->hints.preload, was.hints.preload);
      if (was.initiator.has_value() &&
          !page.resources[*was.initiator].redirect) {
        // Stylesheets block in the document's own frame only.
        EXPECT_LE(is->render_critical, was.render_critical);
      }
    }
  }
}

// HAR 1.2's mandatory fields, with their types.
void ExpectFields(const json& object, const json& example,
                  const std::string& path) {
  for (const auto& [name, value] : example.items()) {
    ASSERT_TRUE(object.contains(name)) << path << name;
    const json& found = object[name];
    if (value.is_number()) {
      EXPECT_TRUE(found.is_number()) << path << name;
    } else {
      EXPECT_EQ(found.type(), value.type()) << path << name;
    }
    if (value.is_object()) {
      ExpectFields(found, value, absl::StrCat(path, name, "."));
    }
  }
}

TEST(HarOutputTest, HasEveryFieldThatHar12Demands) {
  const absl::StatusOr<std::vector<Page>> pages =
      SelectPages("wikipedia_mobile", kFolder);
  ASSERT_TRUE(pages.ok());
  const json har = HarOf(pages->front());
  ExpectFields(har, json::parse(R"({"log":{"version":"","entries":[],
      "creator":{"name":"","version":""},"pages":[]}})"),
               "");
  ExpectFields(har["log"]["pages"][0], json::parse(R"({"startedDateTime":"",
      "id":"","title":"","pageTimings":{"onLoad":0}})"),
               "page.");
  std::string last;
  for (const json& entry : har["log"]["entries"]) {
    ExpectFields(entry, json::parse(R"({"pageref":"","startedDateTime":"",
      "time":0,"cache":{},
      "request":{"method":"","url":"","httpVersion":"","cookies":[],
        "headers":[],"queryString":[],"headersSize":0,"bodySize":0},
      "response":{"status":0,"statusText":"","httpVersion":"","cookies":[],
        "headers":[],"redirectURL":"","headersSize":0,"bodySize":0,
        "content":{"size":0,"mimeType":""}},
      "timings":{"send":0,"wait":0,"receive":0}})"),
                 "entry.");
    const json& timings = entry["timings"];
    EXPECT_NEAR(
        entry["time"].get<double>(),
        timings["wait"].get<double>() + timings["receive"].get<double>(), 1e-6);
    EXPECT_LE(last, entry["startedDateTime"].get<std::string>());
    last = entry["startedDateTime"].get<std::string>();
  }
  EXPECT_EQ(har["log"]["entries"][0]["startedDateTime"],
            "2020-01-01T00:00:00.000000Z");
}

TEST(HarOutputTest, ChunksShowHowTheBodyArrived) {
  const absl::StatusOr<std::vector<Page>> pages =
      SelectPages("wikipedia_mobile", kFolder);
  ASSERT_TRUE(pages.ok());
  const json har = HarOf(pages->front());
  for (const json& entry : har["log"]["entries"]) {
    uint64_t sum = 0;
    double last = -1;
    for (const json& chunk : entry["_chunks"]) {
      EXPECT_GT(chunk["ts"].get<double>(), last);
      last = chunk["ts"].get<double>();
      sum += chunk["bytes"].get<uint64_t>();
    }
    EXPECT_EQ(sum, entry["response"]["bodySize"].get<uint64_t>());
  }
}

// The entry whose address ends so.
json EntryOf(const json& har, absl::string_view label) {
  for (const json& entry : har["log"]["entries"]) {
    if (absl::EndsWith(entry["request"]["url"].get<std::string>(),
                       absl::StrCat("/", label))) {
      return entry;
    }
  }
  ADD_FAILURE() << "no " << label;
  return json::object();
}

constexpr absl::string_view kPage = R"({"format":"h2-page-fixture/1","page":"p",
  "resources":[
    {"id":0,"type":"html","bytes":900,"redirect":true},
    {"id":1,"type":"html","bytes":9000,"initiator":0},
    {"id":2,"type":"css","bytes":4000,"initiator":1,"render_blocking":"render"},
    {"id":3,"type":"image","bytes":90000,"initiator":1,"in_viewport":true,
     "change_of_mind":{"level":"High","delay_ms":1,"after":[2]}}]})";

TEST(HarOutputTest, EntriesHaveTheClientsSignalsInWebPageTestsFields) {
  const absl::StatusOr<Page> page = ParsePage(kPage, "p.json");
  ASSERT_TRUE(page.ok()) << page.status();
  const json tree = HarOf(*page);
  const json css = EntryOf(tree, "css2");
  EXPECT_EQ(css["_http2_stream_weight"], 256);
  EXPECT_EQ(css["_http2_stream_exclusive"], 1);
  EXPECT_EQ(css["_http2_stream_dependency"], 0);
  EXPECT_FALSE(css.contains("_http_priority"));
  EXPECT_EQ(css["_renderBlocking"], "blocking");
  EXPECT_EQ(css["_initiator"], "https://p.invalid/html1");
  EXPECT_EQ(css["_initiator_type"], "parser");
  const json image = EntryOf(tree, "img3");
  EXPECT_EQ(image["_http2_stream_dependency"], css["_http2_stream_id"]);
  EXPECT_EQ(image["_http2_stream_weight"], 147);
  EXPECT_EQ(image["_initialPriority"], "Low");
  EXPECT_EQ(image["_priority"], "High");
  ASSERT_TRUE(image.contains("_priority_signals"));
  EXPECT_EQ(image["_priority_signals"].back()["weight"], 220);
  EXPECT_GT(image["_priority_signals"].back()["ts"], 150);

  const json both = EntryOf(HarOf(*page, "chromium_h2_156"), "css2");
  EXPECT_EQ(both["_http_priority"], "u=0");
  const json late =
      EntryOf(HarOf(*page, "chrome9218_2023", /*late_signals=*/true), "img3");
  EXPECT_EQ(late["_http2_stream_weight"], 16);  // nothing was said
  EXPECT_EQ(late["_priority_signals"].back()["priority"], "u=1, i");
}

TEST(HarOutputTest, ARedirectLeadsToTheDocument) {
  const absl::StatusOr<Page> page = ParsePage(kPage, "p.json");
  ASSERT_TRUE(page.ok()) << page.status();
  const json har = HarOf(*page);
  const json redirect = EntryOf(har, "html0");
  EXPECT_EQ(redirect["response"]["status"], 302);
  EXPECT_EQ(redirect["response"]["redirectURL"], "https://p.invalid/html1");
  EXPECT_EQ(redirect["time"], 0);
  EXPECT_EQ(EntryOf(har, "html1")["_initiator_type"], "redirect");
}

TEST(HarOutputTest, HasTheParametersOfTheRun) {
  const absl::StatusOr<Page> page = ParsePage(kPage, "p.json");
  ASSERT_TRUE(page.ok()) << page.status();
  const json run = HarOf(*page)["log"]["_run"];
  EXPECT_EQ(run["policy"], "auto");
  EXPECT_EQ(run["signals"], "chrome7540");
  EXPECT_EQ(run["page_sha256"], page->sha256);
}

}  // namespace
}  // namespace sluice::lab
