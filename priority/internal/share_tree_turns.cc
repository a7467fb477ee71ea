// Whose turn it is: active nodes, picks and charges.
#include <sluice/priority/internal/share_tree.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/base/optimization.h"

namespace sluice::priority::internal {
namespace {

// A level where a key passes this has its tags taken back, long before 2^63:
// one decision moves a key by at most 2^48.
constexpr int64_t kMaxKey = int64_t{1} << 60;

}  // namespace

void ShareTree::Activate(NodeIndex n) {
  for (;;) {
    ++work_.activation_steps;
    Node& node = nodes_[n];
    Group& group = groups_[node.group];
    node.active = 1;
    Clamp(node, group.clock);
    queue_.Insert(group, n);
    if (group.active > 1) {
      if (group.active == 2) BumpEpoch();  // the run through here ends here now
      return;
    }
    group.run_epoch = 0;
    n = group.owner;
    if (n == kRoot || nodes_[n].active) return;
  }
}

void ShareTree::Deactivate(NodeIndex n) {
  for (;;) {
    ++work_.activation_steps;
    Group& group = groups_[nodes_[n].group];
    nodes_[n].active = 0;
    queue_.Remove(group, n);
    if (group.active > 0) {
      if (group.active == 1) BumpEpoch();  // a run goes on through here now
      return;
    }
    group.run_epoch = 0;
    n = group.owner;
    if (n == kRoot || nodes_[n].ready) return;
  }
}

// From `n`, which is active and not ready: the first node that is ready or has
// several active children.
NodeIndex ShareTree::EndOfRun(NodeIndex n) {
  Group& start = groups_[nodes_[n].children];
  if (start.run_epoch == epoch_) return start.run_end;
  NodeIndex end = n;
  for (Group* group = &start; group->active == 1;) {
    ++work_.run_steps;
    end = queue_.Any(*group);
    if (nodes_[end].ready) break;
    group = &groups_[nodes_[end].children];
  }
  start.run_end = end;
  start.run_epoch = epoch_;
  return end;
}

NodeIndex ShareTree::PickBelow(NodeIndex n) {
  do {
    Group* group = &groups_[nodes_[n].children];
    if (group->active == 1) {
      n = EndOfRun(n);
      if (nodes_[n].ready) break;
      group = &groups_[nodes_[n].children];
    }
    n = queue_.Min(*group);
    Take(*group, n);
  } while (!nodes_[n].ready);
  work_.contended_levels += path_size_;
  return picked_ = n;
}

inline void ShareTree::ChargeEntry(const PathEntry& entry, uint64_t scaled) {
  Node& node = nodes_[entry.node];
  const uint64_t sum = scaled + node.remainder;
  const auto charge = static_cast<int64_t>(sum / entry.weight);
  const uint64_t remainder = sum % entry.weight;
  if (ABSL_PREDICT_FALSE(node.tag != entry.tag ||
                         node.weight != entry.weight)) {
    return ChargeEdited(entry, charge, remainder);
  }
  node.remainder = static_cast<uint32_t>(remainder);
  node.tag += charge;
  const int64_t key = node.key + charge;
  if (ABSL_PREDICT_FALSE(!node.active || key > kMaxKey)) {
    return SetKeyRarely(entry.node, key);
  }
  queue_.Charged(groups_[node.group], entry.node, key);
}

void ShareTree::SetKeyRarely(NodeIndex n, int64_t key) {
  Node& node = nodes_[n];
  if (node.active) {
    queue_.Charged(groups_[node.group], n, key);
  } else {
    node.key = key;
  }
  if (key > kMaxKey) Renormalise(node.group);
}

void ShareTree::ChargeEdited(const PathEntry& entry, int64_t charge,
                             uint64_t remainder) {
  Node& node = nodes_[entry.node];
  // 0 when the edit put it ahead of the charge.
  charge = std::max(entry.tag + charge - node.tag, int64_t{0});
  node.remainder =
      static_cast<uint32_t>(remainder * node.weight / entry.weight);
  node.tag += charge;
  const int64_t key = node.key + charge;
  if (node.active) {
    queue_.Rekey(groups_[node.group], entry.node, key);
  } else {
    node.key = key;
  }
}

void ShareTree::ChargePath(uint64_t scaled) {
  for (uint32_t i = 0; i < path_size_; ++i) ChargeEntry(path_[i], scaled);
  path_size_ = 0;
  // It had nothing to send: until its next SetReady(), nobody waits for it.
  if (scaled == 0 && picked_ != kNone) SetBlocked(picked_);
}

void ShareTree::Charge(size_t bytes) {
  if (ABSL_PREDICT_FALSE(!pulling_ || bytes > max_grant_)) std::abort();
  const uint64_t scaled = uint64_t{bytes}
                          << (kTagFractionBits + kWeightFractionBits);
  pulling_ = false;
  if (ABSL_PREDICT_FALSE(path_size_ != 1 || bytes == 0)) {
    return ChargePath(scaled);
  }
  path_size_ = 0;
  ChargeEntry(path_[0], scaled);
}

ShareTree::PathEntry* ShareTree::FindPathEntry(NodeIndex n) {
  for (uint32_t i = 0; i < path_size_; ++i) {
    if (path_[i].node == n) return &path_[i];
  }
  return nullptr;
}

void ShareTree::DropPathEntry(NodeIndex n) {
  PathEntry* entry = FindPathEntry(n);
  if (entry == nullptr) return;
  std::copy(entry + 1, path_.data() + path_size_, entry);
  --path_size_;
}

void ShareTree::BumpEpoch() {
  if (++epoch_ != 0) return;
  for (Group& group : groups_) group.run_epoch = 0;
  epoch_ = 1;
}

// Takes a multiple of the queue's period from every tag of the level. A tag far
// behind the clock is brought to where its next activation would bring it.
void ShareTree::Renormalise(GroupIndex g) {
  Group& group = groups_[g];
  const int64_t period = queue_.Period();
  const int64_t base = group.clock / period * period;
  for (uint32_t i = 0, m = group.first; i < group.size;
       ++i, m = nodes_[m].next) {
    Node& member = nodes_[m];
    if (!member.active) Clamp(member, group.clock);
    member.tag -= base;
    member.key -= base;
  }
  group.clock -= base;
}

const WorkCounters& ShareTree::work() {
  work_.queue_steps = queue_.steps();
  return work_;
}

}  // namespace sluice::priority::internal
