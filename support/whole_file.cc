#include "support/whole_file.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "support/command_line.h"
#include "support/paths.h"

namespace sluice::support {
namespace {

// The files that are not whole yet, for the handler of signals, which may
// neither lock nor allocate. More than so many at once stay behind.
std::array<std::atomic<const char*>, 64> partial_files;

void RemovePartialFiles() {
  for (const std::atomic<const char*>& file : partial_files) {
    if (const char* path = file.load()) ::unlink(path);
  }
}

void RemoveAndEnd(int signal) {
  RemovePartialFiles();
  ::raise(signal);  // to which the system's own action belongs again
}

// A program that ignores a signal, or handles it, goes on to do so.
void RemoveAtEnd() {
  std::atexit(RemovePartialFiles);  // exit() destroys no local variable
  for (const int signal :
       {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXFSZ}) {
    struct sigaction action = {};
    if (::sigaction(signal, nullptr, &action) != 0 ||
        action.sa_handler != SIG_DFL) {
      continue;
    }
    action.sa_handler = RemoveAndEnd;
    action.sa_flags = SA_RESETHAND | SA_NODEFER;
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace

WholeFile::WholeFile(std::string path) : path_(std::move(path)) {
  std::error_code ignored;
  const std::filesystem::file_status there =
      std::filesystem::symlink_status(path_, ignored);
  const bool special = std::filesystem::exists(there) &&
                       !std::filesystem::is_regular_file(there);
  partial_ = special ? path_ : path_ + ".part";
  if (!special) {
    static const bool handled = (RemoveAtEnd(), true);
    static_cast<void>(handled);
    for (std::atomic<const char*>& file : partial_files) {
      const char* none = nullptr;
      if (file.compare_exchange_strong(none, partial_.c_str())) break;
    }
  }
  stream_.open(partial_, std::ios::binary | std::ios::trunc);
}

WholeFile::~WholeFile() {
  std::error_code ignored;
  if (partial_ != path_) std::filesystem::remove(partial_, ignored);
  Forget();
}

void WholeFile::Forget() {
  for (std::atomic<const char*>& file : partial_files) {
    const char* own = partial_.c_str();
    if (file.compare_exchange_strong(own, nullptr)) return;
  }
}

bool WholeFile::Close() {
  stream_.close();
  if (!stream_) return false;
  std::error_code error;
  if (partial_ != path_) std::filesystem::rename(partial_, path_, error);
  if (error) return false;
  Forget();
  partial_ = path_;
  return true;
}

std::unique_ptr<WholeFile> OpenOrExit(absl::string_view program,
                                      absl::string_view flag,
                                      const std::string& name) {
  if (name.empty()) return nullptr;
  const std::string path = ResolveUserPath(name);
  if (IsInput(path)) {
    ExitBadCommandLine(program, absl::StrCat("--", flag, " is ", name,
                                             ", which is read; name another"));
  }
  auto file = std::make_unique<WholeFile>(path);
  if (!file->stream()) {
    ExitBadCommandLine(
        program, absl::StrCat("--", flag, ": cannot write ", file->path(), ": ",
                              std::strerror(errno)));
  }
  return file;
}

}  // namespace sluice::support
