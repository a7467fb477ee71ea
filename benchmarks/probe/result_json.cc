#include "benchmarks/probe/result_json.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "benchmarks/lab/page/json_fields.h"
#include "nlohmann/json.hpp"

namespace sluice::probe {
namespace {

using lab::JsonFields;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr double kMostNumber = std::numeric_limits<double>::max();

double Rounded(double number) { return std::round(number * 1000) / 1000; }

// A name that is not UTF-8 came from the server: its bytes are replaced.
std::string Dump(const ordered_json& object) {
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json ExperimentObject(const ExperimentResult& experiment) {
  std::vector<Figures> repeats = experiment.repeats;
  for (Figures& repeat : repeats) {
    for (auto& [name, value] : repeat) value = Rounded(value);
  }
  ordered_json figures = ordered_json::object();
  for (const auto& [name, spread] : SpreadsOf(repeats)) {
    figures[name] = Rounded(spread.median);
  }
  return {{"name", experiment.name},
          {"verdict", FormatVerdict(experiment.verdict)},
          {"figures", std::move(figures)},
          {"repeats", std::move(repeats)}};
}

// The texts of the object and their names.
struct Text {
  const char* name;
  std::string ServerResult::*text;
};
constexpr Text kTexts[] = {
    {"date", &ServerResult::date},         {"version", &ServerResult::version},
    {"software", &ServerResult::software}, {"via", &ServerResult::via},
    {"failure", &ServerResult::failure},
};

std::optional<h2::SettingId> SettingNamed(const std::string& name) {
  for (uint16_t id = 1; id <= 9; ++id) {
    if (SettingName(static_cast<h2::SettingId>(id)) == name) {
      return static_cast<h2::SettingId>(id);
    }
  }
  uint32_t id = 0;
  if (absl::SimpleHexAtoi(name, &id) && id <= 0xffff) {
    return static_cast<h2::SettingId>(id);
  }
  return std::nullopt;
}

// The object `name`; null, with an error in `fields`, where it is missing.
const json* ObjectIn(JsonFields& fields, absl::string_view name,
                     json::value_t type, absl::string_view must) {
  const json* value = fields.Find(name);
  if (value != nullptr && value->type() == type) return value;
  fields.Fail(name, value == nullptr ? "is missing" : must);
  return nullptr;
}

void ReadSettings(JsonFields& fields, ServerResult* result) {
  const json* settings =
      ObjectIn(fields, "settings", json::value_t::object, "must be an object");
  if (settings == nullptr) return;
  JsonFields values = fields.Object("settings");
  for (const auto& [name, value] : settings->items()) {
    const std::optional<h2::SettingId> id = SettingNamed(name);
    if (!id) {
      values.Fail(name, "is no setting");
      continue;
    }
    result->settings[*id] = static_cast<uint32_t>(
        values.RequiredInteger(name, 0, std::numeric_limits<uint32_t>::max()));
  }
}

Figures ReadFigures(JsonFields fields, const json& object) {
  Figures figures;
  if (!object.is_object()) return figures;  // `fields` has the error
  for (const auto& [name, value] : object.items()) {
    const std::optional<double> number =
        fields.Number(name, -kMostNumber, kMostNumber);
    if (number) figures[name] = *number;
  }
  return figures;
}

ExperimentResult ReadExperiment(JsonFields fields) {
  ExperimentResult experiment;
  experiment.name = fields.String("name");
  if (experiment.name.empty()) fields.Fail("name", "is missing");
  absl::StatusOr<Verdict> verdict = ParseVerdict(fields.String("verdict"));
  if (verdict.ok()) {
    experiment.verdict = *std::move(verdict);
  } else {
    fields.Fail("verdict", verdict.status().message());
  }
  const json* repeats =
      ObjectIn(fields, "repeats", json::value_t::array, "must be an array");
  for (size_t i = 0; repeats != nullptr && i < repeats->size(); ++i) {
    experiment.repeats.push_back(
        ReadFigures(fields.Element("repeats", i), (*repeats)[i]));
  }
  return experiment;
}

absl::StatusOr<ServerResult> ReadServer(absl::string_view line,
                                        absl::string_view file) {
  const absl::StatusOr<json> object = lab::ParseJson(line, file);
  if (!object.ok()) return object.status();
  absl::Status status;
  JsonFields fields(*object, file, "", &status);
  ServerResult result;
  result.url = fields.String("url");
  if (result.url.empty()) fields.Fail("url", "is missing");
  for (const Text& text : kTexts) {
    result.*text.text = fields.String(text.name);
  }
  ReadSettings(fields, &result);
  result.connections = static_cast<int>(
      fields.Integer("connections", 0, std::numeric_limits<int>::max())
          .value_or(0));
  result.bytes = fields.Integer("bytes", 0, kMost).value_or(0);
  result.took =
      absl::Seconds(fields.Number("seconds", 0, kMostNumber).value_or(0));
  const json* experiments =
      ObjectIn(fields, "experiments", json::value_t::array, "must be an array");
  for (size_t i = 0; experiments != nullptr && i < experiments->size(); ++i) {
    result.experiments.push_back(
        ReadExperiment(fields.Element("experiments", i)));
  }
  if (!status.ok()) return status;
  return result;
}

}  // namespace

std::string ResultLine(const ServerResult& result) {
  ordered_json object = {{"url", result.url}};
  for (const Text& text : kTexts) {
    if (!(result.*text.text).empty()) object[text.name] = result.*text.text;
  }
  object["settings"] = ordered_json::object();
  for (const auto& [id, value] : result.settings) {
    object["settings"][SettingName(id)] = value;
  }
  object["connections"] = result.connections;
  object["bytes"] = result.bytes;
  object["seconds"] = Rounded(absl::ToDoubleSeconds(result.took));
  object["experiments"] = ordered_json::array();
  for (const ExperimentResult& experiment : result.experiments) {
    object["experiments"].push_back(ExperimentObject(experiment));
  }
  return absl::StrCat(Dump(object), "\n");
}

absl::StatusOr<std::vector<ServerResult>> ReadResults(absl::string_view text,
                                                      absl::string_view file) {
  std::vector<ServerResult> results;
  size_t number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    absl::StatusOr<ServerResult> result =
        ReadServer(line, absl::StrCat(file, ":", number));
    if (!result.ok()) return result.status();
    results.push_back(*std::move(result));
  }
  if (results.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": holds no server"));
  }
  return results;
}

}  // namespace sluice::probe
