// The signals that Chromium 156 sent over HTTP/2, both kinds of signals at
// once, as frames through the core, and the order in which each policy that
// reads them sends the bodies: 2,800 bytes each, in grants of 1,400, worked out
// by hand. captured_signals_test.cc has the older captures.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/scheduler/session.h"

namespace sluice::scheduler {
namespace {

using testing::BytesSource;
using testing::Session;
using testing::SessionOptions;

constexpr size_t kGrant = 1400;

// A request as it was captured.
struct Captured {
  std::optional<signals::Rfc7540Priority> dependency;
  std::string field;  // the `priority` header; empty: none
};

class ChromiumSignalsTest : public ::testing::Test {
 protected:
  void Start(const std::string& policy) {
    PolicyOptions options;
    options.max_grant = kGrant;
    session_ = std::make_unique<Session>(*CreatePolicy(policy, options),
                                         SessionOptions());
    ASSERT_TRUE(session_->client().IncrementFlowControlWindow(0, 1 << 20).ok());
  }

  // Sends all requests, answers each, and returns the order of the frames.
  std::string Order(const std::vector<Captured>& requests) {
    std::vector<h2::StreamId> ids;
    for (const Captured& request : requests) {
      std::vector<h2::Header> more;
      if (!request.field.empty()) more.push_back({"priority", request.field});
      ids.push_back(session_->Request(request.dependency, more));
    }
    for (const h2::StreamId id : ids) {
      EXPECT_TRUE(session_->Respond(id, 2 * kGrant).ok());
    }
    std::vector<h2::StreamId> order;
    session_->scheduler().SetObserver(
        [&order](const DataScheduler::Decision& decision) {
          EXPECT_EQ(decision.bytes, kGrant);
          order.push_back(decision.stream_id);
        });
    session_->Drain(1000, kGrant);
    return absl::StrJoin(order, ",");
  }

  std::unique_ptr<Session> session_;
};

Captured Chain(h2::StreamId depends_on, int weight) {
  return {signals::Rfc7540Priority{depends_on, weight, true}, ""};
}

Captured Field(const std::string& field) { return {std::nullopt, field}; }

// Chromium: each request hangs exclusively behind the last open one of its own
// level or a higher one. Requests come in another order than their levels.
TEST_F(ChromiumSignalsTest, ChromiumsChainIsServedLevelByLevel) {
  const std::vector<Captured> requests = {
      Chain(0, 147),   // 1
      Chain(0, 256),   // 3: nothing is as high
      Chain(1, 1),     // 5: behind the last, 1
      Chain(3, 220),   // 7
      Chain(1, 37),    // 9
      Chain(1, 110),   // 11
      Chain(7, 183),   // 13
      Chain(11, 74)};  // 15
  // 256 220 183 147 110 74 37 1
  const std::string order = "3,3,7,7,13,13,1,1,11,11,15,15,9,9,5,5";
  for (const std::string policy : {"rfc7540", "auto", "server_driven"}) {
    Start(policy);
    EXPECT_EQ(Order(requests), order) << policy;
  }
  // Read as urgencies the levels are the same.
  Start("rfc9218");
  EXPECT_EQ(Order(requests), order);
}

// An image comes into view: 147 becomes 220, by a PRIORITY frame.
TEST_F(ChromiumSignalsTest, ChromiumMovesAnImageIntoViewByAPriorityFrame) {
  for (const std::string policy : {"rfc7540", "auto"}) {
    Start(policy);
    const bool both = policy == "auto";
    std::vector<Captured> requests = {Chain(0, 220), Chain(1, 147),
                                      Chain(3, 147)};
    if (both) {
      requests[0].field = "u=1";
      requests[1].field = requests[2].field = "i";
    }
    for (const Captured& request : requests) {
      std::vector<h2::Header> more;
      if (both) more.push_back({"priority", request.field});
      const h2::StreamId id = session_->Request(request.dependency, more);
      ASSERT_TRUE(session_->Respond(id, 20 * kGrant).ok());
    }
    session_->Drain(20, kGrant);
    session_->Take();
    ASSERT_TRUE(session_->client().Prioritize(5, {0, 220, true}).ok());
    session_->ToServer();
    session_->Drain(2, kGrant);
    EXPECT_EQ(session_->Take(), "5:1400 5:1400") << policy;
  }
}

// Chromium 156 over HTTP/2: both kinds at once.
TEST_F(ChromiumSignalsTest, ChromiumsFieldsOverHttp2) {
  const std::vector<Captured> requests = {
      {signals::Rfc7540Priority{0, 256, true}, "u=0, i"},   // 1 document
      {signals::Rfc7540Priority{1, 256, true}, "u=0"},      // 3 css
      {signals::Rfc7540Priority{3, 110, true}, "u=4"},      // 5 print css
      {signals::Rfc7540Priority{3, 256, true}, "u=0"},      // 7 font
      {signals::Rfc7540Priority{7, 220, true}, "u=1"},      // 9 preloaded font
      {signals::Rfc7540Priority{9, 220, true}, "u=1"},      // 11 blocking js
      {signals::Rfc7540Priority{11, 183, true}, "u=2"},     // 13 js at the end
      {signals::Rfc7540Priority{13, 147, true}, ""},        // 15 async js
      {signals::Rfc7540Priority{11, 220, true}, "u=1, i"},  // 17 image, high
      {signals::Rfc7540Priority{13, 183, true}, "u=2, i"},  // 19 early image
      {signals::Rfc7540Priority{15, 147, true}, "i"},       // 21 image
      {signals::Rfc7540Priority{17, 220, true}, "u=1, i"},  // 23 fetch
      {signals::Rfc7540Priority{5, 110, true}, "u=4, i"}};  // 25 prefetch
  for (const std::string policy : {"rfc9218", "auto"}) {
    Start(policy);
    EXPECT_EQ(Order(requests),
              "3,3,7,7,1,1,9,9,11,11,17,23,17,23,13,13,19,19,15,15,21,21,"
              "5,5,25,25")
        << policy;
  }
  // By the chain alone: level by level, in request order.
  Start("rfc7540");
  EXPECT_EQ(Order(requests),
            "1,1,3,3,7,7,9,9,11,11,17,17,23,23,13,13,19,19,15,15,21,21,"
            "5,5,25,25");
}

// A page's own nonsense is forwarded by browsers; it means the defaults.
TEST_F(ChromiumSignalsTest, NonsenseInAFieldMeansTheDefault) {
  Start("rfc9218");
  EXPECT_EQ(Order({Field("u=4"), Field("u=666, r"), Field("!!!"), Field("")}),
            "3,3,5,5,7,7,1,1");
}

}  // namespace
}  // namespace sluice::scheduler
