#include "benchmarks/servers/served_files.h"

#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/certificate.h"
#include "benchmarks/servers/temporary_folder.h"
#include "benchmarks/servers/throughput_report.h"

namespace sluice::servers {

absl::StatusOr<ServedFiles> ServedFiles::Create(
    const std::vector<size_t>& sizes) {
  absl::StatusOr<std::unique_ptr<TemporaryFolder>> folder =
      TemporaryFolder::Create();
  if (!folder.ok()) return folder.status();
  ServedFiles files(*std::move(folder));
  for (const size_t size : sizes) {
    absl::Status status = files.folder_->AddFile(Name(size), size);
    if (!status.ok()) return status;
  }
  absl::Status status =
      WriteCertificate(files.Path("cert.pem"), files.Path("key.pem"));
  if (!status.ok()) return status;
  return files;
}

std::string ServedFiles::Name(size_t bytes) {
  return absl::StrCat(bytes, ".bin");
}

std::string ServedFiles::Path(absl::string_view name) const {
  return absl::StrCat(folder_->path(), "/", name);
}

absl::StatusOr<std::vector<std::string>> ServedFiles::Command(
    absl::string_view server, const std::string& program,
    const std::vector<std::string>& more, int port, bool tls,
    int threads) const {
  std::vector<std::string> words = {program};
  if (server == "nghttpd") {
    words.insert(words.end(), {"--address=127.0.0.1",
                               absl::StrCat("--htdocs=", folder_->path()),
                               absl::StrCat("--workers=", threads)});
    if (!tls) words.push_back("--no-tls");
    words.push_back(absl::StrCat(port));
    if (tls) words.insert(words.end(), {Path("key.pem"), Path("cert.pem")});
  } else if (server == "h2o") {
    absl::StatusOr<std::string> path =
        WriteH2oConfiguration(port, tls, threads);
    if (!path.ok()) return path.status();
    words.insert(words.end(), {"--conf", *std::move(path)});
  } else {
    words.insert(words.end(),
                 {absl::StrCat("--root=", folder_->path()), "--noaccess_log",
                  absl::StrCat("--port=", port)});
    // So that older builds run too.
    if (threads > 1) words.push_back(absl::StrCat("--threads=", threads));
    if (tls) {
      words.push_back(absl::StrCat("--tls_cert=", Path("cert.pem")));
      words.push_back(absl::StrCat("--tls_key=", Path("key.pem")));
    }
  }
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

absl::StatusOr<std::string> ServedFiles::WriteH2oConfiguration(
    int port, bool tls, int threads) const {
  std::string path = Path("h2o.conf");
  std::ofstream file(path);
  // Otherwise it becomes another user, who may not read the folder.
  if (::geteuid() == 0) file << "user: root\n";
  file << "num-threads: " << threads << "\n"
       << "listen:\n"
       << "  host: 127.0.0.1\n"
       << "  port: " << port << "\n";
  if (tls) {
    file << "  ssl:\n"
         << "    certificate-file: " << Path("cert.pem") << "\n"
         << "    key-file: " << Path("key.pem") << "\n";
  }
  file << "hosts:\n  default:\n    paths:\n      /:\n"
       << "        file.dir: " << folder_->path() << "\n"
       << std::flush;
  if (!file) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path));
  }
  return path;
}

}  // namespace sluice::servers
