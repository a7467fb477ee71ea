#include "benchmarks/lab/order/parts.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace sluice::lab {

Parts::Parts(const Page& page)
    : page_(page),
      needs_(page.resources.size(), kNothing),
      children_(page.resources.size()),
      parts_(page.resources.size()) {
  for (size_t i = 0; i < page.resources.size(); ++i) {
    const Resource& resource = page.resources[i];
    if (resource.initiator.has_value()) {
      children_[*resource.initiator].push_back(i);
    }
    if (!resource.trigger.has_value()) continue;
    for (size_t from = 0; from < page.resources.size(); ++from) {
      if (page.resources[from].role == resource.trigger->role) {
        children_[from].push_back(i);
      }
    }
  }
  FindNeeds();
  Cut();
}

void Parts::FindNeeds() {
  std::vector<size_t> todo;
  const auto need = [this, &todo](size_t i, Need need) {
    if (needs_[i] <= need) return;
    needs_[i] = need;
    todo.push_back(i);
  };
  std::vector<std::vector<size_t>> parents(children_.size());
  for (size_t i = 0; i < children_.size(); ++i) {
    for (const size_t child : children_[i]) parents[child].push_back(i);
  }
  for (size_t i = 0; i < page_.resources.size(); ++i) {
    if (page_.resources[i].render_critical) {
      need(i, kCritical);
    } else if (page_.resources[i].above_the_fold) {
      need(i, kAboveTheFold);
    }
  }
  while (!todo.empty()) {
    const size_t i = todo.back();
    todo.pop_back();
    for (const size_t parent : parents[i]) need(parent, needs_[i]);
  }
}

void Parts::Cut() {
  for (size_t i = 0; i < page_.resources.size(); ++i) {
    const Resource& resource = page_.resources[i];
    if (resource.redirect || resource.bytes == 0) continue;
    const auto found_at = [&](size_t child) {
      const std::optional<uint64_t>& at =
          page_.resources[child].discovered_at_byte;
      return std::clamp<uint64_t>(at.value_or(resource.bytes), 1,
                                  resource.bytes);
    };
    std::set<uint64_t> ends = {resource.bytes};
    for (const size_t child : children_[i]) {
      if (needs_[child] != kNothing) ends.insert(found_at(child));
    }
    uint64_t begin = 0;
    for (const uint64_t end : ends) {
      Part part = {.bytes = end - begin};
      if (resource.render_critical) {
        part.need = kCritical;
      } else if (resource.above_the_fold) {
        part.need = kAboveTheFold;
      }
      for (const size_t child : children_[i]) {
        if (found_at(child) > begin) {
          part.need = std::min(part.need, needs_[child]);
        }
      }
      if (part.need != kNothing) ++needed_;
      parts_[i].push_back(part);
      begin = end;
    }
  }
}

Sequence Parts::SequenceOf(const Order& order) const {
  std::vector<size_t> done(parts_.size());       // parts, by resource
  std::vector<uint64_t> partial(parts_.size());  // bytes of the next one
  Sequence sequence;
  for (const Piece& piece : order) {
    const std::vector<Part>& parts = parts_[piece.resource];
    uint64_t& bytes = partial[piece.resource];
    bytes += piece.bytes;
    for (size_t& next = done[piece.resource];
         next < parts.size() && bytes >= parts[next].bytes; ++next) {
      bytes -= parts[next].bytes;
      sequence.push_back(piece.resource);
    }
  }
  for (size_t i = 0; i < parts_.size(); ++i) {
    sequence.insert(sequence.end(), parts_[i].size() - done[i], i);
  }
  return sequence;
}

Order Parts::OrderOf(const Sequence& sequence) const {
  std::vector<size_t> done(parts_.size());
  Order order;
  for (const size_t i : sequence) {
    AddPiece({i, parts_[i][done[i]++].bytes}, order);
  }
  return order;
}

Sequence Parts::Sorted(const Sequence& sequence) const {
  std::vector<size_t> done(parts_.size());
  std::vector<std::pair<Need, size_t>> keyed;
  for (const size_t i : sequence) {
    keyed.emplace_back(parts_[i][done[i]++].need, i);
  }
  std::stable_sort(
      keyed.begin(), keyed.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  Sequence sorted;
  for (const auto& [need, i] : keyed) sorted.push_back(i);
  return sorted;
}

std::vector<size_t> Parts::Places(const Sequence& sequence, bool all) const {
  std::vector<size_t> done(parts_.size());
  std::vector<size_t> places;
  for (size_t place = 0; place < sequence.size(); ++place) {
    const size_t i = sequence[place];
    const Need need = parts_[i][done[i]++].need;
    if (all || need != kNothing) places.push_back(place);
  }
  return places;
}

void Parts::Lift(size_t from, size_t to, Sequence& sequence) const {
  std::vector<bool> lifted(parts_.size());
  std::optional<size_t> next = sequence[from];
  while (next.has_value()) {
    lifted[*next] = true;
    next = page_.resources[*next].initiator;
  }
  std::stable_partition(sequence.begin() + static_cast<ptrdiff_t>(to),
                        sequence.begin() + static_cast<ptrdiff_t>(from) + 1,
                        [&lifted](size_t i) { return lifted[i]; });
}

}  // namespace sluice::lab
