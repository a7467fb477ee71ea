#include "benchmarks/lab/chrome7540.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::lab {
namespace {

using h2::StreamId;

class Chrome7540 : public Signals {
 public:
  std::optional<h2::StreamPriority> OnRequest(
      StreamId id, const Resource& resource) override {
    return Append(id, resource.level);
  }

  std::vector<PriorityFrame> OnChangeOfMind(StreamId id,
                                            ChromeLevel level) override {
    const std::optional<Link> old = Find(id);
    if (!old.has_value() || old->level == level) return {};
    const Neighbours before = NeighboursOf(id);
    Remove(*old);
    const h2::StreamPriority moved = Append(id, level);
    const Neighbours after = NeighboursOf(id);

    std::vector<PriorityFrame> frames;
    const bool same_place =
        before.parent == after.parent && before.child == after.child;
    if (before.child.has_value() && !same_place) {
      const ChromeLevel child_level = Find(*before.child)->level;
      frames.push_back({*before.child,
                        {.depends_on = before.parent,
                         .weight = Chrome7540Weight(child_level),
                         .exclusive = true}});
    }
    frames.push_back({id, moved});
    return frames;
  }

  void OnStreamClosed(StreamId id) override {
    if (std::optional<Link> link = Find(id)) Remove(*link);
  }

 private:
  struct Link {
    ChromeLevel level;
    size_t position;  // in its level
  };
  struct Neighbours {
    StreamId parent = 0;
    std::optional<StreamId> child;
  };

  // Appends to the level's part of the chain and says how it hangs there.
  h2::StreamPriority Append(StreamId id, ChromeLevel level) {
    StreamId parent = 0;
    for (int i = static_cast<int>(level); i >= 0 && parent == 0; --i) {
      if (!levels_[i].empty()) parent = levels_[i].back();
    }
    levels_[static_cast<int>(level)].push_back(id);
    return {.depends_on = parent,
            .weight = Chrome7540Weight(level),
            .exclusive = true};
  }

  std::optional<Link> Find(StreamId id) const {
    for (int i = 0; i < kChromeLevels; ++i) {
      auto found = std::find(levels_[i].begin(), levels_[i].end(), id);
      if (found == levels_[i].end()) continue;
      return Link{static_cast<ChromeLevel>(i),
                  static_cast<size_t>(found - levels_[i].begin())};
    }
    return std::nullopt;
  }

  void Remove(const Link& link) {
    std::vector<StreamId>& level = levels_[static_cast<int>(link.level)];
    level.erase(level.begin() + static_cast<std::ptrdiff_t>(link.position));
  }

  Neighbours NeighboursOf(StreamId id) const {
    Neighbours neighbours;
    bool passed = false;
    for (const std::vector<StreamId>& level : levels_) {
      for (StreamId other : level) {
        if (passed) {
          neighbours.child = other;
          return neighbours;
        }
        if (other == id) {
          passed = true;
        } else {
          neighbours.parent = other;
        }
      }
    }
    return neighbours;
  }

  // The chain of open streams: levels in order, requests in order inside.
  std::array<std::vector<StreamId>, kChromeLevels> levels_;
};

}  // namespace

int Chrome7540Weight(ChromeLevel level) {
  const int p = static_cast<int>(level);
  return static_cast<int>(255.9 / 7 * (7 - p)) + 1;
}

std::unique_ptr<Signals> MakeChrome7540() {
  return std::make_unique<Chrome7540>();
}

}  // namespace sluice::lab
