#include "adapters/c/sluice.h"

#include <sluice/scheduler/registry.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace {

class SluiceTest : public testing::Test {
 protected:
  void SetUp() override { Create("rfc7540"); }
  void TearDown() override { sluice_destroy(policy_); }

  void Create(const char* spec) {
    sluice_destroy(policy_);
    ASSERT_EQ(sluice_create(SLUICE_ABI_VERSION, spec, nullptr, &policy_),
              SLUICE_OK)
        << sluice_error_text(nullptr);
  }

  void OpenReady(uint32_t id, sluice_rfc7540 priority) {
    ASSERT_EQ(sluice_open(policy_, id, &priority, nullptr), SLUICE_OK);
    ASSERT_EQ(sluice_ready(policy_, id), SLUICE_OK);
  }

  // The ids of `count` full grants: "1 1 3 …".
  std::string Picks(int count) {
    std::string picks;
    for (int i = 0; i < count; ++i) {
      sluice_grant grant;
      if (sluice_pick(policy_, &grant) != SLUICE_OK) return picks + " -";
      if (!picks.empty()) picks += ' ';
      picks += std::to_string(grant.stream_id);
      EXPECT_EQ(sluice_charge(policy_, grant.stream_id, grant.max_bytes),
                SLUICE_OK);
    }
    return picks;
  }

  std::string ErrorText() { return sluice_error_text(policy_); }

  sluice_policy* policy_ = nullptr;
};

TEST_F(SluiceTest, SharesByTheWeightsOfTheTree) {
  OpenReady(1, {0, 192, 0});
  OpenReady(3, {0, 64, 0});
  const std::string picks = Picks(16);
  size_t first = 0;
  for (char c : picks) first += c == '1' ? 1 : 0;
  EXPECT_EQ(first, 12u) << picks;
}

TEST_F(SluiceTest, AParentGoesBeforeItsChildren) {
  OpenReady(1, {0, 16, 0});
  OpenReady(3, {1, 256, 0});
  EXPECT_EQ(Picks(2), "1 1");
  EXPECT_EQ(sluice_blocked(policy_, 1), SLUICE_OK);
  EXPECT_EQ(Picks(2), "3 3");
  EXPECT_EQ(sluice_close(policy_, 3), SLUICE_OK);
  EXPECT_EQ(Picks(1), " -");
}

TEST_F(SluiceTest, APriorityFrameMovesAStream) {
  OpenReady(1, {0, 16, 0});
  OpenReady(3, {0, 16, 0});
  const sluice_rfc7540 exclusive = {0, 16, 1};
  EXPECT_EQ(sluice_priority_7540(policy_, 3, &exclusive), SLUICE_OK);
  EXPECT_EQ(Picks(3), "3 3 3");
}

TEST_F(SluiceTest, ASignalBeforeTheStreamOpensHoldsWhenItDoes) {
  const sluice_rfc7540 under_one = {1, 16, 0};
  EXPECT_EQ(sluice_priority_7540(policy_, 3, &under_one), SLUICE_OK);
  OpenReady(1, {0, 16, 0});
  EXPECT_EQ(sluice_open(policy_, 3, nullptr, nullptr), SLUICE_OK);
  EXPECT_EQ(sluice_ready(policy_, 3), SLUICE_OK);
  EXPECT_EQ(Picks(3), "1 1 1");
}

TEST_F(SluiceTest, TheServersPriorityOverridesTheClientsUntilItIsRemoved) {
  OpenReady(1, {0, 16, 0});
  OpenReady(3, {1, 16, 0});
  const sluice_rfc7540 exclusive = {0, 256, 1};
  EXPECT_EQ(sluice_set_server_priority(policy_, 3, &exclusive, nullptr),
            SLUICE_OK);
  EXPECT_EQ(Picks(2), "3 3");
  EXPECT_EQ(sluice_set_server_priority(policy_, 3, nullptr, nullptr),
            SLUICE_OK);
  EXPECT_EQ(Picks(2), "1 1");
}

TEST_F(SluiceTest, RFC9218SignalsReachThePolicyBeforeAndAfterTheStreamOpens) {
  Create("rfc9218");
  const sluice_rfc9218 urgent = {1, 0};
  const sluice_rfc9218 later = {5, 0};
  EXPECT_EQ(sluice_open(policy_, 1, nullptr, &later), SLUICE_OK);
  EXPECT_EQ(sluice_priority_9218(policy_, 3, &urgent), SLUICE_OK);
  EXPECT_EQ(sluice_open(policy_, 3, nullptr, nullptr), SLUICE_OK);
  EXPECT_EQ(sluice_ready(policy_, 1), SLUICE_OK);
  EXPECT_EQ(sluice_ready(policy_, 3), SLUICE_OK);
  EXPECT_EQ(Picks(2), "3 3");
  const sluice_rfc9218 first = {0, 0};
  EXPECT_EQ(sluice_priority_9218(policy_, 1, &first), SLUICE_OK);
  EXPECT_EQ(Picks(2), "1 1");
}

// RFC 9218 §2.1: the tree's signals are translated until the client says that
// it sends none that matter.
TEST_F(SluiceTest, RFC7540SignalsNoLongerCountWhenTheClientSaysSo) {
  EXPECT_EQ(sluice_announces_no_rfc7540_priorities(policy_), 0);
  for (const bool said : {false, true}) {
    Create("rfc9218");
    EXPECT_EQ(sluice_announces_no_rfc7540_priorities(policy_), 1);
    if (said) {
      EXPECT_EQ(sluice_no_rfc7540_priorities(policy_), SLUICE_OK);
    }
    OpenReady(1, {0, 16, 1});
    OpenReady(3, {0, 256, 1});
    EXPECT_EQ(Picks(2), said ? "1 1" : "3 3");
  }
}

TEST_F(SluiceTest, HintsReachThePolicy) {
  Create("srpt");
  for (const uint32_t id : {1u, 3u}) {
    EXPECT_EQ(sluice_open(policy_, id, nullptr, nullptr), SLUICE_OK);
    sluice_hints hints = SLUICE_HINTS_INIT;
    hints.bytes_remaining = id == 1 ? 900000 : 100000;
    EXPECT_EQ(sluice_set_hints(policy_, id, &hints), SLUICE_OK);
    EXPECT_EQ(sluice_ready(policy_, id), SLUICE_OK);
  }
  EXPECT_EQ(Picks(2), "3 3");
}

// RFC 9218 §11; other responses of one urgency would go one by one.
TEST_F(SluiceTest, TunnelsShareWithEachOtherWhateverLaterHintsSay) {
  Create("rfc9218");
  for (const uint32_t id : {1u, 3u}) {
    EXPECT_EQ(sluice_open(policy_, id, nullptr, nullptr), SLUICE_OK);
    sluice_hints hints = SLUICE_HINTS_INIT;
    hints.flags = SLUICE_HINT_TUNNEL;
    EXPECT_EQ(sluice_set_hints(policy_, id, &hints), SLUICE_OK);
    hints.flags = 0;
    EXPECT_EQ(sluice_set_hints(policy_, id, &hints), SLUICE_OK);
    EXPECT_EQ(sluice_ready(policy_, id), SLUICE_OK);
  }
  EXPECT_EQ(Picks(4), "1 3 1 3");
}

TEST_F(SluiceTest, ARequestThatCameByAProxyMakesAllShare) {
  for (const char* spec : {"auto", "auto:via=share"}) {
    Create(spec);
    for (const uint32_t id : {1u, 3u}) {
      const sluice_rfc9218 urgency = {static_cast<int>(id), 0};
      EXPECT_EQ(sluice_open(policy_, id, nullptr, &urgency), SLUICE_OK);
      EXPECT_EQ(sluice_ready(policy_, id), SLUICE_OK);
    }
    sluice_hints hints = SLUICE_HINTS_INIT;
    hints.flags = SLUICE_HINT_VIA;
    EXPECT_EQ(sluice_set_hints(policy_, 3, &hints), SLUICE_OK);
    hints.flags = 0;
    EXPECT_EQ(sluice_set_hints(policy_, 3, &hints), SLUICE_OK);
    EXPECT_EQ(Picks(4), std::strcmp(spec, "auto") == 0 ? "1 1 1 1" : "1 3 1 3");
  }
}

TEST_F(SluiceTest, ThePriorityFieldIsReadAsTheLibraryReadsIt) {
  struct Field {
    const char* text;
    int urgency;
    int incremental;
  };
  for (const Field& field : std::vector<Field>{{"u=1, i", 1, 1},
                                               {"u=5", 5, 0},
                                               {"i", 3, 1},
                                               {"i=?0", 3, 0},
                                               {"", 3, 0},
                                               {"u=9, x=a", 3, 0},
                                               {"u=1,u=2", 2, 0}}) {
    SCOPED_TRACE(field.text);
    // Its length counts, and not what follows.
    const std::string more = std::string(field.text) + ",,,";
    sluice_rfc9218 read = {7, 7};
    EXPECT_EQ(
        sluice_parse_priority(more.data(), std::strlen(field.text), &read),
        SLUICE_OK);
    EXPECT_EQ(read.urgency, field.urgency);
    EXPECT_EQ(read.incremental, field.incremental);
    const std::string payload = std::string("\x80\0\1\2", 4) + field.text;
    uint32_t id = 0;
    read = {7, 7};
    EXPECT_EQ(sluice_parse_priority_update(payload.data(), payload.size(), &id,
                                           &read),
              SLUICE_OK);
    EXPECT_EQ(id, 258u);
    EXPECT_EQ(read.urgency, field.urgency);
    EXPECT_EQ(read.incremental, field.incremental);
  }
  sluice_rfc9218 read = {7, 7};
  uint32_t id = 0;
  EXPECT_EQ(sluice_parse_priority_update(nullptr, 0, &id, &read),
            SLUICE_ERROR_BAD_FRAME);
  EXPECT_EQ(sluice_parse_priority(nullptr, 0, &read), SLUICE_OK);
  EXPECT_EQ(read.urgency, 3);
}

TEST_F(SluiceTest, EveryPolicyOfTheRegistryCanBeMadeByItsListedName) {
  const auto entries = sluice::scheduler::RegisteredPolicies();
  size_t count = 0;
  while (const char* name = sluice_policy_name(count)) {
    ASSERT_LT(count, entries.size());
    EXPECT_EQ(name, entries[count].name);
    EXPECT_EQ(sluice_policy_summary(count), entries[count].summary);
    Create(name);
    EXPECT_EQ(sluice_open(policy_, 1, nullptr, nullptr), SLUICE_OK);
    EXPECT_EQ(sluice_ready(policy_, 1), SLUICE_OK);
    EXPECT_EQ(Picks(1), "1") << name;
    ++count;
  }
  EXPECT_EQ(count, entries.size());
  EXPECT_EQ(sluice_policy_summary(count), nullptr);
}

TEST_F(SluiceTest, AFailedCreationNamesItsError) {
  sluice_policy* made = policy_;
  EXPECT_EQ(sluice_create(SLUICE_ABI_VERSION + 1, "rr", nullptr, &made),
            SLUICE_ERROR_ABI_VERSION);
  EXPECT_EQ(made, nullptr);
  EXPECT_STREQ(sluice_error_text(nullptr),
               "the program was compiled for version 2 of the ABI, the "
               "library has 1");
  EXPECT_EQ(sluice_create(SLUICE_ABI_VERSION - 1, "rr", nullptr, &made),
            SLUICE_ERROR_ABI_VERSION);
  EXPECT_EQ(sluice_create(SLUICE_ABI_VERSION, "none", nullptr, &made),
            SLUICE_ERROR_NOT_FOUND);
  EXPECT_EQ(sluice_create(SLUICE_ABI_VERSION, "rr:no=1", nullptr, &made),
            SLUICE_ERROR_INVALID_ARGUMENT);
  EXPECT_NE(std::strstr(sluice_error_text(nullptr), "no"), nullptr);
  EXPECT_EQ(sluice_create(SLUICE_ABI_VERSION, nullptr, nullptr, &made),
            SLUICE_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sluice_create(SLUICE_ABI_VERSION, "rr", nullptr, nullptr),
            SLUICE_ERROR_INVALID_ARGUMENT);
  sluice_options options = SLUICE_OPTIONS_INIT;
  options.max_grant = 0;
  EXPECT_EQ(sluice_create(SLUICE_ABI_VERSION, "rr", &options, &made),
            SLUICE_ERROR_INVALID_ARGUMENT);
}

TEST_F(SluiceTest, TheDefaultOptionsAreThoseOfTheLibrary) {
  const sluice_options options = SLUICE_OPTIONS_INIT;
  const sluice::scheduler::PolicyOptions defaults;
  EXPECT_EQ(options.max_grant, defaults.max_grant);
  EXPECT_EQ(options.max_streams, defaults.max_streams);
  EXPECT_EQ(options.max_closed_streams, defaults.max_closed_streams);
}

TEST_F(SluiceTest, RefusedCallsNameTheirErrorAndChangeNothing) {
  OpenReady(1, {0, 16, 0});
  const sluice_rfc7540 itself = {3, 16, 0};
  EXPECT_EQ(sluice_open(policy_, 3, &itself, nullptr),
            SLUICE_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sluice_open(policy_, 0, nullptr, nullptr),
            SLUICE_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sluice_open(policy_, 1, nullptr, nullptr),
            SLUICE_ERROR_ALREADY_EXISTS);
  EXPECT_EQ(ErrorText(),
            "stream 1 is open already; close it before it opens again");
  const sluice_rfc7540 heavy = {0, 257, 0};
  EXPECT_EQ(sluice_priority_7540(policy_, 1, &heavy),
            SLUICE_ERROR_INVALID_ARGUMENT);
  const sluice_rfc9218 urgent = {8, 0};
  EXPECT_EQ(sluice_priority_9218(policy_, 1, &urgent),
            SLUICE_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sluice_ready(policy_, 3), SLUICE_ERROR_NOT_FOUND);
  EXPECT_EQ(ErrorText(), "stream 3 is not open; the call is for open streams");
  EXPECT_EQ(sluice_blocked(policy_, 3), SLUICE_ERROR_NOT_FOUND);
  EXPECT_EQ(sluice_close(policy_, 3), SLUICE_ERROR_NOT_FOUND);
  EXPECT_EQ(sluice_set_server_priority(policy_, 3, nullptr, nullptr),
            SLUICE_ERROR_NOT_FOUND);
  sluice_hints hints = SLUICE_HINTS_INIT;
  EXPECT_EQ(sluice_set_hints(policy_, 3, &hints), SLUICE_ERROR_NOT_FOUND);
  hints.resource_class = 9;
  EXPECT_EQ(sluice_set_hints(policy_, 1, &hints),
            SLUICE_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(Picks(2), "1 1");
  sluice_stats stats;
  EXPECT_EQ(sluice_get_stats(policy_, &stats), SLUICE_OK);
  EXPECT_EQ(stats.refused, 11u);
}

TEST_F(SluiceTest, NullPointersAreInvalidArguments) {
  EXPECT_EQ(sluice_open(nullptr, 1, nullptr, nullptr),
            SLUICE_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sluice_priority_7540(policy_, 1, nullptr),
            SLUICE_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sluice_priority_9218(policy_, 1, nullptr),
            SLUICE_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sluice_pick(policy_, nullptr), SLUICE_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sluice_get_stats(policy_, nullptr), SLUICE_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sluice_set_hints(policy_, 1, nullptr),
            SLUICE_ERROR_INVALID_ARGUMENT);
  sluice_destroy(nullptr);
}

TEST_F(SluiceTest, TooManyIdleStreamsAreRefused) {
  sluice_destroy(policy_);
  sluice_options options = SLUICE_OPTIONS_INIT;
  options.max_streams = 2;
  ASSERT_EQ(sluice_create(SLUICE_ABI_VERSION, "rr", &options, &policy_),
            SLUICE_OK);
  const sluice_rfc9218 urgent = {1, 0};
  EXPECT_EQ(sluice_priority_9218(policy_, 1, &urgent), SLUICE_OK);
  EXPECT_EQ(sluice_priority_9218(policy_, 3, &urgent), SLUICE_OK);
  EXPECT_EQ(sluice_priority_9218(policy_, 5, &urgent),
            SLUICE_ERROR_RESOURCE_EXHAUSTED);
}

TEST_F(SluiceTest, PickAndChargeAlternate) {
  OpenReady(1, {0, 16, 0});
  sluice_grant grant;
  EXPECT_EQ(sluice_charge(policy_, 1, 1), SLUICE_ERROR_WRONG_STATE);
  ASSERT_EQ(sluice_pick(policy_, &grant), SLUICE_OK);
  EXPECT_EQ(grant.stream_id, 1u);
  EXPECT_EQ(grant.max_bytes, 16384u);
  EXPECT_GT(grant.reason_length, 0u);
  EXPECT_EQ(sluice_pick(policy_, &grant), SLUICE_ERROR_WRONG_STATE);
  EXPECT_EQ(sluice_charge(policy_, 3, 1), SLUICE_ERROR_WRONG_STATE);
  EXPECT_EQ(sluice_charge(policy_, 1, 16385), SLUICE_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sluice_charge(policy_, 1, 16384), SLUICE_OK);
}

TEST_F(SluiceTest, AStreamMayCloseBetweenItsPickAndItsCharge) {
  OpenReady(1, {0, 16, 0});
  OpenReady(3, {0, 16, 0});
  sluice_grant grant;
  ASSERT_EQ(sluice_pick(policy_, &grant), SLUICE_OK);
  EXPECT_EQ(sluice_close(policy_, grant.stream_id), SLUICE_OK);
  EXPECT_EQ(sluice_charge(policy_, grant.stream_id, 100), SLUICE_OK);
  EXPECT_EQ(Picks(2), grant.stream_id == 1 ? "3 3" : "1 1");
}

TEST_F(SluiceTest, TheTraceReportsEveryDecisionAndTheStatisticsAddThemUp) {
  std::vector<std::string> told;
  const auto trace = [](void* user, const sluice_decision* decision) {
    static_cast<std::vector<std::string>*>(user)->push_back(
        std::to_string(decision->number) + ":" +
        std::to_string(decision->grant.stream_id) + ":" +
        std::to_string(decision->bytes));
  };
  EXPECT_EQ(sluice_set_trace(policy_, trace, &told), SLUICE_OK);
  OpenReady(1, {0, 16, 0});
  OpenReady(3, {1, 16, 0});
  sluice_grant grant;
  ASSERT_EQ(sluice_pick(policy_, &grant), SLUICE_OK);
  EXPECT_EQ(sluice_charge(policy_, 1, 500), SLUICE_OK);
  ASSERT_EQ(sluice_pick(policy_, &grant), SLUICE_OK);
  EXPECT_EQ(sluice_charge(policy_, 1, 0), SLUICE_OK);
  EXPECT_EQ(sluice_close(policy_, 1), SLUICE_OK);
  ASSERT_EQ(sluice_pick(policy_, &grant), SLUICE_OK);
  EXPECT_EQ(sluice_charge(policy_, 3, 7), SLUICE_OK);
  EXPECT_EQ(told, (std::vector<std::string>{"0:1:500", "1:1:0", "2:3:7"}));

  EXPECT_EQ(sluice_set_trace(policy_, nullptr, nullptr), SLUICE_OK);
  EXPECT_EQ(sluice_blocked(policy_, 3), SLUICE_OK);
  EXPECT_EQ(sluice_pick(policy_, &grant), SLUICE_NOTHING_READY);
  EXPECT_EQ(told.size(), 3u);
  sluice_stats stats;
  ASSERT_EQ(sluice_get_stats(policy_, &stats), SLUICE_OK);
  EXPECT_EQ(stats.picks, 3u);
  EXPECT_EQ(stats.empty_picks, 1u);
  EXPECT_EQ(stats.empty_grants, 1u);
  EXPECT_EQ(stats.bytes, 507u);
  EXPECT_EQ(stats.opened, 2u);
  EXPECT_EQ(stats.closed, 1u);
  EXPECT_EQ(stats.refused, 0u);
  EXPECT_EQ(stats.open_streams, 1u);
  EXPECT_EQ(stats.ready_streams, 0u);
}

// It serves the next stream itself, twice, then wants to hear no more.
TEST_F(SluiceTest, ATraceMayCallThePolicyAgain) {
  struct Tracer {
    sluice_policy* policy;
    std::vector<uint64_t> told;
  } tracer = {policy_, {}};
  const auto trace = [](void* user, const sluice_decision* decision) {
    Tracer& self = *static_cast<Tracer*>(user);
    self.told.push_back(decision->number);
    sluice_stats stats;
    EXPECT_EQ(sluice_get_stats(self.policy, &stats), SLUICE_OK);
    EXPECT_EQ(stats.picks, decision->number + 1);
    if (decision->number == 2) {
      EXPECT_EQ(sluice_set_trace(self.policy, nullptr, nullptr), SLUICE_OK);
      EXPECT_EQ(sluice_close(self.policy, 1), SLUICE_OK);
      return;
    }
    sluice_grant grant;
    EXPECT_EQ(sluice_pick(self.policy, &grant), SLUICE_OK);
    EXPECT_EQ(sluice_charge(self.policy, grant.stream_id, 1), SLUICE_OK);
  };
  EXPECT_EQ(sluice_set_trace(policy_, trace, &tracer), SLUICE_OK);
  OpenReady(1, {0, 16, 0});
  OpenReady(3, {1, 16, 0});
  EXPECT_EQ(Picks(1), "1");
  EXPECT_EQ(tracer.told, (std::vector<uint64_t>{0, 1, 2}));
  EXPECT_EQ(Picks(2), "3 3");
  EXPECT_EQ(tracer.told.size(), 3u);
}

}  // namespace
