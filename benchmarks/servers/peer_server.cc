#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/servers/child_process.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/peers.h"
#include "benchmarks/servers/temporary_folder.h"
#include "support/command_line.h"
#include "support/paths.h"

namespace sluice::servers {
namespace {

namespace fs = std::filesystem;

// Interpreters need a second on a busy machine.
constexpr absl::Duration kStartTimeout = absl::Seconds(30);

std::optional<std::string> Find(const Peer& peer, const PeerFolders& folders) {
  if (absl::StartsWith(peer.program, "/")) return peer.program;
  for (const absl::string_view folder : {"/bin/", "/sbin/"}) {
    std::string program = absl::StrCat(folders.fetched, folder, peer.program);
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  return FindProgram(peer.program);
}

// "/usr" of "/usr/sbin/nginx".
std::string UsrOf(const std::string& program) {
  return fs::path(program).parent_path().parent_path().string();
}

// The folder of libraries of this machine's kind, such as
// /usr/lib/x86_64-linux-gnu.
std::string LibraryFolder(const std::string& usr) {
  std::error_code error;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(usr + "/lib", error)) {
    if (absl::EndsWith(entry.path().string(), "-linux-gnu")) {
      return entry.path().string();
    }
  }
  return usr + "/lib";
}

// Fills in words and lines.
class Filler {
 public:
  Filler(const PeerSite& site, const PeerFolders& folders, std::string program,
         std::string work)
      : tls_(site.tls) {
    const std::string usr = UsrOf(program);
    values_ = {{"{address}", site.address},
               {"{port}", absl::StrCat(site.port)},
               {"{backend_port}", absl::StrCat(site.port + 1)},
               {"{root}", site.root},
               {"{cert}", site.cert},
               {"{key}", site.key},
               {"{threads}", absl::StrCat(site.threads)},
               {"{mark}", absl::StrCat(site.mark)},
               {"{config}", folders.configurations},
               {"{lib}", LibraryFolder(usr)},
               {"{usr}", usr},
               {"{program}", std::move(program)},
               {"{work}", std::move(work)}};
  }

  // Nothing if it is for another kind of run.
  std::optional<std::string> Fill(absl::string_view text) const {
    const absl::string_view rest = absl::StripLeadingAsciiWhitespace(text);
    const std::string indent(text.substr(0, text.size() - rest.size()));
    const std::pair<absl::string_view, bool> conditions[] = {
        {"{tls} ", tls_},
        {"{cleartext} ", !tls_},
        {"{root_user} ", ::geteuid() == 0}};
    for (const auto& [condition, holds] : conditions) {
      absl::string_view words = rest;
      if (!absl::ConsumePrefix(&words, condition)) continue;
      if (!holds) return std::nullopt;
      return indent + absl::StrReplaceAll(words, values_);
    }
    return absl::StrReplaceAll(text, values_);
  }

 private:
  const bool tls_;
  std::vector<std::pair<absl::string_view, std::string>> values_;
};

std::vector<std::string> FillWords(const Filler& filler,
                                   const std::vector<std::string>& words) {
  std::vector<std::string> filled;
  for (const std::string& word : words) {
    if (auto text = filler.Fill(word); text.has_value()) {
      filled.push_back(*std::move(text));
    }
  }
  return filled;
}

absl::Status WriteConfiguration(const Filler& filler, const std::string& from,
                                const std::string& to) {
  const absl::StatusOr<std::string> text = support::ReadFile(from);
  if (!text.ok()) return text.status();
  std::ofstream file(to);
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (auto filled = filler.Fill(line); filled.has_value()) {
      file << *filled << "\n";
    }
  }
  file << std::flush;
  if (file) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write ", to));
}

bool Accepts(const PeerSite& site) {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(site.port));
  ::inet_pton(AF_INET, site.address.c_str(), &address.sin_addr);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address)) == 0;
}

std::string LastLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::string last = "no output";
  while (std::getline(file, line)) {
    if (!line.empty()) last = line;
  }
  return last;
}

absl::Status EndedEarly(const Peer& peer, int status, const std::string& log) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == support::kBadCommandLine) {
    return absl::InvalidArgumentError(
        absl::StrCat("the server ", peer.name,
                     " refuses its command line: ", LastLine(log)));
  }
  return absl::UnavailableError(absl::StrCat(
      "the server ", peer.name, " does not start: ", LastLine(log)));
}

absl::Status WaitUntilItAccepts(const Peer& peer, const PeerSite& site,
                                ChildProcess* process, const std::string& log,
                                int interrupt) {
  const absl::Time end = absl::Now() + kStartTimeout;
  while (!Accepts(site)) {
    if (!process->Runs()) return EndedEarly(peer, process->Wait(), log);
    if (absl::Now() > end) return EndedEarly(peer, 0, log);
    pollfd wait = {interrupt, POLLIN, 0};
    if (::poll(&wait, 1, 10) > 0) return absl::CancelledError("interrupted");
  }
  return absl::OkStatus();
}

// The packages' libraries, if the program is one of theirs.
std::vector<std::string> Environment(const Peer& peer, const Filler& filler,
                                     const PeerFolders& folders,
                                     const std::string& program) {
  std::vector<std::string> environment = FillWords(filler, peer.environment);
  const std::string usr = UsrOf(program);
  if (usr == folders.fetched) {
    environment.push_back(absl::StrCat("LD_LIBRARY_PATH=", LibraryFolder(usr)));
  }
  return environment;
}

// "1.52.0" of "nghttpd nghttp2/1.52.0".
std::optional<std::string> FirstVersion(absl::string_view line) {
  constexpr absl::string_view kCharacters = "0123456789.";
  while (!line.empty()) {
    const size_t size =
        std::min(line.find_first_not_of(kCharacters), line.size());
    const absl::string_view number = line.substr(0, size);
    if (absl::StrContains(number, '.') && absl::ascii_isdigit(number[0])) {
      return std::string(number);
    }
    line.remove_prefix(std::max<size_t>(size, 1));
  }
  return std::nullopt;
}

}  // namespace

PeerFolders DefaultPeerFolders(std::string configurations) {
  const char* chosen = std::getenv("SLUICE_PEERS");
  const char* home = std::getenv("HOME");
  const std::string fetched =
      chosen != nullptr ? chosen
                        : absl::StrCat(home == nullptr ? "/root" : home,
                                       "/.cache/sluice/peers");
  return {std::move(configurations), fetched + "/root/usr"};
}

absl::Status IsInstalled(const Peer& peer, const PeerFolders& folders) {
  if (Find(peer, folders).has_value()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      peer.name,
      " is not installed: ./bazelw run "
      "//benchmarks/servers:fetch_peers fetches it, or install Debian's "
      "package ",
      peer.package));
}

absl::StatusOr<std::string> PeerVersion(const Peer& peer,
                                        const PeerFolders& folders,
                                        int interrupt) {
  if (absl::Status status = IsInstalled(peer, folders); !status.ok()) {
    return status;
  }
  const std::string program = *Find(peer, folders);
  const Filler filler({}, folders, program, "/tmp");
  absl::StatusOr<std::unique_ptr<ChildProcess>> process = ChildProcess::Start(
      FillWords(filler, peer.version),
      {.errors_to_output = true,
       .environment = Environment(peer, filler, folders, program)});
  if (!process.ok()) return process.status();
  while (true) {
    absl::StatusOr<std::optional<std::string>> line =
        (*process)->ReadLine(interrupt);
    if (!line.ok()) return line.status();
    if (!line->has_value()) break;
    if (auto version = FirstVersion(**line); version.has_value()) {
      return *std::move(version);
    }
  }
  return absl::UnavailableError(
      absl::StrCat(peer.name, " does not print its version"));
}

absl::StatusOr<PeerServer> PeerServer::Start(const Peer& peer,
                                             const PeerSite& site,
                                             const PeerFolders& folders,
                                             int interrupt) {
  absl::Status status = IsInstalled(peer, folders);
  if (status.ok() && !site.tls && !peer.cleartext) {
    status = absl::FailedPreconditionError(
        absl::StrCat(peer.name, " has no HTTP/2 in cleartext"));
  }
  if (!status.ok()) return status;
  PeerServer server;
  absl::StatusOr<std::unique_ptr<TemporaryFolder>> work =
      TemporaryFolder::Create();
  if (!work.ok()) return work.status();
  server.work_ = *std::move(work);
  if (!peer.backend.empty()) {
    const PeerSite behind = {.port = site.port + 1, .root = site.root};
    absl::StatusOr<PeerServer> backend =
        Start(*FindPeer(peer.backend), behind, folders, interrupt);
    if (!backend.ok()) return backend.status();
    server.backend_ = std::make_unique<PeerServer>(*std::move(backend));
  }
  const std::string program = *Find(peer, folders);
  const std::string& folder = server.work_->path();
  const Filler filler(site, folders, program, folder);
  if (!peer.configuration.empty()) {
    status = WriteConfiguration(
        filler, absl::StrCat(folders.configurations, "/", peer.configuration),
        absl::StrCat(folder, "/", peer.configuration));
    if (!status.ok()) return status;
  }
  std::vector<std::string> words = FillWords(filler, peer.words);
  words.insert(words.begin(), program);
  ChildOptions options = {
      .cpus = site.cpus,
      .log = folder + "/log",
      .environment = Environment(peer, filler, folders, program)};
  if (!site.preload.empty()) {
    options.environment.push_back("LD_PRELOAD=" + site.preload);
    options.environment.push_back("SLUICE_POLICY=auto");
  }
  absl::StatusOr<std::unique_ptr<ChildProcess>> process =
      ChildProcess::Start(std::move(words), options);
  if (!process.ok()) return process.status();
  server.process_ = *std::move(process);
  status = WaitUntilItAccepts(peer, site, server.process_.get(), options.log,
                              interrupt);
  if (!status.ok()) return status;
  return server;
}

}  // namespace sluice::servers
