#include "tests/priority/fairness_search.h"

#include <utility>

namespace sluice::priority {
namespace {

int RandomWeight(std::mt19937_64& random) {
  static constexpr int kWeights[] = {1, 1, 2, 16, 100, 255, 256, 256};
  return random() % 2 == 0 ? kWeights[random() % 8]
                           : static_cast<int>(1 + random() % 256);
}

size_t RandomBytes(std::mt19937_64& random) {
  switch (random() % 4) {
    case 0:
      return 1 + random() % 16384;
    case 1:
      return 1 + random() % 32;
    default:
      return 16384;
  }
}

}  // namespace

FairnessStep RandomFairnessStep(std::mt19937_64& random,
                                const FairnessWorld& world) {
  FairnessStep step;
  step.id = static_cast<StreamId>(1 + random() % world.max_id);
  if (!world.flat && random() % 2 == 0) {
    step.parent = static_cast<StreamId>(random() % (world.max_id + 1));
    step.exclusive = random() % 4 == 0;
  }
  step.weight = RandomWeight(random);
  step.bytes = RandomBytes(random);
  switch (random() % 32) {
    case 0:
    case 1:
    case 2:
      step.kind = FairnessStep::kOpen;
      break;
    case 3:
      step.kind = FairnessStep::kMove;
      break;
    case 4:
      step.kind = FairnessStep::kRemove;
      break;
    case 5:
    case 6:
    case 7:
      step.kind = FairnessStep::kBlock;
      break;
    case 8:
    case 9:
    case 10:
    case 11:
      step.kind = FairnessStep::kReady;
      break;
    default:
      step.kind = FairnessStep::kDecide;
  }
  return step;
}

FairnessProgram RandomFairnessProgram(std::mt19937_64& random,
                                      const FairnessWorld& world,
                                      size_t steps) {
  FairnessProgram program;
  for (StreamId id = 1; id <= world.max_id; ++id) {
    FairnessStep open = RandomFairnessStep(random, world);
    open.kind = FairnessStep::kOpen;
    open.id = id;
    program.push_back(open);
  }
  while (program.size() < steps) {
    program.push_back(RandomFairnessStep(random, world));
  }
  return program;
}

FairnessProgram ClimbToWorst(std::mt19937_64& random,
                             const FairnessWorld& world, size_t steps,
                             int evaluations) {
  FairnessProgram worst = RandomFairnessProgram(random, world, steps);
  double height =
      MeasureFairness(worst, world.max_id, world.slots, world.order).Worst();
  for (int i = 0; i < evaluations; ++i) {
    FairnessProgram next = worst;
    for (uint64_t edits = 1 + random() % 3; edits > 0; --edits) {
      const size_t at = random() % next.size();
      const auto place = next.begin() + static_cast<ptrdiff_t>(at);
      switch (random() % 5) {
        case 0:
          next.erase(place);
          break;
        case 1:
          if (next.size() < 2 * steps) {
            next.insert(place, RandomFairnessStep(random, world));
          }
          break;
        case 2:
          if (next.size() < 2 * steps) next.insert(place, next[at]);
          break;
        case 3:
          std::swap(next[at], next[random() % next.size()]);
          break;
        default:
          next[at] = RandomFairnessStep(random, world);
      }
      if (next.empty()) next = worst;
    }
    const double reached =
        MeasureFairness(next, world.max_id, world.slots, world.order).Worst();
    // A shorter program of the same height is worth more.
    if (reached > height ||
        (reached == height && next.size() <= worst.size())) {
      worst = std::move(next);
      height = reached;
    }
  }
  return worst;
}

}  // namespace sluice::priority
