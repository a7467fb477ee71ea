#include "tests/interop/server_process.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace sluice::interop {
namespace {

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // namespace

SiteFolder::SiteFolder() {
  path_ = absl::StrCat(::testing::TempDir(), "/siteXXXXXX");
  Require(::mkdtemp(path_.data()) != nullptr, "cannot make a folder");
}

SiteFolder::~SiteFolder() { std::filesystem::remove_all(path_); }

void SiteFolder::AddFile(const std::string& name, size_t bytes) {
  const std::string path = absl::StrCat(path_, "/", name);
  std::ofstream(path).close();
  std::filesystem::resize_file(path, bytes);
}

ServerProcess::ServerProcess(const SiteFolder& site,
                             std::vector<std::string> more_flags) {
  const char* program = std::getenv("SLUICE_SERVER");
  Require(program != nullptr, "SLUICE_SERVER does not name the server");
  std::vector<std::string> words = {
      program, absl::StrCat("--root=", site.path()), "--port=0"};
  words.insert(words.end(), more_flags.begin(), more_flags.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  int output[2];
  Require(::pipe(output) == 0, "cannot make a pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, output[0]);
  posix_spawn_file_actions_addclose(&actions, output[1]);
  const int error =
      ::posix_spawn(&pid_, program, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(output[1]);
  Require(error == 0, "cannot start the server");

  // "listening on http://127.0.0.1:PORT/"
  std::string line;
  for (char c; ::read(output[0], &c, 1) == 1 && c != '\n';) line.push_back(c);
  ::close(output[0]);
  const size_t colon = line.rfind(':');
  Require(absl::StartsWith(line, "listening on http://") &&
              absl::EndsWith(line, "/") &&
              absl::SimpleAtoi(absl::string_view(line).substr(
                                   colon + 1, line.size() - colon - 2),
                               &port_),
          "the server does not say where it listens");
}

ServerProcess::~ServerProcess() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace sluice::interop
