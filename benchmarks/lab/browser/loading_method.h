// The ways to load a resource that browsers distinguish when they choose a
// signal: the rows of the captured tables.
#ifndef SLUICE_BENCHMARKS_LAB_BROWSER_LOADING_METHOD_H_
#define SLUICE_BENCHMARKS_LAB_BROWSER_LOADING_METHOD_H_

#include <cstddef>

#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

enum class LoadingMethod {
  kDocument,
  kFrame,       // html in an iframe
  kCss,         // render-blocking, imported or preloaded
  kCssLate,     // at the end of the body
  kCssPrint,    // its media do not match
  kJsBlocking,  // in the head
  kJsLate,      // at the end of the body
  kJsAsync,     // async or defer: a page file does not tell them apart
  kJsPreload,
  kFont,  // asked for by a stylesheet
  kFontPreload,
  kImageInView,
  kImage,
  kFetch,
  kMedia,
  kPrefetch,
  kOther,
};

// Chrome's level stands in for facts that a page file lacks: VeryLow is a
// prefetch, or a stylesheet for other media; Chrome requests late stylesheets
// at Medium, and fonts at High only when they are preloaded.
LoadingMethod LoadingMethodOf(const Resource& resource);

// Whether a table with a member `method` has one row for each method, in order,
// so that a method is its index.
template <typename Row, size_t N>
constexpr bool RowsAreInOrder(const Row (&rows)[N]) {
  for (size_t i = 0; i < N; ++i) {
    if (static_cast<size_t>(rows[i].method) != i) return false;
  }
  return N == static_cast<size_t>(LoadingMethod::kOther) + 1;
}

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_BROWSER_LOADING_METHOD_H_
