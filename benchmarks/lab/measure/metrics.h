// The metrics of a page load. All times are virtual nanoseconds from the moment
// the browser begins, on an open connection.
//
// With R the resources, C ⊆ R the render-critical ones and A ⊆ R those above
// the fold (page.h), done(r) the arrival of the last byte of r, and b₁ … bₙ the
// pieces of bodies of A that arrived at t₁ … tₙ, each with its size:
//
//   render_critical = max { done(r) : r ∈ C }
//   atf             = max { done(r) : r ∈ A }
//   page_load       = max { done(r) : r ∈ R }
//   atf_area        = ∫₀ (1 − P(t)) dt = Σ sizeᵢ · tᵢ / Σ sizeᵢ
//
// where P(t) is the part of A's bytes that has arrived by t: the area over the
// byte-progress curve, the mean arrival time of a byte of the first screen
// (ByteIndex restricted to the first screen). Smaller is better. Completion
// times see the last byte only; the area sees all of them.
//
// Bytes are seen later than they arrive. A browser paints nothing before the
// render-critical resources are complete. After that it paints an image as far
// as it has arrived, but uses a font or a style sheet only when it is whole.
// With r the resource of piece i:
//
//   shownᵢ        = max(render_critical, tᵢ), r an image;
//                   max(render_critical, done(r)), r anything else
//   painted_area  = ∫₀ (1 − V(t)) dt = Σ sizeᵢ · shownᵢ / Σ sizeᵢ
//   lcp_candidate = max(render_critical, min { done(r) : r ∈ L })
//
// where V(t) is the part of A's bytes with shownᵢ ≤ t, the visual progress, and
// L ⊆ A are the candidates for the largest contentful paint (page.h): of
// several equally large ones, browsers take the first. So the first screen is
// painted from render_critical to atf, and the painted area is the headline of
// the lab (docs/lab.md).
//
// Of a class c of resources (html, css, …), class_done(c) = max { done(r) : r ∈
// c }. The bytes that came in another order than the browser wanted:
//
//   lower_first = Σ { sizeᵢ : a more urgent request than that of piece i was
//                     made before tᵢ and is not done at tᵢ }
//
// over all pieces of all bodies, with Chrome's final level of a resource as its
// urgency, whatever the signals said. Bytes that were on their way when a
// request was made count, so even the best server cannot always reach 0.
//
// On a page that tests how fast a server reacts, with H the resources whose
// role is "high", L those whose role is "low", requested(r) the moment at which
// the browser requests r and A the first of H that it requests:
//
//   reaction = max { done(r) − requested(r) : r ∈ H }
//   low_open = |{ r ∈ L : requested(r) ≤ requested(A) < done(r) }|
//   low_left = Σ { size(r) − arrived bytes of r : r ∈ L }, at requested(A)
//
// A short reaction says something about the server only if it still had many
// bytes to send instead.
//
// The page load time says little: the order of bytes hardly changes it.
#ifndef SLUICE_BENCHMARKS_LAB_MEASURE_METRICS_H_
#define SLUICE_BENCHMARKS_LAB_MEASURE_METRICS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// Only pages with a resource of the role "high" have one.
struct Reaction {
  int64_t reaction_ns = 0;
  size_t low_open = 0;
  uint64_t low_left_bytes = 0;
};

struct Metrics {
  int64_t render_critical_ns = 0;
  int64_t atf_ns = 0;
  int64_t atf_area_ns = 0;  // rounded down; 0 when no byte is above the fold
  int64_t painted_area_ns = 0;  // the same
  int64_t lcp_candidate_ns = 0;
  int64_t page_load_ns = 0;
  // By ResourceType; nothing: the page has none.
  std::array<std::optional<int64_t>, kResourceTypes> class_done_ns = {};
  uint64_t lower_first_bytes = 0;
  std::optional<Reaction> reaction = std::nullopt;
};

// O(arrivals + resources · log resources).
Metrics Measure(const Page& page, const PageLoad& load);

// A step of the visual progress: `bytes` above the fold are shown by `at_ns`.
struct ProgressStep {
  int64_t at_ns = 0;
  uint64_t bytes = 0;

  friend bool operator==(const ProgressStep&, const ProgressStep&) = default;
};

// By time, each time once; the last step has all bytes. Empty when no byte is
// above the fold. O(arrivals · log arrivals).
std::vector<ProgressStep> VisualProgress(const Page& page,
                                         const PageLoad& load);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_MEASURE_METRICS_H_
