// Orders of bodies: their files, their policy, the search for the best one and
// the proof that none is better than so much.
#include "benchmarks/lab/order/order.h"

#include <sluice/scheduler/registry.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/order/bound.h"
#include "benchmarks/lab/order/play.h"
#include "benchmarks/lab/order/search.h"
#include "benchmarks/lab/page/page.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

Page PageOf(absl::string_view resources) {
  absl::StatusOr<Page> page = ParsePage(
      absl::StrCat(R"({"format":"h2-page-fixture/1","page":"p","resources":[)",
                   resources, "]}"),
      "p.json");
  EXPECT_TRUE(page.ok()) << page.status();
  return page.ok() ? *std::move(page) : Page();
}

// A document that finds a style sheet at once and a script, a font and an image
// later; the image that it finds first is out of sight.
Page SmallPage() {
  return PageOf(R"({"id":0,"type":"html","bytes":20000},)"
                R"({"id":1,"type":"image","bytes":30000,"initiator":0,)"
                R"("discovered":"stream","discovered_at_byte":1000,)"
                R"("url":"https://a.example/low.jpg"},)"
                R"({"id":2,"type":"css","bytes":8000,"initiator":0,)"
                R"("discovered":"stream","discovered_at_byte":2000,)"
                R"("render_blocking":"render"},)"
                R"({"id":3,"type":"js","bytes":25000,"initiator":0,)"
                R"("discovered":"stream","discovered_at_byte":9000},)"
                R"({"id":4,"type":"image","bytes":15000,"initiator":3,)"
                R"("in_viewport":true},)"
                R"({"id":5,"type":"font","bytes":12000,"initiator":2})");
}

struct Case {
  const Page& page;
  absl::string_view signals = "none";
  LinkOptions link = {};

  std::unique_ptr<Transport> Network() const {
    return LinkFactory(link)({.send_buffer_bytes = link.send_buffer_bytes});
  }
  std::unique_ptr<Signals> Browser() const {
    return FindSignalSet(signals)->make({});
  }
};

absl::StatusOr<PageLoad> LoadWith(const Case& on, const std::string& policy) {
  return RunPageLoad(on.page, *on.Browser(),
                     *scheduler::CreatePolicy(policy, {.max_grant = kMaxGrant}),
                     *on.Network());
}

absl::StatusOr<PageLoad> Play(const Case& on, const Order& order) {
  return PlayOrder(on.page, *on.Browser(), order, *on.Network(), {});
}

int64_t AreaOf(const Case& on, const Order& order) {
  const absl::StatusOr<PageLoad> load = Play(on, order);
  EXPECT_TRUE(load.ok()) << load.status();
  return load.ok() ? Measure(on.page, *load).painted_area_ns : -1;
}

std::vector<ValuedOrder> OrdersOf(const Case& on,
                                  const std::vector<std::string>& policies) {
  std::vector<ValuedOrder> orders;
  for (const std::string& policy : policies) {
    const absl::StatusOr<PageLoad> load = LoadWith(on, policy);
    EXPECT_TRUE(load.ok()) << load.status();
    orders.push_back({OrderOf(*load), Measure(on.page, *load).painted_area_ns});
  }
  return orders;
}

ValuedOrder Find(const Case& on, const std::vector<ValuedOrder>& starts,
                 size_t evaluations, uint64_t seed = 1) {
  const absl::StatusOr<ValuedOrder> found =
      SearchOrder(on.page, starts,
                  [&on](const Order& order, int64_t limit) {
                    return PaintedAreaOf(on.page, *on.Browser(), order,
                                         *on.Network(), {}, limit);
                  },
                  {.evaluations = evaluations, .seed = seed});
  EXPECT_TRUE(found.ok()) << found.status();
  return found.ok() ? *found : ValuedOrder();
}

std::vector<std::string> Labels(const Page& page, const PageLoad& load) {
  std::vector<std::string> labels;
  for (const Pick& pick : JoinPicks(load.picks)) {
    labels.push_back(page.resources[pick.resource].label);
  }
  return labels;
}

std::string ErrorOf(absl::string_view text) {
  const Page page = SmallPage();
  return std::string(ParseOrder(text, "my.order", page).status().message());
}

TEST(OrderFileTest, NamesResourcesByIdLabelOrUrlAndCutsBodies) {
  const Page page = SmallPage();
  const absl::StatusOr<Order> order = ParseOrder(
      "# what the screen needs\n"
      "html0 9000\r\n"
      "  2\n"
      "\n"
      "html0\t1000\n"
      "https://a.example/low.jpg\n"
      "0\n",
      "my.order", page);
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_THAT(*order,
              ElementsAre(Piece{0, 9000}, Piece{2, 8000}, Piece{0, 1000},
                          Piece{1, 30000}, Piece{0, 10000}));
  EXPECT_EQ(OrderText(page, *order),
            "html0 9000\ncss2\nhtml0 1000\nimg1\nhtml0\n");
  EXPECT_EQ(*ParseOrder(OrderText(page, *order), "again", page), *order);
}

TEST(OrderFileTest, AnErrorNamesTheLineAndTheField) {
  EXPECT_EQ(
      ErrorOf("html0\n\nimg99\n"),
      "my.order, line 3: resource: page p has not exactly one with a body "
      "and the id, label or address \"img99\"");
  EXPECT_EQ(ErrorOf("css2 x"),
            "my.order, line 1: bytes: \"x\" is not from 1 to 8000, what is "
            "left of css2");
  EXPECT_EQ(ErrorOf("css2 0"),
            "my.order, line 1: bytes: \"0\" is not from 1 to 8000, what is "
            "left of css2");
  EXPECT_EQ(ErrorOf("css2 7000\ncss2 1001"),
            "my.order, line 2: bytes: \"1001\" is not from 1 to 1000, what is "
            "left of css2");
  EXPECT_EQ(ErrorOf("css2\ncss2"),
            "my.order, line 2: resource: the lines before have all 8000 bytes "
            "of css2");
  EXPECT_EQ(ErrorOf("css2 10 20"),
            "my.order, line 1: \"20\" is too much; a line has a resource and, "
            "at most, a number of bytes");
  EXPECT_EQ(ErrorOf("# nothing\n"), "my.order: no line names a resource");
  EXPECT_THAT(ErrorOf(absl::string_view("\0\xff", 2)), HasSubstr("line 1"));
}

TEST(OrderFileTest, AUrlOfTwoResourcesNamesNeither) {
  const Page page =
      PageOf(R"({"id":0,"type":"html","bytes":9,"url":"https://a.example/"},)"
             R"({"id":1,"type":"js","bytes":9,"initiator":0,)"
             R"("url":"https://a.example/"})");
  EXPECT_EQ(
      ParseOrder("https://a.example/", "f", page).status().message(),
      "f, line 1: resource: page p has not exactly one with a body and the "
      "id, label or address \"https://a.example/\"");
}

TEST(OrderFileTest, AResourceWithoutABodyHasNoPlace) {
  const Page page =
      PageOf(R"({"id":0,"type":"html","bytes":9},)"
             R"({"id":1,"type":"beacon","bytes":0,"initiator":0})");
  EXPECT_EQ(ParseOrder("1", "f", page).status().message(),
            "f, line 1: resource: beacon1 has no body");
}

TEST(OrderPolicyTest, AResourceThatIsNotYetKnownTakesItsPlaceWhenItIs) {
  const Page page = SmallPage();
  const Case on = {page, "none", {.send_buffer_bytes = 0}};
  // The font comes first, and the browser finds it late.
  const Order order = {{5, 12000}, {2, 8000},  {4, 15000},
                       {3, 25000}, {1, 30000}, {0, 20000}};
  const absl::StatusOr<PageLoad> load = Play(on, order);
  ASSERT_TRUE(load.ok()) << load.status();
  EXPECT_THAT(Labels(page, *load),
              ElementsAre("html0", "img1", "css2", "js3", "img1", "font5",
                          "img1", "img4", "img1"));
}

TEST(OrderPolicyTest, WhatTheOrderLeavesOutComesLastInTheOrderOfRequests) {
  const Page page = SmallPage();
  const absl::StatusOr<PageLoad> load =
      Play({page, "none", {.send_buffer_bytes = 0}}, {{3, 1000}});
  ASSERT_TRUE(load.ok()) << load.status();
  EXPECT_THAT(Labels(page, *load), ElementsAre("html0", "img1", "js3", "img1",
                                               "css2", "js3", "font5", "img4"));
}

TEST(OrderPolicyTest, TheOrderOfALoadPlaysTheSameLoad) {
  const Page page = SmallPage();
  for (const size_t send_buffer : {size_t{0}, size_t{16384}}) {
    const Case on = {page, "chrome7540", {.send_buffer_bytes = send_buffer}};
    for (const std::string policy : {"rr", "rfc7540", "fifo", "srpt"}) {
      const absl::StatusOr<PageLoad> load = LoadWith(on, policy);
      ASSERT_TRUE(load.ok()) << load.status();
      const absl::StatusOr<PageLoad> again = Play(on, OrderOf(*load));
      ASSERT_TRUE(again.ok()) << again.status();
      ASSERT_EQ(again->arrivals.size(), load->arrivals.size()) << policy;
      for (size_t i = 0; i < load->arrivals.size(); ++i) {
        EXPECT_EQ(again->arrivals[i].resource, load->arrivals[i].resource);
        EXPECT_EQ(again->arrivals[i].at_ns, load->arrivals[i].at_ns);
      }
    }
  }
}

TEST(PaintedAreaOfTest, IsThatOfTheWholeLoadOrNothingAboveTheLimit) {
  const Page page = SmallPage();
  const Case on = {page};
  for (const ValuedOrder& order :
       OrdersOf(on, {"rr", "fifo", "lifo", "srpt", "pmeenan"})) {
    const auto within = [&](int64_t limit) {
      return *PaintedAreaOf(page, *on.Browser(), order.order, *on.Network(), {},
                            limit);
    };
    EXPECT_EQ(within(kNoLimit), order.value);
    EXPECT_EQ(within(order.value), order.value);
    EXPECT_EQ(within(order.value - 1), std::nullopt);
    EXPECT_EQ(within(0), std::nullopt);
  }
}

// Of every order of whole bodies.
int64_t BestOfAllOrders(const Case& on) {
  std::vector<size_t> sequence(on.page.resources.size());
  std::iota(sequence.begin(), sequence.end(), size_t{0});
  int64_t best = kNoLimit;
  do {
    Order order;
    for (const size_t i : sequence) {
      order.push_back({i, on.page.resources[i].bytes});
    }
    const absl::StatusOr<std::optional<int64_t>> area =
        PaintedAreaOf(on.page, *on.Browser(), order, *on.Network(), {}, best);
    EXPECT_TRUE(area.ok()) << area.status();
    best = std::min(best, area->value_or(best));
  } while (std::next_permutation(sequence.begin(), sequence.end()));
  return best;
}

TEST(SearchTest, FindsTheBestOfAllOrdersOfSmallPages) {
  Page scripts = SmallPage();
  scripts.resources.erase(scripts.resources.begin() + 5);
  // Of two chains of critical resources the longer one has to go first.
  const Page chains =
      PageOf(R"({"id":0,"type":"html","bytes":3000},)"
             R"({"id":1,"type":"css","bytes":40000,"initiator":0,)"
             R"("discovered":"stream","discovered_at_byte":100,)"
             R"("render_blocking":"render"},)"
             R"({"id":2,"type":"js","bytes":9000,"initiator":0,)"
             R"("discovered":"stream","discovered_at_byte":200},)"
             R"({"id":3,"type":"css","bytes":9000,"initiator":2,)"
             R"("discovery_delay_ms":120,"render_blocking":"render"},)"
             R"({"id":4,"type":"image","bytes":22000,"initiator":0,)"
             R"("discovered":"stream","discovered_at_byte":300})");
  for (const Page* page : std::vector<const Page*>{&scripts, &chains}) {
    for (const size_t send_buffer : {size_t{0}, size_t{16384}}) {
      const Case on = {*page, "none", {.send_buffer_bytes = send_buffer}};
      const ValuedOrder found = Find(on, OrdersOf(on, {"lifo"}), 200);
      // It may cut bodies, too.
      EXPECT_LE(found.value, BestOfAllOrders(on));
      EXPECT_EQ(AreaOf(on, found.order), found.value);
      EXPECT_LE(PaintedAreaBound(*page, on.link), found.value);
    }
  }
}

TEST(SearchTest, StartsFromTheOrdersItIsGivenSoThatNoneIsBetter) {
  const Page page = SmallPage();
  const Case on = {page, "chrome7540"};
  const std::vector<ValuedOrder> starts =
      OrdersOf(on, {"rr", "fifo", "rfc7540", "srpt", "pmeenan", "lifo"});
  for (const size_t evaluations : {0, 1, 30}) {
    const ValuedOrder found = Find(on, starts, evaluations);
    for (const ValuedOrder& start : starts) {
      EXPECT_LE(found.value, start.value);
    }
    EXPECT_EQ(AreaOf(on, found.order), found.value);
  }
}

TEST(SearchTest, TheSameSeedFindsTheSameAndTheBudgetIsKept) {
  const Page page = SmallPage();
  const Case on = {page};
  const std::vector<ValuedOrder> starts = OrdersOf(on, {"rr"});
  const ValuedOrder once = Find(on, starts, 40, 7);
  EXPECT_EQ(Find(on, starts, 40, 7).order, once.order);
  size_t calls = 0;
  const absl::StatusOr<ValuedOrder> found = SearchOrder(
      page, starts,
      [&](const Order&, int64_t) {
        ++calls;
        return absl::StatusOr<std::optional<int64_t>>(starts[0].value);
      },
      {.evaluations = 40});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(calls, 40u);
  EXPECT_EQ(found->value, starts[0].value);
}

TEST(SearchTest, PassesOnTheErrorOfARun) {
  const Page page = SmallPage();
  const Case on = {page};
  EXPECT_EQ(SearchOrder(page, OrdersOf(on, {"rr"}),
                        [](const Order&,
                           int64_t) -> absl::StatusOr<std::optional<int64_t>> {
                          return absl::InternalError("broken");
                        },
                        {.evaluations = 1})
                .status()
                .message(),
            "broken");
}

TEST(BoundTest, IsTheTimeOfALoneDocument) {
  const Page page = PageOf(R"({"id":0,"type":"html","bytes":139100})");
  // A hundred frames of 1,400 bytes at 1.6 Mbit/s, and a round trip.
  EXPECT_NEAR(PaintedAreaBound(page, LinkOptions()), 850'000'000, 1);
  const int64_t load = AreaOf({page}, {{0, 139100}});
  EXPECT_GT(load, 850'000'000);
  EXPECT_LT(load, 855'000'000);
}

TEST(BoundTest, FollowsChainsAndCountsWhatSharesTheLink) {
  const Page page =
      PageOf(R"({"id":0,"type":"html","bytes":1391},)"
             R"({"id":1,"type":"css","bytes":139100,"initiator":0,)"
             R"("render_blocking":"render"},)"
             R"({"id":2,"type":"css","bytes":139100,"initiator":0,)"
             R"("render_blocking":"render"},)"
             R"({"id":3,"type":"image","bytes":139100,"initiator":0})");
  // Two round trips, the document and both style sheets; not the image.
  EXPECT_NEAR(PaintedAreaBound(page, LinkOptions()),
              300'000'000 + 1'407'000'000, 1);
}

TEST(BoundTest, ATickAndALinkWithoutARateAreLinksToo) {
  const Page page = PageOf(R"({"id":0,"type":"html","bytes":13910})");
  EXPECT_NEAR(
      PaintedAreaBound(page, {.round_trip_ns = 0, .tick_ns = 10'000'000}),
      100'000'000, 1);
  EXPECT_EQ(PaintedAreaBound(
                page, {.down_bits_per_second = 0, .round_trip_ns = 20'000'000}),
            20'000'000);
}

}  // namespace
}  // namespace sluice::lab
