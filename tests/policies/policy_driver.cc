#include "tests/policies/policy_driver.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"

namespace sluice::scheduler::testing {

std::unique_ptr<Policy> Make(absl::string_view spec, PolicyOptions options) {
  absl::StatusOr<std::unique_ptr<Policy>> policy =
      CreatePolicy(spec, std::move(options));
  EXPECT_TRUE(policy.ok()) << policy.status();
  return *std::move(policy);
}

std::string TestNameOf(std::string spec) {
  for (char& c : spec) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return spec;
}

void PolicyDriver::Add(StreamId id, uint64_t bytes, const StreamInfo& info) {
  const absl::Status status = policy_->OnOpen(id, info);
  ASSERT_TRUE(status.ok()) << status;
  left_[id] = bytes;
  policy_->SetReady(id);
}

std::optional<StreamId> PolicyDriver::Step() {
  const std::optional<Grant> grant = policy_->Pick();
  if (!grant.has_value()) return std::nullopt;
  const StreamId id = grant->stream_id;
  const auto left = left_.find(id);
  if (left == left_.end()) {
    ADD_FAILURE() << "picked a stream that is not open: " << id;
    policy_->Charge(id, 0);
    return std::nullopt;
  }
  const uint64_t bytes =
      std::min<uint64_t>({grant->max_bytes, frame_, left->second});
  policy_->Charge(id, bytes);
  sent_[id] += bytes;
  left->second -= bytes;
  if (left->second == 0) {
    policy_->OnClose(id);
    left_.erase(left);
  }
  return id;
}

std::string PolicyDriver::Run(size_t max_steps) {
  std::vector<StreamId> picked;
  while (picked.size() < max_steps) {
    const std::optional<StreamId> id = Step();
    if (!id.has_value()) break;
    picked.push_back(*id);
  }
  return absl::StrJoin(picked, ",");
}

uint64_t PolicyDriver::sent(StreamId id) const {
  const auto found = sent_.find(id);
  return found == sent_.end() ? 0 : found->second;
}

}  // namespace sluice::scheduler::testing
