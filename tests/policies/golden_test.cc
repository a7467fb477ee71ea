// Each policy's order on one small page, worked out by hand from its
// definition: 12 streams of 2,800 bytes, all ready from the start, sent in
// grants of 1,400 (which is L as well). So each stream is picked twice.
//
//   stream  resource                      RFC 9218  RFC 7540 (Chromium's chain)
//      1    html, the document            u=0, i    256
//      3    css in the head               u=0       256
//      5    js in the head                u=1       220
//      7    image above the fold          u=2, i    183
//      9    font                          u=0       256
//     11    image below the fold          u=3, i    147
//     13    async js                      u=3       147   size known, as for
//     15    css not in the head           u=2       183   all streams below
//     17    fetch                         u=1, i    220
//     19    js after the first image      u=2       183
//     21    preloaded font                u=1       220
//     23    something else                u=3, i    147
//
// Where streams share, the smallest finish tag F = S + 256·L/w goes first; with
// w = 256 a grant adds 1,400 to it, with 32 11,200, and so on.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <fstream>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/policies/policy_driver.h"

namespace sluice::scheduler {
namespace {

using signals::Rfc7540Priority;
using signals::Rfc9218Priority;
using testing::BookedPolicy;
using testing::Make;
using testing::PolicyDriver;
using testing::Said;

struct Row {
  StreamId id;
  ResourceHints hints;
  Rfc9218Priority field;
  Rfc7540Priority chain;
};

std::vector<Row> Page() {
  using enum ResourceClass;
  std::vector<Row> rows = {
      {1, {.resource_class = kHtml}, {0, true}, {0, 256, true}},
      {3,
       {.resource_class = kCss, .in_head = true},
       {0, false},
       {1, 256, true}},
      {5, {.resource_class = kJs, .in_head = true}, {1, false}, {3, 220, true}},
      {7,
       {.resource_class = kImage, .above_the_fold = true},
       {2, true},
       {5, 183, true}},
      // Behind the last stream of its level: 3. And so on.
      {9, {.resource_class = kFont}, {0, false}, {3, 256, true}},
      {11, {.resource_class = kImage}, {3, true}, {7, 147, true}},
      {13,
       {.resource_class = kJs, .async_or_defer = true},
       {3, false},
       {11, 147, true}},
      {15, {.resource_class = kCss}, {2, false}, {7, 183, true}},
      {17, {.resource_class = kFetch}, {1, true}, {5, 220, true}},
      {19,
       {.resource_class = kJs, .after_first_image = true},
       {2, false},
       {15, 183, true}},
      {21,
       {.resource_class = kFont, .preload = true},
       {1, false},
       {17, 220, true}},
      {23, {.resource_class = kOther}, {3, true}, {13, 147, true}},
  };
  for (Row& row : rows) {
    if (row.id >= 13) row.hints.bytes_remaining = 2800;
  }
  return rows;
}

// The part of a row that the policy is told.
enum Told : int { kHints = 1, kField = 2, kChain = 4 };

struct Golden {
  std::string name;
  std::string spec;
  int told;
  std::string order;

  friend void PrintTo(const Golden& golden, std::ostream* out) {
    *out << golden.spec;
  }
};

class GoldenTest : public ::testing::TestWithParam<Golden> {};

TEST_P(GoldenTest, IsTheOrderWorkedOutByHand) {
  PolicyOptions options;
  options.max_grant = 1400;
  PolicyDriver driver(Make(GetParam().spec, options));
  for (const Row& row : Page()) {
    StreamInfo info;
    if (GetParam().told & kHints) info.hints = row.hints;
    if (GetParam().told & kField) info.rfc9218 = row.field;
    if (GetParam().told & kChain) info.rfc7540 = row.chain;
    driver.Add(row.id, 2800, info);
  }
  EXPECT_EQ(driver.Run(), GetParam().order);
}

constexpr char kRoundRobin[] =
    "1,3,5,7,9,11,13,15,17,19,21,23,1,3,5,7,9,11,13,15,17,19,21,23";
constexpr char kRequestOrder[] =
    "1,1,3,3,5,5,7,7,9,9,11,11,13,13,15,15,17,17,19,19,21,21,23,23";
// 256: 1 3 9 | 220: 5 17 21 | 183: 7 15 19 | 147: 11 13 23.
constexpr char kChainOrder[] =
    "1,1,3,3,9,9,5,5,17,17,21,21,7,7,15,15,19,19,11,11,13,13,23,23";
// u=0: 3 9, then 1 | u=1: 5 21, then 17 | u=2: 15 19, then 7 | u=3: 13, then 11
// and 23 by turns.
constexpr char kExtensible[] =
    "3,3,9,9,1,1,5,5,21,21,17,17,15,15,19,19,7,7,13,13,11,23,11,23";

std::vector<Golden> Goldens() {
  return {
      Golden{"rr", "rr", kHints | kField | kChain, kRoundRobin},
      Golden{"fifo", "fifo", kHints | kField | kChain, kRequestOrder},
      Golden{"lifo", "lifo", kHints | kField | kChain,
             "23,23,21,21,19,19,17,17,15,15,13,13,11,11,9,9,7,7,5,5,3,3,1,1"},
      // 13 … 23 have known sizes, all equal; then 1 … 11 in request order.
      Golden{"srpt", "srpt", kHints | kField | kChain,
             "13,13,15,15,17,17,19,19,21,21,23,23,"
             "1,1,3,3,5,5,7,7,9,9,11,11"},
      Golden{"urgency", "urgency", kField | kChain,
             "1,1,3,3,9,9,5,5,17,17,21,21,7,7,15,15,19,19,11,11,13,13,23,23"},
      Golden{"rfc9218", "rfc9218", kHints | kField | kChain, kExtensible},
      // In each urgency one by id and one that shares in turn.
      Golden{"rfc9218_alternate", "rfc9218:mixed=alternate", kField,
             "3,1,3,1,9,9,5,17,5,17,21,21,15,7,15,7,19,19,13,11,13,23,11,"
             "23"},
      // 1, 17, 7, 11 and 23 go by id once, then behind the others.
      Golden{"rfc9218_first_emission", "rfc9218:mixed=first_emission_then_rr",
             kField,
             "1,3,3,9,9,1,5,5,17,21,21,17,7,15,15,19,19,7,11,13,13,23,11,"
             "23"},
      // RFC 7540 alone is read by its weights, and a chain is not
      // incremental.
      Golden{"rfc9218_of_chain", "rfc9218", kChain, kChainOrder},
      Golden{"rfc7540", "rfc7540", kHints | kField | kChain, kChainOrder},
      // F by grant: html, css 1400 2800; js 14933 29866; font 22400 44800;
      // the rest 44800 89600.
      Golden{"wrr", "wrr", kHints,
             "1,3,15,1,3,15,5,13,19,9,21,5,13,19,"
             "7,9,11,17,21,23,7,11,17,23"},
      Golden{"dfifo", "dfifo", kHints,
             "1,1,3,3,9,9,15,15,21,21,5,5,17,17,19,19,7,7,11,11,13,13,23,"
             "23"},
      Golden{"spdyrr", "spdyrr", kHints,
             "1,3,9,15,21,1,3,9,15,21,5,17,5,17,19,19,7,11,13,7,11,13,23,"
             "23"},
      // (63,3): 3 5 | (63,2) 9 and (63,1) 7 | (31,3): 15 17 19 | (31,2)
      // 1 13 21 and (31,1) 11 | (0,2): 23.
      Golden{"pmeenan", "pmeenan", kHints,
             "3,3,5,5,9,7,9,7,15,15,17,17,19,19,1,11,1,11,13,13,21,21,23,"
             "23"},
      Golden{"pmeenan_html", "pmeenan_html", kHints,
             "3,3,5,5,1,7,1,7,9,9,15,15,17,17,19,19,13,11,13,11,21,21,23,"
             "23"},
      // 1 | 254: 3 15; 24: 14933 29866; 16: 22400 44800; 8: 44800 89600;
      // 1: 358400 | 17 23.
      Golden{"zero_weight", "zero_weight", kHints,
             "1,1,3,15,3,15,5,13,19,9,21,5,13,19,7,9,21,7,11,11,17,17,23,"
             "23"},
      // Root: leaders 1783 3566 5350 7132 8915 10698 12482 14264 …, unblocked
      // 3548 7097 10645 14194, background 358400. Leaders: 3 5 15 19 twice;
      // followers after them: 9 at 8533 17066, 1 at 11200 22400, 7 and 11 at
      // 16290 32581. Unblocked: 13 17. Background: 23, then speculative 21.
      Golden{"firefox", "firefox", kHints,
             "3,13,5,15,17,19,3,13,5,15,17,19,9,1,7,11,9,1,7,11,23,23,21,"
             "21"},
      // The authors' bug: 9 is as heavy as 1, so 1 goes before it.
      Golden{"firefox_bug", "firefox:marx_font_bug=true", kHints,
             "3,13,5,15,17,19,3,13,5,15,17,19,1,9,7,11,1,9,7,11,23,23,21,"
             "21"},
      // High, in request order; normal: 19; low: 7 11 13 23.
      Golden{"parallel_plus", "parallel_plus", kHints,
             "1,1,3,3,5,5,9,9,15,15,17,17,21,21,19,19,7,11,13,23,7,11,13,"
             "23"},
      // High: 3 5 15 | medium: 13 17 19 | low: 1 7 9 11, 23, then 21.
      Golden{"serial_plus", "serial_plus", kHints,
             "3,3,5,5,15,15,13,13,17,17,19,19,1,7,9,11,1,7,9,11,23,23,21,"
             "21"},
      // Both kinds at once: rfc9218's; dependencies alone: the tree's.
      Golden{"auto", "auto", kHints | kField | kChain, kExtensible},
      Golden{"auto_of_chain", "auto", kHints | kChain, kChainOrder},
      // 3 5 13 15 19 are css and js and share; then the others.
      Golden{"server_driven", "server_driven", kHints,
             "3,5,13,15,19,3,5,13,15,19,1,7,9,11,17,21,23,1,7,9,11,17,21,"
             "23"},
      // The same under weights by urgency; F by grant: u=0 2800 5600; u=1
      // 5600 11200; u=2 11200 22400; u=3 22400 44800.
      Golden{"server_driven_of_field", "server_driven", kHints | kField,
             "3,5,3,15,19,5,13,15,19,13,1,9,17,21,1,9,7,17,21,11,23,7,11,"
             "23"},
      Golden{"server_driven_of_chain", "server_driven", kHints | kChain,
             kChainOrder},
      Golden{"rfc7540_of_field", "rfc7540", kHints | kField,
             "1,3,9,5,17,21,1,3,9,7,15,19,5,17,21,11,13,23,7,15,19,11,13,"
             "23"},
  };
}

INSTANTIATE_TEST_SUITE_P(Policies, GoldenTest, ::testing::ValuesIn(Goldens()),
                         [](const auto& info) { return info.param.name; });

TEST(GoldensTest, EveryPolicyHasAnOrderThatWasWorkedOutByHand) {
  std::set<std::string> missing;
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    missing.insert(entry.name);
  }
  for (const Golden& golden : Goldens()) {
    missing.erase(golden.spec.substr(0, golden.spec.find(':')));
  }
  EXPECT_TRUE(missing.empty()) << *missing.begin();
}

// The table of docs/policies.md: "| `rr` | … |", a row for each policy.
TEST(PoliciesPageTest, HasARowForEachPolicyAndNoOther) {
  std::ifstream page("docs/policies.md");
  ASSERT_TRUE(page.good());
  std::set<std::string> rows;
  for (std::string line; std::getline(page, line);) {
    if (line.rfind("| `", 0) != 0) continue;
    rows.insert(line.substr(3, line.find('`', 3) - 3));
  }
  std::set<std::string> policies;
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    policies.insert(entry.name);
  }
  EXPECT_EQ(rows, policies);
}

}  // namespace
}  // namespace sluice::scheduler
