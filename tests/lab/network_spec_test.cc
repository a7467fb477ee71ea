#include "benchmarks/lab/net/network_spec.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/net/transport.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMs = 1'000'000;

TEST(NetworkTest, EachNameIsFoundAndAnUnknownOneIsRefusedWithTheList) {
  EXPECT_EQ(FindNetwork("3g_fast")->link.down_bits_per_second, 1'600'000);
  EXPECT_EQ(FindNetwork("3g_fast")->link.initial_window_bytes, 0u);
  EXPECT_EQ(FindNetwork("marx")->link.tick_ns, 10 * kMs);
  EXPECT_GT(FindNetwork("mobile")->link.losses_per_million, 0);
  EXPECT_EQ(FindNetwork("5g").status().message(),
            "unknown network \"5g\"; known are marx, 3g_slow, 3g_fast, "
            "4g_fast, cable, fibre, mobile, satellite");
}

// The spec of `text`, or its error.
std::string TextOf(absl::string_view text) {
  const absl::StatusOr<NetworkSpec> spec = ParseNetworkSpec(text, {"cc"});
  return spec.ok() ? spec->text : std::string(spec.status().message());
}

TEST(NetworkSpecTest, WhatASpecLeavesOutIsNone) {
  const absl::StatusOr<NetworkSpec> all = ParseNetworkSpec(
      "down=400k,up=0.2M,rtt=400ms,loss=1%,queue=64k,window=87k,"
      "headers=52",
      {});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->link.down_bits_per_second, 400'000);
  EXPECT_EQ(all->link.up_bits_per_second, 200'000);
  EXPECT_EQ(all->link.round_trip_ns, 400 * kMs);
  EXPECT_EQ(all->link.losses_per_million, 10'000);
  EXPECT_EQ(all->link.queue_bytes, 64'000u);
  EXPECT_EQ(all->link.window_limit_bytes, 87'000u);
  EXPECT_EQ(all->link.header_bytes, 52u);
  const absl::StatusOr<NetworkSpec> rate = ParseNetworkSpec("down=1M", {});
  ASSERT_TRUE(rate.ok()) << rate.status();
  EXPECT_EQ(rate->link.up_bits_per_second, 0);
  EXPECT_EQ(rate->link.round_trip_ns, 0);
  EXPECT_EQ(rate->link.losses_per_million, 0);
  EXPECT_EQ(rate->link.queue_bytes, 0u);
  EXPECT_EQ(rate->link.initial_window_bytes, 0u);
  EXPECT_EQ(rate->link.header_bytes, 0u);
}

TEST(NetworkSpecTest, ALossAQueueOrAWindowBringsAFirstWindowOfTenSegments) {
  for (const char* text :
       {"down=1M,loss=1", "3g_fast,queue=64k", "3g_fast,window=87k"}) {
    EXPECT_EQ(ParseNetworkSpec(text, {})->link.initial_window_bytes,
              10 * kSegmentBytes)
        << text;
  }
  EXPECT_EQ(ParseNetworkSpec("down=1M,iw=4", {})->link.initial_window_bytes,
            4 * kSegmentBytes);
  EXPECT_EQ(
      ParseNetworkSpec("down=1M,loss=1,iw=none", {})->link.initial_window_bytes,
      0u);
}

TEST(NetworkSpecTest, EachNetworkHasOneSpelling) {
  const std::pair<absl::string_view, absl::string_view> spellings[] = {
      {"cable", "cable"},
      {"3g_fast,rtt=0.15s,down=1600k", "3g_fast"},
      {"cable, loss=0.50 , rtt=100", "cable,rtt=100ms,loss=0.5%"},
      {"queue=64k,loss=1%,rtt=400ms,up=400k,down=400k",
       "down=400k,up=400k,rtt=400ms,loss=1%,queue=64k"},
      {"down=1.6mbit,up=768Kbit/s,rtt=1s", "down=1.6M,up=768k,rtt=1000ms"},
      {"down=1G,queue=64Ki", "down=1000M,queue=65536"},
      {"down=1234567bps", "down=1.234567M"},
      {"rtt=0.125ms", "rtt=0.125ms"},
      {"mobile,loss=none", "mobile,loss=none"},
      {"down=1M,loss=1,iw=10", "down=1M,loss=1%"},
      {"down=1M,loss=1,iw=none", "down=1M,loss=1%,iw=none"},
      {"cc=bbr,loss=2,down=1M", "down=1M,loss=2%,cc=bbr"},
  };
  for (const auto& [given, spelling] : spellings) {
    EXPECT_EQ(TextOf(given), spelling);
    EXPECT_EQ(TextOf(spelling), spelling);
  }
}

TEST(NetworkSpecTest, RefusalsNameTheItemAndItsFault) {
  const std::pair<absl::string_view, absl::string_view> refused[] = {
      {"", "unknown network \"\"; known are marx, 3g_slow"},
      {"5g,rtt=1", "unknown network \"5g\"; known are marx, 3g_slow"},
      {"rtt=1,cable", "\"cable\" is not KEY=VALUE; a name stands in front"},
      {"cable,", "\"\" is not KEY=VALUE"},
      {"loss=1,loss=2", "\"loss=2\" is given twice"},
      {"colour=red",
       "\"colour=red\" has an unknown key; known are down, up, rtt, loss, "
       "queue, iw, window, headers, cc"},
      {"down=0", "\"down=0\" must be from 1k to 1000G bits per second"},
      {"down=", "must be from 1k to 1000G bits per second"},
      {"up=fast", "\"up=fast\" must be from 1k to 1000G bits per second"},
      {"rtt=-1ms", "\"rtt=-1ms\" must be from 0 to 60s"},
      {"rtt=61s", "must be from 0 to 60s"},
      {"loss=51%", "\"loss=51%\" must be from 0% to 50%"},
      {"loss=nan", "must be from 0% to 50%"},
      {"queue=2", "\"queue=2\" must be from 2800 to 1000000000 bytes"},
      {"window=1k", "\"window=1k\" must be from 2800 to 1000000000 bytes"},
      {"iw=0", "\"iw=0\" must be a number from 1 to 10000"},
      {"down=1M,queue=64k,iw=none", "\"iw=none\" does not go with a queue"},
      {"loss=1%", "gives neither down nor rtt, so nothing would take time"},
  };
  for (const auto& [text, why] : refused) {
    EXPECT_THAT(TextOf(text), HasSubstr(why)) << text;
  }
}

// When the client, which sends a request of `request` bytes at 0, has the first
// byte of the answer, which is one segment.
int64_t FirstByte(absl::string_view network, size_t request) {
  Link link(ParseNetworkSpec(network, {})->link);
  int64_t first = -1;
  link.SetHandlers(End::kClient,
                   {.on_bytes = [&](absl::string_view) { first = link.Now(); },
                    .on_writable = [] {}});
  link.SetHandlers(End::kServer, {.on_bytes =
                                      [&](absl::string_view) {
                                        link.Write(
                                            End::kServer,
                                            std::string(kSegmentBytes, 'a'));
                                      },
                                  .on_writable = [] {}});
  link.Write(End::kClient, std::string(request, 'r'));
  link.Run();
  return first;
}

TEST(NetworkSpecTest, TheFirstByteComesAfterARoundTripAndTwoTransmissions) {
  // 600 ms, 300 bytes at 3 Mbit/s (0.8 ms), 1,400 at 25 Mbit/s (0.448 ms).
  EXPECT_EQ(FirstByte("satellite", 300), 601'248'000);
  // 400 ms, 300 bytes at 400 kbit/s (6 ms), 1,400 (28 ms).
  EXPECT_EQ(FirstByte("3g_slow", 300), 434 * kMs);
  // 60 ms, 300 bytes at 1.5 Mbit/s (1.6 ms), 1,400 at 9 Mbit/s (1.244… ms).
  EXPECT_EQ(FirstByte("4g_fast", 300), 62'844'445);
  EXPECT_EQ(FirstByte("rtt=20ms", 300), 20 * kMs);
  EXPECT_EQ(FirstByte("down=11.2M", 300), 1 * kMs);
}

}  // namespace
}  // namespace sluice::lab
