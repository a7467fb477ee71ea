#include "benchmarks/lab/report.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/version.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

constexpr size_t kShown = 20;
constexpr size_t kRunsWithOrders = 12;
constexpr size_t kLineWidth = 100;

double ToMilliseconds(int64_t ns) {
  return static_cast<double>((ns + 500) / 1000) / 1000.0;
}

// "a b c …" broken before kLineWidth, further lines indented.
std::string Wrap(absl::string_view head,
                 const std::vector<std::string>& words) {
  const std::string indent(head.size(), ' ');
  std::string text(head);
  size_t column = head.size();
  for (const std::string& word : words) {
    if (column + 1 + word.size() > kLineWidth) {
      absl::StrAppend(&text, "\n", indent);
      column = indent.size();
    }
    absl::StrAppend(&text, " ", word);
    column += 1 + word.size();
  }
  return absl::StrCat(text, "\n");
}

}  // namespace

std::vector<Pick> JoinPicks(absl::Span<const Pick> picks) {
  std::vector<Pick> joined;
  for (const Pick& pick : picks) {
    if (!joined.empty() && joined.back().stream_id == pick.stream_id) {
      joined.back().bytes += pick.bytes;
    } else {
      joined.push_back(pick);
    }
  }
  return joined;
}

std::vector<size_t> CompletionOrder(const Page& page, const PageLoad& load) {
  std::vector<size_t> order;
  for (size_t i = 0; i < page.resources.size(); ++i) {
    if (!page.resources[i].redirect) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return load.timings[a].completed_ns < load.timings[b].completed_ns;
  });
  return order;
}

std::string TextReport(absl::Span<const Run> runs) {
  if (runs.empty()) return "";
  const Run& first = runs.front();
  size_t signals_width = 7;
  size_t policy_width = 6;
  for (const Run& run : runs) {
    signals_width = std::max(signals_width, run.signals.size());
    policy_width = std::max(policy_width, run.policy.size());
  }
  std::string text = absl::StrFormat(
      "%s: %d resources, %d bytes, network %s, send buffer %d bytes\n\n",
      first.page->name, first.page->resources.size(), first.page->BodyBytes(),
      first.network, first.send_buffer_bytes);
  absl::StrAppendFormat(&text, "  %-*s  %-*s  %15s  %11s  %11s  %11s  %11s\n",
                        signals_width, "signals", policy_width, "policy",
                        "render-critical", "ATF", "ATF area", "page load",
                        "lower first");
  for (const Run& run : runs) {
    absl::StrAppendFormat(
        &text,
        "  %-*s  %-*s  %12.1f ms  %8.1f ms  %8.1f ms  %8.1f ms  %8d KB\n",
        signals_width, run.signals, policy_width, run.policy,
        ToMilliseconds(run.metrics.render_critical_ns),
        ToMilliseconds(run.metrics.atf_ns),
        ToMilliseconds(run.metrics.atf_area_ns),
        ToMilliseconds(run.metrics.page_load_ns),
        run.metrics.lower_first_bytes / 1000);
  }
  auto append_order = [&](const Run& run, const std::vector<size_t>& order) {
    std::vector<std::string> labels;
    for (size_t i = 0; i < std::min(order.size(), kShown); ++i) {
      labels.push_back(run.page->resources[order[i]].label);
    }
    absl::StrAppend(
        &text, Wrap(absl::StrFormat("  %-*s  %-*s ", signals_width, run.signals,
                                    policy_width, run.policy),
                    labels));
  };
  if (runs.size() > kRunsWithOrders) {
    absl::StrAppend(&text, "\n  more than ", kRunsWithOrders,
                    " runs: the order of picks is in --json only\n");
    return text;
  }
  absl::StrAppend(&text, "\n  first ", kShown,
                  " picks (one stream's in a row count as one)\n");
  for (const Run& run : runs) {
    std::vector<size_t> picked;
    for (const Pick& pick : run.picks) picked.push_back(pick.resource);
    append_order(run, picked);
  }
  absl::StrAppend(&text, "\n  first ", kShown, " resources to complete\n");
  for (const Run& run : runs) append_order(run, run.completed);
  return text;
}

void KeepWhatTextShows(Run* run) {
  const auto shorten = [](auto& list) {
    list.resize(std::min(list.size(), kShown));
    list.shrink_to_fit();
  };
  shorten(run->picks);
  shorten(run->completed);
}

nlohmann::ordered_json RunParameters(const Run& run) {
  nlohmann::ordered_json object;
  object["version"] = std::string(kLabVersion);
  object["page"] = run.page->name;
  object["page_sha256"] = run.page->sha256;
  object["policy"] = run.policy;
  object["signals"] = run.signals;
  object["late_signals"] = run.late_signals;
  object["network"] = run.network;
  object["send_buffer_bytes"] = run.send_buffer_bytes;
  object["max_streams"] = run.max_streams;
  object["seed"] = run.seed;
  return object;
}

std::string JsonLine(const Run& run) {
  nlohmann::ordered_json object = RunParameters(run);
  object["render_critical_ms"] = ToMilliseconds(run.metrics.render_critical_ns);
  object["atf_ms"] = ToMilliseconds(run.metrics.atf_ns);
  object["atf_area_ms"] = ToMilliseconds(run.metrics.atf_area_ns);
  object["page_load_ms"] = ToMilliseconds(run.metrics.page_load_ns);
  object["lower_first_bytes"] = run.metrics.lower_first_bytes;
  if (run.metrics.reaction.has_value()) {
    object["reaction_ms"] = ToMilliseconds(run.metrics.reaction->reaction_ns);
    object["low_open"] = run.metrics.reaction->low_open;
    object["low_left_bytes"] = run.metrics.reaction->low_left_bytes;
  }
  nlohmann::ordered_json& classes = object["class_done_ms"];
  classes = nlohmann::ordered_json::object();
  for (size_t i = 0; i < kResourceTypes; ++i) {
    const std::optional<int64_t>& done = run.metrics.class_done_ns[i];
    if (!done.has_value()) continue;
    classes[std::string(ResourceTypeName(static_cast<ResourceType>(i)))] =
        ToMilliseconds(*done);
  }
  nlohmann::ordered_json picks = nlohmann::ordered_json::array();
  for (const Pick& pick : run.picks) {
    picks.push_back(
        {run.page->resources[pick.resource].id, pick.stream_id, pick.bytes});
  }
  object["picks"] = std::move(picks);
  return absl::StrCat(object.dump(), "\n");
}

std::string CsvHeader() {
  std::string line =
      "version,page,page_sha256,policy,signals,late_signals,network,"
      "send_buffer_bytes,max_streams,seed,render_critical_ms,atf_ms,"
      "atf_area_ms,page_load_ms,lower_first_bytes,reaction_ms,low_open,"
      "low_left_bytes";
  for (size_t i = 0; i < kResourceTypes; ++i) {
    absl::StrAppend(&line, ",", ResourceTypeName(static_cast<ResourceType>(i)),
                    "_done_ms");
  }
  return absl::StrCat(line, "\n");
}

std::string CsvLine(const Run& run) {
  auto ms = [](int64_t ns) {
    return absl::StrFormat("%.3f", ToMilliseconds(ns));
  };
  // Of the texts only options, of a policy or a network, can hold a comma.
  auto text = [](const std::string& value) {
    return absl::StrContains(value, ',') ? absl::StrCat("\"", value, "\"")
                                         : value;
  };
  std::string line = absl::StrCat(
      kLabVersion, ",", run.page->name, ",", run.page->sha256, ",",
      text(run.policy), ",", run.signals, ",", run.late_signals ? 1 : 0, ",",
      text(run.network), ",", run.send_buffer_bytes, ",", run.max_streams, ",",
      run.seed, ",", ms(run.metrics.render_critical_ns), ",",
      ms(run.metrics.atf_ns), ",", ms(run.metrics.atf_area_ns), ",",
      ms(run.metrics.page_load_ns));
  absl::StrAppend(&line, ",", run.metrics.lower_first_bytes);
  if (const std::optional<Reaction>& reaction = run.metrics.reaction) {
    absl::StrAppend(&line, ",", ms(reaction->reaction_ns), ",",
                    reaction->low_open, ",", reaction->low_left_bytes);
  } else {
    absl::StrAppend(&line, ",,,");
  }
  for (const std::optional<int64_t>& done : run.metrics.class_done_ns) {
    absl::StrAppend(&line, ",", done.has_value() ? ms(*done) : "");
  }
  return absl::StrCat(line, "\n");
}

}  // namespace sluice::lab
