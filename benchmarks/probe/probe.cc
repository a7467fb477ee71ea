#include "benchmarks/probe/probe.h"

#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "benchmarks/probe/catalogue.h"
#include "benchmarks/probe/client.h"
#include "benchmarks/probe/finder.h"
#include "benchmarks/probe/judge.h"
#include "benchmarks/probe/lateness.h"
#include "benchmarks/probe/result.h"
#include "benchmarks/probe/run.h"
#include "benchmarks/probe/script.h"

namespace sluice::probe {
namespace {

// After so many connections in a row that came to nothing the rest is not
// tried.
constexpr int kMostFailures = 6;
constexpr size_t kMany = 100;
// HEADERS, SETTINGS and so on of a connection, TLS included.
constexpr int64_t kOverhead = 8192;

int RoundsOf(const Plan& plan) {
  return plan.repeat < 2 ? plan.repeat : plan.repeat + 1;
}

bool IsBudget(const absl::Status& status) {
  return absl::IsDeadlineExceeded(status) || absl::IsResourceExhausted(status);
}

// The course of one probe.
class Course {
 public:
  Course(const Plan& plan, const RunClient& run) : plan_(plan), run_(run) {}

  ServerResult Run(const std::function<void(const std::string&)>& progress) {
    result_.url = plan_.low.ToString();
    for (const Experiment* experiment : plan_.experiments) {
      result_.experiments.push_back({.name = std::string(experiment->name),
                                     .about = std::string(experiment->about)});
    }
    reasons_.resize(plan_.experiments.size());
    if (absl::Status status = Find(); !status.ok()) {
      result_.failure = std::string(status.message());
      result_.experiments.clear();
      return std::move(result_);
    }
    Play(progress);
    Conclude();
    return std::move(result_);
  }

 private:
  absl::Status Find() {
    Finder finder(plan_.low, plan_.high);
    absl::Status status = Connect(&finder);
    result_.settings = finder.settings();
    result_.software = finder.software();
    result_.via = finder.via();
    target_ = finder.target();
    const auto most =
        result_.settings.find(h2::SettingId::kMaxConcurrentStreams);
    if (most != result_.settings.end()) {
      streams_ = std::max<size_t>(most->second, 1);
    }
    return status;
  }

  // All experiments once, then all of them again: if the budget ends early,
  // each has had a turn. Those whose repeats disagree have one more.
  void Play(const std::function<void(const std::string&)>& progress) {
    std::vector<size_t> turns;
    for (int round = 0; round < plan_.repeat; ++round) {
      for (size_t i = 0; i < plan_.experiments.size(); ++i) turns.push_back(i);
    }
    if (!PlayAll(turns, progress) || plan_.repeat < 2) return;
    turns.clear();
    for (size_t i = 0; i < plan_.experiments.size(); ++i) {
      if (Disagrees(i)) turns.push_back(i);
    }
    PlayAll(turns, progress);
  }

  // False: nothing more can be played.
  bool PlayAll(absl::Span<const size_t> turns,
               const std::function<void(const std::string&)>& progress) {
    for (size_t turn = 0; turn < turns.size(); ++turn) {
      const size_t i = turns[turn];
      progress(absl::StrCat("[", turn + 1, "/", turns.size(), "] ",
                            plan_.experiments[i]->name));
      const absl::Status status = PlayOnce(i);
      if (status.ok()) continue;
      reasons_[i] = std::string(status.message());
      const bool lost = failures_ >= kMostFailures;
      if (!IsBudget(status) && !lost) continue;
      if (!lost) {
        absl::StrAppend(&reasons_[i], " after ", turn, " of ", turns.size(),
                        " turns");
      }
      for (std::string& reason : reasons_) {
        if (reason.empty()) reason = reasons_[i];
      }
      if (lost || IsBroken()) result_.failure = reasons_[i];
      return false;
    }
    return true;
  }

  // Nothing was found out.
  bool IsBroken() const {
    return absl::c_all_of(
        result_.experiments,
        [](const ExperimentResult& result) { return result.repeats.empty(); });
  }

  bool Disagrees(size_t i) const {
    const std::vector<Figures>& repeats = result_.experiments[i].repeats;
    for (size_t j = 1; j < repeats.size(); ++j) {
      if (VerdictOfRepeats(i, {&repeats[j], 1}).kind !=
          VerdictOfRepeats(i, {&repeats[0], 1}).kind) {
        return true;
      }
    }
    return false;
  }

  absl::Status PlayOnce(size_t i) {
    const Experiment& experiment = *plan_.experiments[i];
    if (experiment.judge == Judge::kLateness) return PlayLateness(i);
    absl::StatusOr<Played> first = PlayScript(experiment, false);
    if (!first.ok()) return first.status();
    const absl::StatusOr<Played> second = PlayScript(experiment, true);
    if (!second.ok()) return second.status();
    ExperimentResult& result = result_.experiments[i];
    result.repeats.push_back(FiguresOf(experiment, *first, *second));
    if (result.repeats.size() == 1) {
      result.strip = std::move(first->outcome.strip);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Played> PlayScript(const Experiment& experiment, bool second) {
    // Stream 1 takes one.
    Script script = experiment.script(second, std::min(streams_, kMany) - 1);
    if (StreamsOf(script) + 1 > streams_) {
      return absl::FailedPreconditionError(
          absl::StrCat("the server allows ", streams_, " streams at once"));
    }
    probe::Run run(target_, script, answer_patience_);
    if (absl::Status status = Connect(&run); !status.ok()) return status;
    if (run.held_back()) answer_patience_ = probe::Run::kShortPatience;
    if (!run.outcome().complete) {
      return absl::FailedPreconditionError(
          "the bodies ended before the choices did");
    }
    return Played{std::move(script), run.outcome()};
  }

  absl::Status PlayLateness(size_t i) {
    if (streams_ < 2) {
      return absl::FailedPreconditionError(
          "the server allows one stream at once");
    }
    LatenessRun run(target_, std::min(streams_, kMany));
    if (absl::Status status = Connect(&run); !status.ok()) return status;
    ExperimentResult& result = result_.experiments[i];
    result.repeats.push_back(run.figures());
    if (result.repeats.size() == 1) result.strip = run.strip();
    return absl::OkStatus();
  }

  absl::Status Connect(Client* client) {
    ++result_.connections;
    absl::Status status = run_(client);
    failures_ = status.ok() ? 0 : failures_ + 1;
    return status;
  }

  Verdict VerdictOfRepeats(size_t i, absl::Span<const Figures> repeats) const {
    const Experiment& experiment = *plan_.experiments[i];
    return experiment.judge == Judge::kLateness
               ? LatenessVerdict(repeats)
               : VerdictOf(experiment, repeats);
  }

  void Conclude() {
    for (size_t i = 0; i < plan_.experiments.size(); ++i) {
      ExperimentResult& result = result_.experiments[i];
      result.verdict =
          result.repeats.empty()
              ? Verdict{.kind = VerdictKind::kCannotTell, .reason = reasons_[i]}
              : VerdictOfRepeats(i, result.repeats);
    }
    if (IsBroken() && result_.failure.empty()) result_.failure = reasons_[0];
    ControlLateness();
  }

  // A late request may also come first by the server's own order.
  void ControlLateness() {
    ExperimentResult* lateness = nullptr;
    bool played = false;
    bool follows = false;
    for (size_t i = 0; i < plan_.experiments.size(); ++i) {
      ExperimentResult& result = result_.experiments[i];
      if (plan_.experiments[i]->judge == Judge::kLateness) lateness = &result;
      if (!absl::StrContains(result.name, "-late")) continue;
      played = played || !result.repeats.empty();
      follows = follows || result.verdict.kind == VerdictKind::kHonoured ||
                result.verdict.kind == VerdictKind::kPartly;
    }
    if (lateness == nullptr || !played || follows ||
        lateness->verdict.kind != VerdictKind::kHonoured) {
      return;
    }
    lateness->verdict = {.kind = VerdictKind::kCannotTell,
                         .reason = "the server follows no late signal"};
  }

  const Plan& plan_;
  const RunClient& run_;
  ServerResult result_;
  Target target_;
  // The server's MAX_CONCURRENT_STREAMS.
  size_t streams_ = std::numeric_limits<uint32_t>::max();
  absl::Duration answer_patience_ = probe::Run::kAnswerPatience;
  std::vector<std::string> reasons_;  // why an experiment has no figures
  int failures_ = 0;                  // in a row
};

}  // namespace

int ConnectionsOf(const Plan& plan) {
  int connections = 1;
  for (const Experiment* experiment : plan.experiments) {
    connections +=
        RoundsOf(plan) * (experiment->judge == Judge::kLateness ? 1 : 2);
  }
  return connections;
}

int64_t BytesOf(const Plan& plan) {
  int64_t bytes = kMostFindBytes + ConnectionsOf(plan) * kOverhead;
  for (const Experiment* experiment : plan.experiments) {
    bytes +=
        RoundsOf(plan) * (experiment->judge == Judge::kLateness
                              ? kMostLatenessBytes
                              : BytesOf(experiment->script(false, kMany)) +
                                    BytesOf(experiment->script(true, kMany)));
  }
  return bytes;
}

ServerResult Probe(const Plan& plan, const RunClient& run,
                   const std::function<void(const std::string&)>& progress) {
  return Course(plan, run).Run(progress);
}

}  // namespace sluice::probe
