// Prints the page that a HAR file makes, in the lab's own format, to look at
// and to correct by hand; what was left out and inferred goes to stderr.
//
//   bazel run //benchmarks/lab:to_page -- my.har > my_page.json
#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/page.h"
#include "benchmarks/lab/page_fixture.h"
#include "examples/support/command_line.h"
#include "examples/support/paths.h"

namespace {
constexpr char kProgram[] = "to_page";
}

int main(int argc, char** argv) {
  const std::vector<std::string> files = sluice::examples::ParseFlagsOrExit(
      argc, argv,
      "Prints the page that a HAR file (or a page file) makes: to_page FILE\n");
  if (files.size() != 1) {
    sluice::examples::ExitBadCommandLine(kProgram, "expects one file");
  }
  const absl::StatusOr<sluice::lab::Page> page = sluice::lab::LoadPageFile(
      sluice::examples::ResolveUserPath(files.front()));
  if (!page.ok()) {
    sluice::examples::ExitBadCommandLine(kProgram, page.status().message());
  }
  if (!page->note.empty()) absl::FPrintF(stderr, "%s\n", page->note);
  for (const std::string& warning : sluice::lab::PageWarnings(*page)) {
    absl::FPrintF(stderr, "warning: %s\n", warning);
  }
  absl::PrintF("%s\n", sluice::lab::PageFixture(*page).dump(1));
  return 0;
}
