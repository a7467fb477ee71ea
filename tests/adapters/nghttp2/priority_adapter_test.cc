// A server session under the adapter, and frames of a client by hand.
#include <sluice/adapters/nghttp2/priority_adapter.h>
#include <sluice/scheduler/policy.h>
#include <sluice/signals/rfc7540_priority.h>

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/adapters/nghttp2/test_server.h"

namespace sluice::adapters {
namespace {

class OwnTreeTest : public testing::TestWithParam<OwnTree> {};

INSTANTIATE_TEST_SUITE_P(OnAndOff, OwnTreeTest,
                         testing::Values(OwnTree::kOn, OwnTree::kOff),
                         [](const auto& info) {
                           return info.param == OwnTree::kOn ? "TreeOn"
                                                             : "TreeOff";
                         });

TEST_P(OwnTreeTest, WeightsOf32And224ShareOneToSeven) {
  Server server("rfc7540", GetParam());
  Client client;
  client.RequestWith(1, {.depends_on = 0, .weight = 32});
  client.RequestWith(3, {.depends_on = 0, .weight = 224});
  server.Receive(client.Take());
  server.Answer(1, 100 << 20);
  server.Answer(3, 100 << 20);
  const Received received = Pump(&server, 800 * kFrame);
  EXPECT_EQ(received.bytes.at(1), 100 * kFrame);
  EXPECT_EQ(received.bytes.at(3), 700 * kFrame);
}

TEST(PriorityAdapterTest, WithoutTheAdapterAndTheTreeWeightsDoNotShare) {
  Server server("rfc7540", OwnTree::kOff, /*use_adapter=*/false);
  Client client;
  client.RequestWith(1, {.depends_on = 0, .weight = 32});
  client.RequestWith(3, {.depends_on = 0, .weight = 224});
  server.Receive(client.Take());
  server.Answer(1, 100 << 20);
  server.Answer(3, 100 << 20);
  const Received received = Pump(&server, 800 * kFrame);
  EXPECT_EQ(received.bytes.count(3), 0u);
}

TEST_P(OwnTreeTest, AnExclusiveResponsePassesThirtyOthers) {
  Server server("rfc7540", GetParam());
  Client client;
  for (uint32_t i = 0; i < 30; ++i) {
    client.RequestWith(2 * i + 1, {.depends_on = 0, .weight = 1});
  }
  server.Receive(client.Take());
  for (int32_t i = 0; i < 30; ++i) server.Answer(2 * i + 1, 200000);
  const size_t before = Pump(&server, 1000000).total;
  client.RequestWith(61, {.depends_on = 0, .weight = 256, .exclusive = true});
  server.Receive(client.Take());
  server.Answer(61, 100000);
  const Received received = Pump(&server, 100000);
  EXPECT_EQ(received.bytes.at(61), 100000u);
  EXPECT_EQ(received.bytes.size(), 1u);
  // And then all the rest.
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 6000000 - before);
}

TEST_P(OwnTreeTest, AnyPolicySendsEveryByteOfEveryStream) {
  for (const char* policy : {"rfc7540", "rr", "fifo"}) {
    Server server(policy, GetParam());
    Client client;
    uint32_t parent = 0;
    for (uint32_t id = 1; id < 40; id += 2) {
      client.RequestWith(id, {.depends_on = id % 3 == 0 ? parent : 0,
                              .weight = static_cast<int>(id)});
      parent = id;
    }
    server.Receive(client.Take());
    size_t expected = 0;
    for (int32_t id = 1; id < 40; id += 2) {
      server.Answer(id, static_cast<size_t>(id) * 10000);
      expected += static_cast<size_t>(id) * 10000;
    }
    EXPECT_EQ(Pump(&server, SIZE_MAX).total, expected) << policy;
    EXPECT_EQ(server.adapter().stats().bytes, expected);
    EXPECT_EQ(server.adapter().stats().open_streams, 0u);
  }
}

TEST_P(OwnTreeTest, APriorityFrameMovesAStreamInMidTransfer) {
  Server server("rfc7540", GetParam());
  Client client;
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 1 << 20);
  server.Answer(3, 1 << 20);
  Pump(&server, 4 * kFrame);
  client.Priority(1, {.depends_on = 3});
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, 5 * kFrame).Order(5), "3 3 3 3 3");
}

// Firefox's placeholders (RFC 7540 §5.3.4).
TEST_P(OwnTreeTest, APriorityFrameForAnIdleStreamHoldsForItsChildren) {
  Server server("rfc7540", GetParam());
  Client client;
  client.Priority(3, {.depends_on = 0, .weight = 201});
  client.Priority(5, {.depends_on = 0, .weight = 67});
  client.RequestWith(13, {.depends_on = 3, .weight = 1});
  client.RequestWith(15, {.depends_on = 5, .weight = 256});
  server.Receive(client.Take());
  server.Answer(13, 100 << 20);
  server.Answer(15, 100 << 20);
  const Received received = Pump(&server, 400 * kFrame);
  EXPECT_EQ(received.bytes.at(13), 300 * kFrame);
}

// Of what one read brings, each signal acts in its turn: the frame's after that
// of the HEADERS before it, and before that of the HEADERS behind it.
TEST_P(OwnTreeTest, APriorityFrameTakesEffectInTheOrderOfFrames) {
  Server server("rfc7540", GetParam());
  Client client;
  client.RequestWith(1, {.depends_on = 0, .weight = 10});
  client.Priority(1, {.depends_on = 0, .weight = 30});
  client.Priority(3, {.depends_on = 0, .weight = 200});
  client.RequestWith(3, {.depends_on = 0, .weight = 10});
  server.Receive(client.Take());
  server.Answer(1, 100 << 20);
  server.Answer(3, 100 << 20);
  const Received received = Pump(&server, 400 * kFrame);
  EXPECT_EQ(received.bytes.at(1), 300 * kFrame);
}

TEST_P(OwnTreeTest, ReadsOfAnySizeGiveTheSameFrames) {
  for (const size_t step : {1, 2, 3, 7, 13, 64}) {
    Server server("rfc7540", GetParam());
    Client client;
    client.Request(1);
    client.Request(3);
    client.Priority(1, {.depends_on = 3});
    const std::string bytes = client.Take();
    for (size_t at = 0; at < bytes.size(); at += step) {
      server.Receive(bytes.substr(at, step));
    }
    server.Answer(1, 1 << 20);
    server.Answer(3, 1 << 20);
    EXPECT_EQ(Pump(&server, 3 * kFrame).Order(3), "3 3 3") << step;
  }
}

// Releases from 1.65 on drop PRIORITY frames in nghttp2_session_mem_recv().
TEST(PriorityAdapterTest, WithoutReceiveOnlyReleasesUpTo164ReportPriorities) {
  Server server("rfc7540");
  server.set_hands_bytes_on(false);
  Client client;
  client.Request(1);
  client.Request(3);
  client.Priority(1, {.depends_on = 3});
  server.Receive(client.Take());
  server.Answer(1, 1 << 20);
  server.Answer(3, 1 << 20);
  const bool reports = nghttp2_version(0)->version_num < 0x014100;
  EXPECT_EQ(Pump(&server, 4 * kFrame).Order(4),
            reports ? "3 3 3 3" : "1 3 1 3");
}

enum class Way { kFoundInTheBytes, kReportedByTheLibrary, kByCallbacks };

class FieldTest : public testing::TestWithParam<Way> {
 protected:
  // The library reports an update only while its own tree is off.
  Server server_{
      "rfc9218",
      GetParam() == Way::kReportedByTheLibrary ? OwnTree::kOff : OwnTree::kOn,
      /*use_adapter=*/true,
      /*extension_callbacks=*/GetParam() == Way::kByCallbacks};

  void SetUp() override {
    server_.set_hands_bytes_on(GetParam() == Way::kFoundInTheBytes);
  }
};

std::string NameOf(const testing::TestParamInfo<Way>& info) {
  switch (info.param) {
    case Way::kFoundInTheBytes:
      return "FoundInTheBytes";
    case Way::kReportedByTheLibrary:
      return "ReportedByTheLibrary";
    case Way::kByCallbacks:
      return "ByCallbacks";
  }
  return "";
}

INSTANTIATE_TEST_SUITE_P(AllWays, FieldTest,
                         testing::Values(Way::kFoundInTheBytes,
                                         Way::kReportedByTheLibrary,
                                         Way::kByCallbacks),
                         NameOf);

// RFC 9218 §5 and §7.1; fifo would send stream 1 first.
TEST_P(FieldTest, ThePriorityFieldAndItsUpdateReachThePolicy) {
  Client client;
  client.Request(1, "u=5");
  client.Request(3, "u=2");
  server_.Receive(client.Take());
  server_.Answer(1, 1 << 20);
  server_.Answer(3, 1 << 20);
  EXPECT_EQ(Pump(&server_, 3 * kFrame).Order(3), "3 3 3");
  client.PriorityUpdate(1, "u=0");
  server_.Receive(client.Take());
  EXPECT_EQ(Pump(&server_, 3 * kFrame).Order(3), "1 1 1");
  client.PriorityUpdate(7, "u=0, i");
  client.PriorityUpdate(1, "u=6");
  client.Request(7);
  server_.Receive(client.Take());
  server_.Answer(7, 1 << 20);
  EXPECT_EQ(Pump(&server_, 3 * kFrame).Order(3), "7 7 7");
}

// RFC 9218 §7.
TEST_P(FieldTest, AnEarlierUpdateOverridesTheRequestsField) {
  Client client;
  client.Request(1, "u=2");
  client.PriorityUpdate(3, "u=0");
  client.Request(3, "u=5");
  server_.Receive(client.Take());
  server_.Answer(1, 1 << 20);
  server_.Answer(3, 1 << 20);
  EXPECT_EQ(Pump(&server_, 3 * kFrame).Order(3), "3 3 3");
}

// RFC 8941 §4.2.
TEST_P(FieldTest, TheLinesOfARequestsFieldAreOneDictionary) {
  Client client;
  client.Request(1, "u=2");
  client.Request(3, "u=1", "i");
  server_.Receive(client.Take());
  server_.Answer(1, 1 << 20);
  server_.Answer(3, 1 << 20);
  EXPECT_EQ(Pump(&server_, 3 * kFrame).Order(3), "3 3 3");
}

// RFC 9218 §11; two bodies that are not incremental would go one by one (§4.2).
TEST(PriorityAdapterTest, TunnelsShareWithEachOther) {
  Server server("rfc9218");
  Client client;
  client.Connect(1);
  client.Connect(3);
  server.Receive(client.Take());
  // Hints about the response leave the request as it is.
  EXPECT_TRUE(server.adapter().SetHints(1, {.bytes_remaining = 1 << 20}).ok());
  server.Answer(1, 1 << 20);
  server.Answer(3, 1 << 20);
  EXPECT_EQ(Pump(&server, 4 * kFrame).Order(4), "1 3 1 3");
}

TEST(PriorityAdapterTest, BehindAnIntermediaryStreamsMayShare) {
  for (const char* policy : {"auto", "auto:via=share"}) {
    const bool share = std::string(policy) != "auto";
    Server server(policy);
    Client client;
    client.RequestVia(1, "1.1 proxy");
    client.Request(3, "u=6");
    server.Receive(client.Take());
    server.Answer(1, 1 << 20);
    server.Answer(3, 1 << 20);
    EXPECT_EQ(Pump(&server, 4 * kFrame).Order(4), share ? "1 3 1 3" : "1 1 1 1")
        << policy;
  }
}

// RFC 9218 §2.1; else the exclusive one would go first.
TEST(PriorityAdapterTest, TheSettingAgainstDependenciesReachesThePolicy) {
  for (const bool set : {false, true}) {
    Server server("rfc9218");
    Client client(1 << 30, set ? NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES : 0);
    client.RequestWith(1, {.weight = 110, .exclusive = true});
    client.RequestWith(3, {.depends_on = 1, .weight = 256, .exclusive = true});
    server.Receive(client.Take());
    server.Answer(1, 1 << 20);
    server.Answer(3, 1 << 20);
    EXPECT_EQ(Pump(&server, 2 * kFrame).Order(2), set ? "1 1" : "3 3");
  }
}

TEST_P(FieldTest, AnUpdateWithoutAWholeStreamIdIsIgnored) {
  Client client;
  client.Request(1);
  client.PriorityUpdate(1, "u=0");
  // By itself libnghttp2 ends the connection.
  if (GetParam() == Way::kByCallbacks) client.ShortPriorityUpdate();
  client.Request(3, "u=1");
  server_.Receive(client.Take());
  server_.Answer(1, 1 << 20);
  server_.Answer(3, 1 << 20);
  EXPECT_EQ(Pump(&server_, 2 * kFrame).Order(2), "1 1");
}

TEST_P(FieldTest, AnUpdateThatIsTooLongIsIgnored) {
  Client client;
  client.Request(1);
  client.Request(3);
  client.PriorityUpdate(3, "u=0");
  if (GetParam() != Way::kReportedByTheLibrary) {
    client.PriorityUpdate(3, "u=7" + std::string(2000, ' '));
  }
  server_.Receive(client.Take());
  server_.Answer(1, 1 << 20);
  server_.Answer(3, 1 << 20);
  EXPECT_EQ(Pump(&server_, 3 * kFrame).Order(3), "3 3 3");
}

TEST_P(OwnTreeTest, AStreamWithoutWindowLetsOthersPassAndResumesLater) {
  Server server("fifo", GetParam());
  Client client(/*window=*/20000);
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 60000);
  server.Answer(3, 20000);
  EXPECT_EQ(Pump(&server, SIZE_MAX).bytes,
            (std::map<int32_t, size_t>{{1, 20000}, {3, 20000}}));
  client.WindowUpdate(1, 30000);
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 30000u);
  // RFC 9113 §6.9.2: a new initial size moves the windows of open streams.
  client.Settings(0x4, 40000);
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 10000u);
}

// RFC 9113 §6.9.2: all windows open at once, in no order of the adapter's
// tables.
TEST_P(OwnTreeTest, TheSameCallsAreServedInTheSameOrder) {
  // Each has tables at addresses of its own.
  std::vector<std::unique_ptr<Server>> servers;
  std::set<std::string> orders;
  for (int run = 0; run < 8; ++run) {
    Server& server =
        *servers.emplace_back(std::make_unique<Server>("rfc7540", GetParam()));
    Client client(/*window=*/1000);
    for (uint32_t id = 1; id < 100; id += 2) client.Request(id);
    server.Receive(client.Take());
    for (int32_t id = 1; id < 100; id += 2) server.Answer(id, 2000);
    EXPECT_EQ(Pump(&server, SIZE_MAX).total, 50000u);
    client.Settings(0x4, 2000);
    server.Receive(client.Take());
    orders.insert(Pump(&server, SIZE_MAX).Order(50));
  }
  EXPECT_EQ(orders.size(), 1u);
}

TEST_P(OwnTreeTest, AWindowThatShrinksUnderTheNextStreamDoesNotStallTheRest) {
  Server server("fifo", GetParam());
  Client client(/*window=*/100000);
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 90000);
  server.Answer(3, 10000);
  Pump(&server, 2 * kFrame);
  client.Settings(0x4, 20000);
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, SIZE_MAX).bytes,
            (std::map<int32_t, size_t>{{3, 10000}}));
  client.Settings(0x4, 100000);
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 90000u - 2 * kFrame);
}

// nghttp2 asks again for those that it held back by their windows, and not for
// those that the adapter deferred.
TEST_P(OwnTreeTest, EveryStreamGoesOnWhenAllWindowsOpenAgain) {
  Server server("fifo", GetParam());
  Client client(/*window=*/100000);
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 90000);
  server.Answer(3, 10000);
  Pump(&server, 2 * kFrame);
  client.Settings(0x4, 0);
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 0u);
  client.Settings(0x4, 100000);
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 100000u - 2 * kFrame);
}

TEST_P(OwnTreeTest, ABodyWithoutBytesLetsOthersPassAndIsResumed) {
  Server server("fifo", GetParam());
  Client client;
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 50000);
  server.Answer(3, 20000);
  server.body(1).available = 10000;
  const Received received = Pump(&server, SIZE_MAX);
  EXPECT_EQ(received.bytes,
            (std::map<int32_t, size_t>{{1, 10000}, {3, 20000}}));
  server.body(1).available = SIZE_MAX;
  EXPECT_EQ(nghttp2_session_resume_data(server.session(), 1), 0);
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 40000u);
}

// Late binding: the pick was made, and not yet asked for.
TEST_P(OwnTreeTest, AnUrgentRequestBetweenTwoFramesIsServedNext) {
  Server server("rfc7540", GetParam());
  Client client;
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 1 << 20);
  server.Answer(3, 1 << 20);
  Pump(&server, 3 * kFrame);
  client.RequestWith(5, {.depends_on = 0, .weight = 256, .exclusive = true});
  server.Receive(client.Take());
  server.Answer(5, kFrame);
  EXPECT_EQ(Pump(&server, 2 * kFrame).Order(2), "5 3");
}

TEST_P(OwnTreeTest, AResetInMidTransferDoesNotStopTheOthers) {
  Server server("fifo", GetParam());
  Client client;
  client.Request(1);
  client.Request(3);
  client.Request(5);
  server.Receive(client.Take());
  for (const int32_t id : {1, 3, 5}) server.Answer(id, 5 * kFrame);
  Pump(&server, kFrame);
  client.Reset(1);
  client.Reset(5);
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, SIZE_MAX).bytes,
            (std::map<int32_t, size_t>{{3, 5 * kFrame}}));
}

TEST_P(OwnTreeTest, AFailingBodyIsResetAndDoesNotStopTheOthers) {
  Server server("fifo", GetParam());
  Client client;
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 50000);
  server.Answer(3, 20000);
  server.body(1).available = 10000;
  server.body(1).error = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  EXPECT_EQ(Pump(&server, SIZE_MAX).bytes,
            (std::map<int32_t, size_t>{{1, 10000}, {3, 20000}}));
  EXPECT_EQ(server.adapter().stats().open_streams, 0u);
}

TEST_P(OwnTreeTest, APausedBodyIsReadAgain) {
  Server server("fifo", GetParam());
  Client client;
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 50000);
  server.Answer(3, 20000);
  server.body(1).available = 0;
  server.body(1).error = NGHTTP2_ERR_PAUSE;
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 0u);
  server.body(1).available = SIZE_MAX;
  EXPECT_EQ(Pump(&server, SIZE_MAX).order.front(), 1);
}

TEST_P(OwnTreeTest, AnUrgentRequestDuringAPauseIsServedFirst) {
  Server server("rfc7540", GetParam());
  Client client;
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 2 * kFrame);
  server.Answer(3, 2 * kFrame);
  server.body(1).available = 0;
  server.body(1).error = NGHTTP2_ERR_PAUSE;
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 0u);
  client.RequestWith(5, {.depends_on = 0, .weight = 256, .exclusive = true});
  server.Receive(client.Take());
  server.Answer(5, kFrame);
  EXPECT_EQ(Pump(&server, kFrame).Order(1), "5");
  server.body(1).available = SIZE_MAX;
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 4 * kFrame);
}

TEST(PriorityAdapterTest, TheServersPriorityOverridesTheClients) {
  Server server("rfc7540");
  Client client;
  client.Request(1);
  client.RequestWith(3, {.depends_on = 1});
  server.Receive(client.Take());
  server.Answer(1, 1 << 20);
  server.Answer(3, 1 << 20);
  EXPECT_TRUE(server.adapter()
                  .SetServerPriority(
                      3, scheduler::ServerPriority{.rfc7540 =
                                                       signals::Rfc7540Priority{
                                                           .depends_on = 0,
                                                           .exclusive = true}})
                  .ok());
  EXPECT_EQ(Pump(&server, 2 * kFrame).Order(2), "3 3");
  EXPECT_TRUE(server.adapter().SetServerPriority(3, std::nullopt).ok());
  EXPECT_EQ(Pump(&server, 2 * kFrame).Order(2), "1 1");
}

TEST(PriorityAdapterTest, AnUnknownPolicyIsRefused) {
  EXPECT_EQ(PriorityAdapter::Create("none").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(PriorityAdapterTest, HeaderAndLibraryAreOfOneRelease) {
  std::printf("libnghttp2 %s\n", nghttp2_version(0)->version_str);
  EXPECT_EQ(nghttp2_version(0)->version_num, NGHTTP2_VERSION_NUM);
}

}  // namespace
}  // namespace sluice::adapters
