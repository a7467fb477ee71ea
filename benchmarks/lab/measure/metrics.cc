#include "benchmarks/lab/measure/metrics.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"

namespace sluice::lab {

namespace {

int64_t RenderCritical(const Page& page, const PageLoad& load) {
  int64_t last_ns = 0;
  for (size_t i = 0; i < page.resources.size(); ++i) {
    if (page.resources[i].render_critical) {
      last_ns = std::max(last_ns, load.timings[i].completed_ns);
    }
  }
  return last_ns;
}

int64_t LcpCandidate(const Page& page, const PageLoad& load,
                     int64_t render_critical_ns) {
  std::optional<int64_t> first_ns;
  for (size_t i = 0; i < page.resources.size(); ++i) {
    if (!page.resources[i].lcp_candidate) continue;
    const int64_t done_ns = load.timings[i].completed_ns;
    first_ns = std::min(first_ns.value_or(done_ns), done_ns);
  }
  return std::max(render_critical_ns, first_ns.value_or(0));
}

// When a browser shows a piece of what is above the fold.
int64_t ShownAt(const Page& page, const PageLoad& load, const Arrival& piece,
                int64_t render_critical_ns) {
  const bool progressive =
      page.resources[piece.resource].type == ResourceType::kImage;
  return std::max(
      render_critical_ns,
      progressive ? piece.at_ns : load.timings[piece.resource].completed_ns);
}

// Sets the two areas.
void MeasureAreas(const Page& page, const PageLoad& load, Metrics& metrics) {
  absl::uint128 arrived = 0;  // bytes · nanoseconds pass 64 bits
  absl::uint128 shown = 0;
  uint64_t bytes = 0;
  for (const Arrival& piece : load.arrivals) {
    if (!page.resources[piece.resource].above_the_fold) continue;
    const absl::uint128 size = piece.bytes;
    arrived += size * static_cast<uint64_t>(piece.at_ns);
    shown += size * static_cast<uint64_t>(
                        ShownAt(page, load, piece, metrics.render_critical_ns));
    bytes += piece.bytes;
  }
  if (bytes == 0) return;
  metrics.atf_area_ns =
      static_cast<int64_t>(absl::Uint128Low64(arrived / bytes));
  metrics.painted_area_ns =
      static_cast<int64_t>(absl::Uint128Low64(shown / bytes));
}

// Plays requests and ends beside the arrivals, in the order of time.
uint64_t LowerFirstBytes(const Page& page, const PageLoad& load) {
  struct Change {
    int64_t at_ns;
    ChromeLevel level;
    int by;  // open requests of the level
  };
  std::vector<Change> changes;
  for (size_t i = 0; i < page.resources.size(); ++i) {
    if (page.resources[i].redirect) continue;
    const ChromeLevel level = page.resources[i].FinalLevel();
    changes.push_back({load.timings[i].requested_ns, level, 1});
    changes.push_back({load.timings[i].completed_ns, level, -1});
  }
  std::sort(changes.begin(), changes.end(),
            [](const Change& a, const Change& b) { return a.at_ns < b.at_ns; });
  std::array<int, kChromeLevels> open = {};
  size_t next = 0;
  uint64_t bytes = 0;
  for (const Arrival& arrival : load.arrivals) {
    // A request at the time of a piece comes after it.
    while (next < changes.size() && changes[next].at_ns < arrival.at_ns) {
      open[static_cast<size_t>(changes[next].level)] += changes[next].by;
      ++next;
    }
    const auto level =
        static_cast<size_t>(page.resources[arrival.resource].FinalLevel());
    if (std::any_of(open.begin(), open.begin() + level,
                    [](int requests) { return requests > 0; })) {
      bytes += arrival.bytes;
    }
  }
  return bytes;
}

std::optional<Reaction> MeasureReaction(const Page& page,
                                        const PageLoad& load) {
  constexpr absl::string_view kHigh = "high";
  constexpr absl::string_view kLow = "low";
  std::optional<int64_t> asked_ns;  // when the first of kHigh was
  Reaction reaction;
  for (size_t i = 0; i < page.resources.size(); ++i) {
    if (page.resources[i].role != kHigh) continue;
    const ResourceTiming& timing = load.timings[i];
    asked_ns =
        std::min(asked_ns.value_or(timing.requested_ns), timing.requested_ns);
    reaction.reaction_ns = std::max(reaction.reaction_ns,
                                    timing.completed_ns - timing.requested_ns);
  }
  if (!asked_ns.has_value()) return std::nullopt;
  for (size_t i = 0; i < page.resources.size(); ++i) {
    if (page.resources[i].role != kLow) continue;
    reaction.low_left_bytes += page.resources[i].bytes;
    if (load.timings[i].requested_ns <= *asked_ns &&
        *asked_ns < load.timings[i].completed_ns) {
      ++reaction.low_open;
    }
  }
  for (const Arrival& arrival : load.arrivals) {
    if (arrival.at_ns > *asked_ns) break;
    if (page.resources[arrival.resource].role == kLow) {
      reaction.low_left_bytes -= arrival.bytes;
    }
  }
  return reaction;
}

}  // namespace

Metrics Measure(const Page& page, const PageLoad& load) {
  Metrics metrics;
  for (size_t i = 0; i < page.resources.size(); ++i) {
    const int64_t done = load.timings[i].completed_ns;
    metrics.page_load_ns = std::max(metrics.page_load_ns, done);
    if (!page.resources[i].redirect) {
      std::optional<int64_t>& of_class =
          metrics.class_done_ns[static_cast<size_t>(page.resources[i].type)];
      of_class = std::max(of_class.value_or(0), done);
    }
    if (page.resources[i].above_the_fold) {
      metrics.atf_ns = std::max(metrics.atf_ns, done);
    }
  }
  metrics.render_critical_ns = RenderCritical(page, load);
  metrics.lcp_candidate_ns =
      LcpCandidate(page, load, metrics.render_critical_ns);
  MeasureAreas(page, load, metrics);
  metrics.lower_first_bytes = LowerFirstBytes(page, load);
  metrics.reaction = MeasureReaction(page, load);
  return metrics;
}

std::vector<ProgressStep> VisualProgress(const Page& page,
                                         const PageLoad& load) {
  const int64_t render_critical_ns = RenderCritical(page, load);
  std::vector<ProgressStep> pieces;
  for (const Arrival& piece : load.arrivals) {
    if (!page.resources[piece.resource].above_the_fold) continue;
    pieces.push_back(
        {ShownAt(page, load, piece, render_critical_ns), piece.bytes});
  }
  std::sort(pieces.begin(), pieces.end(),
            [](const ProgressStep& a, const ProgressStep& b) {
              return a.at_ns < b.at_ns;
            });
  std::vector<ProgressStep> steps;
  uint64_t bytes = 0;
  for (const ProgressStep& piece : pieces) {
    bytes += piece.bytes;
    if (steps.empty() || steps.back().at_ns != piece.at_ns) {
      steps.push_back({.at_ns = piece.at_ns});
    }
    steps.back().bytes = bytes;
  }
  return steps;
}

}  // namespace sluice::lab
