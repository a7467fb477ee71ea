#include "tests/fuzz/differences.h"

#include <sluice/h2/options.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/judging_core.h"

namespace sluice::fuzz {
namespace {

constexpr absl::string_view kPage =
#include "tests/fuzz/differences.inc"
    ;

// "`RST_STREAM CANCEL` words": either part but the first may be missing.
Expected ReadExpected(absl::string_view cell) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(absl::StripPrefix(cell, "`"), absl::MaxSplits('`', 1));
  return {std::string(parts.first),
          std::string(absl::StripAsciiWhitespace(parts.second))};
}

std::vector<Difference> ReadDifferences() {
  std::vector<Difference> differences;
  int line = 0;
  for (const absl::string_view text : absl::StrSplit(kPage, '\n')) {
    ++line;
    const std::vector<std::string> cells = absl::StrSplit(text, " | ");
    if (cells.size() != 6 || !absl::StrContains(text, '`')) continue;
    const absl::string_view role = absl::StripPrefix(cells[0], "| ");
    Check(role == "server" || role == "client" || role == "both",
          absl::StrCat("line ", line, ": a role is server, client or both"));
    differences.push_back({line, std::string(role), cells[1],
                           ReadExpected(cells[2]), ReadExpected(cells[3])});
  }
  Check(!differences.empty(), "the table of differences is gone");
  return differences;
}

bool Fits(const Expected& expected, const Judgement& judgement) {
  return expected.verdict == judgement.verdict &&
         absl::StrContains(judgement.why, expected.words);
}

}  // namespace

const std::vector<Difference>& Differences() {
  static const auto& differences =
      *new std::vector<Difference>(ReadDifferences());
  return differences;
}

const Difference* FindDifference(h2::Side side, absl::string_view frame,
                                 const Judgement& ours,
                                 const Judgement& theirs) {
  const absl::string_view role =
      side == h2::Side::kServer ? "server" : "client";
  const auto found = std::find_if(
      Differences().begin(), Differences().end(), [&](const Difference& row) {
        return (row.role == "both" || row.role == role) &&
               (row.frame == "any" || row.frame == frame) &&
               Fits(row.ours, ours) && Fits(row.theirs, theirs);
      });
  return found == Differences().end() ? nullptr : &*found;
}

}  // namespace sluice::fuzz
