// The systems that the micro benchmarks measure, behind one face: a tree of
// streams that are all served 16 KiB frames (or others, where a call says so).
//
// A system is built once, opens its streams with OpenAll(), and then answers
// decisions. One decision of nghttp2 is one frame of its session: the library
// has no smaller unit to offer.
#ifndef SLUICE_BENCHMARKS_MICRO_SYSTEMS_H_
#define SLUICE_BENCHMARKS_MICRO_SYSTEMS_H_

#include <sluice/priority/priority_tree.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::benchmarks {

using priority::StreamId;

inline constexpr size_t kFrame = 16384;

// A stream of a shape. Streams are numbered 1, 2, 3 …; a system maps them to
// ids of its own.
struct StreamSpec {
  uint32_t parent = 0;  // 0: the root
  int weight = 16;
  bool ready = false;
};
using Shape = std::vector<StreamSpec>;  // stream n is at n - 1

// `n` children of the root with random weights, all ready.
Shape FlatShape(uint32_t n);
// A chain of `n`, the last one ready.
Shape ChainShape(uint32_t n);
// Firefox's groups (leaders, followers, …) with `n` streams on them, all ready.
Shape FirefoxShape(uint32_t n);
// Chrome's chain of `n`, each the parent of the next, all ready.
Shape ChromeShape(uint32_t n);

template <priority::TreeOrder order>
class SluiceSystem {
 public:
  explicit SluiceSystem(const Shape& shape, uint32_t spare = 0);
  // The stream that was served one frame.
  uint32_t Decide(size_t bytes = kFrame) {
    const StreamId id = *tree_.Pick();
    tree_.Charge(bytes);
    return id;
  }
  // Makes it ready, serves it one frame, makes it idle.
  void Toggle(uint32_t stream) {
    tree_.SetReady(stream).IgnoreError();
    static_cast<void>(tree_.Pick());
    tree_.Charge(kFrame);
    tree_.SetBlocked(stream).IgnoreError();
  }
  void BlockAndUnblock(uint32_t stream) {
    tree_.SetBlocked(stream).IgnoreError();
    tree_.SetReady(stream).IgnoreError();
  }
  void Move(uint32_t stream, uint32_t parent, int weight, bool exclusive) {
    tree_
        .Reprioritise(
            stream,
            {.depends_on = parent, .weight = weight, .exclusive = exclusive})
        .IgnoreError();
  }
  void Open(uint32_t stream, uint32_t parent, int weight, bool exclusive) {
    tree_
        .Insert(stream, signals::Rfc7540Priority{.depends_on = parent,
                                                 .weight = weight,
                                                 .exclusive = exclusive})
        .IgnoreError();
    tree_.SetReady(stream).IgnoreError();
  }
  void Close(uint32_t stream) { tree_.Remove(stream).IgnoreError(); }

 private:
  priority::PriorityTree tree_;
};

// h2o's scheduler: no bytes, one unit a callback.
class H2oSystem {
 public:
  explicit H2oSystem(const Shape& shape, uint32_t spare = 0);
  ~H2oSystem();
  uint32_t Decide(size_t bytes = kFrame);
  void Toggle(uint32_t stream);
  void Move(uint32_t stream, uint32_t parent, int weight, bool exclusive);
  void Open(uint32_t stream, uint32_t parent, int weight, bool exclusive);
  void Close(uint32_t stream);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// libnghttp2's server session, fed with real frames.
class Nghttp2System {
 public:
  explicit Nghttp2System(const Shape& shape, uint32_t spare = 0);
  ~Nghttp2System();
  uint32_t Decide(size_t bytes = kFrame);
  void Toggle(uint32_t stream);
  void Move(uint32_t stream, uint32_t parent, int weight, bool exclusive);
  void Open(uint32_t stream, uint32_t parent, int weight, bool exclusive);
  void Close(uint32_t stream);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Self-clocked fair queueing over std::push_heap: flat shapes only, the
// plainest thing that is fair.
class HeapSystem {
 public:
  explicit HeapSystem(const Shape& shape, uint32_t spare = 0);
  uint32_t Decide(size_t bytes = kFrame);

 private:
  struct Entry {
    int64_t key;
    uint64_t arrival;
    uint32_t stream;
    uint32_t weight;
  };
  static bool After(const Entry& a, const Entry& b) {
    return a.key != b.key ? a.key > b.key : a.arrival > b.arrival;
  }
  std::vector<Entry> heap_;
  uint64_t arrivals_ = 0;
};

}  // namespace sluice::benchmarks

#endif  // SLUICE_BENCHMARKS_MICRO_SYSTEMS_H_
