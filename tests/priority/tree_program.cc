#include "tests/priority/tree_program.h"

#include <sluice/signals/path_level.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "tests/priority/tree_inspector.h"

namespace sluice::priority {
namespace {

std::string Text(const Rfc7540Priority& p) {
  return absl::StrCat("on ", p.depends_on, " weight ", p.weight,
                      p.exclusive ? " exclusive" : "");
}

struct Printer {
  std::string operator()(const InsertOp& op) const {
    return absl::StrCat("insert ", op.id, " ",
                        op.priority ? Text(*op.priority) : "default");
  }
  std::string operator()(const ReprioritiseOp& op) const {
    return absl::StrCat("reprioritise ", op.id, " ", Text(op.priority));
  }
  std::string operator()(const CloseOp& op) const {
    return absl::StrCat("close ", op.id);
  }
  std::string operator()(const RemoveOp& op) const {
    return absl::StrCat("remove ", op.id);
  }
  std::string operator()(const ReadyOp& op) const {
    return absl::StrCat("ready ", op.id);
  }
  std::string operator()(const BlockedOp& op) const {
    return absl::StrCat("blocked ", op.id);
  }
  std::string operator()(const PickOp&) const { return "pick"; }
  std::string operator()(const ChargeOp& op) const {
    return absl::StrCat("charge ", op.bytes);
  }
};

Rfc7540Priority RandomPriority(std::mt19937_64& random, StreamId max_id) {
  static constexpr int kWeights[] = {1, 1, 2, 15, 16, 16, 100, 255, 256};
  Rfc7540Priority p;
  p.depends_on =
      random() % 4 == 0 ? 0 : static_cast<StreamId>(random() % (max_id + 1));
  p.weight = random() % 3 == 0 ? static_cast<int>(1 + random() % 256)
                               : kWeights[random() % 9];
  if (random() % 64 == 0) p.weight = random() % 2 == 0 ? 0 : 257;
  p.exclusive = random() % 3 == 0;
  return p;
}

}  // namespace

std::string ToText(const TreeOp& op) { return std::visit(Printer{}, op); }

TreeOp RandomTreeOp(std::mt19937_64& random, StreamId max_id,
                    size_t max_grant) {
  const auto id = static_cast<StreamId>(random() % (max_id + 1));
  switch (random() % 24) {
    case 0:
      return InsertOp{id, std::nullopt};
    case 1:
    case 2:
      return InsertOp{id, RandomPriority(random, max_id)};
    case 3:
    case 4:
      return ReprioritiseOp{id, RandomPriority(random, max_id)};
    case 5:
      if (random() % 2 == 0) return CloseOp{id};
      return RemoveOp{id};
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
      return ReadyOp{id};
    case 12:
    case 13:
      return BlockedOp{id};
    case 14:
    case 15:
    case 16:
    case 17:
    case 18:
      return PickOp{};
    default:
      switch (random() % 8) {
        case 0:
          return ChargeOp{0};
        case 1:
        case 2:
          return ChargeOp{1 + random() % max_grant};
        case 3:
          return ChargeOp{1};
        default:
          return ChargeOp{max_grant};
      }
  }
}

TreePair::TreePair(const PriorityTreeOptions& options)
    : tree_(options),
      oracle_(options, {.slot_shift = TreeInspector(tree_).slot_shift(),
                        .ties_by_id = options.order == TreeOrder::kExactById}) {
}

std::optional<std::string> TreePair::Run(const TreeOp& op) {
  absl::StatusCode expected = absl::StatusCode::kOk;
  absl::Status status;
  if (const auto* o = std::get_if<InsertOp>(&op)) {
    expected = oracle_.Insert(o->id, o->priority);
    status = tree_.Insert(o->id, o->priority);
  } else if (const auto* o = std::get_if<ReprioritiseOp>(&op)) {
    expected = oracle_.Reprioritise(o->id, o->priority);
    status = tree_.Reprioritise(o->id, o->priority);
  } else if (const auto* o = std::get_if<CloseOp>(&op)) {
    expected = oracle_.Close(o->id);
    status = tree_.Close(o->id);
  } else if (const auto* o = std::get_if<RemoveOp>(&op)) {
    expected = oracle_.Remove(o->id);
    status = tree_.Remove(o->id);
  } else if (const auto* o = std::get_if<ReadyOp>(&op)) {
    expected = oracle_.SetReady(o->id);
    status = tree_.SetReady(o->id);
  } else if (const auto* o = std::get_if<BlockedOp>(&op)) {
    expected = oracle_.SetBlocked(o->id);
    status = tree_.SetBlocked(o->id);
  } else if (std::holds_alternative<PickOp>(op)) {
    if (oracle_.pulling()) return std::nullopt;
    const std::optional<StreamId> want = oracle_.Pick();
    const std::optional<StreamId> got = tree_.Pick();
    if (got != want) {
      return absl::StrCat("picked ", got.value_or(0), ", expected ",
                          want.value_or(0), " in ", Dump(tree_));
    }
  } else if (const auto* o = std::get_if<ChargeOp>(&op)) {
    if (!oracle_.pulling()) return std::nullopt;
    oracle_.Charge(o->bytes);
    tree_.Charge(o->bytes);
  }

  if (status.code() != expected) {
    return absl::StrCat("the result is ", status.ToString());
  }
  if (const absl::Status broken = CheckInvariants(tree_); !broken.ok()) {
    return broken.ToString();
  }
  if (Dump(tree_) != oracle_.Dump()) {
    return absl::StrCat("the tree is ", Dump(tree_), ", expected ",
                        oracle_.Dump());
  }
  if (HasReady(tree_) != oracle_.AnyReady()) return "HasReady() differs";
  for (const auto& [id, lag] : oracle_.Lags()) {
    const signals::PathLevel level = Explain(tree_, id).back();
    if (level.tag - level.clock != lag) {
      return absl::StrCat("the tag of ", id, " stands at ",
                          level.tag - level.clock, ", expected ", lag, " in ",
                          Dump(tree_));
    }
  }
  return std::nullopt;
}

}  // namespace sluice::priority
