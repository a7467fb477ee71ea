// Reads a page from a file, whichever of two formats it has: a HAR file of any
// origin (har_page.h), an object with a `log`; or the lab's own format
// (page_fixture.h), an object with a `format`.
#ifndef SLUICE_BENCHMARKS_LAB_CAPTURE_PAGE_FILE_H_
#define SLUICE_BENCHMARKS_LAB_CAPTURE_PAGE_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// Reads a page from `text`. `file` names it in errors; a page from a HAR is
// called by the last part of `file`, without extension. Error: InvalidArgument,
// one sentence with the file, the resource or the entry, and the field.
// O(bytes + resources²).
absl::StatusOr<Page> ParsePage(absl::string_view text, absl::string_view file);

// The same from a file of at most 64 MiB. Errors: NotFound (cannot be read),
// InvalidArgument.
absl::StatusOr<Page> LoadPageFile(const std::string& path);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_CAPTURE_PAGE_FILE_H_
