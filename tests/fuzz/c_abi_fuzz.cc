// Fuzzes the C ABI (adapters/c/sluice.h) beside a model of its streams: any
// policy, limits drawn small, an allocator that fails now and then.
//
// Operations: every call, with ids that are open, idle, closed or impossible,
// members out of range, NULL where a value is needed, a charge for a stream
// without a grant and for more bytes than granted; calls from inside of the
// trace callback; two policies in turn, so that neither sees the other's data.
//
// Invariants:
//   - a call is refused for the reason that the header names, with words, and
//     by no other code; a refused call changes nothing in the statistics but
//     `refused`, and takes no memory;
//   - sluice_pick() gives a stream that the model has ready, at least one byte
//     and at most max_grant; it gives none only when none is ready;
//   - the statistics count what happened;
//   - every block goes back to the allocator, with its size;
//   - the parsers of fields agree with the C++ ones, NULL and all.
//
// Input: for each policy its options; then the kind of each operation and its
// arguments.
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "adapters/c/sluice.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"

namespace sluice::fuzz {
namespace {

// The caller's memory.
struct Heap {
  std::map<void*, size_t> blocks;
  uint64_t calls = 0;
  unsigned fails_every = 0;  // 0: never

  static void* Take(void* user, size_t size) {
    auto* heap = static_cast<Heap*>(user);
    Check(size > 0, "a block of 0 bytes");
    ++heap->calls;
    if (heap->fails_every != 0 && heap->calls % heap->fails_every == 0) {
      return nullptr;
    }
    void* block = std::malloc(size);
    heap->blocks[block] = size;
    return block;
  }
  static void GiveBack(void* user, void* block, size_t size) {
    auto* heap = static_cast<Heap*>(user);
    const auto found = heap->blocks.find(block);
    Check(found != heap->blocks.end() && found->second == size,
          "a block of another size, or none");
    heap->blocks.erase(found);
    std::free(block);
  }
};

// What the model knows of an open stream. Between a charge and the next
// sluice_ready() or sluice_blocked() the policy may have it either way.
enum class Readiness { kBlocked, kReady, kUnknown };

class Handle {
 public:
  explicit Handle(Input* input) : input_(*input) {
    if (input_.Byte() % 8 == 7) heap_.fails_every = 2 + input_.Byte() % 16;
    sluice_options options = SLUICE_OPTIONS_INIT;
    options.max_grant = std::max<size_t>(input_.Limit(16384), 1);
    options.max_streams = std::max<size_t>(input_.Limit(1000), 1);
    options.max_closed_streams = input_.Limit(100);
    const sluice_allocator allocator = {Heap::Take, Heap::GiveBack, &heap_};
    options.allocator = &allocator;
    max_grant_ = options.max_grant;
    size_t policies = 0;
    while (sluice_policy_name(policies) != nullptr) ++policies;
    const char* name = sluice_policy_name(input_.Byte() % policies);
    const int made =
        sluice_create(SLUICE_ABI_VERSION, name, &options, &policy_);
    Check(made == SLUICE_OK || (made == SLUICE_ERROR_NO_MEMORY &&
                                heap_.fails_every != 0 && policy_ == nullptr),
          "a policy cannot be made");
    if (made != SLUICE_OK) Check(*sluice_error_text(nullptr) != '\0', "words");
    sluice_set_trace(policy_, OnDecision, this);
  }

  ~Handle() {
    sluice_destroy(policy_);
    Check(heap_.blocks.empty(), "a block was not given back");
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  void Operate() {
    const uint64_t calls = heap_.calls;
    const sluice_stats before = Stats();
    inside_ = false;
    const int result = Call();
    const sluice_stats after = Stats();
    Check((result < 0) == (*sluice_error_text(policy_) != '\0') || result >= 0,
          "a refusal without words");
    Check(std::strcmp(sluice_error_name(result), "SLUICE_UNKNOWN") != 0 &&
              result != SLUICE_ERROR_INTERNAL,
          absl::StrCat("result ", result));
    if (policy_ == nullptr) {
      Check(result == SLUICE_ERROR_INVALID_ARGUMENT, "NULL is no policy");
      return;
    }
    if (result < 0 && !inside_) {
      Check(heap_.calls == calls, "a refused call took memory");
      sluice_stats same = after;
      same.refused = before.refused;
      Check(std::memcmp(&same, &before, sizeof(same)) == 0,
            "a refused call did something");
    }
    Check(after.open_streams == streams_.size(), "another number of streams");
    Check(after.open_streams == after.opened - after.closed, "opened, closed");
    Check(after.bytes == bytes_, "another number of bytes");
  }

 private:
  int Call() {
    const uint8_t kind = input_.Byte();
    const uint32_t id = DrawId();
    switch (kind % 16) {
      case 0:
      case 1:
      case 2:
        return Open(id);
      case 3: {
        sluice_rfc7540 node;
        const sluice_rfc7540* given = DrawNode(&node);
        const int result = sluice_priority_7540(policy_, id, given);
        return Expect(result, Fits(id) && given != nullptr && Fits(id, *given),
                      {SLUICE_ERROR_INVALID_ARGUMENT},
                      {SLUICE_ERROR_RESOURCE_EXHAUSTED});
      }
      case 4: {
        sluice_rfc9218 level;
        const sluice_rfc9218* given = DrawLevel(&level);
        const int result = sluice_priority_9218(policy_, id, given);
        return Expect(result, Fits(id) && given != nullptr && Fits(*given),
                      {SLUICE_ERROR_INVALID_ARGUMENT},
                      {SLUICE_ERROR_RESOURCE_EXHAUSTED});
      }
      case 5:
        return SetHints(id);
      case 6:
        return SetServerPriority(id);
      case 7:
      case 8:
      case 9:
        return Set(id, Readiness::kReady, sluice_ready(policy_, id));
      case 10:
        return Set(id, Readiness::kBlocked, sluice_blocked(policy_, id));
      case 11: {
        const int result = sluice_close(policy_, id);
        ExpectOpen(result, id);
        if (result == SLUICE_OK) streams_.erase(id);
        return result;
      }
      case 12:
        if (kind < 32) return sluice_no_rfc7540_priorities(policy_);
        return Charge(id);
      case 13:
        if (kind < 32) return sluice_advance_time(policy_, input_.Size());
        return Charge(granted_);
      default:
        return Pick(kind);
    }
  }

  int Open(uint32_t id) {
    sluice_rfc7540 node;
    sluice_rfc9218 level;
    const sluice_rfc7540* rfc7540 = DrawNode(&node);
    const sluice_rfc9218* rfc9218 = DrawLevel(&level);
    const int result = sluice_open(policy_, id, rfc7540, rfc9218);
    if (policy_ == nullptr) return result;
    const bool legal = Fits(id) && Fits(id, rfc7540, rfc9218);
    if (!legal || streams_.contains(id)) {
      Check(result == SLUICE_ERROR_NO_MEMORY ||
                (result == SLUICE_ERROR_ALREADY_EXISTS &&
                 streams_.contains(id)) ||
                (result == SLUICE_ERROR_INVALID_ARGUMENT && !legal),
            absl::StrCat("opening it: ", result));
      return result;
    }
    Check(result == SLUICE_OK || LacksMemory(result), "opening never fails");
    if (result == SLUICE_OK) streams_[id] = Readiness::kBlocked;
    return result;
  }

  int SetHints(uint32_t id) {
    sluice_hints hints = SLUICE_HINTS_INIT;
    const uint8_t which = input_.Byte();
    if (which & 1) hints.bytes_remaining = input_.Size() - 1;
    hints.resource_class = which & 2 ? DrawInt() : 3;
    hints.flags = which & 4 ? input_.Byte() : 0;
    const bool null = which % 32 == 31;
    const int result = sluice_set_hints(policy_, id, null ? nullptr : &hints);
    const bool legal = !null && hints.resource_class >= 0 &&
                       hints.resource_class <= SLUICE_CLASS_OTHER &&
                       hints.flags < 128;
    return Expect(result, legal && streams_.contains(id),
                  {SLUICE_ERROR_INVALID_ARGUMENT, SLUICE_ERROR_NOT_FOUND}, {});
  }

  int SetServerPriority(uint32_t id) {
    sluice_rfc7540 node;
    sluice_rfc9218 level;
    const sluice_rfc7540* rfc7540 = DrawNode(&node);
    const sluice_rfc9218* rfc9218 = DrawLevel(&level);
    const int result =
        sluice_set_server_priority(policy_, id, rfc7540, rfc9218);
    return Expect(result, streams_.contains(id) && Fits(id, rfc7540, rfc9218),
                  {SLUICE_ERROR_INVALID_ARGUMENT, SLUICE_ERROR_NOT_FOUND}, {});
  }

  int Set(uint32_t id, Readiness readiness, int result) {
    ExpectOpen(result, id);
    if (result == SLUICE_OK) {
      streams_[id] = readiness;
      // It holds the grant: the call takes effect after the charge. To be ready
      // is no news then, and a charge of 0 bytes may block it.
      if (id == granted_) {
        said_ =
            readiness == Readiness::kReady ? Readiness::kUnknown : readiness;
      }
    }
    return result;
  }

  int Pick(uint8_t kind) {
    sluice_grant grant;
    const bool null = kind % 64 == 63;
    const int result = sluice_pick(policy_, null ? nullptr : &grant);
    if (policy_ == nullptr) return result;
    if (null || granted_ != 0) {
      Check((null && result == SLUICE_ERROR_INVALID_ARGUMENT) ||
                (granted_ != 0 && result == SLUICE_ERROR_WRONG_STATE),
            "a pick that is none");
      return result;
    }
    if (result == SLUICE_NOTHING_READY) {
      for (const auto& [id, readiness] : streams_) {
        Check(readiness != Readiness::kReady,
              absl::StrCat("stream ", id, " is ready"));
      }
      return result;
    }
    Check(result == SLUICE_OK, "a pick fails");
    const auto found = streams_.find(grant.stream_id);
    Check(found != streams_.end() && found->second != Readiness::kBlocked,
          "a grant for a stream that is not ready");
    Check(grant.max_bytes >= 1 && grant.max_bytes <= max_grant_, "a grant");
    Check(grant.reason_length > 0, "a grant without a reason");
    granted_ = grant.stream_id;
    granted_bytes_ = grant.max_bytes;
    said_.reset();
    return result;
  }

  int Charge(uint32_t id) {
    const size_t bytes = input_.Byte() % 8 == 0
                             ? granted_bytes_
                             : (input_.Size() - 1) % (granted_bytes_ + 2);
    const bool legal = granted_ != 0 && id == granted_;
    const bool fits = bytes <= granted_bytes_;
    const bool was_open = streams_.contains(id);
    if (legal && fits) {
      // Before the call: the trace callback sees it too.
      bytes_ += bytes;
      granted_ = 0;
      if (was_open) streams_[id] = said_.value_or(Readiness::kUnknown);
    }
    const int result = sluice_charge(policy_, id, bytes);
    if (policy_ == nullptr) return result;
    const int expected = !legal  ? SLUICE_ERROR_WRONG_STATE
                         : !fits ? SLUICE_ERROR_INVALID_ARGUMENT
                                 : SLUICE_OK;
    Check(result == expected, absl::StrCat("a charge: ", result));
    return result;
  }

  static void OnDecision(void* user, const sluice_decision* decision) {
    auto* self = static_cast<Handle*>(user);
    Check(decision->bytes <= decision->grant.max_bytes, "charged too much");
    Check(decision->number == self->decisions_++, "a decision is missing");
    if (self->depth_ > 0 || self->input_.Byte() % 4 != 0) return;
    ++self->depth_;
    self->Call();
    --self->depth_;
    self->inside_ = true;
  }

  // --- What the header says --------------------------------------------------

  static bool Fits(uint32_t id) {
    return id != 0 && id <= 0x7fffffff && (id % 2 == 1 || id < 0x7fffffe0);
  }
  static bool Fits(uint32_t id, const sluice_rfc7540& node) {
    return node.weight >= 1 && node.weight <= 256 && node.depends_on != id &&
           node.depends_on <= 0x7fffffff &&
           (node.exclusive == 0 || node.exclusive == 1);
  }
  static bool Fits(const sluice_rfc9218& level) {
    return level.urgency >= 0 && level.urgency <= 7 &&
           (level.incremental == 0 || level.incremental == 1);
  }
  static bool Fits(uint32_t id, const sluice_rfc7540* node,
                   const sluice_rfc9218* level) {
    return (node == nullptr || Fits(id, *node)) &&
           (level == nullptr || Fits(*level));
  }
  bool LacksMemory(int result) const {
    return result == SLUICE_ERROR_NO_MEMORY && heap_.fails_every != 0;
  }

  int Expect(int result, bool legal, std::initializer_list<int> refusals,
             std::initializer_list<int> limits) const {
    if (policy_ == nullptr || LacksMemory(result)) return result;
    const auto has = [result](std::initializer_list<int> codes) {
      return std::find(codes.begin(), codes.end(), result) != codes.end();
    };
    Check(legal ? result == SLUICE_OK || has(limits) : has(refusals),
          absl::StrCat("it returns ", result));
    return result;
  }

  void ExpectOpen(int result, uint32_t id) const {
    Expect(result, streams_.contains(id), {SLUICE_ERROR_NOT_FOUND}, {});
  }

  sluice_stats Stats() const {
    sluice_stats stats = {};
    sluice_get_stats(policy_, &stats);
    return stats;
  }

  // --- Arguments -------------------------------------------------------------

  uint32_t DrawId() {
    constexpr uint32_t kEdges[] = {0,          0x7fffffff, 0x7ffffffe,
                                   0x7fffffdf, 0x7fffffe0, 0x80000000u,
                                   UINT32_MAX};
    const uint8_t byte = input_.Byte();
    return byte < 240 ? byte % 12 : kEdges[byte % std::size(kEdges)];
  }
  int DrawInt() {
    constexpr int kInts[] = {0, 1, 2, 7, 8, 16, 256, 257, -1, INT_MIN, INT_MAX};
    return kInts[input_.Byte() % std::size(kInts)];
  }
  const sluice_rfc7540* DrawNode(sluice_rfc7540* node) {
    const uint8_t which = input_.Byte();
    if (which % 4 == 0) return nullptr;
    *node = {DrawId(), which & 8 ? DrawInt() : 1 + input_.Byte(),
             which & 16 ? DrawInt() : which >> 7};
    return node;
  }
  const sluice_rfc9218* DrawLevel(sluice_rfc9218* level) {
    const uint8_t which = input_.Byte();
    if (which % 4 == 0) return nullptr;
    *level = {which & 8 ? DrawInt() : which >> 5, which & 16 ? DrawInt() : 1};
    return level;
  }

  Input& input_;
  Heap heap_;
  sluice_policy* policy_ = nullptr;
  size_t max_grant_ = 0;
  std::map<uint32_t, Readiness> streams_;
  uint32_t granted_ = 0;  // 0: no grant
  size_t granted_bytes_ = 0;
  std::optional<Readiness> said_;  // of the granted stream, since the pick
  uint64_t bytes_ = 0;
  uint64_t decisions_ = 0;
  int depth_ = 0;        // in the callback
  bool inside_ = false;  // a call came from there
};

void Parse(Input& input) {
  const std::string text = input.Bytes(input.Byte() % 64);
  sluice_rfc9218 level = {-1, -1};
  const auto expected = signals::ParseRfc9218Priority(text);
  const int result = sluice_parse_priority(text.data(), text.size(), &level);
  Check(result == (expected ? SLUICE_OK : SLUICE_ERROR_INVALID_ARGUMENT),
        "a field");
  Check(!expected || (level.urgency == expected->urgency &&
                      level.incremental == (expected->incremental ? 1 : 0)),
        "another priority");
  Check(expected || level.urgency == -1, "a refused field wrote");
  uint32_t id = 0;
  const int update =
      sluice_parse_priority_update(text.data(), text.size(), &id, &level);
  Check(update == SLUICE_OK || update == SLUICE_ERROR_INVALID_ARGUMENT ||
            update == SLUICE_ERROR_BAD_FRAME,
        "a payload");
  Check(update != SLUICE_OK || (id >= 1 && id <= 0x7fffffff), "an id");
  Check(sluice_parse_priority(nullptr, 0, &level) == SLUICE_OK, "NULL and 0");
  Check(sluice_parse_priority("u=1", 3, nullptr) < 0, "nowhere to write");
}

}  // namespace
}  // namespace sluice::fuzz

SLUICE_FUZZ_TARGET(c_abi_fuzz)(const uint8_t* data, size_t size) {
  using sluice::fuzz::Handle;
  sluice::fuzz::Input input(data, size);
  std::unique_ptr<Handle> handles[2];
  for (auto& handle : handles) handle = std::make_unique<Handle>(&input);
  while (!input.empty()) {
    const uint8_t which = input.Byte();
    if (which == 255) {
      sluice::fuzz::Parse(input);
    } else if (which == 254) {
      handles[0] = std::make_unique<Handle>(&input);
    } else {
      handles[which % 2]->Operate();
    }
  }
}
