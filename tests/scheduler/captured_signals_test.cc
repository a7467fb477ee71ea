// Signals captured from browsers, as frames through two connections into a
// DataScheduler; the order of the DATA against one that was worked out by hand.
//
// All responses are there before the first pull. Each has 2,800 bytes and goes
// out in grants of 1,400, so that every stream is picked twice: "3,3" is one
// that goes alone, "3,5,3,5" are two that share.
#include <sluice/h2/events.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/scheduler/session.h"

namespace sluice::scheduler {
namespace {

using nlohmann::json;
using testing::Session;

constexpr size_t kGrant = 1400;
constexpr uint64_t kBody = 2 * kGrant;

json ReadCapture(absl::string_view name) {
  std::ifstream stream(absl::StrCat("tests/lab/captures/", name, ".json"));
  json capture = json::parse(stream, nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(capture.is_discarded()) << name;
  return capture;
}

class Replay {
 public:
  explicit Replay(absl::string_view policy)
      : session_(Make(policy), {.scheduler = {.max_frame_size = kGrant}}) {
    EXPECT_TRUE(session_.client().IncrementFlowControlWindow(0, 1 << 20).ok());
    session_.ToServer();
  }

  void Prioritize(h2::StreamId id, const signals::Rfc7540Priority& priority) {
    EXPECT_TRUE(session_.client().Prioritize(id, priority).ok());
    session_.ToServer();
  }

  void Update(h2::StreamId id, const std::string& field) {
    const auto parsed = signals::ParseRfc9218Priority(field);
    ASSERT_TRUE(parsed.has_value()) << field;
    EXPECT_TRUE(
        session_.client()
            .SendPriorityUpdate(id, {.urgency = parsed->urgency,
                                     .incremental = parsed->incremental})
            .ok());
    session_.ToServer();
  }

  void Request(h2::StreamId id,
               std::optional<signals::Rfc7540Priority> priority,
               const std::string& header = "") {
    std::vector<h2::Header> headers = {{":method", "GET"},
                                       {":scheme", "https"},
                                       {":authority", "example.org"},
                                       {":path", "/"}};
    if (!header.empty()) headers.push_back({"priority", header});
    const absl::Status status = session_.client().SendHeaders(
        id, headers, {.end_stream = true, .priority = priority});
    ASSERT_TRUE(status.ok()) << status;
    session_.ToServer();
    ids_.push_back(id);
  }

  // Answers every request, and says whose DATA came: "1,1,3".
  std::string Order() {
    for (h2::StreamId id : ids_) {
      EXPECT_TRUE(session_.Respond(id, kBody).ok()) << id;
    }
    session_.ToClient();
    session_.Take();
    session_.Drain();
    std::vector<std::string> order;
    for (absl::string_view frame : absl::StrSplit(session_.Take(), ' ')) {
      order.emplace_back(frame.substr(0, frame.find(':')));
    }
    return absl::StrJoin(order, ",");
  }

 private:
  static std::unique_ptr<Policy> Make(absl::string_view spec) {
    PolicyOptions options;
    options.max_grant = kGrant;
    return *CreatePolicy(spec, options);
  }

  Session session_;
  std::vector<h2::StreamId> ids_;
};

// Chrome's eight weights, requested in an order that moves every place of the
// chain (the one that Chrome's rule gives: behind the last stream that is at
// least as urgent):
//
//   1 (147)   1
//   3 (1)     1 3
//   5 (256)   5 1 3
//   7 (74)    5 1 7 3
//   9 (220)   5 9 1 7 3
//   11 (37)   5 9 1 7 11 3
//   13 (183)  5 9 13 1 7 11 3
//   15 (110)  5 9 13 1 15 7 11 3
void SendChromesChain(Replay& replay) {
  replay.Request(1, signals::Rfc7540Priority{0, 147, true});
  replay.Request(3, signals::Rfc7540Priority{1, 1, true});
  replay.Request(5, signals::Rfc7540Priority{0, 256, true});
  replay.Request(7, signals::Rfc7540Priority{1, 74, true});
  replay.Request(9, signals::Rfc7540Priority{5, 220, true});
  replay.Request(11, signals::Rfc7540Priority{7, 37, true});
  replay.Request(13, signals::Rfc7540Priority{9, 183, true});
  replay.Request(15, signals::Rfc7540Priority{1, 110, true});
}

// By the tree, a chain is served from its head to its end. Translated to RFC
// 9218, the weights are the urgencies 0 to 7, none incremental: the same order.
TEST(CapturedSignalsTest, ChromesChainIsServedFromItsHeadToItsEnd) {
  for (const char* policy :
       {"rfc7540", "rfc7540:exact=true", "auto", "rfc9218", "urgency"}) {
    SCOPED_TRACE(policy);
    Replay replay(policy);
    SendChromesChain(replay);
    EXPECT_EQ(replay.Order(), "5,5,9,9,13,13,1,1,15,15,7,7,11,11,3,3");
  }
}

// An image came into view: 1 (147) becomes High (220), behind 9. Chrome first
// gives 1's place to the stream below it, then moves 1.
TEST(CapturedSignalsTest, APairOfPriorityFramesMovesAStreamOfTheChain) {
  for (const char* policy : {"rfc7540", "auto"}) {
    SCOPED_TRACE(policy);
    Replay replay(policy);
    SendChromesChain(replay);
    replay.Prioritize(15, {13, 110, true});
    replay.Prioritize(1, {9, 220, true});
    EXPECT_EQ(replay.Order(), "5,5,9,9,1,1,13,13,15,15,7,7,11,11,3,3");
  }
}

// Firefox's 26 streams of June 2017, in the order of the capture on one
// connection: 13, 15, … 63. Its groups are 3 (201) and 5 (101) on the root, 11
// (1) under 3, and 7, 9, which stay empty.
//
//   under 3, weight 32:    15 17 29 39           css and head js
//   under 5, weight 32:    25 27                 async js
//   under 11, weight 42:   31 33 35              fonts
//                    32:   13                    the document
//                    22:   19 21 23 37 43 45 47 49 51 53 55 57 59 61 63
//                     2:   41
//
// The smallest finish tag goes first; a grant adds 256·1400/w = 358,400/w.
//
//   Root: group 3 at 1783 3566 5349 7132 8915 10699 12482 14265, group 5 at
//   3549 7097 10646 14194 (then it is empty). So 3 5 3 3 5 3 3 5 3 3 5 3.
//   In 3: 15 17 29 39 by turns; 11, at 358,400, waits until they are gone.
//   In 11: the fonts at 8533, 13 at 11,200, the fifteen at 16,291, the fonts
//   again at 17,067, 13 at 22,400, the fifteen at 32,582, 41 at 179,200 twice.
TEST(CapturedSignalsTest, FirefoxsGroupsShareAndFollowersWait) {
  const std::string fifteen = "19,21,23,37,43,45,47,49,51,53,55,57,59,61,63";
  const std::string expected =
      absl::StrCat("15,25,17,29,27,39,15,25,17,29,27,39,",  // 3 and 5
                   "31,33,35,13,", fifteen, ",",            // 11, first grants
                   "31,33,35,13,", fifteen, ",",            // second ones
                   "41,41");
  const json capture = ReadCapture("firefox_rfc7540_filamentgroup");
  for (const char* policy : {"rfc7540", "rfc7540:exact=true", "auto"}) {
    SCOPED_TRACE(policy);
    Replay replay(policy);
    for (const json& node : capture["phantom_nodes"]) {
      const h2::StreamId id = node["stream"];
      if (id >= 13) continue;  // urgent-start came after this capture
      replay.Prioritize(id, {node["depends_on"], node["weight"], false});
    }
    h2::StreamId id = 13;
    for (const json& stream : capture["streams"]) {
      replay.Request(
          id, signals::Rfc7540Priority{stream["depends_on"], stream["weight"],
                                       stream["exclusive"]});
      id += 2;
    }
    ASSERT_EQ(id, 13u + 2 * 26);
    EXPECT_EQ(replay.Order(), expected);
  }
}

// "3 5": each goes alone, the lower id first.
std::string Alone(absl::string_view ids) {
  std::vector<std::string> order;
  for (absl::string_view id : absl::StrSplit(ids, ' ')) {
    order.push_back(absl::StrCat(id, ",", id));
  }
  return absl::StrJoin(order, ",");
}

// "3 5": they share, one grant each in turn.
std::string ByTurns(absl::string_view ids) {
  const std::string round = absl::StrJoin(absl::StrSplit(ids, ' '), ",");
  return absl::StrCat(round, ",", round);
}

std::string InThisOrder(const std::vector<std::string>& groups) {
  return absl::StrJoin(groups, ",");
}

enum class UpdateComes { kBeforeHeaders, kAfterHeaders };

// Sends the signals of one browser in August 2023. The capture is of QUIC:
// stream 0, 4, 8, … is 1, 3, 5, … here. Chrome sent updates, the others
// headers; on three requests the page's own header said something else, and
// the update holds (RFC 9218 §7, §8).
std::string OrderOf2023(absl::string_view browser, absl::string_view policy,
                        UpdateComes when) {
  const json capture = ReadCapture("browser_rfc9218_signals");
  std::map<h2::StreamId, json> requests;
  for (const json& by_browser : capture["captures"]["august2023"]) {
    const auto request = by_browser.find(browser);
    if (request == by_browser.end()) continue;
    requests[(*request)["stream"].get<h2::StreamId>() / 2 + 1] = *request;
  }
  Replay replay(policy);
  for (const auto& [id, said] : requests) {
    const json& update = said["priority_update"];
    const json& header = said["header"];
    if (update.is_string() && when == UpdateComes::kBeforeHeaders) {
      replay.Update(id, update);
    }
    replay.Request(id, std::nullopt,
                   header.is_string() ? header.get<std::string>() : "");
    if (update.is_string() && when == UpdateComes::kAfterHeaders) {
      replay.Update(id, update);
    }
  }
  return replay.Order();
}

TEST(CapturedSignalsTest, ChromesUpdatesOf2023GiveTheOrderOfRfc9218) {
  const std::string expected = InThisOrder({
      Alone("7 17 19 23 87 89"),              // u=0: css, fonts from css
      ByTurns("1 65 67 69"),                  // u=0, i: document, frames
      Alone("3 5 11 13 15 21 25 27 59"),      // u=1: preloads, head js
      ByTurns("9 29 31 73 77 79 83 93"),      // u=1, i: high images, fetch
      Alone("33 35 41"),                      // u=2: late js and css
      Alone("37 43 49 55 57 81"),             // nothing said: async, defer js
      ByTurns("39 45 47 51 53 71 75 85 91"),  // u=3, i: images, video
      Alone("61"),                            // u=4: css for print
      ByTurns("63"),                          // u=4, i: prefetch
  });
  for (const char* policy : {"rfc9218", "auto"}) {
    for (UpdateComes when :
         {UpdateComes::kBeforeHeaders, UpdateComes::kAfterHeaders}) {
      SCOPED_TRACE(absl::StrCat(policy, " ", static_cast<int>(when)));
      EXPECT_EQ(OrderOf2023("chrome", policy, when), expected);
    }
  }
}

TEST(CapturedSignalsTest, FirefoxsHeadersOf2023GiveTheOrderOfRfc9218) {
  const std::string expected = InThisOrder({
      Alone("85"),                // u=0: the page's own field
      ByTurns("83"),              // u=0, i: the page's own field
      Alone("1 93"),              // u=1: document
      Alone("9 15 17 19 35 41"),  // u=2: css, head js
      // Nothing said: font preloads, js; and 87 said "u=666, r", of which no
      // parameter counts (RFC 9218 §4).
      Alone("3 5 7 21 23 25 27 29 31 33 39 43 45 47 51 79 87"),
      // u=4: images, fonts, fetch, frames, video, prefetch, css for print
      Alone("11 13 37 49 53 55 57 59 61 63 65 67 69 71 73 75 77 81 89 91"),
  });
  for (const char* policy : {"rfc9218", "auto"}) {
    SCOPED_TRACE(policy);
    EXPECT_EQ(OrderOf2023("firefox", policy, UpdateComes::kBeforeHeaders),
              expected);
  }
}

TEST(CapturedSignalsTest, SafarisHeadersOf2023GiveTheOrderOfRfc9218) {
  const std::string expected = InThisOrder({
      Alone("55"),               // u=0: the page's own field
      ByTurns("1 39 53 59 61"),  // u=0, i: document, frames
      // u=1, i: css, js
      ByTurns("3 5 7 11 13 15 19 21 23 25 27 29 31 33 37 49"),
      Alone("57"),  // "u=666, r": the defaults
      // u=3, i: async js, fonts, fetch, images in view, video
      ByTurns("9 17 35 41 43 45 47 51 63 65 67 69 71 73 79"),
      ByTurns("77"),  // u=5, i: the hidden image
      ByTurns("75"),  // u=7, i: css for print
  });
  for (const char* policy : {"rfc9218", "auto"}) {
    SCOPED_TRACE(policy);
    EXPECT_EQ(OrderOf2023("safari", policy, UpdateComes::kBeforeHeaders),
              expected);
  }
}

}  // namespace
}  // namespace sluice::scheduler
