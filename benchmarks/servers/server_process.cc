#include "benchmarks/servers/server_process.h"

#include <sys/wait.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/servers/child_process.h"
#include "benchmarks/servers/link_end.h"

namespace sluice::servers {
namespace {

constexpr int kBadCommandLine = 2;

absl::Status EndedEarly(const std::string& program, int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == kBadCommandLine) {
    return absl::InvalidArgumentError(
        absl::StrCat("the server ", program, " refuses its command line"));
  }
  return absl::UnavailableError(
      absl::StrCat("the server ", program, " ended before it listened"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(
    const LinkEnd& end, std::vector<std::string> words, int interrupt) {
  const std::string program = words[0];
  std::unique_ptr<ChildProcess> child;
  const absl::Status started = end.Inside([&] {
    absl::StatusOr<std::unique_ptr<ChildProcess>> start =
        ChildProcess::Start(std::move(words));
    if (start.ok()) child = *std::move(start);
    return start.status();
  });
  if (!started.ok()) return started;
  const absl::StatusOr<std::optional<std::string>> listens =
      child->ReadLine(interrupt);
  if (!listens.ok()) return listens.status();
  if (!listens->has_value()) return EndedEarly(program, child->Wait());
  return std::unique_ptr<ServerProcess>(new ServerProcess(std::move(child)));
}

}  // namespace sluice::servers
