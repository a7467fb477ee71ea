// Measures the promise of docs/fairness.md over every interval of a program.
//
// For two siblings i and j, W the bytes of their subtrees and w their weights:
//
//   two-sided  while both stay active, and keep weight and place,
//              max - min of W_i/w_i - W_j/w_j over the time so far
//   one-sided  while i stays active and j comes and goes as it likes,
//              the largest rise of W_j/w_j - W_i/w_i
//
// each as a ratio to L/w_i + L/w_j plus the terms for rounding and, where the
// caller says so, for slots. Every interval of the program lies under them.
//
// Programs are text, so that a worst case can be kept:
//
//   o3:1:16!  open stream 3 on 1 with weight 16, exclusively (without "!":
//   not),
//             and make it ready
//   m3:0:9    move it: on the root, weight 9
//   b3 r3 x3  blocked, ready, removed
//   d700      a decision: the pick sends 700 bytes
#ifndef SLUICE_TESTS_PRIORITY_FAIRNESS_METER_H_
#define SLUICE_TESTS_PRIORITY_FAIRNESS_METER_H_

#include <sluice/priority/priority_tree.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sluice::priority {

struct FairnessStep {
  enum Kind : uint8_t { kOpen, kMove, kBlock, kReady, kRemove, kDecide };
  Kind kind = kDecide;
  StreamId id = 0;
  StreamId parent = 0;
  int weight = 16;
  bool exclusive = false;
  size_t bytes = 0;
};
using FairnessProgram = std::vector<FairnessStep>;

std::string ToText(const FairnessProgram& program);
FairnessProgram ParseFairnessProgram(absl::string_view text);

struct FairnessResult {
  double two_sided = 0;  // worst ratios to the bound
  double one_sided = 0;
  std::string pair;  // of the worst: "3:16 and 5:256"
  double Worst() const { return two_sided > one_sided ? two_sided : one_sided; }
};

class FairnessMeter {
 public:
  // Streams 1…max_id. `slots`: the bound includes two slots.
  FairnessMeter(StreamId max_id, bool slots, TreeOrder order);
  // Steps that the tree refuses, and decisions when nothing is ready, do
  // nothing.
  void Run(const FairnessStep& step);
  const FairnessResult& result() const { return result_; }

 private:
  struct Stream {
    StreamId parent = 0;
    double weight = 0;  // 0: not in the tree
    bool active = false;
  };
  struct Pair {                                // of (i, j)
    double difference = 0, low = 0, high = 0;  // two-sided, for i < j
    double lead = 0, least = 0;                // one-sided: j over i
  };
  Pair& At(StreamId i, StreamId j) { return pairs_[i * (max_id_ + 1) + j]; }
  void Decide(size_t bytes);
  void Look();
  void Note(double* worst, double value, StreamId i, StreamId j);

  StreamId max_id_;
  PriorityTree tree_;
  double slack_;  // bytes per unit of weight
  std::vector<Stream> streams_;
  std::vector<Pair> pairs_;
  FairnessResult result_;
};

inline FairnessResult MeasureFairness(const FairnessProgram& program,
                                      StreamId max_id, bool slots,
                                      TreeOrder order = TreeOrder::kSlots) {
  FairnessMeter meter(max_id, slots, order);
  for (const FairnessStep& step : program) meter.Run(step);
  return meter.result();
}

}  // namespace sluice::priority

#endif  // SLUICE_TESTS_PRIORITY_FAIRNESS_METER_H_
