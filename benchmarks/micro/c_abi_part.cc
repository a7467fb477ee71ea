#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "adapters/c/sluice.h"
#include "benchmarks/micro/exchange.h"
#include "benchmarks/micro/parts.h"

namespace sluice::benchmarks {
namespace {

void Check(int result) {
  if (result != SLUICE_OK) std::abort();
}

class CAbiPart final : public Part {
 public:
  CAbiPart(const std::string& policy, size_t bytes) : bytes_(bytes) {
    Check(sluice_create(SLUICE_ABI_VERSION, policy.c_str(), nullptr, &policy_));
  }
  ~CAbiPart() override { sluice_destroy(policy_); }
  CAbiPart(const CAbiPart&) = delete;
  CAbiPart& operator=(const CAbiPart&) = delete;

  void Round(uint64_t in_flight) override {
    // The server's own record of each stream, by its place in the round.
    left_.assign(in_flight, bytes_);
    const sluice_rfc9218 priority = {/*urgency=*/4, /*incremental=*/1};
    for (uint64_t i = 0; i < in_flight; ++i) {
      const auto id = static_cast<uint32_t>(first_ + 2 * i);
      Check(sluice_open(policy_, id, nullptr, &priority));
      if (bytes_ > 0) Check(sluice_ready(policy_, id));
    }
    sluice_grant grant;
    while (sluice_pick(policy_, &grant) == SLUICE_OK) {
      size_t& left = left_[(grant.stream_id - first_) / 2];
      const size_t sent = std::min(left, grant.max_bytes);
      left -= sent;
      Check(sluice_charge(policy_, grant.stream_id, sent));
      if (left == 0) Check(sluice_close(policy_, grant.stream_id));
    }
    if (bytes_ == 0) {
      for (uint64_t i = 0; i < in_flight; ++i) {
        Check(sluice_close(policy_, static_cast<uint32_t>(first_ + 2 * i)));
      }
    }
    first_ += static_cast<uint32_t>(2 * in_flight);
  }

 private:
  const size_t bytes_;  // of a response
  sluice_policy* policy_ = nullptr;
  uint32_t first_ = 1;
  std::vector<size_t> left_;
};

}  // namespace

std::unique_ptr<Part> MakeCAbiPart(const std::string& policy,
                                   const Exchange& exchange) {
  return std::make_unique<CAbiPart>(policy, exchange.response_bytes);
}

}  // namespace sluice::benchmarks
