#include "benchmarks/probe/result_page.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/results/html_includes.h"
#include "nlohmann/json.hpp"

namespace sluice::probe {
namespace {

using Json = nlohmann::ordered_json;

// The place of the results in the frame.
constexpr absl::string_view kResults = "<!--results-->";

std::string SignalText(const Signal& signal) {
  if (const auto* field = std::get_if<signals::Rfc9218Priority>(&signal)) {
    return absl::StrCat("u=", field->urgency, field->incremental ? ", i" : "");
  }
  const auto& tree = std::get<signals::Rfc7540Priority>(signal);
  return absl::StrCat("weight ", tree.weight, " under ", tree.depends_on,
                      tree.exclusive ? ", exclusive" : "");
}

// [index of the stream, bytes, DATA frames] of each row of frames of one
// stream; [bytes that had arrived, words] of each signal and each later
// request.
struct StripJson {
  Json blocks = Json::array();
  Json marks = Json::array();
};

StripJson StripOf(const Strip& strip) {
  absl::flat_hash_map<h2::StreamId, size_t> index;
  for (size_t i = 0; i < strip.streams.size(); ++i) {
    index[strip.streams[i].id] = i;
  }
  StripJson json;
  int64_t total = 0;
  for (const StripEvent& event : strip.events) {
    if (const auto* data = std::get_if<Arrived>(&event.what)) {
      const size_t stream = index[data->stream];
      total += data->bytes;
      if (!json.blocks.empty() && json.blocks.back()[0] == stream) {
        Json& block = json.blocks.back();
        block[1] = block[1].get<int64_t>() + data->bytes;
        block[2] = block[2].get<int>() + 1;
      } else if (data->bytes > 0) {
        json.blocks.push_back({stream, data->bytes, 1});
      }
    } else if (const auto* signalled = std::get_if<Signalled>(&event.what)) {
      json.marks.push_back(
          {total, absl::StrCat("stream ", signalled->stream, ": ",
                               SignalText(signalled->signal))});
    } else if (total > 0) {
      json.marks.push_back(
          {total, absl::StrCat("request of stream ",
                               std::get<Requested>(event.what).stream)});
    }
  }
  return json;
}

Json ExperimentJson(const ExperimentResult& experiment) {
  Json figures = Json::array();
  for (const auto& [name, spread] : SpreadsOf(experiment.repeats)) {
    figures.push_back({name, spread.median, spread.least, spread.most});
  }
  Json streams = Json::array();
  for (const StripStream& stream : experiment.strip.streams) {
    streams.push_back({stream.id, stream.label, stream.path, stream.rank});
  }
  StripJson strip = StripOf(experiment.strip);
  return {{"name", experiment.name},
          {"about", experiment.about},
          {"kind", std::string(VerdictName(experiment.verdict.kind))},
          {"verdict", FormatVerdict(experiment.verdict)},
          {"repeats", experiment.repeats.size()},
          {"figures", std::move(figures)},
          {"streams", std::move(streams)},
          {"blocks", std::move(strip.blocks)},
          {"marks", std::move(strip.marks)}};
}

Json ServerJson(const ServerResult& server) {
  Json settings = Json::array();
  for (const auto& [id, value] : server.settings) {
    settings.push_back({SettingName(id), value});
  }
  Json experiments = Json::array();
  for (const ExperimentResult& experiment : server.experiments) {
    experiments.push_back(ExperimentJson(experiment));
  }
  return {{"url", server.url},
          {"software", server.software},
          {"via", server.via},
          {"version", server.version},
          {"date", server.date},
          {"failure", server.failure},
          {"connections", server.connections},
          {"bytes", server.bytes},
          {"seconds", absl::ToDoubleSeconds(server.took)},
          {"settings", std::move(settings)},
          {"experiments", std::move(experiments)}};
}

}  // namespace

absl::StatusOr<std::string> LoadPageFrame(const std::string& folder) {
  absl::StatusOr<std::string> frame =
      lab::ReadWithIncludes(folder + "/probe.html");
  if (frame.ok() && !absl::StrContains(*frame, kResults)) {
    return absl::InvalidArgumentError(
        absl::StrCat(folder, "/probe.html: no ", kResults));
  }
  return frame;
}

std::string ResultPage(const std::string& frame,
                       const std::vector<ServerResult>& results) {
  Json servers = Json::array();
  for (const ServerResult& server : results) {
    servers.push_back(ServerJson(server));
  }
  // A server chose some of the texts: none may end the script.
  const std::string json = absl::StrReplaceAll(
      servers.dump(-1, ' ', false, Json::error_handler_t::replace),
      {{"<", "\\u003c"}});
  return absl::StrReplaceAll(frame, {{kResults, json}});
}

}  // namespace sluice::probe
