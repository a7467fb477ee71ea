#include "tests/policies/policy_driver.h"

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/signal_source.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace sluice::scheduler::testing {

absl::Status BookedPolicy::OnOpen(StreamId id, const StreamInfo& info) {
  FaultText text;
  if (const char* fault = FindFault(id, info, &text)) {
    return absl::InvalidArgumentError(fault);
  }
  if (streams_.contains(id)) {
    return absl::AlreadyExistsError(absl::StrCat("stream ", id, " is open"));
  }
  StreamRecord* record = &streams_[id];
  const absl::StatusCode code = book_.Open(id, record);
  if (code != absl::StatusCode::kOk) {
    streams_.erase(id);
    return book_.ErrorOf(code);
  }
  if (info.rfc9218.has_value()) {
    book_.SetRfc9218(id, record, *info.rfc9218, signals::SignalSource::kHeader);
  }
  if (info.rfc7540.has_value()) {
    book_.SetRfc7540(id, record, *info.rfc7540, signals::SignalSource::kHeader);
  }
  book_.SetServerPriority(record, info.server);
  book_.SetHints(record, info.hints);
  return absl::OkStatus();
}

absl::Status BookedPolicy::OnPriority(StreamId id, const StreamInfo& info,
                                      Said said) {
  constexpr auto kFrame = signals::SignalSource::kFrame;
  StreamRecord* record = Find(id);
  FaultText text;
  if (const char* fault = FindFault(id, info, &text)) {
    return absl::InvalidArgumentError(fault);
  }
  switch (said) {
    case Said::kRfc7540:
      return !info.rfc7540.has_value()
                 ? absl::OkStatus()
                 : book_.ErrorOf(
                       book_.SetRfc7540(id, record, *info.rfc7540, kFrame));
    case Said::kRfc9218:
      return !info.rfc9218.has_value()
                 ? absl::OkStatus()
                 : book_.ErrorOf(
                       book_.SetRfc9218(id, record, *info.rfc9218, kFrame));
    case Said::kServer:
      if (record == nullptr) return absl::OkStatus();
      return book_.ErrorOf(book_.SetServerPriority(record, info.server));
    case Said::kHints:
      if (record != nullptr) book_.SetHints(record, info.hints);
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

void BookedPolicy::OnClose(StreamId id) {
  StreamRecord* record = Find(id);
  if (record == nullptr) return;
  book_.Close(record);
  streams_.erase(id);
}

void BookedPolicy::SetReady(StreamId id) {
  if (StreamRecord* record = Find(id)) book_.SetReady(record);
}

void BookedPolicy::SetBlocked(StreamId id) {
  if (StreamRecord* record = Find(id)) book_.SetBlocked(record);
}

std::unique_ptr<BookedPolicy> Make(absl::string_view spec,
                                   const PolicyOptions& options) {
  absl::StatusOr<std::unique_ptr<Policy>> policy = CreatePolicy(spec, options);
  EXPECT_TRUE(policy.ok()) << policy.status();
  return std::make_unique<BookedPolicy>(*std::move(policy),
                                        options.max_streams);
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
