// Every stream is served to its last byte, whatever a client and a server do to
// hundreds of them: at random, the same in every run.
#include <sluice/signals/rfc7540_priority.h>

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/adapters/nghttp2/test_server.h"

namespace sluice::adapters {
namespace {

// Numbers that are the same everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2 + 1) {}
  uint32_t Below(uint32_t bound) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state_ >> 33) % bound;
  }

 private:
  uint64_t state_;
};

// Hundreds of streams of a client that does everything at once, and a server
// whose bodies come in pieces, late, and sometimes too late.
class Crowd {
 public:
  Crowd(const char* policy, OwnTree tree, Padding padding, uint64_t seed)
      : random_(seed),
        server_(policy, tree, /*use_adapter=*/true,
                /*extension_callbacks=*/true, padding),
        client_(/*window=*/3000) {}

  void Step() {
    switch (random_.Below(10)) {
      case 0:
      case 1:
        Request();
        break;
      case 2:
        if (!unanswered_.empty()) Answer();
        break;
      case 3:
        if (AnyId() != 0) {
          client_.WindowUpdate(last_,
                               1 + random_.Below(5) * random_.Below(2000));
        }
        break;
      case 4:
        client_.Settings(0x4, random_.Below(3) * random_.Below(4000));
        break;
      case 5:
        last_ = NearbyId();
        client_.Priority(last_, Priority(last_));
        break;
      case 6:
        client_.PriorityUpdate(
            NearbyId(), absl::StrCat("u=", random_.Below(8),
                                     random_.Below(2) == 0 ? ", i" : ""));
        break;
      case 7:
        if (random_.Below(3) == 0 && AnyId() != 0) Reset(last_);
        break;
      case 8:
        if (AnyId() != 0) Feed(last_, random_.Below(9000));
        break;
      default:
        // One that pauses stops them all.
        if (!pausing_.empty() && random_.Below(2) == 0) {
          Feed(pausing_[random_.Below(pausing_.size())], 3000);
        }
        Take(Pump(&server_, random_.Below(4) * random_.Below(20000)));
    }
    if (random_.Below(3) != 0) server_.Receive(client_.Take());
  }

  // All that was asked for is sent, unless it was reset or its body failed.
  void Finish() {
    server_.Receive(client_.Take());
    while (!unanswered_.empty()) Answer();
    for (const uint32_t id : answered_) Feed(id, SIZE_MAX);
    client_.Settings(0x4, 1 << 20);
    server_.Receive(client_.Take());
    Take(Pump(&server_, SIZE_MAX));
    EXPECT_LT(reset_.size(), answered_.size() / 2);
    for (const uint32_t id : answered_) {
      if (reset_.contains(id)) continue;
      const size_t received = received_[static_cast<int32_t>(id)];
      if (id == 1) {  // the padded one
        EXPECT_GE(received, sizes_[id]);
      } else {
        EXPECT_EQ(received, sizes_[id]) << id;
      }
    }
    EXPECT_EQ(server_.adapter().stats().open_streams, 0u);
    EXPECT_EQ(server_.adapter().stats().ready_streams, 0u);
  }

  size_t streams() const { return answered_.size(); }

 private:
  void Request() {
    if (answered_.size() + unanswered_.size() > reset_.size() + 300) return;
    if (random_.Below(2) == 0) {
      client_.RequestWith(next_, Priority(next_));
    } else {
      client_.Request(next_, absl::StrCat("u=", random_.Below(8)));
    }
    unanswered_.push_back(next_);
    next_ += 2;
  }

  void Answer() {
    server_.Receive(client_.Take());
    const size_t at = random_.Below(unanswered_.size());
    const uint32_t id = unanswered_[at];
    unanswered_.erase(unanswered_.begin() + static_cast<ptrdiff_t>(at));
    answered_.push_back(id);
    sizes_[id] = random_.Below(5) * random_.Below(8000);
    server_.Answer(static_cast<int32_t>(id), sizes_[id]);
    Body& body = server_.body(static_cast<int32_t>(id));
    if (random_.Below(2) == 0) body.available = random_.Below(5000);
    if (random_.Below(2) == 0) body.piece = 1 + random_.Below(5000);
    if (random_.Below(20) == 0) {
      body.error = NGHTTP2_ERR_PAUSE;
      pausing_.push_back(id);
    }
    if (random_.Below(20) == 0) {
      body.error = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      reset_.insert(id);  // or it ends before it fails
    }
  }

  void Reset(uint32_t id) {
    if (!reset_.insert(id).second) return;
    client_.Reset(id);
  }

  void Feed(uint32_t id, size_t bytes) {
    if (std::find(answered_.begin(), answered_.end(), id) == answered_.end()) {
      return;
    }
    Body& body = server_.body(static_cast<int32_t>(id));
    body.available =
        bytes > SIZE_MAX - body.available ? SIZE_MAX : body.available + bytes;
    // Refused when it is not deferred.
    nghttp2_session_resume_data(server_.session(), static_cast<int32_t>(id));
  }

  // 0 when there is none.
  uint32_t AnyId() {
    const size_t count = answered_.size() + unanswered_.size();
    if (count == 0) return last_ = 0;
    const size_t at = random_.Below(count);
    return last_ = at < answered_.size() ? answered_[at]
                                         : unanswered_[at - answered_.size()];
  }

  // Of any stream, or of one that is not open yet.
  uint32_t NearbyId() { return 1 + 2 * random_.Below(next_ / 2 + 5); }

  signals::Rfc7540Priority Priority(uint32_t id) {
    const uint32_t parent = NearbyId();
    return {.depends_on = parent == id ? 0 : parent,
            .weight = 1 + static_cast<int>(random_.Below(256)),
            .exclusive = random_.Below(4) == 0};
  }

  void Take(const Received& received) {
    for (const auto& [id, size] : received.bytes) received_[id] += size;
  }

  Random random_;
  Server server_;
  Client client_;
  uint32_t next_ = 1;
  uint32_t last_ = 0;
  std::vector<uint32_t> unanswered_, answered_, pausing_;
  std::set<uint32_t> reset_;
  std::map<uint32_t, size_t> sizes_;
  std::map<int32_t, size_t> received_;
};

class CrowdTest : public testing::TestWithParam<OwnTree> {};

INSTANTIATE_TEST_SUITE_P(OnAndOff, CrowdTest,
                         testing::Values(OwnTree::kOn, OwnTree::kOff),
                         [](const auto& info) {
                           return info.param == OwnTree::kOn ? "TreeOn"
                                                             : "TreeOff";
                         });

TEST_P(CrowdTest, DoingEverythingAtOnceIsServedToTheLastByte) {
  size_t streams = 0;
  for (const char* policy : {"rfc7540", "rfc9218", "rr", "fifo", "lifo"}) {
    for (uint64_t seed = 0; seed < 4; ++seed) {
      SCOPED_TRACE(absl::StrCat(policy, " ", seed));
      // Padded, on_frame_send_callback is wired as well.
      Crowd crowd(policy, GetParam(),
                  seed % 2 == 0 ? Padding::kNone : Padding::kOnStreamOne, seed);
      for (int step = 0; step < 800; ++step) crowd.Step();
      crowd.Finish();
      streams += crowd.streams();
    }
  }
  EXPECT_GT(streams, 2000u);
}

}  // namespace
}  // namespace sluice::adapters
