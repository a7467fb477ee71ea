#include "support/command_line.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace sluice::support {
namespace {

// The flag `given` means, `--noname` for a bool included (`*negated`). Dashes
// in it are as good as underscores.
absl::CommandLineFlag* FindFlag(absl::string_view given, bool* negated) {
  *negated = false;
  const std::string with_underscores = absl::StrReplaceAll(given, {{"-", "_"}});
  absl::string_view name = with_underscores;
  if (absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name)) {
    return flag;
  }
  if (!absl::ConsumePrefix(&name, "no")) return nullptr;
  absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
  if (flag == nullptr || !flag->IsOfType<bool>()) return nullptr;
  *negated = true;
  return flag;
}

absl::string_view BaseName(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

// A program may start with a standard descriptor closed. The next file that it
// opens would get that number, and what is printed would go into that file. So
// /dev/null takes the place, opened the other way: to print still fails.
void FillStandardDescriptors(absl::string_view program) {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // open() takes the lowest number that is free.
    if (::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) {
      ExitBadCommandLine(program, "a standard descriptor is closed");
    }
  }
}

#ifdef __OPTIMIZE__
constexpr absl::string_view kBuild = "This build is optimised.\n";
#else
constexpr absl::string_view kBuild =
    "This build is not optimised: expect a tenth of the speed.\n";
#endif

// Between the values of a ListFlag in Abseil's text of it.
constexpr absl::string_view kNextValue = "\n";

// What a flag of this type takes; `error`, Abseil's words, for the others.
std::string Allowed(const absl::CommandLineFlag& flag, std::string error) {
  if (flag.IsOfType<bool>()) return "true or false";
  if (flag.IsOfType<absl::Duration>()) {
    return "a time with its unit, such as 500ms, 10s or 2m";
  }
  if (flag.IsOfType<int>() || flag.IsOfType<int64_t>()) {
    return "a whole number";
  }
  if (flag.IsOfType<uint32_t>() || flag.IsOfType<uint64_t>()) {
    return "a whole number, not below 0";
  }
  return error;
}

}  // namespace

bool AbslParseFlag(absl::string_view text, ListFlag* flag,
                   std::string* /*error*/) {
  flag->values = absl::StrSplit(text, kNextValue);
  return true;  // whoever reads the values checks them
}

std::string AbslUnparseFlag(const ListFlag& flag) {
  return absl::StrJoin(flag.values, kNextValue);
}

absl::StatusOr<CommandLine> ParseFlags(
    absl::Span<const absl::string_view> arguments) {
  CommandLine result;
  std::set<absl::string_view> given;
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view argument = arguments[i];
    if (argument == "--") {
      for (++i; i < arguments.size(); ++i) {
        result.positional.emplace_back(arguments[i]);
      }
      break;
    }
    if (argument.size() < 2 || argument[0] != '-') {
      result.positional.emplace_back(argument);
      continue;
    }
    argument.remove_prefix(argument[1] == '-' ? 2 : 1);
    const size_t equals = argument.find('=');
    const bool has_value = equals != absl::string_view::npos;
    const absl::string_view name = argument.substr(0, equals);
    if (name == "help" && !has_value) {
      result.help = true;
      continue;
    }
    bool negated = false;
    absl::CommandLineFlag* flag = FindFlag(name, &negated);
    if (flag == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no flag --", name, "; see --help"));
    }
    // Otherwise the first of two values would be lost silently.
    const bool again = !given.insert(flag->Name()).second;
    const bool is_list = flag->IsOfType<ListFlag>();
    if (again && !is_list) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", flag->Name(), " is given twice"));
    }
    absl::string_view value;
    if (has_value && negated) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, " takes no value"));
    } else if (has_value) {
      value = argument.substr(equals + 1);
    } else if (flag->IsOfType<bool>()) {
      value = negated ? "false" : "true";
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, " needs a value"));
    }
    std::string list;
    if (again) {
      list = absl::StrCat(flag->CurrentValue(), kNextValue, value);
      value = list;
    }
    std::string error;
    if (!flag->ParseFrom(value, &error)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", flag->Name(), " is '", value, "'; it must be ",
                       Allowed(*flag, std::move(error))));
    }
  }
  return result;
}

std::string FlagsHelp() {
  // GetAllFlags() has no order of its own.
  std::map<std::string, absl::CommandLineFlag*> by_name;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    by_name.emplace(std::string(name), flag);
  }
  std::string text;
  for (const auto& [name, flag] : by_name) {
    absl::StrAppend(&text, "  --", name, "\n      ", flag->Help());
    if (const std::string value = flag->DefaultValue(); !value.empty()) {
      absl::StrAppend(&text, " (default: ", value, ")");
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

std::vector<std::string> ParseFlagsOrExit(int argc, char** argv,
                                          absl::string_view usage) {
  const absl::string_view program = argc > 0 ? BaseName(argv[0]) : "program";
  FillStandardDescriptors(program);
  std::vector<absl::string_view> arguments;
  for (int i = 1; i < argc; ++i) arguments.emplace_back(argv[i]);
  absl::StatusOr<CommandLine> parsed = ParseFlags(arguments);
  if (!parsed.ok()) {
    ExitBadCommandLine(program, parsed.status().message());
  }
  if (parsed->help) {
    std::cout << usage << "\n\nFlags:\n" << FlagsHelp() << "\n" << kBuild;
    std::cout.flush();
    std::exit(0);
  }
  return std::move(parsed->positional);
}

int StatusOfOutput(absl::string_view program, int status) {
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout) {
    return status;
  }
  std::cerr << program << ": writing the standard output failed\n";
  return status == EXIT_SUCCESS ? EXIT_FAILURE : status;
}

void ExitBadCommandLine(absl::string_view program, absl::string_view sentence) {
  std::cerr << program << ": " << sentence << "\n";
  std::exit(kBadCommandLine);
}

}  // namespace sluice::support
