// The experiments and their verdicts, against servers in memory: every policy,
// and one fault at a time.
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/signals/signal_source.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "benchmarks/probe/catalogue.h"
#include "benchmarks/probe/client.h"
#include "benchmarks/probe/finder.h"
#include "benchmarks/probe/probe.h"
#include "benchmarks/probe/result.h"
#include "benchmarks/probe/run.h"
#include "benchmarks/probe/script.h"
#include "benchmarks/probe/url.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/paths.h"
#include "tests/benchmarks/probe/memory_server.h"

namespace sluice::probe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

using Verdicts = std::map<std::string, std::string>;

Plan PlanOf(const std::set<std::string>& names = {}) {
  Plan plan = {.low = *ParseUrl("http://localhost/big")};
  for (const Experiment& experiment : Experiments()) {
    if (names.empty() || names.contains(std::string(experiment.name))) {
      plan.experiments.push_back(&experiment);
    }
  }
  return plan;
}

ServerResult ProbeOf(const Plan& plan, const RunClient& run) {
  return Probe(plan, run, [](const std::string&) {});
}

Verdicts VerdictsOf(const ServerResult& result) {
  Verdicts verdicts;
  for (const ExperimentResult& experiment : result.experiments) {
    verdicts[experiment.name] = FormatVerdict(experiment.verdict);
  }
  return verdicts;
}

// One repeat is enough: nothing is left to chance here.
Verdicts VerdictsOf(const ServerOptions& options) {
  Plan plan = PlanOf();
  plan.repeat = 1;
  const ServerResult result =
      ProbeOf(plan, [&](Client* client) { return Conduct(options, client); });
  EXPECT_EQ(result.failure, "");
  return VerdictsOf(result);
}

// Those of `verdicts` that are not `usual`, nor about what no policy changes.
Verdicts Except(Verdicts verdicts, const std::string& usual) {
  verdicts.erase("response-priority");
  std::erase_if(verdicts, [&](const auto& row) { return row.second == usual; });
  return verdicts;
}

// Those of `verdicts` that `usual` has not.
Verdicts Changes(const Verdicts& verdicts, const Verdicts& usual) {
  Verdicts changes;
  for (const auto& row : verdicts) {
    if (usual.at(row.first) != row.second) changes.insert(row);
  }
  return changes;
}

TEST(PoliciesTest, AutoHonoursEveryRowThatCarriesASignal) {
  EXPECT_THAT(
      Except(VerdictsOf({.policy = "auto"}), "honoured"),
      ElementsAre(Pair("no-signals", "cannot tell (no signals; all at once)")));
}

TEST(PoliciesTest, TheTreeTranslatesUrgencyButNotIncremental) {
  EXPECT_THAT(Except(VerdictsOf({.policy = "rfc7540"}), "honoured"),
              UnorderedElementsAre(
                  Pair("no-signals", "cannot tell (no signals; all at once)"),
                  Pair("rfc9218-incremental", "ignored")));
}

TEST(PoliciesTest, UrgencyMakesAnOrderOfWeightsAlone) {
  EXPECT_THAT(Except(VerdictsOf({.policy = "rfc9218"}), "honoured"),
              UnorderedElementsAre(
                  Pair("no-signals",
                       "cannot tell (no signals; the first request first)"),
                  Pair("rfc7540-exclusive", "reversed"),
                  Pair("rfc7540-weights", "partly (strict order for 7)"),
                  Pair("rfc7540-weights-groups", "ignored"),
                  Pair("starvation", "partly (strict order for 15)")));
}

constexpr char kNeither[] =
    "cannot tell (the order follows neither the fields nor the tree)";

TEST(PoliciesTest, RoundRobinIgnoresEverySignal) {
  EXPECT_THAT(Except(VerdictsOf({.policy = "rr"}), "ignored"),
              UnorderedElementsAre(
                  Pair("no-signals", "cannot tell (no signals; all at once)"),
                  Pair("settings-no-rfc7540", kNeither)));
}

TEST(PoliciesTest, TheOrderOfRequestsIsNoHonouredSignal) {
  EXPECT_THAT(Except(VerdictsOf({.policy = "fifo"}), "ignored"),
              UnorderedElementsAre(
                  Pair("no-signals",
                       "cannot tell (no signals; the first request first)"),
                  Pair("settings-no-rfc7540", kNeither),
                  Pair("lateness",
                       "cannot tell (all 1280 KB were committed before "
                       "the choice)")));
}

TEST(PoliciesTest, TheReverseOrderOfRequestsIsNoHonouredSignal) {
  EXPECT_THAT(
      Except(VerdictsOf({.policy = "lifo"}), "ignored"),
      UnorderedElementsAre(
          Pair("no-signals",
               "cannot tell (no signals; the last request first)"),
          Pair("settings-no-rfc7540", kNeither),
          Pair("lateness", "cannot tell (the server follows no late signal)")));
}

// --- Faults: each changes the verdicts that it should, and no other --------

const Verdicts& Usual() {
  static const auto& usual = *new Verdicts(VerdictsOf(ServerOptions()));
  return usual;
}

Verdicts ChangesBy(std::function<bool(h2::Event*)> fault) {
  return Changes(VerdictsOf({.fault = std::move(fault)}), Usual());
}

TEST(FaultsTest, WeightsIgnored) {
  EXPECT_THAT(ChangesBy([](h2::Event* event) {
                if (auto* tree = std::get_if<h2::PriorityUpdated>(event)) {
                  tree->priority.weight = signals::kDefaultWeight;
                }
                return true;
              }),
              UnorderedElementsAre(Pair("rfc7540-weights", "ignored"),
                                   Pair("rfc7540-weights-groups", "ignored"),
                                   Pair("starvation", "ignored")));
}

TEST(FaultsTest, WeightsHalved) {
  EXPECT_THAT(ChangesBy([](h2::Event* event) {
                auto* tree = std::get_if<h2::PriorityUpdated>(event);
                if (tree != nullptr && tree->priority.weight == 224) {
                  tree->priority.weight = 112;
                }
                return true;
              }),
              UnorderedElementsAre(
                  Pair("rfc7540-weights", "partly (share 3.4 for 7)"),
                  Pair("rfc7540-weights-groups", "partly (share 3.4 for 7)")));
}

TEST(FaultsTest, ExclusiveIgnored) {
  const Verdicts changes = ChangesBy([](h2::Event* event) {
    if (auto* tree = std::get_if<h2::PriorityUpdated>(event)) {
      tree->priority.exclusive = false;
    }
    return true;
  });
  std::set<std::string> names;
  for (const auto& [name, verdict] : changes) names.insert(name);
  EXPECT_THAT(names,
              UnorderedElementsAre("rfc7540-exclusive", "rfc7540-chain"));
}

TEST(FaultsTest, PriorityFramesDropped) {
  EXPECT_THAT(ChangesBy([](h2::Event* event) {
                const auto* tree = std::get_if<h2::PriorityUpdated>(event);
                return tree == nullptr ||
                       tree->source != h2::SignalSource::kFrame;
              }),
              UnorderedElementsAre(Pair("rfc7540-weights-groups", "ignored"),
                                   Pair("rfc7540-reprioritise", "ignored")));
}

TEST(FaultsTest, PriorityUpdateDropped) {
  EXPECT_THAT(
      ChangesBy([](h2::Event* event) {
        const auto* field = std::get_if<h2::PriorityFieldUpdated>(event);
        return field == nullptr || field->source != h2::SignalSource::kFrame;
      }),
      UnorderedElementsAre(Pair("priority-update", "ignored"),
                           Pair("priority-update-before", "ignored"),
                           Pair("priority-update-after", "ignored"),
                           Pair("priority-update-late", "ignored")));
}

TEST(FaultsTest, IncrementalIgnored) {
  EXPECT_THAT(
      ChangesBy([](h2::Event* event) {
        if (auto* field = std::get_if<h2::PriorityFieldUpdated>(event)) {
          field->priority.incremental = false;
        }
        return true;
      }),
      UnorderedElementsAre(Pair("rfc9218-incremental", "ignored")));
}

TEST(FaultsTest, UrgencyUpsideDown) {
  const Verdicts changes = ChangesBy([](h2::Event* event) {
    if (auto* field = std::get_if<h2::PriorityFieldUpdated>(event)) {
      field->priority.urgency = signals::kMaxUrgency - field->priority.urgency;
    }
    return true;
  });
  EXPECT_EQ(changes.at("rfc9218-urgency"), "reversed");
  EXPECT_EQ(changes.at("rfc9218-late"), "reversed");
  EXPECT_EQ(changes.at("priority-update-late"), "reversed");
  EXPECT_EQ(changes.at("settings-no-rfc7540"), "ignored");
  for (const auto& [name, verdict] : changes) {
    EXPECT_FALSE(absl::StartsWith(name, "rfc7540")) << name;
  }
}

TEST(FaultsTest, DrainedEarly) {
  EXPECT_THAT(Changes(VerdictsOf({.drains_early = true}), Usual()),
              UnorderedElementsAre(
                  Pair("lateness",
                       "cannot tell (all 1280 KB were committed before the "
                       "choice)")));
}

// --- Servers that are only different ----------------------------------------

TEST(ServersTest, OneThatHoldsAnswersBackIsJudgedAlike) {
  EXPECT_EQ(VerdictsOf({.holds_back = true}), Usual());
}

TEST(ServersTest, OneThatAllowsFewStreamsIsNotAskedForMore) {
  const Verdicts verdicts = VerdictsOf({.most_streams = 4});
  EXPECT_EQ(verdicts.at("rfc7540-weights"), "honoured");
  EXPECT_EQ(verdicts.at("rfc9218-incremental"), "honoured");
  EXPECT_EQ(verdicts.at("small-among-large"), "honoured");
  EXPECT_EQ(verdicts.at("lateness"), "honoured");
  EXPECT_EQ(verdicts.at("rfc9218-urgency"),
            "cannot tell (the server allows 4 streams at once)");
}

TEST(ServersTest, TheResponsesFieldsAreJudgedWhereTheyFavourOne) {
  ServerOptions options;
  options.pages["/urgent"] = {.body = std::string(kBody, 'y'),
                              .fields = {{"priority", "u=0"}}};
  Plan plan = PlanOf({"response-priority", "rfc9218-urgency"});
  plan.high = *ParseUrl("http://localhost/urgent");
  const auto run = [&](Client* client) { return Conduct(options, client); };
  EXPECT_EQ(VerdictsOf(ProbeOf(plan, run)).at("response-priority"), "honoured");
  options.policy = "fifo";
  EXPECT_EQ(VerdictsOf(ProbeOf(plan, run)).at("response-priority"), "ignored");
  options.policy = "rr";
  EXPECT_EQ(VerdictsOf(ProbeOf(plan, run)).at("response-priority"), "ignored");
}

// --- The course of a probe ---------------------------------------------------

TEST(ProbeTest, RepeatsThatDisagreeHaveOneMore) {
  int connection = 0;
  const ServerResult result = ProbeOf(
      PlanOf({"rfc7540-exclusive", "rfc9218-urgency"}), [&](Client* client) {
        // 0 finds the body; 5 and 6 are the first row's second repeat.
        ++connection;
        const bool disturbed = connection == 6 || connection == 7;
        return Conduct({.policy = disturbed ? "rr" : "auto"}, client);
      });
  EXPECT_THAT(VerdictsOf(result),
              ElementsAre(Pair("rfc7540-exclusive", "honoured"),
                          Pair("rfc9218-urgency", "honoured")));
  EXPECT_EQ(result.experiments[0].repeats.size(), 3);
  EXPECT_EQ(result.experiments[1].repeats.size(), 2);
  EXPECT_EQ(result.connections, 1 + 3 * 2 + 2 * 2);
}

TEST(ProbeTest, TheBudgetsEndLeavesTheVerdictsThatAreKnown) {
  int connections = 0;
  const ServerResult result = ProbeOf(
      PlanOf({"rfc7540-exclusive", "rfc9218-urgency"}), [&](Client* client) {
        return ++connections > 4
                   ? absl::DeadlineExceededError("the time is used up")
                   : Conduct(ServerOptions(), client);
      });
  EXPECT_EQ(result.failure, "");
  EXPECT_THAT(
      VerdictsOf(result),
      ElementsAre(
          Pair("rfc7540-exclusive", "honoured"),
          Pair("rfc9218-urgency",
               "cannot tell (the time is used up after 1 of 4 turns)")));
}

TEST(ProbeTest, AServerThatBreaksEveryRunIsAFailure) {
  int connections = 0;
  const ServerResult result = ProbeOf(PlanOf(), [&](Client* client) {
    return ++connections > 1 ? absl::UnavailableError("it closes")
                             : Conduct(ServerOptions(), client);
  });
  EXPECT_EQ(result.failure, "it closes");
  EXPECT_LT(connections, 10);
}

TEST(ProbeTest, TheStripHasEveryRequestAndEveryByteOfTheFirstRun) {
  const ServerResult result =
      ProbeOf(PlanOf({"priority-update-late"}),
              [](Client* client) { return Conduct(ServerOptions(), client); });
  const Strip& strip = result.experiments[0].strip;
  ASSERT_EQ(strip.streams.size(), 4);
  EXPECT_EQ(strip.streams[3].label, "u=5, i → u=0");
  EXPECT_EQ(strip.streams[0].label, "u=5, i");
  EXPECT_EQ(strip.streams[3].rank, 0);
  EXPECT_EQ(strip.streams[0].rank, 1);
  int64_t bytes = 0;
  int updates = 0;
  for (const StripEvent& event : strip.events) {
    if (const auto* arrived = std::get_if<Arrived>(&event.what)) {
      bytes += arrived->bytes;
    }
    updates += std::holds_alternative<Signalled>(event.what) ? 1 : 0;
  }
  EXPECT_EQ(bytes, BytesOf(Experiments()[16].script(false, 99)) - kFirstWindow);
  EXPECT_EQ(updates, 1);
}

TEST(ProbeTest, NothingIsTakenBeyondThePlan) {
  const Plan plan = PlanOf();
  int64_t bytes = 0;
  const ServerResult result = ProbeOf(plan, [&](Client* client) {
    ServerOptions options;
    options.received = &bytes;
    return Conduct(options, client);
  });
  EXPECT_LE(result.connections, ConnectionsOf(plan));
  EXPECT_LE(bytes, BytesOf(plan));
}

TEST(RunTest, ALongRoundTripIsNoSilence) {
  constexpr absl::Duration kRoundTrip = absl::Seconds(1);
  probe::Run run({.low_path = "/big", .high_path = "/big"},
                 Experiments()[0].script(false, 99));
  ASSERT_TRUE(run.Start(absl::ZeroDuration()).ok());
  const ServerOptions options;
  MemoryServer server(options);
  // Until all answers are here, and the window is closed.
  while (true) {
    server.Receive(run.connection().DataToSend());
    const std::string bytes = server.Send();
    if (bytes.empty()) break;
    ASSERT_TRUE(run.Receive(bytes, kRoundTrip).ok());
  }
  const absl::Duration settled = run.wake_at();
  ASSERT_TRUE(run.OnTime(settled).ok());
  EXPECT_THAT(run.connection().OutputSize(), testing::Gt(0));  // the window
  EXPECT_GT(run.wake_at(), settled + 2 * kRoundTrip);
}

// --- The scripts ------------------------------------------------------------

TEST(ScriptsTest, BothDifferInNothingButSignals) {
  const auto bare = [](const Script& script) {
    std::vector<std::string> lines;
    for (const Phase& phase : script.phases) {
      for (const Action& action : phase.actions) {
        const auto* ask = std::get_if<Ask>(&action);
        if (ask == nullptr) continue;
        lines.push_back(
            absl::StrCat(ask->high, " ", ask->via, " ", ask->window));
      }
      lines.push_back(absl::StrCat(phase.choices));
    }
    return lines;
  };
  for (const Experiment& experiment : Experiments()) {
    if (experiment.script == nullptr || experiment.judge == Judge::kResponse) {
      continue;
    }
    const Script first = experiment.script(false, 99);
    const Script second = experiment.script(true, 99);
    EXPECT_EQ(bare(first), bare(second)) << experiment.name;
    EXPECT_EQ(first.no_rfc7540_priorities, second.no_rfc7540_priorities);
  }
}

TEST(ScriptsTest, TheManualDefinesEachOnce) {
  const absl::StatusOr<std::string> page = support::ReadFile("docs/probe.md");
  ASSERT_TRUE(page.ok());
  std::vector<std::string> known;
  for (const Experiment& experiment : Experiments()) {
    known.push_back(absl::StrCat(experiment.name));
  }
  std::vector<std::string> defined;
  bool in_table = false;
  for (absl::string_view line : absl::StrSplit(*page, '\n')) {
    in_table = line == "| name | requests and signals | honoured is |" ||
               (in_table && absl::StartsWith(line, "|"));
    if (in_table && absl::ConsumePrefix(&line, "| `")) {
      defined.emplace_back(line.substr(0, line.find('`')));
    }
  }
  EXPECT_EQ(defined, known);
}

TEST(ScriptsTest, NoBodyEndsBeforeTheLastChoice) {
  for (const Experiment& experiment : Experiments()) {
    if (experiment.script == nullptr) continue;
    EXPECT_LT(BytesOf(experiment.script(false, 99)) - kFirstWindow, 320 * 1024)
        << experiment.name;
  }
}

}  // namespace
}  // namespace sluice::probe
