// Wrong calls of the C ABI, on a handle of every policy.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "adapters/c/sluice.h"
#include "gtest/gtest.h"
#include "tests/misuse/misuse.h"

namespace sluice::testing {
namespace {

// Streams 1 and 3 are open and ready, 5 is open and blocked, 7 was closed. At
// most four ids are kept.
class Handle {
 public:
  explicit Handle(const char* spec) {
    sluice_options options = SLUICE_OPTIONS_INIT;
    options.max_streams = 4;
    EXPECT_EQ(sluice_create(SLUICE_ABI_VERSION, spec, &options, &policy_),
              SLUICE_OK);
    for (const uint32_t id : {1, 3, 5, 7}) {
      EXPECT_EQ(sluice_open(policy_, id, nullptr, nullptr), SLUICE_OK);
    }
    EXPECT_EQ(sluice_ready(policy_, 1), SLUICE_OK);
    EXPECT_EQ(sluice_ready(policy_, 3), SLUICE_OK);
    EXPECT_EQ(sluice_close(policy_, 7), SLUICE_OK);
  }
  ~Handle() { sluice_destroy(policy_); }

  sluice_policy* get() { return policy_; }

  // All counts but that of refused calls.
  std::string State() const {
    sluice_stats stats;
    EXPECT_EQ(sluice_get_stats(policy_, &stats), SLUICE_OK);
    std::string state;
    for (const uint64_t count :
         {stats.picks, stats.empty_picks, stats.empty_grants, stats.bytes,
          stats.opened, stats.closed, stats.open_streams,
          stats.ready_streams}) {
      state += std::to_string(count) + " ";
    }
    return state;
  }

  // A request comes, is answered, and ends.
  void Exchange() {
    const uint32_t id = next_id_;
    next_id_ += 2;
    EXPECT_EQ(sluice_blocked(policy_, 1), SLUICE_OK);
    EXPECT_EQ(sluice_blocked(policy_, 3), SLUICE_OK);
    EXPECT_EQ(sluice_open(policy_, id, nullptr, nullptr), SLUICE_OK);
    EXPECT_EQ(sluice_ready(policy_, id), SLUICE_OK);
    sluice_grant grant;
    ASSERT_EQ(sluice_pick(policy_, &grant), SLUICE_OK);
    EXPECT_EQ(grant.stream_id, id);
    EXPECT_EQ(sluice_charge(policy_, id, grant.max_bytes), SLUICE_OK);
    EXPECT_EQ(sluice_close(policy_, id), SLUICE_OK);
    EXPECT_EQ(sluice_pick(policy_, &grant), SLUICE_NOTHING_READY);
    EXPECT_EQ(sluice_ready(policy_, 1), SLUICE_OK);
    EXPECT_EQ(sluice_ready(policy_, 3), SLUICE_OK);
  }

 private:
  sluice_policy* policy_ = nullptr;
  uint32_t next_id_ = 9;
};

using Row = Misuse<Handle, int, int>;

constexpr uint32_t kBeyond = 0x80000000u;
constexpr int kWrong = SLUICE_ERROR_INVALID_ARGUMENT;
constexpr int kMost = std::numeric_limits<int>::max();
constexpr int kLeast = std::numeric_limits<int>::min();

// --- What a stream is told ---------------------------------------------------

int Open(Handle& of, uint32_t id, const sluice_rfc7540& said) {
  return sluice_open(of.get(), id, &said, nullptr);
}
int Open(Handle& of, uint32_t id, const sluice_rfc9218& said) {
  return sluice_open(of.get(), id, nullptr, &said);
}
int Tell(Handle& of, uint32_t id, const sluice_rfc7540& said) {
  return sluice_priority_7540(of.get(), id, &said);
}
int Tell(Handle& of, uint32_t id, const sluice_rfc9218& said) {
  return sluice_priority_9218(of.get(), id, &said);
}
int Override(Handle& of, uint32_t id, const sluice_rfc7540& said) {
  return sluice_set_server_priority(of.get(), id, &said, nullptr);
}
int Override(Handle& of, uint32_t id, const sluice_rfc9218& said) {
  return sluice_set_server_priority(of.get(), id, nullptr, &said);
}
int Hint(Handle& of, uint32_t id, int resource_class, unsigned flags) {
  const sluice_hints hints = {SLUICE_SIZE_UNKNOWN, resource_class, flags};
  return sluice_set_hints(of.get(), id, &hints);
}

// The same faults by each of the three calls that take a priority.
template <class Say>
void AddPriorities(const char* const (&names)[9], Say say,
                   std::vector<Row>* rows) {
  const auto add = [&](size_t i, auto said, const char* given,
                       const char* allowed) {
    rows->push_back({names[i],
                     [say, said](Handle& of) { return say(of, said); }, kWrong,
                     given, allowed});
  };
  add(0, sluice_rfc7540{0, 0, 0}, "weight 0", "1 to 256");
  add(1, sluice_rfc7540{0, 257, 0}, "weight 257", "1 to 256");
  add(2, sluice_rfc7540{0, kLeast, 0}, "weight -2147483648", "1 to 256");
  add(3, sluice_rfc7540{0, 16, 2}, "exclusive 2", "0 or 1");
  add(4, sluice_rfc7540{kBeyond, 16, 0}, "2147483648", "1 to 2147483647");
  add(5, sluice_rfc9218{-1, 0}, "urgency -1", "0 to 7");
  add(6, sluice_rfc9218{8, 0}, "urgency 8", "0 to 7");
  add(7, sluice_rfc9218{3, 7}, "incremental 7", "0 or 1");
  add(8, sluice_rfc9218{3, -1}, "incremental -1", "0 or 1");
}

std::vector<Row> PriorityRows() {
  std::vector<Row> rows = {
      {"a PRIORITY frame on itself",
       [](Handle& of) {
         return Tell(of, 9, sluice_rfc7540{9, 16, 0});
       },
       kWrong, "stream 9 depends on itself", "0 or another"},
      {"a stream opens on itself",
       [](Handle& of) {
         return Open(of, 9, sluice_rfc7540{9, 16, 0});
       },
       kWrong, "stream 9 depends on itself", "0 or another"},
      {"an override on itself",
       [](Handle& of) {
         return Override(of, 3, sluice_rfc7540{3, 16, 1});
       },
       kWrong, "stream 3 depends on itself", "0 or another"},
      {"a PRIORITY frame for stream 0",
       [](Handle& of) {
         return Tell(of, 0, sluice_rfc7540{3, 16, 0});
       },
       kWrong, "0 is no", "1 to 2147483647"},
      {"a PRIORITY_UPDATE for stream 0",
       [](Handle& of) {
         return Tell(of, 0, sluice_rfc9218{3, 0});
       },
       kWrong, "0 is no", "1 to 2147483647"},
      {"a PRIORITY_UPDATE beyond the last id",
       [](Handle& of) {
         return Tell(of, kBeyond, sluice_rfc9218{3, 0});
       },
       kWrong, "2147483648 is no", "1 to 2147483647"},
      {"one override, both wrong",
       [](Handle& of) {
         const sluice_rfc7540 node = {0, 16, kMost};
         const sluice_rfc9218 level = {3, 2};
         return sluice_set_server_priority(of.get(), 1, &node, &level);
       },
       kWrong, "exclusive 2147483647", "0 or 1"},
      {"an override of a stream that never opened",
       [](Handle& of) {
         return Override(of, 9999, sluice_rfc9218{3, 0});
       },
       SLUICE_ERROR_NOT_FOUND, "stream 9999 is not open", "open streams"},
      {"an override of a closed stream",
       [](Handle& of) {
         return Override(of, 7, sluice_rfc9218{3, 0});
       },
       SLUICE_ERROR_NOT_FOUND, "stream 7 is not open", "open streams"},
      {"no override of a closed stream",
       [](Handle& of) {
         return sluice_set_server_priority(of.get(), 7, nullptr, nullptr);
       },
       SLUICE_ERROR_NOT_FOUND, "stream 7 is not open", "open streams"},
      {"signals for more ids than are kept",
       [](Handle& of) {
         for (uint32_t id = 1001; id < 1099; id += 2) {
           const int code = Tell(of, id, sluice_rfc9218{3, 0});
           if (code != SLUICE_OK) return code;
         }
         return 0;
       },
       SLUICE_ERROR_RESOURCE_EXHAUSTED, "streams are known", "limit is 4"},
  };
  AddPriorities(
      {"opens with weight 0", "opens with weight 257",
       "opens with the least weight", "opens with exclusive 2",
       "opens on an id beyond the last", "opens with urgency -1",
       "opens with urgency 8", "opens with incremental 7",
       "opens with incremental -1"},
      [](Handle& of, auto said) { return Open(of, 9, said); }, &rows);
  AddPriorities(
      {"a frame with weight 0", "a frame with weight 257",
       "a frame with the least weight", "a frame with exclusive 2",
       "a frame on an id beyond the last", "a frame with urgency -1",
       "a frame with urgency 8", "a frame with incremental 7",
       "a frame with incremental -1"},
      [](Handle& of, auto said) { return Tell(of, 3, said); }, &rows);
  AddPriorities(
      {"an override with weight 0", "an override with weight 257",
       "an override with the least weight", "an override with exclusive 2",
       "an override on an id beyond the last", "an override with urgency -1",
       "an override with urgency 8", "an override with incremental 7",
       "an override with incremental -1"},
      [](Handle& of, auto said) { return Override(of, 3, said); }, &rows);
  return rows;
}

// --- Streams and grants ------------------------------------------------------

// The same call for an id that is not open, for four reasons.
void AddNotOpen(const char* const (&names)[4],
                int (*call)(sluice_policy*, uint32_t), std::vector<Row>* rows) {
  constexpr struct {
    uint32_t id;
    const char* given;
  } kIds[] = {{0, "stream 0 is not open"},
              {7, "stream 7 is not open"},
              {9999, "stream 9999 is not open"},
              {kBeyond, "stream 2147483648 is not open"}};
  for (size_t i = 0; i < std::size(kIds); ++i) {
    const uint32_t id = kIds[i].id;
    rows->push_back({names[i],
                     [call, id](Handle& of) { return call(of.get(), id); },
                     SLUICE_ERROR_NOT_FOUND, kIds[i].given, "open streams"});
  }
}

int Charge(Handle& of, uint32_t id, size_t bytes) {
  return sluice_charge(of.get(), id, bytes);
}

// Between a pick and its charge, which follows.
int WithGrant(Handle& of, int (*call)(Handle& of, const sluice_grant& grant)) {
  sluice_grant grant;
  EXPECT_EQ(sluice_pick(of.get(), &grant), SLUICE_OK);
  const int code = call(of, grant);
  const std::string text = sluice_error_text(of.get());
  EXPECT_EQ(Charge(of, grant.stream_id, 0), SLUICE_OK);
  sluice_ready(of.get(), grant.stream_id);
  EXPECT_EQ(sluice_error_text(of.get()), text);
  return code;
}

std::vector<Row> StreamRows() {
  std::vector<Row> rows = {
      {"stream 0 opens",
       [](Handle& of) { return sluice_open(of.get(), 0, nullptr, nullptr); },
       kWrong, "0 is no", "1 to 2147483647"},
      {"a stream beyond the last opens",
       [](Handle& of) {
         return sluice_open(of.get(), kBeyond, nullptr, nullptr);
       },
       kWrong, "2147483648 is no", "1 to 2147483647"},
      {"a reserved stream opens",
       [](Handle& of) {
         return sluice_open(of.get(), 0x7fffffe0, nullptr, nullptr);
       },
       kWrong, "stream 2147483616", "even ids"},
      {"a stream opens twice",
       [](Handle& of) { return sluice_open(of.get(), 1, nullptr, nullptr); },
       SLUICE_ERROR_ALREADY_EXISTS, "stream 1 is open", "close it before"},
      {"a charge without a pick", [](Handle& of) { return Charge(of, 1, 10); },
       SLUICE_ERROR_WRONG_STATE, "stream 1 holds no grant", "pick"},
      {"a charge of nothing without a pick",
       [](Handle& of) { return Charge(of, 1, 0); }, SLUICE_ERROR_WRONG_STATE,
       "stream 1 holds no grant", "pick"},
      {"a charge of stream 0", [](Handle& of) { return Charge(of, 0, 0); },
       SLUICE_ERROR_WRONG_STATE, "stream 0 holds no grant", "pick"},
      {"a second pick",
       [](Handle& of) {
         return WithGrant(of, [](Handle& of, const sluice_grant&) {
           sluice_grant second;
           return sluice_pick(of.get(), &second);
         });
       },
       SLUICE_ERROR_WRONG_STATE, "holds a grant of 16384 bytes", "charge it"},
      {"a charge of another stream",
       [](Handle& of) {
         return WithGrant(of, [](Handle& of, const sluice_grant&) {
           return Charge(of, 5, 10);
         });
       },
       SLUICE_ERROR_WRONG_STATE, "stream 5 holds no grant", "does"},
      {"a charge of one byte too many",
       [](Handle& of) {
         return WithGrant(of, [](Handle& of, const sluice_grant& grant) {
           return Charge(of, grant.stream_id, grant.max_bytes + 1);
         });
       },
       kWrong, "16385 bytes", "at most 16384"},
      {"a charge of all bytes there are",
       [](Handle& of) {
         return WithGrant(of, [](Handle& of, const sluice_grant& grant) {
           return Charge(of, grant.stream_id, SIZE_MAX);
         });
       },
       kWrong, "18446744073709551615 bytes", "at most 16384"},
      {"hints of a class -1", [](Handle& of) { return Hint(of, 1, -1, 0); },
       kWrong, "resource_class -1", "0 to 8"},
      {"hints of a class 9", [](Handle& of) { return Hint(of, 1, 9, 0); },
       kWrong, "resource_class 9", "0 to 8"},
      {"hints of the largest class",
       [](Handle& of) { return Hint(of, 1, kMost, 0); }, kWrong,
       "resource_class 2147483647", "0 to 8"},
      {"hints with a flag too many",
       [](Handle& of) { return Hint(of, 1, 0, 128); }, kWrong, "flags 0x80",
       "bits of 0x7f"},
      {"hints with every flag", [](Handle& of) { return Hint(of, 1, 0, ~0u); },
       kWrong, "flags 0xffffffff", "bits of 0x7f"},
      {"hints of a closed stream", [](Handle& of) { return Hint(of, 7, 0, 0); },
       SLUICE_ERROR_NOT_FOUND, "stream 7 is not open", "open streams"},
  };
  AddNotOpen({"0 is ready", "a closed stream is ready",
              "an unknown stream is ready", "an id beyond the last is ready"},
             sluice_ready, &rows);
  AddNotOpen(
      {"0 is blocked", "a closed stream is blocked",
       "an unknown stream is blocked", "an id beyond the last is blocked"},
      sluice_blocked, &rows);
  AddNotOpen({"0 is closed", "a stream is closed twice",
              "an unknown stream is closed", "an id beyond the last is closed"},
             sluice_close, &rows);
  return rows;
}

std::vector<Row> NullRows() {
  return {
      {"a PRIORITY frame without a value",
       [](Handle& of) { return sluice_priority_7540(of.get(), 1, nullptr); },
       kWrong, "rfc7540 is NULL", "must point to"},
      {"a PRIORITY_UPDATE without a value",
       [](Handle& of) { return sluice_priority_9218(of.get(), 1, nullptr); },
       kWrong, "rfc9218 is NULL", "must point to"},
      {"hints without a value",
       [](Handle& of) { return sluice_set_hints(of.get(), 1, nullptr); },
       kWrong, "hints is NULL", "must point to"},
      {"a pick without a place",
       [](Handle& of) { return sluice_pick(of.get(), nullptr); }, kWrong,
       "grant is NULL", "must point to"},
      {"stats without a place",
       [](Handle& of) { return sluice_get_stats(of.get(), nullptr); }, kWrong,
       "stats is NULL", "must point to"},
  };
}

std::vector<Row> AllRows() {
  std::vector<Row> rows = PriorityRows();
  for (const auto& more : {StreamRows(), NullRows()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

class CAbiMisuseTest : public ::testing::TestWithParam<const char*> {};

TEST_P(CAbiMisuseTest, AWrongCallSaysWhyAndChangesNothing) {
  const std::vector<Row> rows = AllRows();
  ExpectTable(rows, 60);
  Handle shared(GetParam());  // by every row in turn
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Handle own(GetParam());
    for (Handle* handle : {&shared, &own}) {
      const std::string before = handle->State();
      const int code = row.call(*handle);
      EXPECT_EQ(code, row.code) << sluice_error_name(code);
      ExpectSays(sluice_error_text(handle->get()), row.given, row.allowed);
      // A row that needs a grant counts it, charged with nothing.
      if (row.code != SLUICE_ERROR_WRONG_STATE &&
          std::strstr(row.name, "charge") == nullptr) {
        EXPECT_EQ(handle->State(), before);
      }
      handle->Exchange();
    }
  }
}

std::vector<const char*> PolicyNames() {
  std::vector<const char*> names = {"auto:via=share"};
  for (size_t i = 0; sluice_policy_name(i) != nullptr; ++i) {
    names.push_back(sluice_policy_name(i));
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(EveryPolicy, CAbiMisuseTest,
                         ::testing::ValuesIn(PolicyNames()));

// A callback may make every call but sluice_destroy(); wrong ones are refused
// there as anywhere.
TEST(CAbiCallbackTest, WrongCallsInTheCallbackAreRefusedToo) {
  Handle handle("rfc7540");
  struct Seen {
    Handle* handle;
    size_t refused = 0;
  } seen = {&handle};
  ASSERT_EQ(sluice_set_trace(
                handle.get(),
                [](void* user, const sluice_decision* decision) {
                  auto* of = static_cast<Seen*>(user);
                  for (const Row& row : StreamRows()) {
                    // The charge is done: those rows make picks of their own.
                    if (std::strstr(row.name, "charge") ||
                        std::strstr(row.name, "second pick")) {
                      continue;
                    }
                    SCOPED_TRACE(row.name);
                    EXPECT_EQ(row.call(*of->handle), row.code);
                    ++of->refused;
                  }
                  EXPECT_EQ(Charge(*of->handle, decision->grant.stream_id, 1),
                            SLUICE_ERROR_WRONG_STATE);
                },
                &seen),
            SLUICE_OK);
  sluice_grant grant;
  ASSERT_EQ(sluice_pick(handle.get(), &grant), SLUICE_OK);
  ASSERT_EQ(Charge(handle, grant.stream_id, 1), SLUICE_OK);
  EXPECT_GT(seen.refused, 20u);
  ASSERT_EQ(sluice_set_trace(handle.get(), nullptr, nullptr), SLUICE_OK);
  handle.Exchange();
}

}  // namespace
}  // namespace sluice::testing
