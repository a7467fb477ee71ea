#include "benchmarks/lab/results/qlog.h"

#include <sluice/h2/events.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/comparison/selection.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/lines.h"
#include "benchmarks/lab/results/trace_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/lab/qlog_checker.h"

namespace sluice::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using Json = nlohmann::json;

std::string Contents(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string Sample(absl::string_view name) {
  return Contents(absl::StrCat("tests/lab/qlog/", name));
}

// --- The checker -------------------------------------------------------------

TEST(QlogCheckerTest, TracesThatQvisOpensPass) {
  for (const char* name :
       {"minimal.qlog", "ok_server.qlog", "ok_server_jsonseq.sqlog"}) {
    EXPECT_EQ(CheckQlog(Sample(name)), absl::OkStatus()) << name;
  }
}

// The checker's verdict on ok_server.qlog after `change`.
std::string SaidOf(const std::function<void(Json&)>& change) {
  nlohmann::ordered_json file =
      nlohmann::ordered_json::parse(Sample("ok_server.qlog"));
  Json trace = file["traces"][0];
  change(trace);
  file["traces"][0] = trace;
  return std::string(CheckQlog(file.dump()).message());
}

TEST(QlogCheckerTest, ABrokenTraceIsRefused) {
  const auto event = [](Json& trace, size_t index) -> Json& {
    return trace["events"][index]["data"];
  };
  // Events 0, 2, 4 are requests, 1, 3, 5 their headers, from 6 on data.
  EXPECT_EQ(SaidOf([](Json&) {}), "");
  EXPECT_EQ(SaidOf([](Json& t) { t["vantage_point"]["type"] = "network"; }),
            "vantage_point.type is neither \"server\" nor \"client\"");
  // Its requests are then data.
  EXPECT_EQ(SaidOf([](Json& t) { t["vantage_point"]["type"] = "client"; }),
            "event 0: data before the request");
  EXPECT_EQ(SaidOf([](Json& t) { t["configuration"]["time_units"] = "us"; }),
            "times are not milliseconds");
  EXPECT_EQ(
      SaidOf([](Json& t) { t["common_fields"]["time_format"] = "delta"; }),
      "times are differences");
  EXPECT_EQ(SaidOf([](Json& t) { t["common_fields"].erase("reference_time"); }),
            "relative times without a reference_time");
  EXPECT_EQ(SaidOf([](Json& t) { t["event_fields"] = {"time"}; }),
            "event_fields");
  EXPECT_EQ(SaidOf([](Json& t) { t["error_description"] = ""; }),
            "a trace of an error, which is not shown");
  EXPECT_EQ(SaidOf([](Json& t) { t["events"].push_back(Json::object()); }),
            "an empty event at the end, which is cut off");
  EXPECT_EQ(
      SaidOf([](Json& t) { t["configuration"]["time_offset"] = "later"; }),
      "time_offset is no number");
  EXPECT_EQ(SaidOf([](Json& t) {
              t["common_fields"]["protocol_type"] = "TCP_HTTP2";
            }),
            "is taken for a capture of TCP");
  EXPECT_EQ(SaidOf([](Json& t) { t["events"][9]["time"] = 1; }),
            "event 9: the time goes back");
  EXPECT_EQ(SaidOf([](Json& t) { t["events"][9].erase("time"); }),
            "event 9: no time");
  EXPECT_EQ(SaidOf([](Json& t) { t["events"][9].erase("name"); }),
            "event 9: no name");
  EXPECT_EQ(SaidOf([](Json& t) { t["events"][9].erase("data"); }),
            "event 9: no data");
  EXPECT_EQ(SaidOf([](Json& t) { t["events"][9]["group_id"] = 1; }),
            "event 9: group_id splits the trace");
  EXPECT_EQ(SaidOf([](Json& t) { t["events"][9]["category"] = "x"; }),
            "event 9: category hides that of the name");
  EXPECT_EQ(SaidOf([&](Json& t) { event(t, 9)["packet_type"] = "1RTT"; }),
            "event 9: packet_type in data");
  EXPECT_EQ(SaidOf([&](Json& t) { event(t, 9)["header"] = Json::object(); }),
            "event 9: no packet_number");
  EXPECT_EQ(SaidOf([&](Json& t) { event(t, 9)["header"]["packet_size"] = 9; }),
            "event 9: a size in the header");
  EXPECT_EQ(
      SaidOf([&](Json& t) { event(t, 9)["header"]["packet_number"] = 0; }),
      "event 9: packet_number goes back");
  EXPECT_EQ(SaidOf([&](Json& t) { event(t, 9).erase("frames"); }),
            "event 9: no frames");
  EXPECT_EQ(SaidOf([&](Json& t) { event(t, 6)["frames"][0]["stream_id"] = 1; }),
            "event 6: no stream_id that 4 divides");
  EXPECT_EQ(SaidOf([&](Json& t) { event(t, 9)["frames"][0]["offset"] = 9; }),
            "event 9: a hole in a stream");
  EXPECT_EQ(SaidOf([&](Json& t) { event(t, 9)["frames"][0].erase("length"); }),
            "event 9: no offset or length");
  EXPECT_EQ(SaidOf([&](Json& t) { event(t, 9)["frames"][0]["length"] = 0; }),
            "event 9: an empty DATA frame");
  EXPECT_EQ(SaidOf([&](Json& t) { event(t, 6)["frames"][0]["fin"] = true; }),
            "event 9: data after the end");
  EXPECT_EQ(SaidOf([](Json& t) { t["events"].erase(0); }),
            "event 5: data before the request");
  EXPECT_EQ(SaidOf([&](Json& t) { event(t, 1)["frame"].erase("frame_type"); }),
            "event 1: no frame_type");
  EXPECT_EQ(SaidOf([&](Json& t) { event(t, 1)["stream_id"] = 3; }),
            "event 1: headers of no stream");
  EXPECT_EQ(SaidOf([&](Json& t) { event(t, 1)["frame"]["headers"] = 1; }),
            "event 1: no headers");
  EXPECT_EQ(SaidOf([&](Json& t) {
              event(t, 1)["frame"]["headers"][0].erase("value");
            }),
            "event 1: half a header");
  EXPECT_EQ(SaidOf([&](Json& t) {
              event(t, 1)["frame"]["headers"][1]["value"] = "u=";
            }),
            "event 1: a priority that does not parse");
  const Json update = {{"frame_type", "priority_update"}, {"value", "u=1"}};
  EXPECT_EQ(SaidOf([&](Json& t) { event(t, 1)["frame"] = update; }),
            "event 1: no element_id that 4 divides");
  EXPECT_EQ(SaidOf([](Json& t) {
              t["events"].erase(t["events"].begin() + 10, t["events"].end());
            }),
            "fewer than five DATA frames");
  EXPECT_EQ(SaidOf([](Json& t) { t["events"] = Json::array(); }),
            "fewer than two streams");
}

TEST(QlogCheckerTest, ABrokenFileIsRefused) {
  const auto said = [](std::string text) {
    return std::string(CheckQlog(text).message());
  };
  const std::string good = Sample("ok_server.qlog");
  EXPECT_EQ(said(absl::StrReplaceAll(good, {{"\"0.3\"", "\"0.4\""}})),
            "qlog_version is not 0.3");
  EXPECT_EQ(said(good.substr(0, good.size() - 3)), "is not complete JSON");
  EXPECT_EQ(said(absl::StrCat(std::string(1010, ' '), good)),
            "qlog_version and qlog_format are not at the beginning");
  EXPECT_EQ(said(absl::StrReplaceAll(good, {{"h2 scheduler", "NDJSON"}})),
            "is taken for NDJSON");
  EXPECT_EQ(said(absl::StrReplaceAll(good, {{"h2 scheduler", "JSON-SEQ"}})),
            "no record separator");
  EXPECT_EQ(said(absl::StrReplaceAll(good, {{"\"JSON\"", "\"CBOR\""}})),
            "the format is unknown");
  EXPECT_EQ(said(absl::StrReplaceAll(good, {{"\"traces\"", "\"trace\""}})),
            "not one trace");
  EXPECT_EQ(said(absl::StrReplaceAll(good, {{"\"events\"", "\"event\""}})),
            "no events");
  const std::string sequence = Sample("ok_server_jsonseq.sqlog");
  EXPECT_EQ(said(sequence.substr(0, sequence.size() - 1)),
            "a record is cut off");
  EXPECT_EQ(said(absl::StrReplaceAll(sequence, {{"\"0.3\"", "\"0.4\""}})),
            "qlog_version is not 0.3");
}

Run NamedRun(const Page& page) {
  Run run;
  run.page = &page;
  run.policy = "rr";
  run.setting.signals = "none";
  run.setting.network = "3g_fast";
  return run;
}

// --- Our traces --------------------------------------------------------------

struct Load {
  std::unique_ptr<Page> page;
  Run run;
  PageLoad load;

  std::string Text() const { return QlogText(run, load); }
};

Load LoadOf(const std::string& path, const std::string& policy,
            const std::string& signals, bool late_signals = false) {
  absl::StatusOr<Page> page = LoadPageFile(path);
  EXPECT_TRUE(page.ok()) << page.status();
  Load result;
  result.page = std::make_unique<Page>(*std::move(page));
  scheduler::PolicyOptions options;
  options.max_grant = kMaxGrant;
  Link link({});
  absl::StatusOr<PageLoad> load =
      RunPageLoad(*result.page,
                  *FindSignalSet(signals)->make({.late_signals = late_signals}),
                  *scheduler::CreatePolicy(policy, options), link);
  EXPECT_TRUE(load.ok()) << load.status();
  result.load = *std::move(load);
  result.run.page = result.page.get();
  result.run.policy = policy;
  result.run.setting.signals = signals;
  result.run.setting.network = "3g_fast";
  result.run.setting.late_signals = late_signals;
  return result;
}

TEST(QlogTest, EverySignalSetGivesATraceThatQvisOpens) {
  for (const SignalSet& set : SignalSets()) {
    for (const bool late : {false, true}) {
      const Load load = LoadOf(
          "benchmarks/lab/pages/filamentgroup_2017_chrome."
          "json",
          "auto", std::string(set.name), late);
      EXPECT_EQ(CheckQlog(load.Text()), absl::OkStatus()) << set.name;
    }
  }
}

TEST(QlogTest, EveryBundledPageGivesATraceThatQvisOpens) {
  const std::string folder = "benchmarks/lab/pages";
  for (const std::string& page : BundledPages(folder)) {
    const Load load = LoadOf(absl::StrCat(folder, "/", page, ".json"),
                             "rfc9218", "chromium_h2_156");
    EXPECT_EQ(CheckQlog(load.Text()), absl::OkStatus()) << page;
  }
}

TEST(QlogTest, ATraceHasEveryRequestAndEveryByteAtItsTime) {
  const Load load = LoadOf("benchmarks/lab/pages/wikipedia_mobile.json",
                           "rfc9218", "chrome9218_2023");
  const Json events = Json::parse(load.Text())["traces"][0]["events"];
  std::map<uint64_t, uint64_t> bytes;
  std::map<uint64_t, double> requested;
  std::vector<double> sent;
  for (const Json& event : events) {
    const std::string name = event["name"];
    if (!absl::StartsWith(name, "transport:")) continue;
    const Json& frame = event["data"]["frames"][0];
    const uint64_t stream = frame["http2_stream_id"];
    EXPECT_EQ(frame["stream_id"], 2 * (stream - 1));
    if (name == "transport:packet_received") {
      requested[stream] = event["time"];
    } else {
      bytes[stream] += frame["length"].get<uint64_t>();
      sent.push_back(event["time"]);
      const size_t of = load.load.picks[sent.size() - 1].resource;
      EXPECT_EQ(frame["fin"], bytes[stream] == load.page->resources[of].bytes);
    }
  }
  ASSERT_EQ(sent.size(), load.load.picks.size());
  for (size_t i = 0; i < sent.size(); ++i) {
    EXPECT_NEAR(sent[i], load.load.picks[i].at_ns / 1e6, 0.0006);
  }
  EXPECT_EQ(requested.size(), load.load.requests.size());
  for (const ReceivedRequest& request : load.load.requests) {
    EXPECT_NEAR(requested[request.stream_id], request.at_ns / 1e6, 0.0006);
    EXPECT_EQ(bytes[request.stream_id],
              load.page->resources[request.resource].bytes);
  }
}

TEST(QlogTest, ASmallTraceHasExactlyTheseBytes) {
  Page page;
  page.name = "JSON-SEQ \"two\"";  // must not be taken for a format
  page.sha256 = "abc";
  for (const uint64_t bytes : {30, 1400}) {
    Resource resource;
    resource.label = absl::StrCat("css", page.resources.size());
    resource.bytes = bytes;
    page.resources.push_back(resource);
  }
  PageLoad load;
  load.picks = {
      {.resource = 1, .stream_id = 3, .bytes = 1391, .at_ns = 2'500'000},
      {.resource = 0, .stream_id = 1, .bytes = 30, .at_ns = 3'000'499},
      {.resource = 1, .stream_id = 3, .bytes = 9, .at_ns = 3'000'500}};
  load.requests = {{.resource = 0, .stream_id = 1, .at_ns = 1'000'000},
                   {.resource = 1, .stream_id = 3, .at_ns = 2'500'000}};
  using Tree = signals::Rfc7540Priority;
  using Field = signals::Rfc9218Priority;
  const int64_t at = 2'500'000;
  load.signals = {
      {5, 0, Tree{.depends_on = 3, .weight = 201}},
      {3, at, Tree{.weight = 32, .exclusive = true}, /*with_request=*/true},
      {3, at, Field{.urgency = 1, .incremental = true}, /*with_request=*/true},
      {3, 4'000'000, Field{.urgency = 0}}};
  const lab::Run run = NamedRun(page);
  const std::string title = R"("title":"JSON-SEQ \"two\": rr, none, 3g_fast")";
  EXPECT_EQ(
      QlogText(run, load),
      absl::StrCat(
          R"({"qlog_version":"0.3","qlog_format":"JSON","traces":[{)",
          R"("vantage_point":{"type":"server","name":"sluice lab"},)",
          R"("common_fields":{"time_format":"relative","reference_time":0,)",
          R"("protocol_type":["HTTP2"]},)",
          R"("configuration":{"time_units":"ms","time_offset":"0"},)",
          R"("events":[
{"time":0.000,"name":"http:frame_parsed","data":{"stream_id":8,)",
          R"("http2_stream_id":5,"frame":{"frame_type":"priority",)",
          R"("http2_dependency":3,"weight":201,"exclusive":false}}},
{"time":1.000,"name":"transport:packet_received","data":{"header":)",
          R"({"packet_number":0},"frames":[{"frame_type":"stream",)",
          R"("stream_id":0,"http2_stream_id":1,"offset":0,"length":0,)",
          R"("fin":true}]}},
{"time":1.000,"name":"http:frame_parsed","data":{"stream_id":0,)",
          R"("http2_stream_id":1,"frame":{"frame_type":"headers",)",
          R"("headers":[{"name":":method","value":"GET"},)",
          R"({"name":":path","value":"/css0"}]}}},
{"time":2.500,"name":"transport:packet_received","data":{"header":)",
          R"({"packet_number":1},"frames":[{"frame_type":"stream",)",
          R"("stream_id":4,"http2_stream_id":3,"offset":0,"length":0,)",
          R"("fin":true}]}},
{"time":2.500,"name":"http:frame_parsed","data":{"stream_id":4,)",
          R"("http2_stream_id":3,"frame":{"frame_type":"headers",)",
          R"("headers":[{"name":":method","value":"GET"},)",
          R"({"name":":path","value":"/css1"},)",
          R"({"name":"priority","value":"u=1, i"}],"priority":)",
          R"({"http2_dependency":0,"weight":32,"exclusive":true}}}},
{"time":2.500,"name":"transport:packet_sent","data":{"header":)",
          R"({"packet_number":0},"frames":[{"frame_type":"stream",)",
          R"("stream_id":4,"http2_stream_id":3,"offset":0,"length":1391,)",
          R"("fin":false}]}},
{"time":3.000,"name":"transport:packet_sent","data":{"header":)",
          R"({"packet_number":1},"frames":[{"frame_type":"stream",)",
          R"("stream_id":0,"http2_stream_id":1,"offset":0,"length":30,)",
          R"("fin":true}]}},
{"time":3.001,"name":"transport:packet_sent","data":{"header":)",
          R"({"packet_number":2},"frames":[{"frame_type":"stream",)",
          R"("stream_id":4,"http2_stream_id":3,"offset":1391,"length":9,)",
          R"("fin":true}]}},
{"time":4.000,"name":"http:frame_parsed","data":{"stream_id":2,)",
          R"("http2_stream_id":0,"frame":{"frame_type":"priority_update",)",
          R"("element_id":4,"http2_element_id":3,"value":"u=0"}}}
],)",
          title, R"(,"sluice_lab":)", RunParameters(run).dump(), "}],", title,
          "}\n"));
}

// --- Their files -------------------------------------------------------------

TEST(TraceFolderTest, ANameIsReadableAndSafe) {
  Page page;
  page.name = "vk";
  lab::Run run = NamedRun(page);
  EXPECT_THAT(TraceName(run), MatchesRegex("vk__none__rr__3g_fast-[0-9a-f]+"));
  page.name = "-../\\:*?\"<>| \n\xc3\xa9";
  run.policy = "rfc9218:mixed=alternate,starvation_guard=3";
  run.setting.network = "ns3:rate=1mbit";
  EXPECT_THAT(
      TraceName(run),
      MatchesRegex(
          "_[-+_0-9A-Za-z]*__none__rfc9218_mixed_alternate_starvation_guard"
          "_3__ns3_rate_1mbit-[0-9a-f]+"));
  page.name = std::string(10'000, 'n');
  run.policy = run.setting.network = run.setting.signals = page.name;
  EXPECT_LE(TraceName(run).size(), 200u);
}

TEST(TraceFolderTest, RunsThatDifferHaveDifferentNames) {
  Page page;
  page.name = "page";
  page.sha256 = "abc";
  Page same_name = page;
  same_name.sha256 = "def";
  std::vector<lab::Run> runs(8, NamedRun(page));
  runs[1].page = &same_name;
  runs[2].seed = 2;
  runs[3].setting.send_buffer_bytes = 1;
  runs[4].setting.late_signals = true;
  // Alike when every sign but letters is '_', and when long names are cut.
  runs[5].policy = "rfc9218:mixed=alternate";
  runs[6].policy = "rfc9218:mixed_alternate";
  runs[7].policy = std::string(100, 'r');
  runs.push_back(runs[7]);
  runs.back().policy += "r";
  std::set<std::string> names;
  for (const lab::Run& run : runs) names.insert(TraceName(run));
  EXPECT_EQ(names.size(), runs.size());
  EXPECT_EQ(TraceName(runs[0]), TraceName(NamedRun(page)));
}

TEST(TraceFolderTest, FilesAreWrittenIntoANewFolder) {
  const std::string folder = absl::StrCat(::testing::TempDir(), "/a/b");
  absl::StatusOr<TraceFolder> files = TraceFolder::In(folder, ".qlog");
  ASSERT_TRUE(files.ok()) << files.status();
  Page page;
  page.name = "vk";
  const lab::Run run = NamedRun(page);
  EXPECT_EQ(files->Write(run, "longer"), absl::OkStatus());
  EXPECT_EQ(files->Write(run, "text"), absl::OkStatus());
  const std::string path = absl::StrCat(folder, "/", TraceName(run), ".qlog");
  EXPECT_EQ(Contents(path), "text");
  // A file is no folder, and a folder cannot be written over.
  const absl::Status refused = TraceFolder::In(path, ".qlog").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr(path));
  absl::StatusOr<TraceFolder> above =
      TraceFolder::In(absl::StrCat(path, ".d"), "");
  ASSERT_TRUE(above.ok());
  ASSERT_TRUE(
      TraceFolder::In(absl::StrCat(path, ".d/", TraceName(run)), "").ok());
  EXPECT_EQ(above->Write(run, "text").code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace sluice::lab
