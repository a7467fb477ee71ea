// Several threads read traces of their own: what the reader keeps of all of
// them, the names, is behind a lock.
#include <sluice/scheduler/trace.h>
#include <sluice/trace/json_lines.h>

#include <cstddef>
#include <sstream>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sluice::scheduler {
namespace {

using ::sluice::trace::ReadTrace;
using ::sluice::trace::TraceEventToJson;

TEST(TraceJsonThreadsTest, EachThreadGetsTheNamesOfItsOwnTrace) {
  static constexpr size_t kPicks = 2000;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([thread] {
      const auto rule = [thread](size_t i) {
        return absl::StrCat(thread, "/", i);
      };
      std::stringstream file;
      file << TraceEventToJson(TraceMade{"rr", {1, 1, 0}}) << "\n";
      for (size_t i = 0; i < kPicks; ++i) {
        TracePick pick;
        const std::string name = rule(i);
        pick.rule = name;
        file << TraceEventToJson(pick) << "\n";
      }
      const auto events = ReadTrace(file);
      ASSERT_TRUE(events.ok());
      ASSERT_EQ(events->size(), 1 + kPicks);
      for (size_t i = 0; i < kPicks; ++i) {
        ASSERT_EQ(std::get<TracePick>((*events)[1 + i]).rule, rule(i));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace sluice::scheduler
