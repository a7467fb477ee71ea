// Wrong calls of the C ABI that have no handle: makers, parsers, and NULL.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "adapters/c/sluice.h"
#include "gtest/gtest.h"
#include "tests/misuse/misuse.h"

namespace sluice::testing {
namespace {

constexpr int kWrong = SLUICE_ERROR_INVALID_ARGUMENT;
constexpr int kLeast = std::numeric_limits<int>::min();

struct Nobody {};
using BareRow = Misuse<Nobody, int, int>;

int Create(const char* spec, const sluice_options* options = nullptr,
           int version = SLUICE_ABI_VERSION) {
  sluice_policy* policy = reinterpret_cast<sluice_policy*>(&policy);
  const int code = sluice_create(version, spec, options, &policy);
  EXPECT_EQ(policy, nullptr);
  return code;
}

int CreateWith(size_t max_grant, size_t max_streams, size_t max_closed) {
  const sluice_options options = {max_grant, max_streams, max_closed, nullptr};
  return Create("rr", &options);
}

int CreateWith(const sluice_allocator& allocator) {
  sluice_options options = SLUICE_OPTIONS_INIT;
  options.allocator = &allocator;
  return Create("rr", &options);
}

void* NoMemory(void*, size_t) { return nullptr; }
void Free(void*, void* block, size_t) { std::free(block); }

int Parse(const char* text) {
  sluice_rfc9218 rfc9218 = {5, 1};
  const int code = sluice_parse_priority(text, std::strlen(text), &rfc9218);
  EXPECT_EQ(rfc9218.urgency, 5);
  EXPECT_EQ(rfc9218.incremental, 1);
  return code;
}

int ParseUpdate(const std::string& payload) {
  uint32_t id = 77;
  sluice_rfc9218 rfc9218 = {5, 1};
  const int code = sluice_parse_priority_update(payload.data(), payload.size(),
                                                &id, &rfc9218);
  EXPECT_EQ(id, 77u);
  EXPECT_EQ(rfc9218.urgency, 5);
  return code;
}

std::vector<BareRow> CreateRows() {
  return {
      {"an ABI of another version",
       [](Nobody&) { return Create("rr", nullptr, SLUICE_ABI_VERSION + 1); },
       SLUICE_ERROR_ABI_VERSION, "version 2", "the library has 1"},
      {"no place for the policy",
       [](Nobody&) {
         return sluice_create(SLUICE_ABI_VERSION, "rr", nullptr, nullptr);
       },
       kWrong, "policy is NULL", "must point to"},
      {"no spec", [](Nobody&) { return Create(nullptr); }, kWrong,
       "spec is NULL", "must point to"},
      {"an empty spec", [](Nobody&) { return Create(""); },
       SLUICE_ERROR_NOT_FOUND, "no policy ''", "known: auto"},
      {"an unknown policy", [](Nobody&) { return Create("best"); },
       SLUICE_ERROR_NOT_FOUND, "no policy 'best'", "rfc9218"},
      {"a name in upper case", [](Nobody&) { return Create("RR"); },
       SLUICE_ERROR_NOT_FOUND, "no policy 'RR'", "rr"},
      {"an option without a value", [](Nobody&) { return Create("rr:a"); },
       kWrong, "option 'a'", "key=value"},
      {"an option without a key", [](Nobody&) { return Create("rr:=1"); },
       kWrong, "option '=1'", "key=value"},
      {"an option that comes twice",
       [](Nobody&) {
         return Create("rfc9218:mixed=alternate,mixed=alternate");
       },
       kWrong, "option 'mixed' comes twice", "once"},
      {"an unknown option", [](Nobody&) { return Create("rr:a=1"); }, kWrong,
       "unknown option 'a'", "takes"},
      {"a value that is not listed",
       [](Nobody&) { return Create("rfc9218:mixed=no"); }, kWrong,
       "'mixed' is 'no'", "one of non_incremental_first, alternate"},
      {"a number that is none",
       [](Nobody&) { return Create("rfc9218:starvation_guard=x"); }, kWrong,
       "'starvation_guard' is 'x'", "an integer from"},
      {"a grant of 0", [](Nobody&) { return CreateWith(0, 1, 1); }, kWrong,
       "max_grant is 0", "1 to 16777215"},
      {"a grant above the largest frame",
       [](Nobody&) { return CreateWith(16777216, 1, 1); }, kWrong,
       "max_grant is 16777216", "1 to 16777215"},
      {"0 streams", [](Nobody&) { return CreateWith(1, 0, 1); }, kWrong,
       "max_streams is 0", "1 to 1048576"},
      {"streams without number",
       [](Nobody&) { return CreateWith(1, SIZE_MAX, 1); }, kWrong,
       "max_streams is 18446744073709551615", "1 to 1048576"},
      {"closed streams without number",
       [](Nobody&) { return CreateWith(1, 1, SIZE_MAX); }, kWrong,
       "max_closed_streams is 18446744073709551615", "0 to 1048576"},
      {"an allocator that cannot allocate",
       [](Nobody&) {
         return CreateWith({nullptr, Free, nullptr});
       },
       kWrong, "allocate of the allocator is NULL", "must be a function"},
      {"an allocator that cannot free",
       [](Nobody&) {
         return CreateWith({NoMemory, nullptr, nullptr});
       },
       kWrong, "deallocate of the allocator is NULL", "must be a function"},
      {"an allocator without memory",
       [](Nobody&) {
         return CreateWith({NoMemory, Free, nullptr});
       },
       SLUICE_ERROR_NO_MEMORY, "gave NULL", "needs memory"},
  };
}

std::vector<BareRow> ParserRows() {
  return {
      {"a field that is no dictionary", [](Nobody&) { return Parse("u=1,"); },
       kWrong, "'u=1,' is no priority", "dictionary such as"},
      {"a field in upper case", [](Nobody&) { return Parse("U=1"); }, kWrong,
       "'U=1' is no priority", "dictionary such as"},
      {"a field of other bytes", [](Nobody&) { return Parse("\xff\x01"); },
       kWrong, "'?\?' is no priority", "dictionary such as"},
      {"a field of NULL",
       [](Nobody&) {
         sluice_rfc9218 rfc9218;
         return sluice_parse_priority(nullptr, 1, &rfc9218);
       },
       kWrong, "field is NULL", "must point to"},
      {"a field without a place",
       [](Nobody&) { return sluice_parse_priority("u=1", 3, nullptr); }, kWrong,
       "rfc9218 is NULL", "must point to"},
      {"an update of 3 bytes",
       [](Nobody&) { return ParseUpdate(std::string("\0\0\1", 3)); },
       SLUICE_ERROR_BAD_FRAME, "of 3 bytes", "at least 4"},
      {"an update of stream 0",
       [](Nobody&) { return ParseUpdate(std::string("\x80\0\0\0u=1", 7)); },
       SLUICE_ERROR_BAD_FRAME, "stream 0", "must name a stream"},
      {"an update that is no dictionary",
       [](Nobody&) { return ParseUpdate(std::string("\0\0\0\1=", 5)); }, kWrong,
       "'=' is no priority", "dictionary such as"},
      {"an update of NULL",
       [](Nobody&) {
         uint32_t id;
         sluice_rfc9218 rfc9218;
         return sluice_parse_priority_update(nullptr, 4, &id, &rfc9218);
       },
       kWrong, "payload is NULL", "must point to"},
      {"an update without a place for the id",
       [](Nobody&) {
         sluice_rfc9218 rfc9218;
         return sluice_parse_priority_update("\0\0\0\1", 4, nullptr, &rfc9218);
       },
       kWrong, "stream_id is NULL", "must point to"},
      {"an update without a place for the priority",
       [](Nobody&) {
         uint32_t id;
         return sluice_parse_priority_update("\0\0\0\1", 4, &id, nullptr);
       },
       kWrong, "rfc9218 is NULL", "must point to"},
  };
}

std::vector<BareRow> NoPolicyRows() {
  const auto row = [](const char* name, std::function<int(Nobody&)> call) {
    return BareRow{name, std::move(call), kWrong, "policy is NULL",
                   "sluice_create()"};
  };
  static const sluice_rfc7540 node = {0, 16, 0};
  static const sluice_rfc9218 level = {3, 0};
  static const sluice_hints hints = SLUICE_HINTS_INIT;
  return {
      row("NULL opens",
          [](Nobody&) { return sluice_open(nullptr, 1, &node, &level); }),
      row("NULL gets PRIORITY",
          [](Nobody&) { return sluice_priority_7540(nullptr, 1, &node); }),
      row("NULL gets PRIORITY_UPDATE",
          [](Nobody&) { return sluice_priority_9218(nullptr, 1, &level); }),
      row("NULL gets the setting",
          [](Nobody&) { return sluice_no_rfc7540_priorities(nullptr); }),
      row("NULL announces",
          [](Nobody&) {
            return sluice_announces_no_rfc7540_priorities(nullptr);
          }),
      row("NULL gets hints",
          [](Nobody&) { return sluice_set_hints(nullptr, 1, &hints); }),
      row("NULL gets an override",
          [](Nobody&) {
            return sluice_set_server_priority(nullptr, 1, &node, nullptr);
          }),
      row("NULL is ready", [](Nobody&) { return sluice_ready(nullptr, 1); }),
      row("NULL is blocked",
          [](Nobody&) { return sluice_blocked(nullptr, 1); }),
      row("NULL is closed", [](Nobody&) { return sluice_close(nullptr, 1); }),
      row("NULL picks",
          [](Nobody&) {
            sluice_grant grant;
            return sluice_pick(nullptr, &grant);
          }),
      row("NULL is charged",
          [](Nobody&) { return sluice_charge(nullptr, 1, 1); }),
      row("NULL is watched",
          [](Nobody&) { return sluice_set_trace(nullptr, nullptr, nullptr); }),
      row("NULL has time",
          [](Nobody&) { return sluice_advance_time(nullptr, 1); }),
      row("NULL has stats",
          [](Nobody&) {
            sluice_stats stats;
            return sluice_get_stats(nullptr, &stats);
          }),
  };
}

TEST(CAbiBareMisuseTest, AWrongCallWithoutAHandleSaysWhy) {
  std::vector<BareRow> rows = CreateRows();
  for (const auto& more : {ParserRows(), NoPolicyRows()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  ExpectTable(rows, 40);
  Nobody nobody;
  for (const BareRow& row : rows) {
    SCOPED_TRACE(row.name);
    const int code = row.call(nobody);
    EXPECT_EQ(code, row.code) << sluice_error_name(code);
    ExpectSays(sluice_error_text(nullptr), row.given, row.allowed);
    sluice_policy* policy = nullptr;
    EXPECT_EQ(sluice_create(SLUICE_ABI_VERSION, "rr", nullptr, &policy),
              SLUICE_OK);
    sluice_destroy(policy);
  }
  sluice_destroy(nullptr);
}

TEST(CAbiBareMisuseTest, ValuesBeyondTheListsHaveNoName) {
  EXPECT_STREQ(sluice_error_name(2), "SLUICE_UNKNOWN");
  EXPECT_STREQ(sluice_error_name(-10), "SLUICE_UNKNOWN");
  EXPECT_STREQ(sluice_error_name(kLeast), "SLUICE_UNKNOWN");
  EXPECT_EQ(sluice_policy_name(SIZE_MAX), nullptr);
  EXPECT_EQ(sluice_policy_summary(SIZE_MAX), nullptr);
}

}  // namespace
}  // namespace sluice::testing
