#include "tests/priority/tree_inspector.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace sluice::priority {
namespace {

using internal::Group;
using internal::GroupIndex;
using internal::kNone;
using internal::kRoot;
using internal::kWeightOne;
using internal::Node;

std::string WeightText(uint32_t fixed) {
  std::string text =
      absl::StrFormat("%.3f", static_cast<double>(fixed) / kWeightOne);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

internal::NodeIndex TreeInspector::NextInPreorder(NodeIndex n,
                                                  int* depth) const {
  NodeIndex next = shares_.FirstChild(n);
  if (next != kNone) {
    ++*depth;
    return next;
  }
  while (n != kRoot) {
    next = shares_.NextSibling(n);
    if (next != kNone) return next;
    n = shares_.Parent(n);
    --*depth;
  }
  return kNone;
}

std::string TreeInspector::Dump() const {
  std::string text = "(";
  int depth = 0, written = 0;
  for (NodeIndex n = NextInPreorder(kRoot, &depth); n != kNone;
       n = NextInPreorder(n, &depth)) {
    if (depth > written) {
      if (written > 0) text += '(';
    } else {
      text.append(static_cast<size_t>(written - depth), ')');
      text += ' ';
    }
    written = depth;
    absl::StrAppend(&text, shares_.node(n).id, ":",
                    WeightText(shares_.node(n).weight));
  }
  text.append(static_cast<size_t>(std::max(written, 1)), ')');
  return text;
}

std::vector<signals::PathLevel> TreeInspector::Explain(StreamId id) const {
  std::vector<signals::PathLevel> levels;
  NodeIndex n = tree_.Find(id);
  if (n == kNone) return levels;
  for (; n != kRoot; n = shares_.Parent(n)) {
    levels.push_back(tree_.LevelOf(n));
  }
  std::reverse(levels.begin(), levels.end());
  return levels;
}

absl::Status TreeInspector::CheckInvariants() const {
  size_t nodes = 0, groups = 0;
  int depth = 0;
  for (NodeIndex n = kRoot; n != kNone; n = NextInPreorder(n, &depth)) {
    if (++nodes > shares_.nodes_.size()) {
      return absl::InternalError("the tree has a cycle");
    }
    const Node& node = shares_.node(n);
    if (node.children != kNone) ++groups;
    if (const char* broken = FindBrokenLevel(n)) {
      return absl::InternalError(broken);
    }
    if (n == kRoot) continue;
    if (tree_.Find(node.id) != n) return absl::InternalError("an id is lost");
    if (node.ready && node.state != StreamState::kOpen) {
      return absl::InternalError("a stream that is not open is ready");
    }
  }
  if (const char* broken = FindBrokenPool(nodes, groups)) {
    return absl::InternalError(broken);
  }
  // Open ones are only counted: they are the rest.
  for (const StreamState state : {StreamState::kIdle, StreamState::kClosed}) {
    if (const char* broken = FindBrokenList(state)) {
      return absl::InternalError(broken);
    }
  }
  if (nodes != tree_.size() + 1) {
    return absl::InternalError("a count of streams is wrong");
  }
  if (Count(StreamState::kClosed) > tree_.max_closed_ ||
      Count(StreamState::kIdle) > tree_.max_idle_) {
    return absl::InternalError("too many closed or idle streams");
  }
  if (Count(StreamState::kOpen) < size() && size() > tree_.max_nodes_) {
    return absl::InternalError("too many nodes");
  }
  return absl::OkStatus();
}

const char* TreeInspector::FindBrokenLevel(NodeIndex owner) const {
  const GroupIndex g = shares_.node(owner).children;
  if (g == kNone) return nullptr;
  const Group& group = shares_.group(g);
  if (group.owner != owner) return "a group is not its owner's";
  if (group.size == 0) return "a group is empty";
  uint32_t size = 0, active = 0;
  NodeIndex m = group.first;
  do {
    const Node& member = shares_.node(m);
    if (++size > group.size) return "a sibling ring is too long";
    if (member.group != g) return "a member is in another group";
    if (shares_.node(member.next).prev != m) return "a sibling ring is broken";
    if (member.weight == 0) return "a weight is 0";
    const bool should = member.ready || shares_.HasActiveChild(m);
    if (should != (member.active != 0)) return "an active flag is wrong";
    active += should;
    if (member.key != member.tag + shares_.Quantum(member.weight)) {
      return "a key is not its tag plus the quantum";
    }
    if (!shares_.pulling_ && member.remainder >= member.weight) {
      return "a remainder is not less than its weight";
    }
    // S ≤ V, up to the rounding of one remainder.
    if (member.tag > group.clock + 1) return "a tag is ahead";
    if (should &&
        (member.key >> slot_shift()) < (group.clock >> slot_shift())) {
      return "a key is behind its clock";
    }
    m = member.next;
  } while (m != group.first);
  if (size != group.size) return "a group's size is wrong";
  if (active != group.active) return "a group's active count is wrong";
  return nullptr;
}

const char* TreeInspector::FindBrokenPool(size_t nodes, size_t groups) const {
  for (NodeIndex n = shares_.free_node_; n != kNone;) {
    ++nodes;
    n = shares_.node(n).next;
  }
  for (GroupIndex g = shares_.free_group_; g != kNone;) {
    ++groups;
    g = shares_.group(g).first;
  }
  if (nodes != shares_.nodes_.size()) return "a node is unreachable";
  if (groups != shares_.groups_.size()) return "a group is lost";
  return nullptr;
}

const char* TreeInspector::FindBrokenList(StreamState state) const {
  const PriorityTree::StateList& list = tree_.List(state);
  size_t linked = 0;
  for (NodeIndex n = list.first; n != kNone; n = shares_.node(n).newer) {
    const NodeIndex newer = shares_.node(n).newer;
    if (shares_.node(n).state != state) return "a stream is in another list";
    if ((newer == kNone ? list.last : shares_.node(newer).older) != n ||
        ++linked > list.size) {
      return "a list by age is broken";
    }
  }
  return linked == list.size ? nullptr : "a list is short";
}

}  // namespace sluice::priority
