// Parses the flags that a program declares with ABSL_FLAG. A mistake ends the
// program with one sentence and status 2, as shells do and all programs of this
// project; Abseil's own parser ends it with 1.
#ifndef SLUICE_SUPPORT_COMMAND_LINE_H_
#define SLUICE_SUPPORT_COMMAND_LINE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::support {

// The exit status of a bad command line.
inline constexpr int kBadCommandLine = 2;

// The type of a flag that may be given several times: its values, in order.
struct ListFlag {
  std::vector<std::string> values;
};
bool AbslParseFlag(absl::string_view text, ListFlag* flag, std::string* error);
std::string AbslUnparseFlag(const ListFlag& flag);

struct CommandLine {
  std::vector<std::string> positional;
  bool help = false;  // --help was given
};

// `arguments` does not include the program's name. Understands --name=value,
// --name value, --bool, --nobool, one dash for two, a-b for a_b, and `--`,
// after which everything is positional. Error: InvalidArgument, also for a flag
// that is given twice and is no ListFlag; flags before the mistake have their
// values then.
absl::StatusOr<CommandLine> ParseFlags(
    absl::Span<const absl::string_view> arguments);

// Every flag of this program, with its meaning and its default.
std::string FlagsHelp();

// Parses main()'s arguments and returns the positional ones. --help prints
// `usage`, the flags and whether the build is optimised, and exits with 0. A
// mistake goes to ExitBadCommandLine(). Call it before any file opens: it fills
// the places of standard descriptors that are closed.
std::vector<std::string> ParseFlagsOrExit(int argc, char** argv,
                                          absl::string_view usage);

// Prints "PROGRAM: SENTENCE" to stderr and exits with kBadCommandLine.
[[noreturn]] void ExitBadCommandLine(absl::string_view program,
                                     absl::string_view sentence);

// The exit status of a program whose result is on the standard output:
// `status`, or 1 and a sentence if some of it was not written (a full disk).
int StatusOfOutput(absl::string_view program, int status);

// The value, or ExitBadCommandLine() with the status's message.
template <typename T>
T ValueOrExit(absl::string_view program, absl::StatusOr<T> value) {
  if (!value.ok()) ExitBadCommandLine(program, value.status().message());
  return *std::move(value);
}

}  // namespace sluice::support

#endif  // SLUICE_SUPPORT_COMMAND_LINE_H_
