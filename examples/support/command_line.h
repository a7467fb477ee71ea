// Parses the flags that a program declares with ABSL_FLAG, and says in one
// sentence what is wrong with a command line: absl's own parser ends the
// process with status 1, where a bad command line is status 2 by the shell's
// convention and by this project's.
#ifndef SLUICE_EXAMPLES_SUPPORT_COMMAND_LINE_H_
#define SLUICE_EXAMPLES_SUPPORT_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::examples {

// The exit status for a command line that cannot be obeyed.
inline constexpr int kBadCommandLine = 2;

struct CommandLine {
  std::vector<std::string> positional;
  bool help = false;  // --help was asked for
};

// `arguments` does not include the program's name. Understood: --name=value,
// --name value, --bool, --nobool, one dash for two, and `--`, after which
// everything is positional. A flag is given once. Errors are InvalidArgument;
// flags that stood before the mistake have their values then.
absl::StatusOr<CommandLine> ParseFlags(
    absl::Span<const absl::string_view> arguments);

// What every flag of this program means, with its default.
std::string FlagsHelp();

// What a main() wants: parses, prints `usage`, the flags and whether the build
// is optimised and exits with 0 on --help, prints a sentence to stderr and
// exits with kBadCommandLine on a mistake. Returns the positional arguments.
std::vector<std::string> ParseFlagsOrExit(int argc, char** argv,
                                          absl::string_view usage);

// Prints "PROGRAM: SENTENCE" to stderr and exits with kBadCommandLine.
[[noreturn]] void ExitBadCommandLine(absl::string_view program,
                                     absl::string_view sentence);

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SUPPORT_COMMAND_LINE_H_
