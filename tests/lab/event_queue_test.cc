#include "benchmarks/lab/net/event_queue.h"

#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::ElementsAre;

TEST(EventQueueTest, ActionsRunInTheOrderOfTheirTimes) {
  EventQueue queue;
  std::vector<int64_t> times;
  for (int64_t delay : {30, 10, 20}) {
    queue.Schedule(delay, [&] { times.push_back(queue.Now()); });
  }
  queue.Run();
  EXPECT_THAT(times, ElementsAre(10, 20, 30));
}

TEST(EventQueueTest, ActionsOfOneInstantKeepTheOrderOfTheirScheduling) {
  EventQueue queue;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    queue.Schedule(i % 2, [&order, i] { order.push_back(i); });
  }
  queue.Run();
  std::vector<int> expected;
  for (int i = 0; i < 100; i += 2) expected.push_back(i);
  for (int i = 1; i < 100; i += 2) expected.push_back(i);
  EXPECT_EQ(order, expected);
}

TEST(EventQueueTest, AnActionSchedulesFromItsOwnTime) {
  EventQueue queue;
  std::vector<int64_t> times;
  queue.Schedule(5, [&] {
    queue.Schedule(7, [&] { times.push_back(queue.Now()); });
    queue.Schedule(0, [&] { times.push_back(queue.Now()); });
  });
  queue.Run();
  EXPECT_THAT(times, ElementsAre(5, 12));
}

}  // namespace
}  // namespace sluice::lab
