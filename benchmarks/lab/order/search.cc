#include "benchmarks/lab/order/search.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "benchmarks/lab/net/random.h"
#include "benchmarks/lab/order/parts.h"

namespace sluice::lab {
namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

class Search {
 public:
  Search(const Page& page, const std::vector<ValuedOrder>& starts,
         const Evaluate& evaluate, const SearchOptions& options)
      : parts_(page),
        evaluate_(evaluate),
        options_(options),
        random_(options.seed) {
    best_ = *std::min_element(starts.begin(), starts.end(),
                              [](const ValuedOrder& a, const ValuedOrder& b) {
                                return a.value < b.value;
                              });
  }

  absl::Status Run(const std::vector<ValuedOrder>& starts) {
    for (const ValuedOrder& start : starts) {
      const Sequence sequence = parts_.SequenceOf(start.order);
      for (const Sequence& first : {parts_.Sorted(sequence), sequence}) {
        if (absl::Status status = TryStart(first); !status.ok()) return status;
      }
    }
    const size_t patience = 20 + 2 * parts_.needed();
    size_t since = 0;  // evaluations without gain
    // A page with few orders has no new ones at some time.
    for (size_t stale = 0; MayGoOn() && stale < kStale;) {
      Sequence next = since < patience ? current_ : best_sequence_;
      const bool leap = since >= patience;
      for (int i = leap ? 3 : 1; i > 0; --i) Change(next);
      if (!tried_.insert(next).second) {
        ++stale;
        ++since;
        continue;
      }
      stale = 0;
      absl::StatusOr<std::optional<int64_t>> value =
          Value(next, leap ? kNoLimit : current_value_);
      if (!value.ok()) return value.status();
      since = leap || (value->has_value() && **value < current_value_)
                  ? 0
                  : since + 1;
      if (!value->has_value()) continue;
      current_ = std::move(next);
      current_value_ = **value;
      KeepIfBest();
    }
    return absl::OkStatus();
  }

  ValuedOrder TakeBest() { return std::move(best_); }

 private:
  static constexpr size_t kStale = 1000;

  bool MayGoOn() const { return evaluations_ < options_.evaluations; }

  absl::StatusOr<std::optional<int64_t>> Value(const Sequence& sequence,
                                               int64_t limit) {
    ++evaluations_;
    absl::StatusOr<std::optional<int64_t>> value =
        evaluate_(parts_.OrderOf(sequence), limit);
    if (value.ok() && options_.progress) {
      options_.progress(evaluations_, value->has_value()
                                          ? std::min(best_.value, **value)
                                          : best_.value);
    }
    return value;
  }

  absl::Status TryStart(const Sequence& sequence) {
    if (!MayGoOn() || !tried_.insert(sequence).second) return absl::OkStatus();
    const absl::StatusOr<std::optional<int64_t>> value =
        Value(sequence, current_value_);
    if (!value.ok()) return value.status();
    if (!value->has_value()) return absl::OkStatus();
    current_ = sequence;
    current_value_ = **value;
    if (best_sequence_.empty()) best_sequence_ = sequence;
    KeepIfBest();
    return absl::OkStatus();
  }

  void KeepIfBest() {
    if (current_value_ <= best_sequence_value_) {
      best_sequence_ = current_;
      best_sequence_value_ = current_value_;
    }
    if (current_value_ < best_.value) {
      best_ = {parts_.OrderOf(current_), current_value_};
    }
  }

  void Change(Sequence& sequence) {
    // Parts that the first screen does not need matter when they keep others
    // from a stream, so they move too, now and then.
    const std::vector<size_t> places =
        parts_.Places(sequence, /*all=*/random_.Below(16) == 0);
    if (places.size() < 2) return;
    const size_t from = random_.Below(places.size());
    switch (random_.Below(4)) {
      case 0:
        std::swap(sequence[places[from]],
                  sequence[places[random_.Below(places.size())]]);
        return;
      case 1: {
        // A few places on.
        const size_t low = from - std::min<size_t>(from, 4);
        const size_t high = std::min(from + 4, places.size() - 1);
        Move(places[from], places[low + random_.Below(high - low + 1)],
             sequence);
        return;
      }
      case 2:
        Move(places[from], places[random_.Below(places.size())], sequence);
        return;
      default:
        parts_.Lift(places[from], places[random_.Below(from + 1)], sequence);
    }
  }

  static void Move(size_t from, size_t to, Sequence& sequence) {
    const auto at = [&sequence](size_t place) {
      return sequence.begin() + static_cast<ptrdiff_t>(place);
    };
    if (from < to) {
      std::rotate(at(from), at(from + 1), at(to + 1));
    } else {
      std::rotate(at(to), at(from), at(from + 1));
    }
  }

  const Parts parts_;
  const Evaluate& evaluate_;
  const SearchOptions& options_;
  SplitMix64 random_;
  size_t evaluations_ = 0;
  std::set<Sequence> tried_;
  Sequence current_;
  int64_t current_value_ = kNoLimit;
  Sequence best_sequence_;
  int64_t best_sequence_value_ = kNoLimit;
  ValuedOrder best_;
};

}  // namespace

absl::StatusOr<ValuedOrder> SearchOrder(const Page& page,
                                        const std::vector<ValuedOrder>& starts,
                                        const Evaluate& evaluate,
                                        const SearchOptions& options) {
  Search search(page, starts, evaluate, options);
  if (absl::Status status = search.Run(starts); !status.ok()) return status;
  return search.TakeBest();
}

}  // namespace sluice::lab
