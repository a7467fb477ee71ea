// A stream of the drop-in `priority` module, with the queue of its dependents:
// the order of python-hyper/priority 2.0.0, exactly, at another cost.
//
// That order is start-time fair queueing with one equal quantum for each
// decision. Every stream has a level. The smallest level is served first, and
// the smaller stream id among equals; then the level grows by 256 / weight (the
// division's remainder is carried along). Sluice's own tree cannot give this
// order: here a blocked stream is served in its turn, and passed over. Its
// level keeps up with its siblings', and so do the levels of all streams below
// it. So the order after it is unblocked depends on every decision made
// meanwhile.
//
// The original visits every such stream at every decision. Here the ready
// children of a stream stand in a tournament. A log keeps the decisions among
// them for the blocked children (those with nothing ready below). A few numbers
// tell how often the logged decisions served a blocked child, mostly without a
// walk through the log. They are worked out for one child when a caller looks
// at it, and for all when the log is as long as the blocked children are many.
// So a decision is O(log ready + depth) amortised, with blocked siblings or
// without. It is O(blocked), at about a nanosecond each, only among blocked
// children whose weight lies between the rates at which the ready ones let the
// levels rise (weight 3, say, beside ready ones of 1 and 2). Streams below a
// blocked one are counted, and brought up to date when a caller looks at them.
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
// The cost of one decision to a stream, in levels times weight.
inline constexpr uint32_t kQuantum = 256 * kWeightUnit;

// Python's "%d" of an id. Throws Python's TypeError unless it is a number.
std::string FormatId(pybind11::handle id);

// The `new` of streams and trees, which std::make_shared() makes. pybind11
// calls it to make up a value for an object whose __init__() has not run.
[[noreturn]] void RaiseNotInitialised(const char* type);

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  // `weight` is 1…256; the callers have checked it.
  Stream(pybind11::int_ id, int weight);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  static void* operator new(size_t) { RaiseNotInitialised("Stream"); }

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
  // The level of the child that was served last.
  int64_t LastLevel();
  // The children with their levels, the smallest first.
  std::vector<std::pair<int64_t, Stream*>> Queue();
  // The remainder of the last division, in the original's unit.
  uint32_t Deficit();

  // `child` joins at the level served last. It must have no parent.
  void AddChild(std::shared_ptr<Stream> child);
  // The same, and the other children move below it.
  void AddChildExclusive(std::shared_ptr<Stream> child);
  // `child` leaves, and takes its dependents along.
  void RemoveChild(Stream* child);
  // `child` leaves, and its dependents take its place here. They share its
  // weight in proportion to theirs, to the last 1/65536 (RFC 7540 §5.3.4).
  void ReplaceByItsChildren(Stream* child);

  // The active stream below this one that is served next. Null when there is
  // none; the levels grow nevertheless.
  Stream* Schedule();

 private:
  // Level and id as one number, in the order in which children are served.
  using Key = __int128;
  static Key KeyOf(int64_t level, int64_t order);
  static int64_t LevelOf(Key key) { return static_cast<int64_t>(key >> 64); }

  struct Ready {
    Key key;
    Stream* stream;
  };
  static Ready Nobody();  // comes after every entry

  // Consecutive decisions of the log that have one level.
  struct Stretch {
    int64_t level;
    int64_t order;  // of the last decision, the largest
    int64_t end;    // decisions of the log up to its end
  };

  // The least and the most by which the level rises with a decision, from the
  // end of one stretch to the end of another.
  struct Slopes {
    double least = std::numeric_limits<double>::infinity();
    double most = 0;
  };

  bool IsReady() const { return active_ || ready_count_ > 0; }

  static bool Precedes(const Ready& a, const Ready& b);
  // An entry of the tournament changes, joins, leaves.
  void SetReady(size_t slot, const Ready& entry);
  template <bool kBeyond, bool kWasFirst>
  void PlayMatches(size_t slot, const Ready& entry);
  void PushReady(const Ready& entry);
  void EraseReady(size_t slot);

  void Enter(Stream* child);
  void Leave(Stream* child);

  // This stream is served in its turn, or passed over `times` times.
  void TakeTurn();
  void PassOver(int64_t times);
  // How often it must be passed over to reach `level`.
  int64_t TimesToReach(int64_t level) const;

  void Log(const Ready& served);
  void LogAtOnce(const Ready& served);
  int64_t LogEnd() const { return log_.empty() ? 0 : log_.back().end; }
  Slopes SlopesOfAll() const;
  int64_t TimesServed(const Stream& child, const Slopes& slopes) const;
  // Bring the level, deficit and failures of a blocked child, or of all, up to
  // date.
  void Settle(Stream* child);
  void SettleAll();

  void Update();
  void UpdateFromParent();
  void ServeAllBlocked(int64_t times);
  // Moves this stream to its parent's other queue when it became ready or
  // blocked; then the parent likewise, and so on.
  void ReadinessMayHaveChanged();
  std::vector<std::shared_ptr<Stream>> TakeChildren();

  const pybind11::int_ id_;
  // The id, or the nearest int64_t: the order of ids, but for those beyond 64
  // bits.
  const int64_t order_;
  int weight_;
  uint32_t exact_weight_;
  bool active_ = true;

  Stream* parent_ = nullptr;
  bool in_ready_ = false;  // else it is among the parent's blocked_
  size_t slot_ = 0;        // its place there
  // The level where it is served next, and the remainder of the last division.
  // For a blocked stream, as of the parent's first `seen_` logged decisions.
  int64_t level_ = 0;
  uint32_t deficit_ = 0;
  uint32_t whole_;      // kQuantum / exact_weight_
  uint32_t remainder_;  // kQuantum % exact_weight_
  int64_t seen_ = 0;
  int64_t failed_ = 0;  // Schedule()s that found nothing, not yet carried out

  std::vector<std::shared_ptr<Stream>> children_;
  // A tournament. The entries are the leaves, the last half of the vector. Each
  // place before holds the first of the two at twice its index, so place 1
  // holds the first of all. A change touches a path that is known beforehand,
  // so the CPU need not wait for one comparison before it begins the next.
  std::vector<Ready> ready_;
  size_t leaves_ = 0;  // half of its size
  size_t ready_count_ = 0;
  std::vector<size_t> vacant_;    // the empty leaves
  bool ready_beyond_ = false;     // an id beyond 64 bits has been ready
  std::vector<Stream*> blocked_;  // in no order
  // The decisions that some blocked child does not know yet, by key.
  std::vector<Stretch> log_;
  Slopes slopes_;  // without the last stretch, which may grow
  int64_t last_level_ = 0;
};

}  // namespace sluice::adapters::python

#endif  // SLUICE_ADAPTERS_PYTHON_STREAM_H_
