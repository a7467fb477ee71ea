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
// ready children of a stream stand in a tournament, and a decision among them
// is noted in a log for the blocked ones (with nothing ready below). How often
// the decisions in the log served a blocked child follows from a few numbers,
// mostly without walking through them: it is asked for when somebody looks at
// the child, and for all once the log is as long as they are many. So a
// decision is O(log ready + depth) amortised, blocked siblings or not; only
// among blocked ones whose weight lies between what the ready ones make the
// levels rise by (of 3, say, beside ready ones of 1 and 2) it is O(blocked),
// at about a nanosecond for each. What depends on a blocked stream is counted,
// and brought up to date when somebody looks.
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

// Streams and trees are made by std::make_shared(), so this is what `new` does:
// pybind11 has it make up a value for an object whose __init__() has not run.
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
  // Level and id as one number, in the order in which children are served.
  using Key = __int128;
  static Key KeyOf(int64_t level, int64_t order);
  static int64_t LevelOf(Key key) { return static_cast<int64_t>(key >> 64); }

  struct Ready {
    Key key;
    Stream* stream;
  };
  static Ready Nobody();  // after everybody

  // Decisions that follow on each other in the log and have one level.
  struct Stretch {
    int64_t level;
    int64_t order;  // of the last, and the largest
    int64_t end;    // how many decisions the log has up to there
  };

  // By how many levels a decision the ends of stretches rise, at least and at
  // most.
  struct Slopes {
    double least = std::numeric_limits<double>::infinity();
    double most = 0;
  };

  bool IsReady() const { return active_ || ready_count_ > 0; }

  static bool Precedes(const Ready& a, const Ready& b);
  // The tournament's: an entry changes, joins, leaves.
  void SetReady(size_t slot, const Ready& entry);
  template <bool kBeyond, bool kWasFirst>
  void PlayMatches(size_t slot, const Ready& entry);
  void PushReady(const Ready& entry);
  void EraseReady(size_t slot);

  void Enter(Stream* child);
  void Leave(Stream* child);

  // What being served does to this stream, when it is its turn, and when it is
  // passed over.
  void TakeTurn();
  void PassOver(int64_t times);
  // How often that must be to reach `level`.
  int64_t TimesToReach(int64_t level) const;

  void Log(const Ready& served);
  void LogAtOnce(const Ready& served);
  int64_t LogEnd() const { return log_.empty() ? 0 : log_.back().end; }
  Slopes SlopesOfAll() const;
  int64_t TimesServed(const Stream& child, const Slopes& slopes) const;
  // Brings a blocked child's level, deficit and failures up to date, or all.
  void Settle(Stream* child);
  void SettleAll();

  void Update();
  void UpdateFromParent();
  void ServeAllBlocked(int64_t times);
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
  // Where it is served next, and what the last division left. A blocked one's
  // are those of when the parent's log had `seen_` decisions.
  int64_t level_ = 0;
  uint32_t deficit_ = 0;
  uint32_t whole_;      // kQuantum / exact_weight_
  uint32_t remainder_;  // kQuantum % exact_weight_
  int64_t seen_ = 0;
  int64_t failed_ = 0;  // Schedule()s that found nothing, not yet carried out

  std::vector<std::shared_ptr<Stream>> children_;
  // A tournament: the entries are leaves, the last half of the vector, and each
  // place before holds the first of the two at twice its index; 1 the first of
  // all. One change touches a path that is known beforehand, so that the CPU
  // need not wait for one comparison to start on the next.
  std::vector<Ready> ready_;
  size_t leaves_ = 0;  // half of its size
  size_t ready_count_ = 0;
  std::vector<size_t> vacant_;    // the leaves with nobody
  bool ready_beyond_ = false;     // an id beyond 64 bits has been among them
  std::vector<Stream*> blocked_;  // in no order
  // While there are blocked ones: the decisions that not all of them know of,
  // in the order of their keys.
  std::vector<Stretch> log_;
  Slopes slopes_;  // but for its last stretch, to which more may come
  int64_t last_level_ = 0;
};

}  // namespace sluice::adapters::python

#endif  // SLUICE_ADAPTERS_PYTHON_STREAM_H_
