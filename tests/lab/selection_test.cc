#include "benchmarks/lab/comparison/selection.h"

#include <sluice/scheduler/registry.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/edit.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/net/network_spec.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kBundled[] = "benchmarks/lab/pages";

std::vector<std::string> NamesOf(
    const absl::StatusOr<std::vector<Page>>& pages) {
  EXPECT_TRUE(pages.ok()) << pages.status();
  std::vector<std::string> names;
  if (pages.ok()) {
    for (const Page& page : *pages) names.push_back(page.name);
  }
  return names;
}

std::string PageErrorOf(absl::string_view list) {
  return std::string(SelectPages(list, kBundled).status().message());
}

void WritePage(const std::string& path, const std::string& name) {
  std::ofstream(path) << R"({"format":"h2-page-fixture/1","page":")" << name
                      << R"(","resources":[{"id":0,"type":"html","bytes":1}]})";
}

TEST(SelectionTest, TwentyPagesAreBundled) {
  EXPECT_THAT(BundledPages(kBundled),
              AllOf(SizeIs(20), Contains("wikipedia_mobile"), Contains("vk")));
}

TEST(SelectionTest, BundledNamesAreTakenInTheOrderGiven) {
  EXPECT_THAT(NamesOf(SelectPages("vk, wikipedia_mobile", kBundled)),
              ElementsAre("vk", "wikipedia_mobile"));
}

TEST(SelectionTest, PathsAndGlobsOfTheUserAreExpandedInByteOrder) {
  const std::string folder = ::testing::TempDir();
  WritePage(folder + "/glob_b.json", "b");
  WritePage(folder + "/glob_a.json", "a");
  WritePage(folder + "/single.json", "single");
  EXPECT_THAT(NamesOf(SelectPages(absl::StrCat(folder, "/single.json,", folder,
                                               "/glob_*.json,vk"),
                                  kBundled)),
              ElementsAre("single", "a", "b", "vk"));
}

TEST(SelectionTest, RelativePathsBelongToTheCallersFolder) {
  const std::string folder = ::testing::TempDir();
  WritePage(folder + "/mine.json", "mine");
  setenv("BUILD_WORKING_DIRECTORY", folder.c_str(), 1);
  const auto pages = SelectPages("mine.json", kBundled);
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_THAT(NamesOf(pages), ElementsAre("mine"));
}

TEST(SelectionTest, AnotherPageOfTheSameNameIsNumbered) {
  const std::string folder = ::testing::TempDir();
  WritePage(folder + "/same_1.json", "same");
  WritePage(folder + "/same_2.json", "same");
  std::ofstream(folder + "/same_2.json", std::ios::app) << "\n";
  EXPECT_THAT(NamesOf(SelectPages(folder + "/same_*.json", kBundled)),
              ElementsAre("same", "same-2"));
}

TEST(SelectionTest, DuplicatesAreIgnored) {
  const std::string folder = ::testing::TempDir();
  WritePage(folder + "/copy_1.json", "copy");
  WritePage(folder + "/copy_2.json", "copy");
  EXPECT_THAT(
      NamesOf(SelectPages(
          absl::StrCat("vk,squoosh,vk,", folder, "/copy_*.json"), kBundled)),
      ElementsAre("vk", "squoosh", "copy"));
  EXPECT_THAT(NamesOf(SelectPages("vk,real", kBundled)), SizeIs(16));
  EXPECT_THAT(*SelectPolicies("p+,rr,parallel_plus,rr,p+"),
              ElementsAre("parallel_plus", "rr"));
  EXPECT_THAT(*SelectPolicies("firefox,firefox:marx_font_bug=true,firefox,"
                              "firefox:marx_font_bug=true"),
              ElementsAre("firefox", "firefox:marx_font_bug=true"));
  const auto signals = SelectSignals("firefox9218,all,none");
  ASSERT_TRUE(signals.ok()) << signals.status();
  EXPECT_EQ(signals->size(), SignalSets().size());
  EXPECT_EQ(signals->front().name, "firefox9218");
}

TEST(SelectionTest, TheOrderOfOptionsDoesNotMakeAnotherPolicy) {
  EXPECT_THAT(
      *SelectPolicies("rfc9218:starvation_guard=100000,mixed=alternate,"
                      "rfc9218:mixed=alternate,starvation_guard=100000"),
      ElementsAre("rfc9218:mixed=alternate,starvation_guard=100000"));
  EXPECT_EQ(SelectBaseline("p+")->name, "parallel_plus");
}

TEST(SelectionTest, TheBaselineIsAPolicyASignalSetAnEditOrAPage) {
  const auto read = [](absl::string_view text) -> std::string {
    const absl::StatusOr<Baseline> baseline = SelectBaseline(text);
    return baseline.ok() ? absl::StrCat(ComparedName(baseline->compared), " ",
                                        baseline->name)
                         : std::string(baseline.status().message());
  };
  EXPECT_EQ(read("rr"), "policy rr");
  EXPECT_EQ(read("policy=p+"), "policy parallel_plus");
  EXPECT_EQ(read("rfc9218:mixed=alternate"), "policy rfc9218:mixed=alternate");
  EXPECT_EQ(read("chrome7540"), "signals chrome7540");
  EXPECT_EQ(read("signals=none"), "signals none");
  EXPECT_EQ(read("edit=none"), "edit none");
  EXPECT_EQ(read("page=vk"), "page vk");
  EXPECT_THAT(read("page="), HasSubstr("--baseline: \"page=\" has no name"));
  EXPECT_THAT(read("signals=rr"),
              StartsWith("--baseline: unknown signals \"rr\"; known are none"));
  EXPECT_THAT(read("best"),
              AllOf(StartsWith("--baseline: "), HasSubstr("fifo, "),
                    HasSubstr("signals=NAME, edit=NAME and page=NAME")));
}

// What SelectEdits() makes of a list, for vk.
std::vector<std::string> EditsOf(const std::string& list) {
  const auto edits = SelectEdits(list, *SelectPages("vk", kBundled));
  if (!edits.ok()) return {std::string(edits.status().message())};
  std::vector<std::string> names;
  for (const Edit& edit : *edits) names.push_back(edit.name);
  return names;
}

TEST(SelectionTest, AnEditIsCalledLikeItsFile) {
  const std::string folder = ::testing::TempDir() + "/edits";
  for (const char* sub : {"", "/again"}) {
    std::filesystem::create_directories(folder + sub);
    std::ofstream(folder + sub + "/hero 1.json")
        << R"([{"resource":"img*","u":)" << std::string(sub).size() << "}]";
  }
  std::ofstream(folder + "/none.json") << R"([{"resource":"css*","u":1}])";
  std::ofstream(folder + "/other.json") << R"([{"resource":"x9","u":1}])";
  EXPECT_THAT(
      EditsOf(absl::StrCat("none,", folder, "/hero*,", folder, "/hero*,",
                           folder, "/again/*,", folder, "/none.json,none")),
      ElementsAre("none", "hero_1", "hero_1-2", "none_"));
  EXPECT_THAT(EditsOf(folder + "/nothing.json"),
              ElementsAre(HasSubstr("--edit: no file matches \"")));
  EXPECT_THAT(EditsOf(folder + "/other.json"),
              ElementsAre(HasSubstr("other.json:1: [0].resource: no page has a "
                                    "resource \"x9\"")));
}

TEST(SelectionTest, AnUnknownPageIsRefusedWithTheBundledOnes) {
  EXPECT_THAT(PageErrorOf("wikipedia"),
              AllOf(HasSubstr("--pages: unknown page \"wikipedia\""),
                    HasSubstr("vk, wikipedia_mobile")));
}

TEST(SelectionTest, AGlobOrPathThatMatchesNothingIsAnError) {
  EXPECT_EQ(PageErrorOf("/no/such/*.json"),
            "--pages: no file matches \"/no/such/*.json\"");
  EXPECT_EQ(PageErrorOf("nothing.json"),
            "--pages: no file matches \"nothing.json\"");
}

TEST(SelectionTest, ABrokenFileIsNamedWithItsField) {
  const std::string path = ::testing::TempDir() + "/broken.json";
  std::ofstream(path) << R"({"format":"h2-page-fixture/1","page":"x"})";
  EXPECT_EQ(PageErrorOf(path),
            absl::StrCat(path,
                         ": resources: must be an array of at least one "
                         "resource"));
}

// The names of --network, or the error.
std::vector<std::string> NetworksOf(absl::string_view list) {
  const auto networks = SelectNetworks(list, {});
  if (!networks.ok()) return {std::string(networks.status().message())};
  std::vector<std::string> names;
  for (const NamedNetwork& network : *networks) names.push_back(network.name);
  return names;
}

TEST(SelectionTest, ACommaBeforeAKeyAndValueContinuesTheNetwork) {
  EXPECT_THAT(NetworksOf("3g_fast,cable,rtt=50ms,loss=2,satellite"),
              ElementsAre("3g_fast", "cable,rtt=50ms,loss=2%", "satellite"));
  EXPECT_THAT(NetworksOf("down=400k,up=400k;down=1M;cable"),
              ElementsAre("down=400k,up=400k", "down=1M", "cable"));
  EXPECT_THAT(NetworksOf("cable,cable,rtt=28ms;cable"), ElementsAre("cable"));
  EXPECT_THAT(NetworksOf("all"), SizeIs(Networks().size()));
  EXPECT_THAT(NetworksOf("5g"),
              ElementsAre(StartsWith("--network: unknown network \"5g\"")));
  EXPECT_THAT(NetworksOf("cable;"),
              ElementsAre("--network has an empty name in \"\""));
  EXPECT_THAT(NetworksOf("ns3:cable,cc=bbr"),
              ElementsAre(HasSubstr("run //benchmarks/lab/ns3:compare -- "
                                    "--network=ns3:cable,cc=bbr")));
  EXPECT_THAT(NetworksOf("ns4:cable"),
              ElementsAre("--network: unknown kind of network \"ns4\""));
}

TEST(SelectionTest, AFamilyGetsTheSpecAfterItsPrefix) {
  const NetworkFamily family = {
      .prefix = "sim",
      .summary = "",
      .keys = {"mode"},
      .make = [](const NetworkSpec& spec) -> absl::StatusOr<TransportFactory> {
        if (spec.family_options.at("mode") == "bad") {
          return absl::InvalidArgumentError("no such mode");
        }
        return LinkFactory(spec.link);
      }};
  const auto networks =
      SelectNetworks("cable,sim:mode=good,rtt=9,down=1M", {family});
  ASSERT_TRUE(networks.ok()) << networks.status();
  EXPECT_EQ(networks->back().name, "sim:down=1M,rtt=9ms,mode=good");
  EXPECT_EQ(SelectNetworks("sim:cable,mode=bad", {family}).status().message(),
            "--network: sim: no such mode");
  EXPECT_EQ(SelectNetworks("sim:5", {family}).status().message().substr(0, 32),
            "--network: sim: unknown network ");
}

TEST(SelectionTest, SendBuffersAndSeedsAreLists) {
  EXPECT_THAT(*SelectSendBuffers("0,16k,16384,16Ki,1M"),
              ElementsAre(0, 16'000, 16'384, 1'000'000));
  EXPECT_EQ(SelectSendBuffers("-1").status().message(),
            "--send_buffer is -1; it must be from 0 to 1073741824 bytes, as in "
            "64k or 65536");
  EXPECT_THAT(*SelectSeeds("7,1-3,2"), ElementsAre(7, 1, 2, 3));
  EXPECT_THAT(*SelectSeeds("18446744073709551615"),
              ElementsAre(18446744073709551615u));
  for (const char* bad : {"-1", "3-1", "1-2-3", "x", "1-", "0-99999"}) {
    EXPECT_EQ(SelectSeeds(bad).status().message(),
              absl::StrCat("--seed is ", bad,
                           "; it must be a whole number, or a range of at most "
                           "10000 as in 1-10"));
  }
}

TEST(SelectionTest, EmptyNamesAreRefused) {
  EXPECT_EQ(PageErrorOf(""), "--pages has an empty name in \"\"");
  EXPECT_EQ(PageErrorOf("vk,,vk"), "--pages has an empty name in \"vk,,vk\"");
  EXPECT_FALSE(SelectPolicies("rr,").ok());
  EXPECT_FALSE(SelectSignals(",chrome7540").ok());
}

TEST(SelectionTest, AnUnknownPolicyIsRefusedWithTheKnownOnes) {
  const absl::Status status = SelectPolicies("rr,best").status();
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("--policies: "), HasSubstr("best"),
                    HasSubstr("fifo, "), HasSubstr("rr")));
}

TEST(SelectionTest, ACommaBeforeAKeyAndValueContinuesThePolicy) {
  // No policy takes these options, so the error shows what was tried.
  EXPECT_THAT(SelectPolicies("rr,fifo:a=1,b=2,rr").status().message(),
              HasSubstr("fifo"));
  EXPECT_THAT(SelectPolicies("rr:a=1,a=2").status().message(),
              HasSubstr("twice"));
}

TEST(SelectionTest, AnUnknownSignalSetIsRefusedWithTheKnownOnes) {
  EXPECT_THAT(SelectSignals("chrome7540,mosaic").status().message(),
              AllOf(HasSubstr("--signals: "), HasSubstr("mosaic"),
                    HasSubstr("chrome7540, firefox7540")));
}

TEST(SelectionTest, AllStandsForEveryKnownName) {
  EXPECT_EQ(NamesOf(SelectPages("all", kBundled)), BundledPages(kBundled));
  const auto policies = SelectPolicies("rr,all");
  ASSERT_TRUE(policies.ok()) << policies.status();
  EXPECT_EQ(policies->size(), scheduler::RegisteredPolicies().size());
  EXPECT_THAT(*policies, IsSupersetOf({"rfc7540", "rfc9218", "pmeenan"}));
  EXPECT_EQ(policies->front(), "rr");
  const auto signals = SelectSignals("all");
  ASSERT_TRUE(signals.ok()) << signals.status();
  EXPECT_EQ(signals->size(), SignalSets().size());
}

TEST(SelectionTest, RealStandsForTheCapturedPages) {
  EXPECT_THAT(
      NamesOf(SelectPages("real", kBundled)),
      AllOf(SizeIs(16), Contains("vk"), Each(Not(StartsWith("synthetic_")))));
}

TEST(SelectionTest, NicknamesOfPoliciesBecomeTheirNames) {
  const auto policies = SelectPolicies("p+,s+,rfc9218:mixed=alternate");
  ASSERT_TRUE(policies.ok()) << policies.status();
  EXPECT_THAT(*policies, ElementsAre("parallel_plus", "serial_plus",
                                     "rfc9218:mixed=alternate"));
  // Options stay with the name.
  EXPECT_THAT(SelectPolicies("p+:colour=red").status().message(),
              HasSubstr("colour"));
}

}  // namespace
}  // namespace sluice::lab
