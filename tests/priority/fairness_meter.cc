#include "tests/priority/fairness_meter.h"

#include <sluice/signals/path_level.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/priority/tree_inspector.h"

namespace sluice::priority {
namespace {

constexpr double kGrant = 16384;

}  // namespace

std::string ToText(const FairnessProgram& program) {
  std::string text;
  for (const FairnessStep& step : program) {
    if (!text.empty()) text += ' ';
    text += "ombrxd"[step.kind];
    if (step.kind == FairnessStep::kDecide) {
      absl::StrAppend(&text, step.bytes);
      continue;
    }
    absl::StrAppend(&text, step.id);
    if (step.kind <= FairnessStep::kMove) {
      absl::StrAppend(&text, ":", step.parent, ":", step.weight,
                      step.exclusive ? "!" : "");
    }
  }
  return text;
}

FairnessProgram ParseFairnessProgram(absl::string_view text) {
  FairnessProgram program;
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    FairnessStep step;
    step.kind = static_cast<FairnessStep::Kind>(
        absl::string_view("ombrxd").find(word[0]));
    if (word.back() == '!') {
      step.exclusive = true;
      word.remove_suffix(1);
    }
    std::vector<uint32_t> numbers;
    for (absl::string_view part : absl::StrSplit(word.substr(1), ':')) {
      uint32_t number;
      if (!absl::SimpleAtoi(part, &number)) std::abort();
      numbers.push_back(number);
    }
    if (step.kind == FairnessStep::kDecide) {
      step.bytes = numbers.at(0);
    } else {
      step.id = numbers.at(0);
      if (step.kind <= FairnessStep::kMove) {
        step.parent = numbers.at(1);
        step.weight = static_cast<int>(numbers.at(2));
      }
    }
    program.push_back(step);
  }
  return program;
}

FairnessMeter::FairnessMeter(StreamId max_id, bool slots, TreeOrder order)
    : max_id_(max_id),
      tree_({.max_nodes = max_id,
             .max_closed = 0,
             .max_idle = 0,
             .order = order}),
      streams_(max_id + 1),
      pairs_((max_id + 1) * (max_id + 1)) {
  slack_ = 4.0 / 256;
  if (slots) slack_ += 2.0 * (1 << TreeInspector(tree_).slot_shift()) / 256;
}

void FairnessMeter::Run(const FairnessStep& step) {
  const Rfc7540Priority priority = {.depends_on = step.parent,
                                    .weight = step.weight,
                                    .exclusive = step.exclusive};
  switch (step.kind) {
    case FairnessStep::kDecide:
      Decide(step.bytes);
      return;
    case FairnessStep::kOpen:
      if (tree_.Insert(step.id, priority).ok()) {
        tree_.SetReady(step.id).IgnoreError();
      }
      break;
    case FairnessStep::kMove:
      tree_.Reprioritise(step.id, priority).IgnoreError();
      break;
    case FairnessStep::kBlock:
      tree_.SetBlocked(step.id).IgnoreError();
      break;
    case FairnessStep::kReady:
      tree_.SetReady(step.id).IgnoreError();
      break;
    case FairnessStep::kRemove:
      tree_.Remove(step.id).IgnoreError();
      break;
  }
  Look();
}

// Starts the pairs anew that an edit ended.
void FairnessMeter::Look() {
  for (StreamId i = 1; i <= max_id_; ++i) {
    const std::vector<signals::PathLevel> levels = Explain(tree_, i);
    Stream now;
    if (!levels.empty()) {
      now = {.parent = levels.back().parent,
             .weight = levels.back().weight,
             .active = levels.back().child_active};
    }
    Stream& was = streams_[i];
    const bool moved = was.parent != now.parent || was.weight != now.weight;
    if (moved || was.active != now.active) {
      for (StreamId j = 1; j <= max_id_; ++j) {
        Pair& two = At(std::min(i, j), std::max(i, j));
        two.difference = two.low = two.high = 0;
        At(i, j).lead = At(i, j).least = 0;  // i was not active all the time
        if (moved) At(j, i).lead = At(j, i).least = 0;
      }
    }
    was = now;
  }
}

void FairnessMeter::Note(double* worst, double value, StreamId i, StreamId j) {
  const double bound =
      kGrant / streams_[i].weight + kGrant / streams_[j].weight + slack_;
  if (value / bound <= *worst) return;
  *worst = value / bound;
  if (*worst == result_.Worst()) {
    result_.pair = absl::StrCat(i, ":", streams_[i].weight, " and ", j, ":",
                                streams_[j].weight);
  }
}

void FairnessMeter::Decide(size_t bytes) {
  const std::optional<StreamId> picked = tree_.Pick();
  if (!picked.has_value()) return;
  tree_.Charge(bytes);
  // All of its levels, by the parents that Look() saw.
  for (StreamId c = *picked; c != 0; c = streams_[c].parent) {
    const double sent = static_cast<double>(bytes) / streams_[c].weight;
    for (StreamId s = 1; s <= max_id_; ++s) {
      if (s == c || streams_[s].weight == 0 ||
          streams_[s].parent != streams_[c].parent) {
        continue;
      }
      // c leads s less.
      At(c, s).lead -= sent;
      At(c, s).least = std::min(At(c, s).least, At(c, s).lead);
      if (!streams_[s].active) continue;
      At(s, c).lead += sent;
      Note(&result_.one_sided, At(s, c).lead - At(s, c).least, s, c);
      Pair& two = At(std::min(c, s), std::max(c, s));
      two.difference += c < s ? sent : -sent;
      two.low = std::min(two.low, two.difference);
      two.high = std::max(two.high, two.difference);
      Note(&result_.two_sided, two.high - two.low, c, s);
    }
  }
  if (bytes == 0) Look();  // it is blocked now
}

}  // namespace sluice::priority
