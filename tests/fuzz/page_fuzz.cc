// Fuzzes what reads the pages of users: HAR files and page files.
//
// Input: a file. Invariants: it gives either one sentence that begins with the
// file's name, or a page with a short note; such a page is also one when it is
// written in the lab's own format, and, if it is small, it can be loaded to its
// end.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/link.h"
#include "benchmarks/lab/page.h"
#include "benchmarks/lab/page_fixture.h"
#include "benchmarks/lab/page_load.h"
#include "benchmarks/lab/signals.h"
#include "nlohmann/json.hpp"
#include "scheduler/policy.h"
#include "scheduler/registry.h"

namespace sluice::lab {
namespace {

constexpr uint64_t kSmallPage = 200'000;  // bytes

void Check(const absl::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "page_fuzz: %s: %s\n", what, status.ToString().c_str());
  std::abort();
}

void CheckSentence(const absl::Status& status) {
  const absl::string_view error = status.message();
  if (status.code() == absl::StatusCode::kInvalidArgument &&
      absl::StartsWith(error, "x.har: ") && error.size() < 500 &&
      !absl::StrContains(error, '\n')) {
    return;
  }
  Check(status, "no sentence");
}

void CheckNote(const Page& page) {
  if (page.note.size() < 1000 && !absl::StrContains(page.note, '\n') &&
      PageWarnings(page).size() <= 4) {
    return;
  }
  Check(absl::InternalError(page.note), "no note");
}

void CheckLoads(const Page& page) {
  scheduler::PolicyOptions options;
  options.max_grant = kMaxGrant;
  auto policy = scheduler::CreatePolicy("rfc7540", options);
  Check(policy.status(), "no policy");
  Link link(LinkOptions{});
  Check(RunPageLoad(page, *FindSignalSet("chrome7540")->make({}),
                    *std::move(policy), link)
            .status(),
        "cannot be loaded");
}

void Run(absl::string_view text) {
  const absl::StatusOr<Page> page = ParsePage(text, "x.har");
  if (!page.ok()) {
    CheckSentence(page.status());
    return;
  }
  CheckNote(*page);
  const std::string written = PageFixture(*page).dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  Check(ParsePage(written, "written").status(), "not a page when written");
  if (page->BodyBytes() <= kSmallPage) CheckLoads(*page);
}

}  // namespace
}  // namespace sluice::lab

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::lab::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
