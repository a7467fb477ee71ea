// Fuzzes the readers of users' pages: HAR files and page files.
//
// Input: a file. Invariants: it gives either one sentence that begins with the
// file's name, or a page with a short note. The page survives writing and
// reading in the lab's own format. A small page loads to its end: under any
// policy with any largest grant, any signals, any number of streams, over links
// of any shape. The file's bytes choose these, so every input is a file.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/page/page_fixture.h"
#include "nlohmann/json.hpp"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"

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

// A sum of the text, which chooses how its page is loaded.
std::string ChoiceOf(absl::string_view text) {
  uint64_t sum = 0xcbf29ce484222325;  // FNV-1a
  std::string choice;
  for (const char c : text) {
    sum = (sum ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  }
  for (int i = 0; i < 16; ++i) {
    sum = (sum ^ (sum >> 29)) * 0x100000001b3;
    choice += static_cast<char>(sum >> 32);
  }
  return choice;
}

LinkOptions DrawLink(fuzz::Input& input) {
  LinkOptions options;
  options.down_bits_per_second =
      static_cast<int64_t>(1000 + 100 * input.Limit(16000));
  options.up_bits_per_second =
      static_cast<int64_t>(1000 + 100 * input.Limit(7680));
  options.round_trip_ns = static_cast<int64_t>(1000 * input.Limit(150000));
  options.send_buffer_bytes = input.Limit(16384);
  options.tick_ns = static_cast<int64_t>(1000 * input.Limit(0));
  options.initial_window_bytes = input.Limit(0);
  options.losses_per_million = static_cast<int>(input.Limit(0));
  return options;
}

void CheckLoads(const Page& page, absl::string_view text) {
  const std::string choice = ChoiceOf(text);
  fuzz::Input input(reinterpret_cast<const uint8_t*>(choice.data()),
                    choice.size());
  scheduler::PolicyOptions options;
  options.max_grant = std::max<size_t>(input.Limit(kMaxGrant), 1);
  options.max_streams = std::max<size_t>(input.Limit(1000), 1);
  options.max_closed_streams = input.Limit(100);
  const std::vector<scheduler::PolicyEntry> policies =
      scheduler::RegisteredPolicies();
  auto policy = scheduler::CreatePolicy(
      policies[input.Byte() % policies.size()].name, options);
  Check(policy.status(), "no policy");
  const absl::Span<const SignalSet> sets = SignalSets();
  const SignalSet& set = sets[input.Byte() % sets.size()];
  PageLoadOptions load;
  load.max_streams =
      static_cast<uint32_t>(std::max<size_t>(input.Limit(100), 1));
  Link link(DrawLink(input));
  Check(RunPageLoad(page, *set.make({.late_signals = input.Flag()}),
                    *std::move(policy), link, load)
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
  if (page->BodyBytes() <= kSmallPage) CheckLoads(*page, text);
}

}  // namespace
}  // namespace sluice::lab

SLUICE_FUZZ_TARGET(page_fuzz)(const uint8_t* data, size_t size) {
  sluice::lab::Run({reinterpret_cast<const char*>(data), size});
}
