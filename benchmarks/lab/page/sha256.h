// The hash by which results name their inputs.
#ifndef SLUICE_BENCHMARKS_LAB_PAGE_SHA256_H_
#define SLUICE_BENCHMARKS_LAB_PAGE_SHA256_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sluice::lab {

// SHA-256 of `text`, 64 hexadecimal digits.
std::string Sha256(absl::string_view text);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_PAGE_SHA256_H_
