// The words of a verdict, and every form of output, by hand-made results.
#include <sluice/h2/types.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/probe/result.h"
#include "benchmarks/probe/result_json.h"
#include "benchmarks/probe/result_page.h"
#include "benchmarks/probe/result_qlog.h"
#include "benchmarks/probe/result_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/lab/qlog_checker.h"

namespace sluice::probe {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Tree = signals::Rfc7540Priority;
using Field = signals::Rfc9218Priority;

Verdict VerdictOf(VerdictKind kind, const std::string& reason = "") {
  Verdict verdict;
  verdict.kind = kind;
  verdict.reason = reason;
  return verdict;
}

Verdict PartlyOf(double measured, double asked) {
  Verdict verdict = VerdictOf(VerdictKind::kPartly);
  verdict.share = Share{measured, asked};
  return verdict;
}

// Two streams: the second is asked for late and then preferred.
Strip LateUrgent() {
  const auto at = [](int ms) { return absl::Milliseconds(ms); };
  Strip strip;
  strip.streams = {{1, "u=6, i", "/low", 1}, {3, "u=0", "/urgent", 0}};
  strip.events = {
      {at(0), Requested{1, {Field{6, true}, Tree{.weight = 32}}}},
      {at(1), Arrived{1, 1000, false}},
      {at(1), Arrived{1, 500, false}},
      {at(2), Requested{3, {Field{0, false}}}},
      {at(3), Signalled{1, Field{7, true}}},
      {at(4), Arrived{1, 24, false}},
      {at(5), Arrived{3, 900, true}},
      {at(6), Arrived{1, 100, false}},
      {at(7), Arrived{1, 0, true}},
  };
  return strip;
}

ServerResult SomeResult() {
  ServerResult result;
  result.url = "http://127.0.0.1:8080/big";
  result.settings = {{h2::SettingId::kMaxConcurrentStreams, 100},
                     {h2::SettingId::kNoRfc7540Priorities, 1},
                     {static_cast<h2::SettingId>(0xf0f), 7}};
  result.software = "nghttpd nghttp2/1.52.0";
  result.version = "3.0.0";
  result.date = "2026-11-30";
  result.connections = 9;
  result.bytes = 9'437'184;
  result.took = absl::Seconds(4.25);
  result.experiments = {
      {"rfc7540-weights",
       "Weights 224 and 32: shares of 7 to 1.",
       VerdictOf(VerdictKind::kHonoured),
       {{{"share", 6.94}}, {{"share", 6.9}}, {{"share", 7.0}}},
       LateUrgent()},
      {"rfc9218-urgency",
       "",
       PartlyOf(3.94, 7),
       {{{"share", 3.94}, {"committed_kb", 32}, {"committed_ms", 0.12345}}},
       {}},
      {"priority-update",
       "",
       VerdictOf(VerdictKind::kCannotTell, "all was committed"),
       {},
       {}},
  };
  return result;
}

TEST(VerdictTest, EveryVerdictIsReadAsItIsWritten) {
  const double strict = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<Verdict, std::string>> verdicts = {
      {VerdictOf(VerdictKind::kHonoured), "honoured"},
      {VerdictOf(VerdictKind::kIgnored), "ignored"},
      {VerdictOf(VerdictKind::kReversed), "reversed"},
      {PartlyOf(3.9, 7), "partly (share 3.9 for 7)"},
      {PartlyOf(strict, 7), "partly (strict order for 7)"},
      {VerdictOf(VerdictKind::kPartly, "2 of 3 orders"),
       "partly (2 of 3 orders)"},
      {VerdictOf(VerdictKind::kCannotTell, "4 bodies (of 5) were committed"),
       "cannot tell (4 bodies (of 5) were committed)"},
  };
  for (const auto& [verdict, text] : verdicts) {
    EXPECT_EQ(FormatVerdict(verdict), text);
    const absl::StatusOr<Verdict> read = ParseVerdict(text);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, verdict) << text;
  }
  for (const char* text : {"", "fine", "honoured (why)", "partly", "partly ()",
                           "cannot tell", "cannot tell (why", "Ignored"}) {
    EXPECT_THAT(ParseVerdict(text).status().message(),
                HasSubstr(absl::StrCat("is '", text, "'; it must be honoured")))
        << text;
  }
}

TEST(ResultJsonTest, AnObjectHasTheNamesThatReadersExpect) {
  const std::string line = ResultLine(SomeResult());
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const json object = json::parse(line);
  EXPECT_EQ(object["url"], "http://127.0.0.1:8080/big");
  EXPECT_EQ(object["settings"], json::parse(R"({"MAX_CONCURRENT_STREAMS":100,
                            "NO_RFC7540_PRIORITIES":1,"0x0f0f":7})"));
  const json& experiments = object["experiments"];
  ASSERT_EQ(experiments.size(), 3u);
  EXPECT_EQ(experiments[0],
            json::parse(R"({"name":"rfc7540-weights","verdict":"honoured",
                            "figures":{"share":6.94},"repeats":[
                            {"share":6.94},{"share":6.9},{"share":7.0}]})"));
  EXPECT_EQ(experiments[1]["verdict"], "partly (share 3.9 for 7)");
  EXPECT_EQ(experiments[1]["figures"]["committed_ms"], 0.123);
  EXPECT_EQ(experiments[2]["figures"], json::object());
}

TEST(ResultJsonTest, WhatIsWrittenIsReadAgain) {
  ServerResult other = SomeResult();
  other.url = "https://example.org/";
  other.via = "1.1 proxy";
  other.software = "\xff\"\n";  // no UTF-8
  other.failure = "the server closed the connection";
  other.experiments.clear();
  const std::string text =
      absl::StrCat(ResultLine(SomeResult()), "\n", ResultLine(other));
  const absl::StatusOr<std::vector<ServerResult>> read =
      ReadResults(text, "a.json");
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ(absl::StrCat(ResultLine((*read)[0]), "\n", ResultLine((*read)[1])),
            text);
  EXPECT_EQ((*read)[0].settings, SomeResult().settings);
  EXPECT_EQ((*read)[1].failure, other.failure);
}

TEST(ResultJsonTest, AMistakeIsNamedByItsLineAndItsField) {
  const std::string good = ResultLine(SomeResult());
  const auto said = [&good](absl::string_view from, absl::string_view to) {
    const std::string bad = absl::StrReplaceAll(good, {{from, to}});
    EXPECT_NE(bad, good) << from;
    return std::string(
        ReadResults(absl::StrCat(good, bad), "a.json").status().message());
  };
  EXPECT_THAT(
      said("\"honoured\"", "\"good\""),
      HasSubstr("a.json:2: experiments[0].verdict: is 'good'; it must"));
  EXPECT_EQ(said("\"url\"", "\"URL\""), "a.json:2: url: is missing");
  EXPECT_EQ(said("\"settings\"", "\"x\""), "a.json:2: settings: is missing");
  EXPECT_EQ(said("MAX_CONCURRENT_STREAMS", "SPEED"),
            "a.json:2: settings.SPEED: is no setting");
  EXPECT_THAT(said("STREAMS\":100", "STREAMS\":-1"),
              HasSubstr("a.json:2: settings.MAX_CONCURRENT_STREAMS: "));
  EXPECT_EQ(said("\"experiments\"", "\"x\""),
            "a.json:2: experiments: is missing");
  EXPECT_EQ(said("\"priority-update\"", "\"\""),
            "a.json:2: experiments[2].name: is missing");
  EXPECT_EQ(said("[{\"share\":6.94},", "[7,"),
            "a.json:2: experiments[0].repeats[0]: must be an object, not 7");
  EXPECT_THAT(said("6.9}", "\"x\"}"),
              HasSubstr("a.json:2: experiments[0].repeats[1].share: "));
  EXPECT_THAT(said("4.25", "-1"), HasSubstr("a.json:2: seconds: "));
  EXPECT_THAT(said("}]}\n", ""), HasSubstr("a.json:2: is not complete JSON"));
  EXPECT_EQ(ReadResults(" \n", "a.json").status().message(),
            "a.json: holds no server");
}

TEST(ResultTextTest, ATableShowsVerdictsAndFiguresWithTheirSpread) {
  EXPECT_EQ(ResultText(SomeResult()),
            "http://127.0.0.1:8080/big  nghttpd nghttp2/1.52.0\n"
            "SETTINGS: MAX_CONCURRENT_STREAMS 100, NO_RFC7540_PRIORITIES 1, "
            "0x0f0f 7\n"
            "rfc7540-weights  honoured                         "
            "share 6.9 (6.9–7)\n"
            "rfc9218-urgency  partly (share 3.9 for 7)         "
            "committed 32 KB, committed 0.12 ms, share 3.9\n"
            "priority-update  cannot tell (all was committed)\n"
            "9 connections, 9.4 MB, 4.2 s\n");
  ServerResult rude = SomeResult();
  rude.software = "\x1b[2J";
  EXPECT_THAT(ResultText(rude), Not(HasSubstr("\x1b")));
}

TEST(ResultTextTest, AServersNameDrawsNothingOnTheTerminal) {
  ServerResult rude = SomeResult();
  rude.software =
      "\x1b[2J\xc2\x9b"
      "2J\x7f";
  EXPECT_THAT(ResultText(rude), HasSubstr("  ?[2J??2J?\n"));
}

TEST(CompareTest, OnlyChangesAreShown) {
  const std::vector<ServerResult> before = {SomeResult()};
  std::vector<ServerResult> after = before;
  after[0].url = "http://127.0.0.1:9090/big";  // one server each: they compare
  EXPECT_EQ(CompareText(before, after),
            "http://127.0.0.1:9090/big\n  nothing changed\n");

  after[0].software = "nghttpd nghttp2/1.60.0";
  after[0].settings.erase(h2::SettingId::kNoRfc7540Priorities);
  std::vector<ExperimentResult>& experiments = after[0].experiments;
  experiments[0].verdict = VerdictOf(VerdictKind::kIgnored);
  experiments[0].repeats = {{{"share", 1}}, {{"share", 1.02}}};
  // Inside the spread of 3.9 – 3.9 and 3.9 – 4.1: nothing moved.
  experiments[1].verdict = PartlyOf(4.0, 7);
  experiments[1].repeats = {{{"share", 3.95}, {"committed_kb", 64}},
                            {{"share", 4.1}, {"committed_kb", 64}}};
  experiments[2].name = "starvation";
  EXPECT_EQ(CompareText(before, after),
            "http://127.0.0.1:9090/big\n"
            "  server: nghttpd nghttp2/1.52.0 → nghttpd nghttp2/1.60.0\n"
            "  SETTINGS: MAX_CONCURRENT_STREAMS 100, NO_RFC7540_PRIORITIES 1, "
            "0x0f0f 7 → MAX_CONCURRENT_STREAMS 100, 0x0f0f 7\n"
            "  rfc7540-weights: honoured → ignored\n"
            "    share 6.9 (6.9–7) → share 1.0 (1–1.0)\n"
            "  rfc9218-urgency: partly (share 3.9 for 7)\n"
            "    committed 32 KB → committed 64 KB\n"
            "  priority-update: only before\n"
            "  starvation: only after\n");
}

TEST(CompareTest, SeveralServersBelongTogetherByTheirUrls) {
  std::vector<ServerResult> before(2, SomeResult());
  before[1].url = "http://a/";
  std::vector<ServerResult> after = before;
  after[0].url = "http://b/";
  EXPECT_EQ(CompareText(before, after),
            "http://127.0.0.1:8080/big\n  only before\n"
            "http://a/\n  nothing changed\n"
            "http://b/\n  only after\n");
}

TEST(ResultQlogTest, EachExperimentIsATraceThatQvisOpens) {
  const ServerResult result = SomeResult();
  const std::string folder = absl::StrCat(::testing::TempDir(), "/qlog/new");
  ASSERT_EQ(MakeQlogFolder(folder), absl::OkStatus());
  ASSERT_EQ(WriteQlogs(folder, result), absl::OkStatus());
  std::ifstream file(
      absl::StrCat(folder, "/http___127.0.0.1_8080_big__rfc7540-weights.qlog"));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(lab::CheckQlog(text), absl::OkStatus()) << text;
  const json trace = json::parse(text)["traces"][0];
  EXPECT_EQ(trace["title"],
            "http://127.0.0.1:8080/big: rfc7540-weights, honoured");
  EXPECT_EQ(trace["vantage_point"]["type"], "client");
  int64_t bytes = 0;
  std::vector<std::string> others;
  for (const json& event : trace["events"]) {
    const std::string name = event["name"];
    if (name == "transport:packet_received") {
      bytes += event["data"]["frames"][0]["length"].get<int64_t>();
    } else {
      others.push_back(name);
    }
  }
  EXPECT_EQ(bytes, 1000 + 500 + 24 + 900 + 100);
  EXPECT_THAT(others, ElementsAre("transport:packet_sent", "http:frame_created",
                                  "transport:packet_sent", "http:frame_created",
                                  "http:frame_created"));
  EXPECT_THAT(MakeQlogFolder("/dev/null/x").message(),
              HasSubstr("cannot make the folder /dev/null/x: "));
  EXPECT_THAT(WriteQlogs("/dev/null/x", result).message(),
              HasSubstr("writing /dev/null/x/http___127.0.0.1"));
}

TEST(ResultPageTest, ThePageHoldsTheResultsAsTextThatEndsNoScript) {
  const absl::StatusOr<std::string> frame =
      LoadPageFrame("benchmarks/probe/web");
  ASSERT_TRUE(frame.ok()) << frame.status();
  ServerResult rude = SomeResult();
  rude.software = "</script><script>alert(1)";
  const std::string page = ResultPage(*frame, {SomeResult(), rude});
  EXPECT_FALSE(absl::StrContains(page, "<script>alert"));
  const absl::string_view begin = "id=\"results\">";
  const size_t from = page.find(std::string(begin)) + begin.size();
  const json servers =
      json::parse(page.substr(from, page.find("</script>", from) - from));
  ASSERT_EQ(servers.size(), 2u);
  EXPECT_EQ(servers[1]["software"], rude.software);
  const json& experiment = servers[0]["experiments"][0];
  EXPECT_EQ(experiment["kind"], "honoured");
  EXPECT_EQ(experiment["blocks"], json::parse("[[0,1524,3],[1,900,1],"
                                              "[0,100,2]]"));
  EXPECT_EQ(experiment["marks"], json::parse(R"([[1500,"request of stream 3"],
                            [1500,"stream 1: u=7, i"]])"));
  EXPECT_THAT(LoadPageFrame("no/such").status().message(),
              HasSubstr("no/such/probe.html"));
}

}  // namespace
}  // namespace sluice::probe
