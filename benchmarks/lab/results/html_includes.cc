#include "benchmarks/lab/results/html_includes.h"

#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "support/paths.h"

namespace sluice::lab {

absl::StatusOr<std::string> ReadWithIncludes(const std::string& path) {
  absl::StatusOr<std::string> page = support::ReadFile(path);
  if (!page.ok()) return page.status();
  const std::string folder = std::filesystem::path(path).parent_path();
  std::string whole;
  for (absl::string_view line : absl::StrSplit(*page, '\n')) {
    absl::string_view name = absl::StripAsciiWhitespace(line);
    if (!absl::ConsumePrefix(&name, "<!--include ") ||
        !absl::ConsumeSuffix(&name, "-->")) {
      absl::StrAppend(&whole, line, "\n");
      continue;
    }
    const absl::StatusOr<std::string> file =
        support::ReadFile(absl::StrCat(folder, "/", name));
    if (!file.ok()) return file.status();
    const bool is_text = absl::EndsWith(name, ".txt");
    absl::StrAppend(
        &whole,
        is_text ? absl::StrReplaceAll(*file, {{"&", "&amp;"}, {"<", "&lt;"}})
                : *file);
  }
  return whole;
}

}  // namespace sluice::lab
