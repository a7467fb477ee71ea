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

// How far a 32-bit level may be from its base: whole quanta fit on top.
constexpr int64_t kReach = int64_t{1} << 30;

bool Fits(int64_t order) {
  return order == static_cast<int64_t>(static_cast<int32_t>(order));
}

bool IsBeyond(int64_t order) { return (order == kFirst) | (order == kLast); }

int64_t OrderOf(const pybind11::int_& id) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(id.ptr(), &overflow);
  if (overflow != 0) return overflow > 0 ? kLast : kFirst;
  return value;
}

// By largest remainder, so that the sum is conserved; nobody gets nothing.
void ShareWeight(uint64_t weight,
                 const std::vector<std::shared_ptr<Stream>>& heirs) {
  uint64_t total = 0;
  for (const auto& heir : heirs) total += heir->exact_weight();
  std::vector<std::pair<uint64_t, size_t>> rest;  // remainder, heir
  uint64_t shared = 0;
  for (size_t i = 0; i < heirs.size(); ++i) {
    const uint64_t part = weight * heirs[i]->exact_weight();
    rest.emplace_back(part % total, i);
    shared += part / total;
    heirs[i]->SetExactWeight(static_cast<uint32_t>(part / total));
  }
  std::stable_sort(rest.begin(), rest.end(), [](const auto& a, const auto& b) {
    return a.first > b.first;
  });
  for (size_t i = 0; i < rest.size(); ++i) {
    Stream& heir = *heirs[rest[i].second];
    const uint32_t unit = i < weight - shared ? 1 : 0;
    heir.SetExactWeight(std::max<uint32_t>(heir.exact_weight() + unit, 1));
  }
}

// Serves every child that comes before (`served_level`, `served_order`) once;
// the least level after. No branches and no overlap, so that the compiler does
// four or eight children at a time.
// Not inlined, where the promise of no overlap would be lost.
__attribute__((noinline)) int32_t MoveOn(
    size_t count, int32_t served_level, int32_t served_order,
    const int32_t* __restrict order, const int32_t* __restrict weight,
    const int32_t* __restrict whole, const int32_t* __restrict remainder,
    int32_t* __restrict level, int32_t* __restrict deficit,
    int32_t* __restrict served) {
  int32_t least = std::numeric_limits<int32_t>::max();
  for (size_t i = 0; i < count; ++i) {
    // All ones for a child that comes before, else 0.
    const int32_t before = -static_cast<int32_t>(
        (level[i] < served_level) |
        ((level[i] == served_level) & (order[i] < served_order)));
    const int32_t sum = deficit[i] + (remainder[i] & before);
    const int32_t carry = -static_cast<int32_t>(sum >= weight[i]);
    deficit[i] = sum - (weight[i] & carry);
    level[i] += (whole[i] & before) - carry;
    served[i] -= before;
    least = std::min(least, level[i]);
  }
  return least;
}

}  // namespace

std::string FormatId(pybind11::handle id) {
  const pybind11::str format("%d");
  PyObject* const text =
      PyUnicode_Format(format.ptr(), pybind11::make_tuple(id).ptr());
  if (text == nullptr) throw pybind11::error_already_set();
  return pybind11::reinterpret_steal<pybind11::str>(text);
}

Stream::Stream(pybind11::int_ id, int weight)
    : id_(std::move(id)),
      order_(OrderOf(id_)),
      weight_(weight),
      exact_weight_(static_cast<uint32_t>(weight) * kWeightUnit),
      whole_(kQuantum / exact_weight_),
      remainder_(kQuantum % exact_weight_) {}

// One by one: a chain is as deep as its client likes.
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

// The level stays, and the deficit with it: what is carried over may be more
// than the new weight.
void Stream::SetExactWeight(uint32_t weight) {
  // What is owed is owed at the old weight.
  if (parent_ != nullptr) parent_->Update();
  exact_weight_ = weight;
  whole_ = kQuantum / weight;
  remainder_ = kQuantum % weight;
  weight_ = std::clamp(
      static_cast<int>(std::lround(static_cast<double>(weight) / kWeightUnit)),
      1, 256);
  if (parent_ == nullptr || in_ready_) return;
  parent_->SetBlockedWeight(
      slot_, weight, static_cast<uint32_t>(parent_->blocked_.deficit[slot_]));
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
  std::vector<std::pair<int64_t, Stream*>> queue;
  for (size_t i = 0; i < ready_count_; ++i) {
    const Ready& entry = ready_[leaves_ + i];
    queue.emplace_back(entry.level, entry.stream);
  }
  for (size_t i = 0; i < blocked_.size(); ++i) {
    queue.emplace_back(BlockedLevel(i), blocked_.stream[i]);
  }
  std::sort(queue.begin(), queue.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second->Before(*b.second);
  });
  return queue;
}

uint32_t Stream::Deficit() {
  if (parent_ == nullptr || in_ready_) return deficit_ / kWeightUnit;
  parent_->Update();
  return static_cast<uint32_t>(parent_->blocked_.deficit[slot_]) / kWeightUnit;
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
    const int64_t level = first.level;
    group->last_level_ = level;
    if (group->blocked_.size() > 0 && group->least_blocked_ <= level) {
      group->MoveOnBlockedBefore(first);
    }
    group->SetReady(stream->slot_,
                    Ready{LevelAfter(stream, level), stream->order_, stream});
    if (stream->active_) return stream;
    group = stream;
  }
}

int64_t Stream::LevelAfter(Stream* child, int64_t level) {
  const uint32_t sum = child->deficit_ + child->remainder_;
  const uint32_t carry = sum >= child->exact_weight_ ? 1 : 0;
  child->deficit_ = sum - (child->exact_weight_ & (0 - carry));
  level += child->whole_ + carry;
  if (child->deficit_ >= child->exact_weight_) {  // after a change of weight
    level += child->deficit_ / child->exact_weight_;
    child->deficit_ %= child->exact_weight_;
  }
  return level;
}

// Every blocked child that comes before the one served was served and passed
// over, once.
void Stream::MoveOnBlockedBefore(const Ready& served) {
  const int64_t level = served.level;
  if (++untold_ == std::numeric_limits<int32_t>::max()) TellServed();
  if (!wide_ && level - base_ > kReach) {
    // The queue has come far: count from here.
    const int64_t step = level - base_;
    for (size_t i = 0; i < blocked_.size() && !wide_; ++i) {
      if (blocked_.level[i] - step < -kReach) Widen();
    }
    if (!wide_) {
      for (int32_t& child : blocked_.level) {
        child -= static_cast<int32_t>(step);
      }
      base_ += step;
    }
  }
  if (wide_ || unusual_ || !Fits(served.stream->order_)) {
    MoveOnBlockedExactly(served);
  } else {
    least_blocked_ =
        base_ + MoveOn(blocked_.size(), static_cast<int32_t>(level - base_),
                       static_cast<int32_t>(served.stream->order_),
                       blocked_.order.data(), blocked_.weight.data(),
                       blocked_.whole.data(), blocked_.remainder.data(),
                       blocked_.level.data(), blocked_.deficit.data(),
                       blocked_.served.data());
  }
}

// The same for what the loop above leaves out: ids beyond 32 bits, levels too
// far apart, and deficits that a change of weight left above the weight.
void Stream::MoveOnBlockedExactly(const Ready& served) {
  unusual_ = false;
  bool near = true;
  least_blocked_ = std::numeric_limits<int64_t>::max();
  for (size_t i = 0; i < blocked_.size(); ++i) {
    Stream* const child = blocked_.stream[i];
    const auto weight = static_cast<uint32_t>(blocked_.weight[i]);
    int64_t level = BlockedLevel(i);
    if (Precedes(Ready{level, child->order_, child}, served)) {
      const uint32_t cost =
          kQuantum + static_cast<uint32_t>(blocked_.deficit[i]);
      level += cost / weight;
      SetBlockedLevel(i, level);
      blocked_.deficit[i] = static_cast<int32_t>(cost % weight);
      ++blocked_.served[i];
    }
    if (blocked_.deficit[i] >= blocked_.weight[i] || !Fits(child->order_)) {
      unusual_ = true;
    }
    near = near && std::abs(level - served.level) < kReach / 2;
    least_blocked_ = std::min(least_blocked_, level);
  }
  if (wide_ && near) {
    wide_ = false;
    base_ = served.level;
    for (size_t i = 0; i < blocked_.size(); ++i) {
      blocked_.level[i] = static_cast<int32_t>(blocked_.wide_level[i] - base_);
    }
  }
}

void Stream::TellServed() {
  for (size_t i = 0; i < blocked_.size(); ++i) {
    blocked_.stream[i]->failed_ +=
        static_cast<uint64_t>(std::exchange(blocked_.served[i], 0));
  }
  untold_ = 0;
}

// Brings the queue of this stream up to date. While a stream is ready, so is
// everything above it, and nothing is owed.
void Stream::Update() {
  std::vector<Stream*> path;
  for (Stream* s = this; s != nullptr; s = s->parent_) {
    path.push_back(s);
    if (s->IsReady()) break;
  }
  for (; !path.empty(); path.pop_back()) {
    Stream* const stream = path.back();
    if (Stream* const parent = stream->parent_;
        parent != nullptr && !stream->in_ready_) {
      stream->failed_ += static_cast<uint64_t>(
          std::exchange(parent->blocked_.served[stream->slot_], 0));
    }
    // An active stream is never asked for those below it.
    const uint64_t failed = std::exchange(stream->failed_, 0);
    if (failed > 0) stream->ServeAllBlocked(failed);
  }
}

void Stream::ServeAllBlocked(uint64_t times) {
  for (size_t i = 0; i < blocked_.size(); ++i) {
    const auto weight = static_cast<uint64_t>(blocked_.weight[i]);
    const auto deficit = static_cast<uint64_t>(blocked_.deficit[i]);
    const auto level_after = [&](uint64_t served) {
      // A deficit above the weight counts from the next time on.
      const uint64_t cost = served == 0 ? 0 : served * kQuantum + deficit;
      return BlockedLevel(i) + static_cast<int64_t>(cost / weight);
    };
    const int64_t last = level_after(times - 1);
    last_level_ = i == 0 ? last : std::max(last_level_, last);
    SetBlockedLevel(i, level_after(times));
    blocked_.deficit[i] =
        static_cast<int32_t>((times * kQuantum + deficit) % weight);
    blocked_.stream[i]->failed_ += times;
  }
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
    PushReady(Ready{child->level_, child->order_, child});
    return;
  }
  const size_t slot = blocked_.size();
  child->slot_ = slot;
  if (slot == 0) {
    base_ = child->level_;
    wide_ = false;
    unusual_ = false;
  }
  least_blocked_ =
      slot == 0 ? child->level_ : std::min(least_blocked_, child->level_);
  const bool fits = Fits(child->order_);
  if (!fits) unusual_ = true;
  blocked_.stream.push_back(child);
  blocked_.level.push_back(0);
  blocked_.order.push_back(fits ? static_cast<int32_t>(child->order_) : 0);
  blocked_.weight.push_back(0);
  blocked_.deficit.push_back(0);
  blocked_.whole.push_back(0);
  blocked_.remainder.push_back(0);
  blocked_.served.push_back(0);
  blocked_.wide_level.push_back(0);
  SetBlockedLevel(slot, child->level_);
  SetBlockedWeight(slot, child->exact_weight_, child->deficit_);
}

int64_t Stream::BlockedLevel(size_t slot) const {
  return wide_ ? blocked_.wide_level[slot] : base_ + blocked_.level[slot];
}

void Stream::SetBlockedLevel(size_t slot, int64_t level) {
  if (!wide_ && std::abs(level - base_) > kReach) Widen();
  if (wide_) {
    blocked_.wide_level[slot] = level;
  } else {
    blocked_.level[slot] = static_cast<int32_t>(level - base_);
  }
}

void Stream::SetBlockedWeight(size_t slot, uint32_t weight, uint32_t deficit) {
  blocked_.weight[slot] = static_cast<int32_t>(weight);
  blocked_.deficit[slot] = static_cast<int32_t>(deficit);
  blocked_.whole[slot] = static_cast<int32_t>(kQuantum / weight);
  blocked_.remainder[slot] = static_cast<int32_t>(kQuantum % weight);
  if (deficit >= weight) unusual_ = true;
}

void Stream::Widen() {
  for (size_t i = 0; i < blocked_.size(); ++i) {
    blocked_.wide_level[i] = base_ + blocked_.level[i];
  }
  wide_ = true;
}

void Stream::Leave(Stream* child) {
  const size_t slot = child->slot_;
  if (child->in_ready_) {
    child->level_ = ready_[leaves_ + slot].level;
    EraseReady(slot);
    return;
  }
  child->level_ = BlockedLevel(slot);
  child->deficit_ = static_cast<uint32_t>(blocked_.deficit[slot]);
  child->failed_ += static_cast<uint64_t>(blocked_.served[slot]);
  blocked_.stream.back()->slot_ = slot;
  const auto take_last = [slot](auto& column) {
    column[slot] = column.back();
    column.pop_back();
  };
  take_last(blocked_.stream);
  take_last(blocked_.level);
  take_last(blocked_.order);
  take_last(blocked_.weight);
  take_last(blocked_.deficit);
  take_last(blocked_.whole);
  take_last(blocked_.remainder);
  take_last(blocked_.served);
  take_last(blocked_.wide_level);
}

bool Stream::Precedes(const Ready& a, const Ready& b) {
  if (a.level != b.level) return a.level < b.level;
  if (a.order != b.order || a.stream == nullptr || b.stream == nullptr) {
    return a.order < b.order;
  }
  return a.stream->Before(*b.stream);  // ids beyond 64 bits
}

void Stream::SetReady(size_t slot, Ready entry) {
  auto level = static_cast<uint64_t>(entry.level);
  auto order = static_cast<uint64_t>(entry.order);
  auto stream = reinterpret_cast<uintptr_t>(entry.stream);
  Ready* const ready = ready_.data();
  for (size_t place = leaves_ + slot; place > 0; place /= 2) {
    Ready& mine = ready[place];
    const Ready& other = ready[place ^ 1];
    mine.level = static_cast<int64_t>(level);
    mine.order = static_cast<int64_t>(order);
    mine.stream = reinterpret_cast<Stream*>(stream);
    const bool loses = ready_beyond_
                           ? Precedes(other, mine)
                           : (other.level < static_cast<int64_t>(level)) |
                                 ((other.level == static_cast<int64_t>(level)) &
                                  (other.order < static_cast<int64_t>(order)));
    // By masks: a branch here nobody could foretell.
    const uint64_t mask = 0 - static_cast<uint64_t>(loses);
    level ^= (level ^ static_cast<uint64_t>(other.level)) & mask;
    order ^= (order ^ static_cast<uint64_t>(other.order)) & mask;
    stream ^= (stream ^ reinterpret_cast<uintptr_t>(other.stream)) & mask;
  }
}

void Stream::PushReady(const Ready& entry) {
  if (ready_count_ == leaves_) {
    const size_t leaves = leaves_;
    leaves_ = std::max<size_t>(2 * leaves, 1);
    const std::vector<Ready> old =
        std::exchange(ready_, std::vector<Ready>(2 * leaves_, kNobody));
    for (size_t i = 0; i < leaves; ++i) SetReady(i, old[leaves + i]);
  }
  if (IsBeyond(entry.stream->order_)) ready_beyond_ = true;
  entry.stream->slot_ = ready_count_;
  SetReady(ready_count_++, entry);
}

void Stream::EraseReady(size_t slot) {
  const size_t last = --ready_count_;
  const Ready moved = ready_[leaves_ + last];
  SetReady(last, kNobody);
  if (slot == last) return;
  moved.stream->slot_ = slot;
  SetReady(slot, moved);
}

}  // namespace sluice::adapters::python
