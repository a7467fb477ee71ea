// What browsers were seen to send, as frames through the core, and the order in
// which the bodies come: 2,800 bytes each, in grants of 1,400, worked out by
// hand.
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "h2/connection.h"
#include "h2/events.h"
#include "h2/options.h"
#include "scheduler/data_scheduler.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"
#include "tests/scheduler/session.h"

namespace sluice::scheduler {
namespace {

using testing::BytesSource;
using testing::Session;
using testing::SessionOptions;

constexpr size_t kGrant = 1400;

// A request as it was captured.
struct Captured {
  std::optional<h2::StreamPriority> dependency;
  std::string field;  // the `priority` header; empty: none
};

class CapturesTest : public ::testing::Test {
 protected:
  void Start(const std::string& policy) {
    PolicyOptions options;
    options.max_grant = kGrant;
    session_ = std::make_unique<Session>(*CreatePolicy(policy, options),
                                         SessionOptions());
    ASSERT_TRUE(session_->client().IncrementFlowControlWindow(0, 1 << 20).ok());
  }

  // Sends all requests, answers each, and returns the order of the frames.
  std::string Order(const std::vector<Captured>& requests,
                    h2::StreamId first = 1) {
    std::vector<h2::StreamId> ids;
    h2::StreamId next = first;
    for (const Captured& request : requests) {
      std::vector<h2::Header> more;
      if (!request.field.empty()) more.push_back({"priority", request.field});
      ids.push_back(session_->Request(request.dependency, more, next));
      next += 2;
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
  return {h2::StreamPriority{depends_on, weight, true}, ""};
}

Captured Field(const std::string& field) { return {std::nullopt, field}; }

// Chromium: each request hangs exclusively behind the last open one of its own
// level or a higher one. Requests come in another order than their levels.
TEST_F(CapturesTest, ChromiumsChainIsServedLevelByLevel) {
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
TEST_F(CapturesTest, ChromiumMovesAnImageIntoViewByAPriorityFrame) {
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

// The 26 requests of data/signals/firefox_rfc7540_filamentgroup.json (Firefox,
// June 2017), numbered anew from 15 in the order in which they were sent,
// behind Firefox's placeholders.
TEST_F(CapturesTest, FirefoxsGroupsShareAsTheirTreeSays) {
  Start("rfc7540");
  const std::vector<std::pair<h2::StreamId, h2::StreamPriority>> groups = {
      {3, {0, 201, false}}, {5, {0, 101, false}}, {7, {0, 1, false}},
      {9, {7, 1, false}},   {11, {3, 1, false}},  {13, {0, 241, false}}};
  for (const auto& [id, priority] : groups) {
    ASSERT_TRUE(session_->client().Prioritize(id, priority).ok());
  }
  // The first request of Firefox is stream 15: the lower ids stay idle.
  std::vector<Captured> requests;
  const auto add = [&requests](h2::StreamId group, int weight, int times = 1) {
    for (int i = 0; i < times; ++i) {
      requests.push_back({h2::StreamPriority{group, weight, false}, ""});
    }
  };
  add(11, 32);      // 15 html
  add(3, 32, 2);    // 17 19 css, js
  add(11, 22, 3);   // 21 23 25 png
  add(5, 32, 2);    // 27 29 js
  add(3, 32);       // 31 css
  add(11, 42, 3);   // 33 35 37 fonts
  add(11, 22);      // 39 js
  add(3, 32);       // 41 css
  add(11, 2);       // 43 png
  add(11, 22, 11);  // 45 gif, 47 … 59 html, 61 63 65 fonts
  ASSERT_EQ(requests.size(), 26u);
  // Leaders (201) against unblocked (101): L u L L u L L u L L u L. Leaders'
  // own: 17 19 31 41 twice; unblocked: 27 29 twice. Then the followers, by
  // tags: 42: 8533 17066, 32: 11200 22400, 22: 16290 32581, 2: 179200 358400.
  const std::string twenty_twos =
      "21,23,25,39,45,47,49,51,53,55,57,59,61,63,65";
  EXPECT_EQ(Order(requests, /*first=*/15),
            absl::StrCat("17,27,19,31,29,41,17,27,19,31,29,41,33,35,37,15,",
                         twenty_twos, ",33,35,37,15,", twenty_twos, ",43,43"));
}

// Chromium 156 over HTTP/2: both kinds at once.
TEST_F(CapturesTest, ChromiumsFieldsOverHttp2) {
  const std::vector<Captured> requests = {
      {h2::StreamPriority{0, 256, true}, "u=0, i"},   // 1 document
      {h2::StreamPriority{1, 256, true}, "u=0"},      // 3 css
      {h2::StreamPriority{3, 110, true}, "u=4"},      // 5 print css
      {h2::StreamPriority{3, 256, true}, "u=0"},      // 7 font
      {h2::StreamPriority{7, 220, true}, "u=1"},      // 9 preloaded font
      {h2::StreamPriority{9, 220, true}, "u=1"},      // 11 blocking js
      {h2::StreamPriority{11, 183, true}, "u=2"},     // 13 js at the end
      {h2::StreamPriority{13, 147, true}, ""},        // 15 async js
      {h2::StreamPriority{11, 220, true}, "u=1, i"},  // 17 image, high
      {h2::StreamPriority{13, 183, true}, "u=2, i"},  // 19 early image
      {h2::StreamPriority{15, 147, true}, "i"},       // 21 image
      {h2::StreamPriority{17, 220, true}, "u=1, i"},  // 23 fetch
      {h2::StreamPriority{5, 110, true}, "u=4, i"}};  // 25 prefetch
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

// The captures of data/signals/browser_rfc9218_signals.json (August 2023).
TEST_F(CapturesTest, ChromesFieldsOf2023) {
  Start("rfc9218");
  EXPECT_EQ(Order({Field("u=0, i"),    // 1 document
                   Field("u=0"),       // 3 css in the head
                   Field("u=2"),       // 5 css at the bottom
                   Field("u=4"),       // 7 print css
                   Field("u=1"),       // 9 js in the head
                   Field("u=2"),       // 11 js in the body
                   Field(""),          // 13 async js
                   Field("u=1"),       // 15 preloaded font
                   Field("u=0"),       // 17 font from css
                   Field("u=3, i"),    // 19 image
                   Field("u=1, i"),    // 21 image, fetchpriority=high
                   Field("u=1, i"),    // 23 fetch
                   Field("u=3, i"),    // 25 video
                   Field("u=4, i")}),  // 27 prefetch
            "3,3,17,17,1,1,9,9,15,15,21,23,21,23,5,5,11,11,13,13,"
            "19,25,19,25,7,7,27,27");
}

TEST_F(CapturesTest, FirefoxsFieldsOf2023) {
  Start("rfc9218");
  EXPECT_EQ(Order({Field("u=1"),    // 1 document
                   Field("u=2"),    // 3 css
                   Field("u=4"),    // 5 print css
                   Field("u=4"),    // 7 font from css
                   Field("u=2"),    // 9 js in the head
                   Field(""),       // 11 js in the body
                   Field("u=4"),    // 13 image
                   Field("u=4")}),  // 15 fetch
            "1,1,3,3,9,9,11,11,5,5,7,7,13,13,15,15");
}

TEST_F(CapturesTest, SafarisFieldsOf2023) {
  Start("rfc9218");
  EXPECT_EQ(Order({Field("u=0, i"),    // 1 document
                   Field("u=1, i"),    // 3 css
                   Field("u=7, i"),    // 5 print css
                   Field("u=1, i"),    // 7 js in the head
                   Field("u=3, i"),    // 9 async js
                   Field("u=3, i"),    // 11 font
                   Field("u=3, i"),    // 13 image
                   Field("u=5, i"),    // 15 hidden image
                   Field("u=3, i"),    // 17 fetch
                   Field("u=7, i")}),  // 19 prefetch
            "1,1,3,7,3,7,9,11,13,17,9,11,13,17,15,15,5,19,5,19");
}

// A page's own nonsense is forwarded by browsers; it means the defaults.
TEST_F(CapturesTest, NonsenseInAFieldMeansTheDefault) {
  Start("rfc9218");
  EXPECT_EQ(Order({Field("u=4"), Field("u=666, r"), Field("!!!"), Field("")}),
            "3,3,5,5,7,7,1,1");
}

}  // namespace
}  // namespace sluice::scheduler
