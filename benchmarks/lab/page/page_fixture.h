// Reads and writes the lab's own page format, `h2-page-fixture/1`. See
// benchmarks/lab/pages/README.md for its fields.
#ifndef SLUICE_BENCHMARKS_LAB_PAGE_PAGE_FIXTURE_H_
#define SLUICE_BENCHMARKS_LAB_PAGE_PAGE_FIXTURE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/page/page.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {

inline constexpr absl::string_view kPageFixtureFormat = "h2-page-fixture/1";

// Reads `document`, a value of ParseJson(); leaves `sha256` empty. `file` names
// it in errors. Error: InvalidArgument, a sentence with the file and the field.
absl::StatusOr<Page> ReadPageFixture(const nlohmann::json& document,
                                     absl::string_view file);

// The document from which ReadPageFixture() reads the same page, but for
// `sha256` and `note`.
nlohmann::ordered_json PageFixture(const Page& page);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_PAGE_PAGE_FIXTURE_H_
