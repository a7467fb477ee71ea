// Prints the page of a HAR file in the lab's own format, to look at and to
// correct by hand. Standard error has a note of what was left out and inferred.
//
//   bazel run //benchmarks/lab:to_page -- my.har > my_page.json
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/page/page_fixture.h"
#include "support/command_line.h"
#include "support/paths.h"

namespace {
constexpr char kProgram[] = "to_page";
}

int main(int argc, char** argv) {
  const std::vector<std::string> files = sluice::support::ParseFlagsOrExit(
      argc, argv,
      "to_page FILE: prints the page of a HAR file (or of a page file) in "
      "the lab's format\n");
  if (files.size() != 1) {
    sluice::support::ExitBadCommandLine(
        kProgram, absl::StrCat(files.size(), " files are given; it takes one"));
  }
  const sluice::lab::Page page = sluice::support::ValueOrExit(
      kProgram, sluice::lab::LoadPageFile(
                    sluice::support::ResolveUserPath(files.front())));
  if (!page.note.empty()) absl::FPrintF(stderr, "%s\n", page.note);
  for (const std::string& warning : sluice::lab::PageWarnings(page)) {
    absl::FPrintF(stderr, "warning: %s\n", warning);
  }
  absl::PrintF("%s\n", sluice::lab::PageFixture(page).dump(1));
  return sluice::support::StatusOfOutput(kProgram, 0);
}
