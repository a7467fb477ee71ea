#include "tests/fuzz/checked_policy.h"

#include <sluice/scheduler/policy.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "tests/fuzz/fuzz_check.h"

namespace sluice::fuzz {

using ::sluice::scheduler::FaultText;
using ::sluice::scheduler::Grant;
using ::sluice::scheduler::Signal;

void CheckedPolicy::OnOpen(StreamId id, const StreamInfo& info) {
  Check(infos_.emplace(id, &info).second, "it is open");
  CheckInfo(id, info);
  policy_->OnOpen(id, info);
}

void CheckedPolicy::OnPriority(StreamId id, const StreamInfo& info,
                               Signal changed) {
  Check(&info == InfoOf(id), "an info that moved");
  CheckInfo(id, info);
  Check(changed != Signal::kRfc7540 ||
            info.rfc7540 == said_.at(id).rfc7540.back(),
        "it is not what the client said last");
  policy_->OnPriority(id, info, changed);
}

absl::Status CheckedPolicy::OnIdlePriority(
    StreamId id, const signals::Rfc7540Priority& priority) {
  Check(!infos_.contains(id), "an idle stream that is open");
  Check(priority == said_.at(id).rfc7540.back(),
        "it is not what the client said last");
  return policy_->OnIdlePriority(id, priority);
}

void CheckedPolicy::OnClientUsesRfc9218() {
  Check(!std::exchange(uses_rfc9218_, true), "the client used it before");
  policy_->OnClientUsesRfc9218();
}

void CheckedPolicy::OnClose(StreamId id) {
  CheckInfo(id, *InfoOf(id));
  policy_->OnClose(id);
  infos_.erase(id);
}

void CheckedPolicy::SetReady(StreamId id) {
  CheckInfo(id, *InfoOf(id));
  policy_->SetReady(id);
}

void CheckedPolicy::SetBlocked(StreamId id) {
  CheckInfo(id, *InfoOf(id));
  policy_->SetBlocked(id);
}

std::optional<Grant> CheckedPolicy::Pick() {
  on_pick_();
  return policy_->Pick();
}

void CheckedPolicy::Charge(StreamId id, size_t bytes) {
  policy_->Charge(id, bytes);
}

const scheduler::StreamInfo* CheckedPolicy::InfoOf(StreamId id) const {
  const auto found = infos_.find(id);
  Check(found != infos_.end(), "a call for a stream that is not open");
  return found->second;
}

void CheckedPolicy::CheckInfo(StreamId id, const StreamInfo& info) const {
  FaultText text;
  const char* fault = FindFault(id, info, &text);
  Check(fault == nullptr, fault == nullptr ? "" : fault);
  Check(!info.moved || info.rfc7540.has_value(), "moved by nothing");
  Check(!info.rfc9218.has_value() || uses_rfc9218_,
        "an RFC 9218 signal that was not announced");
  const auto said = said_.find(id);
  const auto is_of = [](const auto& value, const auto& values) {
    return std::find(values.begin(), values.end(), *value) != values.end();
  };
  const bool known = said != said_.end();
  Check(!info.rfc7540.has_value() ||
            (known && is_of(info.rfc7540, said->second.rfc7540)),
        "the client never said it");
  Check(!info.rfc9218.has_value() ||
            (known && is_of(info.rfc9218, said->second.rfc9218)),
        "the client never said it");
}

}  // namespace sluice::fuzz
