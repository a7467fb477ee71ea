// A stream of the drop-in `priority` module, with the queue of its dependents:
// the order of python-hyper/priority 2.0.0, exactly, at another cost.
//
// That order is start-time fair queueing with one equal quantum for each
// decision: every stream has a level, the smallest level is served first, the
// smaller stream id among equals, and the level grows by 256 / weight (with the
// division's remainder carried along). What sets it apart from Sluice's own
// tree, and why it is not that tree under another key: a blocked stream is
// served in its turn, and passed over. Its level keeps up with its siblings',
// and so do those of all that depend on it, so what happens when it is
// unblocked depends on every decision made meanwhile.
//
// The original walks through every such stream at every decision. Here the
// ready children of a stream stand in a heap, and the blocked ones (with
// nothing ready below) in columns that one loop without branches moves on:
// O(log ready + depth) a decision, plus about a nanosecond for each blocked
// sibling that is behind. What depends on a blocked stream is counted, and
// brought up to date when somebody looks.
//
// Nothing recurses, whatever the depth. Not thread-safe: under Python's lock.
#ifndef SLUICE_ADAPTERS_PYTHON_STREAM_H_
#define SLUICE_ADAPTERS_PYTHON_STREAM_H_

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::adapters::python {

// Weights are kept in 1/65536, since those of a removed stream's dependents are
// fractions (RFC 7540 §5.3.4).
inline constexpr uint32_t kWeightUnit = 1u << 16;
// What one decision costs a stream, in levels times weight.
inline constexpr uint32_t kQuantum = 256 * kWeightUnit;

// "%d" of Python's, for an id in a text. Throws Python's TypeError for what is
// no number.
std::string FormatId(pybind11::handle id);

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  // `weight` is 1…256; the callers have checked it.
  Stream(pybind11::int_ id, int weight);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const pybind11::int_& id() const { return id_; }
  // By stream id.
  bool Before(const Stream& other) const;

  // Rounded, 1…256.
  int weight() const { return weight_; }
  uint32_t exact_weight() const { return exact_weight_; }
  void SetWeight(int weight);
  void SetExactWeight(uint32_t weight);

  // A stream is born active: it has something to send.
  bool active() const { return active_; }
  void SetActive(bool active);

  Stream* parent() const { return parent_; }
  // In the order in which they came.
  const std::vector<std::shared_ptr<Stream>>& children() const {
    return children_;
  }
  // The level that was served last among the children.
  int64_t LastLevel();
  // Of the children, with their levels; smallest first.
  std::vector<std::pair<int64_t, Stream*>> Queue();
  // The remainder of the last division, as an integer of the original's.
  uint32_t Deficit();

  // `child` joins at the level served last. It must have no parent.
  void AddChild(std::shared_ptr<Stream> child);
  // The same, and the other children become its.
  void AddChildExclusive(std::shared_ptr<Stream> child);
  // `child` leaves, its own dependents with it.
  void RemoveChild(Stream* child);
  // `child` leaves, and its dependents come here in its place. They share its
  // weight in proportion to theirs, to the last 1/65536 (RFC 7540 §5.3.4).
  void ReplaceByItsChildren(Stream* child);

  // The active stream below this one that is served next; null when there is
  // none, and then the levels grow all the same.
  Stream* Schedule();

 private:
  struct Ready {
    int64_t level;
    int64_t order;
    Stream* stream;
  };
  static constexpr Ready kNobody = {std::numeric_limits<int64_t>::max(),
                                    std::numeric_limits<int64_t>::max(),
                                    nullptr};  // after everybody

  // The children that are blocked, with nothing ready below: a column each, of
  // 32 bits, so that a machine word of any CPU holds several.
  struct Blocked {
    std::vector<Stream*> stream;
    std::vector<int32_t> level;  // over Stream::base_, unless Stream::wide_
    std::vector<int32_t> order;  // when it fits
    std::vector<int32_t> weight;
    std::vector<int32_t> deficit;
    std::vector<int32_t> whole;       // kQuantum / weight
    std::vector<int32_t> remainder;   // kQuantum % weight
    std::vector<int32_t> served;      // times, not yet told to the stream
    std::vector<int64_t> wide_level;  // with Stream::wide_ in place of `level`

    size_t size() const { return stream.size(); }
  };

  bool IsReady() const { return active_ || ready_count_ > 0; }

  static bool Precedes(const Ready& a, const Ready& b);
  // The tournament's: an entry changes, joins at the end, leaves.
  void SetReady(size_t slot, Ready entry);
  void PushReady(const Ready& entry);
  void EraseReady(size_t slot);

  // `child` was served once: the level it has then.
  static int64_t LevelAfter(Stream* child, int64_t level);
  void Enter(Stream* child);
  void Leave(Stream* child);
  int64_t BlockedLevel(size_t slot) const;
  void SetBlockedLevel(size_t slot, int64_t level);
  void SetBlockedWeight(size_t slot, uint32_t weight, uint32_t deficit);
  void Widen();
  void MoveOnBlockedBefore(const Ready& served);
  void MoveOnBlockedExactly(const Ready& served);
  void TellServed();
  void Update();
  void ServeAllBlocked(uint64_t times);
  // Moves this stream to its parent's other queue if it became ready or
  // blocked, and so on upwards.
  void ReadinessMayHaveChanged();
  std::vector<std::shared_ptr<Stream>> TakeChildren();

  const pybind11::int_ id_;
  // The id where it fits, else the nearest int64_t: the order of ids, all but
  // among those beyond.
  const int64_t order_;
  int weight_;
  uint32_t exact_weight_;
  bool active_ = true;

  Stream* parent_ = nullptr;
  bool in_ready_ = false;  // in which of the parent's queues
  size_t slot_ = 0;        // and where there
  int64_t level_ = 0;      // when in neither, or in the heap
  uint32_t deficit_ = 0;   // the same
  uint32_t whole_;         // kQuantum / exact_weight_
  uint32_t remainder_;     // kQuantum % exact_weight_

  std::vector<std::shared_ptr<Stream>> children_;
  // A tournament: the entries are leaves, the last half of the vector, and each
  // place before holds the first of the two at twice its index; 1 the first of
  // all. One change touches a path that is known beforehand, so that the CPU
  // need not wait for one comparison to start on the next.
  std::vector<Ready> ready_;
  size_t leaves_ = 0;  // half of its size
  size_t ready_count_ = 0;
  bool ready_beyond_ = false;  // an id beyond 64 bits has been among them
  Blocked blocked_;
  int64_t least_blocked_ = 0;  // no level of blocked_ is smaller
  int64_t base_ = 0;           // of blocked_'s levels
  bool wide_ = false;          // they are too far apart for 32 bits
  // One of blocked_'s deficits may reach its weight, or an id not fit.
  bool unusual_ = false;
  int32_t untold_ = 0;  // how often blocked_.served may have grown
  int64_t last_level_ = 0;
  uint64_t failed_ = 0;  // Schedule()s that found nothing, not yet carried out
};

}  // namespace sluice::adapters::python

#endif  // SLUICE_ADAPTERS_PYTHON_STREAM_H_
