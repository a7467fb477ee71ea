// Parts of an exchange, each without the rest: HPACK, which both libraries
// take from libnghttp2, and the decisions, as a server on a stack of its own
// gets them from the C ABI.
#ifndef SLUICE_BENCHMARKS_MICRO_PARTS_H_
#define SLUICE_BENCHMARKS_MICRO_PARTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "benchmarks/micro/exchange.h"

namespace sluice::benchmarks {

class Part {
 public:
  virtual ~Part() = default;
  // What `in_flight` requests need, and their responses.
  virtual void Round(uint64_t in_flight) = 0;
};

// Request, response and trailers are deflated and inflated. No library that
// uses nghttp2_hd_* can be faster.
std::unique_ptr<Part> MakeHpackPart(const Exchange& exchange);

// Each stream opens, is ready, gets grants for its response and closes.
std::unique_ptr<Part> MakeCAbiPart(const std::string& policy,
                                   const Exchange& exchange);

}  // namespace sluice::benchmarks

#endif  // SLUICE_BENCHMARKS_MICRO_PARTS_H_
