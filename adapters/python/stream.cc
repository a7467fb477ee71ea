#include "adapters/python/stream.h"

#include <pybind11/pybind11.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::adapters::python {
namespace {

constexpr int64_t kFirst = std::numeric_limits<int64_t>::min();
constexpr int64_t kLast = std::numeric_limits<int64_t>::max();

// More than a log has decisions, with room to add those.
constexpr int64_t kNever = kLast / 2;

// The shortest log that is worth settling.
constexpr size_t kShortLog = 64;

bool IsBeyond(int64_t order) { return (order == kFirst) | (order == kLast); }

int64_t OrderOf(const pybind11::int_& id) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(id.ptr(), &overflow);
  if (overflow != 0) return overflow > 0 ? kLast : kFirst;
  return value;
}

// By largest remainder, which conserves the sum. Every share is above 0, in
// intermediate steps too, since a weight is a divisor.
void ShareWeight(uint64_t weight,
                 const std::vector<std::shared_ptr<Stream>>& heirs) {
  uint64_t total = 0;
  for (const auto& heir : heirs) total += heir->exact_weight();
  struct Part {
    uint64_t remainder;
    uint64_t whole;
    Stream* heir;
  };
  std::vector<Part> parts;
  uint64_t shared = 0;
  for (const auto& heir : heirs) {
    const uint64_t part = weight * heir->exact_weight();
    parts.push_back({part % total, part / total, heir.get()});
    shared += part / total;
  }
  std::stable_sort(
      parts.begin(), parts.end(),
      [](const Part& a, const Part& b) { return a.remainder > b.remainder; });
  for (size_t i = 0; i < parts.size(); ++i) {
    const uint64_t unit = i < weight - shared ? 1 : 0;
    parts[i].heir->SetExactWeight(
        static_cast<uint32_t>(std::max<uint64_t>(parts[i].whole + unit, 1)));
  }
}

}  // namespace

std::string FormatId(pybind11::handle id) {
  const pybind11::str format("%d");
  PyObject* const text =
      PyUnicode_Format(format.ptr(), pybind11::make_tuple(id).ptr());
  if (text == nullptr) throw pybind11::error_already_set();
  return pybind11::reinterpret_steal<pybind11::str>(text);
}

void RaiseNotInitialised(const char* type) {
  throw pybind11::type_error(std::string(type) + ".__init__() was not called");
}

Stream::Stream(pybind11::int_ id, int weight)
    : id_(std::move(id)),
      order_(OrderOf(id_)),
      weight_(weight),
      exact_weight_(static_cast<uint32_t>(weight) * kWeightUnit),
      whole_(kQuantum / exact_weight_),
      remainder_(kQuantum % exact_weight_) {}

// One by one, since the client decides how deep a chain is.
Stream::~Stream() {
  std::vector<std::shared_ptr<Stream>> doomed = std::move(children_);
  while (!doomed.empty()) {
    const std::shared_ptr<Stream> stream = std::move(doomed.back());
    doomed.pop_back();
    stream->parent_ = nullptr;
    if (stream.use_count() > 1) continue;
    for (std::shared_ptr<Stream>& child : stream->children_) {
      doomed.push_back(std::move(child));
    }
    stream->children_.clear();
  }
}

bool Stream::Before(const Stream& other) const {
  if (order_ != other.order_ || !IsBeyond(order_)) {
    return order_ < other.order_;
  }
  return id_ < other.id_;
}

void Stream::SetWeight(int weight) {
  SetExactWeight(static_cast<uint32_t>(weight) * kWeightUnit);
}

// The level and the deficit stay, so the deficit may exceed the new weight.
void Stream::SetExactWeight(uint32_t weight) {
  // The decisions so far count at the old weight.
  UpdateFromParent();
  exact_weight_ = weight;
  whole_ = kQuantum / weight;
  remainder_ = kQuantum % weight;
  weight_ = std::clamp(
      static_cast<int>(std::lround(static_cast<double>(weight) / kWeightUnit)),
      1, 256);
}

void Stream::SetActive(bool active) {
  if (active_ == active) return;
  Update();
  active_ = active;
  ReadinessMayHaveChanged();
}

int64_t Stream::LastLevel() {
  Update();
  return last_level_;
}

std::vector<std::pair<int64_t, Stream*>> Stream::Queue() {
  Update();
  SettleAll();
  std::vector<std::pair<int64_t, Stream*>> queue;
  for (size_t i = leaves_; i < ready_.size(); ++i) {
    if (Stream* const child = ready_[i].stream; child != nullptr) {
      queue.emplace_back(child->level_, child);
    }
  }
  for (Stream* const child : blocked_) {
    queue.emplace_back(child->level_, child);
  }
  std::sort(queue.begin(), queue.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second->Before(*b.second);
  });
  return queue;
}

uint32_t Stream::Deficit() {
  UpdateFromParent();
  return deficit_ / kWeightUnit;
}

// --- The dependents ----------------------------------------------------------

void Stream::AddChild(std::shared_ptr<Stream> child) {
  Update();
  child->parent_ = this;
  child->level_ = last_level_;
  Enter(child.get());
  children_.push_back(std::move(child));
  ReadinessMayHaveChanged();
}

void Stream::AddChildExclusive(std::shared_ptr<Stream> child) {
  std::vector<std::shared_ptr<Stream>> others = TakeChildren();
  last_level_ = 0;
  AddChild(child);
  for (std::shared_ptr<Stream>& other : others) {
    child->AddChild(std::move(other));
  }
}

void Stream::RemoveChild(Stream* child) {
  Update();
  Leave(child);
  child->parent_ = nullptr;
  children_.erase(std::find_if(
      children_.begin(), children_.end(),
      [child](const auto& owned) { return owned.get() == child; }));
  ReadinessMayHaveChanged();
}

void Stream::ReplaceByItsChildren(Stream* child) {
  const std::shared_ptr<Stream> kept = child->shared_from_this();
  RemoveChild(child);
  std::vector<std::shared_ptr<Stream>> orphans = child->TakeChildren();
  ShareWeight(child->exact_weight_, orphans);
  for (std::shared_ptr<Stream>& orphan : orphans) AddChild(std::move(orphan));
}

std::vector<std::shared_ptr<Stream>> Stream::TakeChildren() {
  Update();
  for (const std::shared_ptr<Stream>& child : children_) {
    Leave(child.get());
    child->parent_ = nullptr;
  }
  std::vector<std::shared_ptr<Stream>> taken = std::move(children_);
  children_.clear();
  ReadinessMayHaveChanged();
  return taken;
}

// --- The order ---------------------------------------------------------------

Stream* Stream::Schedule() {
  if (ready_count_ == 0) {
    ++failed_;
    return nullptr;
  }
  Stream* group = this;
  for (;;) {
    const Ready first = group->ready_[1];
    Stream* const stream = first.stream;
    stream->level_ = group->last_level_ = LevelOf(first.key);
    if (!group->blocked_.empty()) group->Log(first);
    stream->TakeTurn();
    group->SetReady(stream->slot_,
                    Ready{KeyOf(stream->level_, stream->order_), stream});
    if (stream->active_) return stream;
    group = stream;
  }
}

// Does without a division.
inline void Stream::TakeTurn() {
  const uint32_t sum = deficit_ + remainder_;
  const uint32_t carry = sum >= exact_weight_ ? 1 : 0;
  deficit_ = sum - (exact_weight_ & (0 - carry));
  level_ += whole_ + carry;
  if (deficit_ >= exact_weight_) {  // after a change of weight
    level_ += deficit_ / exact_weight_;
    deficit_ %= exact_weight_;
  }
}

void Stream::PassOver(int64_t times) {
  if (times == 0) return;
  const uint64_t cost = static_cast<uint64_t>(times) * kQuantum + deficit_;
  level_ += static_cast<int64_t>(cost / exact_weight_);
  deficit_ = static_cast<uint32_t>(cost % exact_weight_);
  failed_ += times;
}

int64_t Stream::TimesToReach(int64_t level) const {
  int64_t cost = level - level_;
  if (cost <= 0) return 0;
  if (__builtin_mul_overflow(cost, int64_t{exact_weight_}, &cost)) {
    return kNever;
  }
  // At least once: a deficit above the weight counts only when served.
  return cost <= int64_t{deficit_} + kQuantum
             ? 1
             : (cost - deficit_ - 1) / kQuantum + 1;
}

// --- Blocked children --------------------------------------------------------
//
// A decision serves (and passes over) every blocked child that comes before the
// picked child, once. Let T(j) be how often a blocked child must be served,
// from the start of the log, to come after the child of decision j. The log's
// decisions are in order, so T never falls. Then after decision j the child was
// served n(j) = min(n(j - 1) + 1, T(j)) times, hence
//
//   n(end) = min(end, min over j of T(j) + end - j).
//
// Of a stretch only the last decision matters: its id adds at most 1 to T over
// an earlier one's, and its j is greater by as much or more. From stretch to
// stretch, ids apart, T - j rises or falls with the log's slope there minus the
// child's own gain. If it falls everywhere, the minimum is at the last stretch;
// if it rises everywhere, at the first that comes after the child. In both
// cases it is the last or first of the stretches with smaller ids than the
// child's, or of those with larger ones. Only a child between the log's slopes
// needs a look at each stretch.

void Stream::Log(const Ready& served) {
  const int64_t level = LevelOf(served.key);
  const int64_t order = served.stream->order_;
  if (IsBeyond(order)) {
    LogAtOnce(served);
    return;
  }
  if (!log_.empty()) {
    Stretch& last = log_.back();
    if (level == last.level && order >= last.order) {
      last.order = order;
      ++last.end;
      return;
    }
    if (level <= last.level ||
        log_.size() >= std::max(kShortLog, blocked_.size())) {
      SettleAll();
    } else {
      slopes_ = SlopesOfAll();
    }
  }
  log_.push_back(Stretch{level, order, LogEnd() + 1});
}

// The same for an id beyond 64 bits: stretches do not distinguish such ids.
void Stream::LogAtOnce(const Ready& served) {
  SettleAll();
  for (Stream* const child : blocked_) {
    if (Precedes(Ready{KeyOf(child->level_, child->order_), child}, served)) {
      child->PassOver(1);
    }
  }
}

Stream::Slopes Stream::SlopesOfAll() const {
  Slopes slopes = slopes_;
  if (log_.size() < 2) return slopes;
  const Stretch& from = log_[log_.size() - 2];
  const Stretch& to = log_.back();
  const double rise = static_cast<double>(to.level - from.level);
  const double decisions = static_cast<double>(to.end - from.end);
  slopes.most = std::max(slopes.most, rise / decisions);
  slopes.least = std::min(slopes.least, rise / decisions);
  return slopes;
}

int64_t Stream::TimesServed(const Stream& child, const Slopes& slopes) const {
  const int64_t end = LogEnd();
  const auto smaller = [&child](const Stretch& stretch) {
    return stretch.order < child.order_;
  };
  // How often the child must be served to come after a stretch.
  const auto times = [&](const Stretch& stretch) {
    return child.TimesToReach(stretch.level + (smaller(stretch) ? 0 : 1));
  };
  // n(end), if the minimum is at the stretch.
  const auto with = [&](const Stretch& stretch) {
    return times(stretch) + end - stretch.end;
  };
  // Whether a stretch with a smaller id may lower it.
  const auto id_matters = [&](const Stretch& stretch) {
    return times(stretch) > child.TimesToReach(stretch.level);
  };
  const double weight = child.exact_weight_;
  const Stretch& last = log_.back();
  int64_t served = std::min(end - child.seen_, times(last));
  if (served == 0) return 0;

  if (slopes.most * weight <= kQuantum) {
    if (!id_matters(last)) return served;
    const auto other = std::find_if(log_.rbegin(), log_.rend(), smaller);
    return other == log_.rend() ? served : std::min(served, with(*other));
  }

  // The first that serves it.
  const auto first = std::partition_point(
      log_.begin(), log_.end(), [&](const Stretch& stretch) {
        return stretch.end <= child.seen_ || times(stretch) == 0;
      });
  const int64_t start = first == log_.begin() ? 0 : std::prev(first)->end;
  served = std::min({served, end - start, with(*first)});

  if (slopes.least * weight >= kQuantum &&
      child.deficit_ < child.exact_weight_) {
    if (!id_matters(*first)) return served;
    const auto other = std::find_if(first, log_.end(), smaller);
    return other == log_.end() ? served : std::min(served, with(*other));
  }

  for (auto stretch = first; stretch != log_.end(); ++stretch) {
    if (times(*stretch) >= served) break;  // all later ones are too
    served = std::min(served, with(*stretch));
  }
  return served;
}

void Stream::Settle(Stream* child) {
  const int64_t end = LogEnd();
  if (child->seen_ == end) return;
  child->PassOver(TimesServed(*child, SlopesOfAll()));
  child->seen_ = end;
}

void Stream::SettleAll() {
  if (log_.empty()) return;
  const Slopes slopes = SlopesOfAll();
  for (Stream* const child : blocked_) {
    if (child->seen_ < LogEnd()) child->PassOver(TimesServed(*child, slopes));
    child->seen_ = 0;
  }
  log_.clear();
  slopes_ = Slopes();
}

// Brings the queue of this stream up to date, but for the decisions in its log.
// While a stream is ready, all streams above it are too, and up to date.
void Stream::Update() {
  if (IsReady()) return;
  std::vector<Stream*> path;
  Stream* top = this;
  for (; top->parent_ != nullptr && !top->parent_->IsReady();
       top = top->parent_) {
    path.push_back(top);
  }
  for (Stream* stream = top;; stream = path.back(), path.pop_back()) {
    if (stream->parent_ != nullptr) stream->parent_->Settle(stream);
    // An active stream is served itself, never the streams below it.
    const int64_t failed = std::exchange(stream->failed_, 0);
    if (failed > 0) stream->ServeAllBlocked(failed);
    if (path.empty()) break;
  }
}

// The same for the level and deficit of this stream, from the parent's log.
void Stream::UpdateFromParent() {
  if (parent_ == nullptr || in_ready_) return;
  parent_->Update();
  parent_->Settle(this);
}

void Stream::ServeAllBlocked(int64_t times) {
  SettleAll();
  int64_t last = kFirst;
  for (Stream* const child : blocked_) {
    child->PassOver(times - 1);
    last = std::max(last, child->level_);
    child->PassOver(1);
  }
  if (!blocked_.empty()) last_level_ = last;
}

void Stream::ReadinessMayHaveChanged() {
  for (Stream* stream = this;
       stream->parent_ != nullptr && stream->in_ready_ != stream->IsReady();
       stream = stream->parent_) {
    stream->parent_->Leave(stream);
    stream->parent_->Enter(stream);
  }
}

// --- The two queues ----------------------------------------------------------

void Stream::Enter(Stream* child) {
  child->in_ready_ = child->IsReady();
  if (child->in_ready_) {
    PushReady(Ready{KeyOf(child->level_, child->order_), child});
    return;
  }
  child->slot_ = blocked_.size();
  child->seen_ = LogEnd();
  blocked_.push_back(child);
}

void Stream::Leave(Stream* child) {
  const size_t slot = child->slot_;
  if (child->in_ready_) {
    EraseReady(slot);
    return;
  }
  Settle(child);
  blocked_[slot] = blocked_.back();
  blocked_[slot]->slot_ = slot;
  blocked_.pop_back();
  if (blocked_.empty()) SettleAll();
}

Stream::Key Stream::KeyOf(int64_t level, int64_t order) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  return static_cast<Key>(level) << 64 |
         static_cast<Key>(static_cast<uint64_t>(order) ^ kSign);
}

Stream::Ready Stream::Nobody() { return Ready{KeyOf(kLast, kLast), nullptr}; }

bool Stream::Precedes(const Ready& a, const Ready& b) {
  if (a.key != b.key || a.stream == nullptr || b.stream == nullptr) {
    return a.key < b.key;
  }
  return a.stream->Before(*b.stream);  // ids beyond 64 bits
}

void Stream::SetReady(size_t slot, const Ready& entry) {
  if (ready_beyond_) {
    PlayMatches<true, false>(slot, entry);
  } else if (entry.stream == ready_[1].stream) {
    PlayMatches<false, true>(slot, entry);
  } else {
    PlayMatches<false, false>(slot, entry);
  }
}

// With `kWasFirst`, the entry holds all places on the way up, and all change.
template <bool kBeyond, bool kWasFirst>
void Stream::PlayMatches(size_t slot, const Ready& entry) {
  Ready* const ready = ready_.data();
  Key key = entry.key;
  Stream* stream = entry.stream;
  size_t place = leaves_ + slot;
  for (; place > 1; place /= 2) {
    if (!kWasFirst && ready[place].key == key &&
        ready[place].stream == stream) {
      return;  // nothing changes further up
    }
    ready[place] = Ready{key, stream};
    // A copy is safe to read whichever entry wins. That saves a branch, which
    // the CPU could not predict.
    const Ready other = ready[place ^ 1];
    if (kBeyond ? Precedes(other, Ready{key, stream}) : other.key < key) {
      key = other.key;
      stream = other.stream;
    }
  }
  ready[place] = Ready{key, stream};
}

void Stream::PushReady(const Ready& entry) {
  if (vacant_.empty()) {
    const size_t leaves = leaves_;
    leaves_ = std::max<size_t>(2 * leaves, 1);
    const std::vector<Ready> old =
        std::exchange(ready_, std::vector<Ready>(2 * leaves_, Nobody()));
    for (size_t i = 0; i < leaves; ++i) SetReady(i, old[leaves + i]);
    for (size_t i = leaves_; i > leaves; --i) vacant_.push_back(i - 1);
  }
  if (IsBeyond(entry.stream->order_)) ready_beyond_ = true;
  ++ready_count_;
  entry.stream->slot_ = vacant_.back();
  vacant_.pop_back();
  SetReady(entry.stream->slot_, entry);
}

void Stream::EraseReady(size_t slot) {
  --ready_count_;
  vacant_.push_back(slot);
  SetReady(slot, Nobody());
}

}  // namespace sluice::adapters::python
