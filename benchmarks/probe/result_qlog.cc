#include "benchmarks/probe/result_qlog.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <system_error>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/lab/results/qlog_writer.h"
#include "support/whole_file.h"

namespace sluice::probe {
namespace {

using lab::QlogWriter;

// "http___127.0.0.1_8080_big", at most 100 bytes.
std::string SafeName(absl::string_view url) {
  std::string name(url.substr(0, 100));
  for (char& c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' &&
        c != '-') {
      c = '_';
    }
  }
  return name;
}

}  // namespace

std::string QlogText(const ServerResult& server,
                     const ExperimentResult& experiment) {
  absl::flat_hash_map<h2::StreamId, absl::string_view> paths;
  for (const StripStream& stream : experiment.strip.streams) {
    paths[stream.id] = stream.path;
  }
  QlogWriter qlog(QlogWriter::Seen::kByClient);
  for (const StripEvent& event : experiment.strip.events) {
    const int64_t at = absl::ToInt64Nanoseconds(event.at);
    if (const auto* request = std::get_if<Requested>(&event.what)) {
      qlog.Request(at, request->stream, paths[request->stream],
                   request->signals);
    } else if (const auto* signalled = std::get_if<Signalled>(&event.what)) {
      qlog.Signalled(at, signalled->stream, signalled->signal);
    } else if (const auto& data = std::get<Arrived>(event.what);
               data.bytes > 0) {
      qlog.Data(at, data.stream, static_cast<size_t>(data.bytes), data.end);
    }
  }
  return qlog.Text("sluice probe",
                   absl::StrCat(server.url, ": ", experiment.name, ", ",
                                FormatVerdict(experiment.verdict)),
                   "");
}

absl::Status MakeQlogFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("cannot make the folder ", folder, ": ", error.message()));
}

absl::Status WriteQlogs(const std::string& folder, const ServerResult& server) {
  for (const ExperimentResult& experiment : server.experiments) {
    const std::string path =
        absl::StrCat(folder, "/", SafeName(server.url), "__",
                     SafeName(experiment.name), ".qlog");
    support::WholeFile file(path);
    file.stream() << QlogText(server, experiment);
    if (!file.Close()) {
      return absl::UnavailableError(absl::StrCat("writing ", path, " failed"));
    }
  }
  return absl::OkStatus();
}

}  // namespace sluice::probe
