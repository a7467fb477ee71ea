#include "benchmarks/probe/result_text.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "benchmarks/servers/spread.h"

namespace sluice::probe {
namespace {

using servers::Padded;
using servers::Spread;

// Three digits: "0.25", "6.9", "12.3", "1040".
std::string Number(double value) {
  const double size = std::abs(value);
  const int digits = value == std::round(value) || size >= 100 ? 0
                     : size >= 1                               ? 1
                                                               : 2;
  return absl::StrFormat("%.*f", digits, value);
}

// Where a server prints its name, it must not draw on the terminal. U+009B
// begins a sequence there as ESC [ does.
std::string Printable(absl::string_view text) {
  std::string printable(text);
  for (char& c : printable) {
    if (!absl::ascii_isprint(static_cast<unsigned char>(c))) c = '?';
  }
  return printable;
}

std::string Who(const ServerResult& result) {
  std::string text = Printable(result.url);
  if (!result.software.empty()) {
    absl::StrAppend(&text, "  ", Printable(result.software));
  }
  if (!result.via.empty()) {
    absl::StrAppend(&text, "  via ", Printable(result.via));
  }
  return text;
}

std::string Settings(const ServerResult& result) {
  return absl::StrJoin(
      result.settings, ", ", [](std::string* out, const auto& setting) {
        absl::StrAppend(out, SettingName(setting.first), " ", setting.second);
      });
}

bool Moved(const Spread& before, const Spread& after) {
  const double gap =
      std::max(after.least - before.most, before.least - after.most);
  return gap > 0 &&
         gap > std::max(before.most - before.least, after.most - after.least);
}

void CompareExperiments(const ExperimentResult& before,
                        const ExperimentResult& after, std::string* text) {
  const bool changed = before.verdict.kind != after.verdict.kind;
  std::string moved;
  const std::map<std::string, Spread> now = SpreadsOf(after.repeats);
  for (const auto& [name, spread] : SpreadsOf(before.repeats)) {
    const auto found = now.find(name);
    if (found == now.end() || !Moved(spread, found->second)) continue;
    absl::StrAppend(&moved, "    ", FigureText(name, spread), " → ",
                    FigureText(name, found->second), "\n");
  }
  if (!changed && moved.empty()) return;
  absl::StrAppend(text, "  ", before.name, ": ", FormatVerdict(before.verdict));
  if (changed) absl::StrAppend(text, " → ", FormatVerdict(after.verdict));
  absl::StrAppend(text, "\n", moved);
}

template <typename Result>
const Result* Find(const std::vector<Result>& results,
                   std::string Result::*field, const std::string& value) {
  const auto found = std::find_if(
      results.begin(), results.end(),
      [&](const Result& result) { return result.*field == value; });
  return found == results.end() ? nullptr : &*found;
}

void CompareServers(const ServerResult& before, const ServerResult& after,
                    std::string* text) {
  std::string changes;
  if (before.software != after.software) {
    absl::StrAppend(&changes, "  server: ", Printable(before.software), " → ",
                    Printable(after.software), "\n");
  }
  if (before.settings != after.settings) {
    absl::StrAppend(&changes, "  SETTINGS: ", Settings(before), " → ",
                    Settings(after), "\n");
  }
  for (const ExperimentResult& experiment : before.experiments) {
    const ExperimentResult* now =
        Find(after.experiments, &ExperimentResult::name, experiment.name);
    if (now == nullptr) {
      absl::StrAppend(&changes, "  ", experiment.name, ": only before\n");
    } else {
      CompareExperiments(experiment, *now, &changes);
    }
  }
  for (const ExperimentResult& experiment : after.experiments) {
    if (Find(before.experiments, &ExperimentResult::name, experiment.name) ==
        nullptr) {
      absl::StrAppend(&changes, "  ", experiment.name, ": only after\n");
    }
  }
  absl::StrAppend(text, Printable(after.url), "\n",
                  changes.empty() ? "  nothing changed\n" : changes);
}

}  // namespace

std::string FigureText(absl::string_view name, const Spread& spread) {
  absl::string_view unit;
  if (absl::ConsumeSuffix(&name, "_kb")) unit = " KB";
  if (absl::ConsumeSuffix(&name, "_ms")) unit = " ms";
  if (absl::ConsumeSuffix(&name, "_percent")) unit = " %";
  std::string text = absl::StrCat(absl::StrReplaceAll(name, {{"_", " "}}), " ",
                                  Number(spread.median));
  const std::string least = Number(spread.least);
  const std::string most = Number(spread.most);
  if (least != most) absl::StrAppend(&text, " (", least, "–", most, ")");
  absl::StrAppend(&text, unit);
  return text;
}

std::string ResultText(const ServerResult& result) {
  std::string text = absl::StrCat(Who(result), "\n");
  if (!result.settings.empty()) {
    absl::StrAppend(&text, "SETTINGS: ", Settings(result), "\n");
  }
  size_t name_width = 0;
  size_t verdict_width = 0;
  for (const ExperimentResult& experiment : result.experiments) {
    name_width = std::max(name_width, experiment.name.size());
    verdict_width =
        std::max(verdict_width, FormatVerdict(experiment.verdict).size());
  }
  for (const ExperimentResult& experiment : result.experiments) {
    const std::string figures = absl::StrJoin(
        SpreadsOf(experiment.repeats), ", ",
        [](std::string* out, const auto& figure) {
          absl::StrAppend(out, FigureText(figure.first, figure.second));
        });
    const std::string line = absl::StrCat(
        Padded(experiment.name, name_width + 2),
        Padded(FormatVerdict(experiment.verdict), verdict_width + 2), figures);
    absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(line), "\n");
  }
  absl::StrAppendFormat(&text, "%d connection%s, %.1f MB, %.1f s\n",
                        result.connections, result.connections == 1 ? "" : "s",
                        static_cast<double>(result.bytes) / 1e6,
                        absl::ToDoubleSeconds(result.took));
  return text;
}

std::string CompareText(const std::vector<ServerResult>& before,
                        const std::vector<ServerResult>& after) {
  std::string text;
  if (before.size() == 1 && after.size() == 1) {
    CompareServers(before[0], after[0], &text);
    return text;
  }
  for (const ServerResult& server : before) {
    const ServerResult* now = Find(after, &ServerResult::url, server.url);
    if (now == nullptr) {
      absl::StrAppend(&text, Printable(server.url), "\n  only before\n");
    } else {
      CompareServers(server, *now, &text);
    }
  }
  for (const ServerResult& server : after) {
    if (Find(before, &ServerResult::url, server.url) == nullptr) {
      absl::StrAppend(&text, Printable(server.url), "\n  only after\n");
    }
  }
  return text;
}

}  // namespace sluice::probe
