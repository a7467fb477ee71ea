#include "benchmarks/lab/browser/chrome.h"

#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/lab/browser/loading_method.h"

namespace sluice::lab {
namespace {

using h2::StreamId;

// The chain of open streams.
class Chain {
 public:
  // What a stream sends that changes its level and keeps its place.
  enum class InPlace { kSendsWeight, kSendsNothing };

  explicit Chain(InPlace in_place) : in_place_(in_place) {}

  // Appends to the level's part of the chain and says how it hangs there.
  signals::Rfc7540Priority Append(StreamId id, ChromeLevel level) {
    StreamId parent = 0;
    for (int i = static_cast<int>(level); i >= 0 && parent == 0; --i) {
      if (!levels_[i].empty()) parent = levels_[i].back();
    }
    levels_[static_cast<int>(level)].push_back(id);
    return {.depends_on = parent,
            .weight = Chrome7540Weight(level),
            .exclusive = true};
  }

  // The frames that move an open stream to the end of another level.
  std::vector<SignalFrame> Move(StreamId id, ChromeLevel level) {
    const std::optional<Link> old = Find(id);
    if (!old.has_value() || old->level == level) return {};
    const Neighbours before = NeighboursOf(id);
    Remove(*old);
    const signals::Rfc7540Priority moved = Append(id, level);
    const Neighbours after = NeighboursOf(id);

    std::vector<SignalFrame> frames;
    const bool same_place =
        before.parent == after.parent && before.child == after.child;
    if (same_place && in_place_ == InPlace::kSendsNothing) return {};
    if (before.child.has_value() && !same_place) {
      const ChromeLevel child_level = Find(*before.child)->level;
      frames.push_back(
          {*before.child,
           signals::Rfc7540Priority{.depends_on = before.parent,
                                    .weight = Chrome7540Weight(child_level),
                                    .exclusive = true}});
    }
    frames.push_back({id, moved});
    return frames;
  }

  void Remove(StreamId id) {
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

  const InPlace in_place_;
  // Levels in order, requests in order inside.
  std::array<std::vector<StreamId>, kChromeLevels> levels_;
};

class Chrome7540 : public Signals {
 public:
  RequestSignals OnRequest(StreamId id, const Resource& resource) override {
    return {.dependency = chain_.Append(id, resource.level)};
  }

  std::vector<SignalFrame> OnChangeOfMind(StreamId id,
                                          ChromeLevel level) override {
    return chain_.Move(id, level);
  }

  void OnStreamClosed(StreamId id) override { chain_.Remove(id); }

 private:
  Chain chain_{Chain::InPlace::kSendsWeight};
};

// All but stylesheets, scripts and fonts; a prefetch whatever it is for.
bool IsIncremental(const Resource& resource) {
  switch (LoadingMethodOf(resource)) {
    case LoadingMethod::kDocument:
    case LoadingMethod::kFrame:
    case LoadingMethod::kImageInView:
    case LoadingMethod::kImage:
    case LoadingMethod::kFetch:
    case LoadingMethod::kMedia:
    case LoadingMethod::kPrefetch:
      return true;
    case LoadingMethod::kCss:
    case LoadingMethod::kCssLate:
    case LoadingMethod::kCssPrint:
    case LoadingMethod::kJsBlocking:
    case LoadingMethod::kJsLate:
    case LoadingMethod::kJsAsync:
    case LoadingMethod::kJsPreload:
    case LoadingMethod::kFont:
    case LoadingMethod::kFontPreload:
    case LoadingMethod::kOther:
      break;
  }
  return false;
}

class Chrome9218 : public Signals {
 public:
  Chrome9218(const SignalOptions& options, bool with_incremental)
      : late_(options.late_signals), with_incremental_(with_incremental) {}

  RequestSignals OnRequest(StreamId id, const Resource& resource) override {
    ChromeLevel level = resource.level;
    if (resource.change_of_mind.has_value()) {
      if (late_ || resource.type != ResourceType::kImage) {
        incremental_[id] = with_incremental_ && IsIncremental(resource);
      } else {
        level = resource.change_of_mind->level;
      }
    }
    const signals::Rfc9218Priority field = {
        .urgency = static_cast<int>(level),
        .incremental = with_incremental_ && IsIncremental(resource)};
    if (field == signals::Rfc9218Priority()) return {};
    return {.update = field};
  }

  std::vector<SignalFrame> OnChangeOfMind(StreamId id,
                                          ChromeLevel level) override {
    auto stream = incremental_.find(id);
    if (stream == incremental_.end()) return {};
    return {{id, signals::Rfc9218Priority{.urgency = static_cast<int>(level),
                                          .incremental = stream->second}}};
  }

  void OnStreamClosed(StreamId id) override { incremental_.erase(id); }

 private:
  const bool late_;
  const bool with_incremental_;
  // Open streams whose level will change by a frame.
  absl::flat_hash_map<StreamId, bool> incremental_;
};

class ChromiumH2In156 : public Signals {
 public:
  bool LoadsAsBlink() const override { return true; }

  RequestSignals OnRequest(StreamId id, const Resource& resource) override {
    return OnRaisedRequest(id, resource, resource.level);
  }

  // The header was made when the request was.
  RequestSignals OnRaisedRequest(StreamId id, const Resource& resource,
                                 ChromeLevel found_at) override {
    return {.dependency = chain_.Append(id, resource.level),
            .header = HeaderOf({.urgency = static_cast<int>(found_at),
                                .incremental = IsIncremental(resource)})};
  }

  std::vector<SignalFrame> OnChangeOfMind(StreamId id,
                                          ChromeLevel level) override {
    return chain_.Move(id, level);
  }

  void OnStreamClosed(StreamId id) override { chain_.Remove(id); }

 private:
  // Leaves out what is the default.
  static std::string HeaderOf(const signals::Rfc9218Priority& field) {
    const bool urgency = field.urgency != signals::Rfc9218Priority().urgency;
    return absl::StrCat(urgency ? absl::StrCat("u=", field.urgency) : "",
                        urgency && field.incremental ? ", " : "",
                        field.incremental ? "i" : "");
  }

  Chain chain_{Chain::InPlace::kSendsNothing};
};

}  // namespace

int Chrome7540Weight(ChromeLevel level) {
  const int p = static_cast<int>(level);
  return static_cast<int>(255.9 / 7 * (7 - p)) + 1;
}

std::unique_ptr<Signals> MakeChrome7540(const SignalOptions&) {
  return std::make_unique<Chrome7540>();
}
std::unique_ptr<Signals> MakeChrome9218In2022(const SignalOptions& options) {
  return std::make_unique<Chrome9218>(options, /*with_incremental=*/false);
}
std::unique_ptr<Signals> MakeChrome9218In2023(const SignalOptions& options) {
  return std::make_unique<Chrome9218>(options, /*with_incremental=*/true);
}
std::unique_ptr<Signals> MakeChromiumH2In156(const SignalOptions&) {
  return std::make_unique<ChromiumH2In156>();
}

}  // namespace sluice::lab
