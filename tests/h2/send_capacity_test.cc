// CapacityFor() says what SendData() and SendHeaders() take: neither
// contradicts it, whatever the windows, the frame size and the output are.
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

struct Case {
  uint32_t stream_window = 1 << 20;
  uint32_t peer_frame_size = 16384;
  size_t mark = 16384;
  size_t control_mark = 1 << 20;
  size_t waiting = 0;  // DATA in the output
  int pings = 0;       // frames of 17 bytes in the output
};

std::string NameOf(const Case& c) {
  return absl::StrCat(c.stream_window, " ", c.peer_frame_size, " ", c.mark, " ",
                      c.control_mark, " ", c.waiting, " ", c.pings);
}

ConnectionOptions OptionsOf(const Case& c) {
  ConnectionOptions options = ServerOptions();
  options.limits.output_high_water_mark = c.mark;
  options.limits.output_control_high_water_mark = c.control_mark;
  return options;
}

// Answers streams 1 and 3, of which 3 has a wide window.
struct Server : Player {
  explicit Server(const Case& c) : Player(OptionsOf(c), Feeding::Whole()) {
    Connection& connection = **this;
    Handshake({{SettingId::kInitialWindowSize, c.stream_window},
               {SettingId::kMaxFrameSize, c.peer_frame_size}});
    for (const StreamId id : {1, 3}) {
      EXPECT_TRUE(Receive(HeadersFrame(id, Block(Get()))).ok());
      EXPECT_TRUE(connection.SendHeaders(id, Status()).ok());
      connection.ClearOutput();
    }
    EXPECT_TRUE(Receive(WindowUpdateFrame(3, 1 << 20)).ok());
    if (c.waiting > 0) {
      const absl::Cord data(std::string(c.waiting, 'w'));
      EXPECT_TRUE(connection.SendData(3, data).ok());
    }
    for (int i = 0; i < c.pings; ++i) {
      connection.Ping("12345678").IgnoreError();
    }
  }
};

TEST(CapacityTest, SendingNeverContradictsIt) {
  for (const uint32_t stream : {0u, 1u, 100u, 20000u, 1u << 20}) {
    for (const uint32_t frame : {16384u, 20000u, 1u << 20}) {
      for (const size_t mark : {0u, 10u, 16384u, 100000u}) {
        for (const size_t waiting : {0u, 10u, 9000u}) {
          for (const int pings : {0, 1, 3}) {
            const Case c = {.stream_window = stream,
                            .peer_frame_size = frame,
                            .mark = mark,
                            .control_mark = 40,
                            .waiting = waiting,
                            .pings = pings};
            SCOPED_TRACE(NameOf(c));
            {
              Server server(c);
              const size_t most = server->CapacityFor(1).payload();
              ASSERT_FALSE(
                  server->SendData(1, absl::Cord(std::string(most + 1, 'x')))
                      .ok());
              ASSERT_EQ(
                  server->SendData(1, absl::Cord(std::string(most, 'x'))).ok(),
                  most > 0 || server->CapacityFor(1).frames);
            }
            {
              Server server(c);
              const bool frames = server->CapacityFor(1).frames;
              ASSERT_EQ(server->EndStream(1).ok(), frames);
            }
            {
              Server server(c);
              const bool frames = server->CapacityFor(1).frames;
              ASSERT_EQ(
                  server->SendHeaders(1, {{"a", "b"}}, {.end_stream = true})
                      .ok(),
                  frames);
            }
          }
        }
      }
    }
  }
}

std::string Bounds(const SendCapacity& capacity) {
  if (capacity.closed) return "closed";
  return absl::StrCat("windows ", capacity.window, " ",
                      capacity.connection_window, ", output ",
                      capacity.output_room, ", frame ", capacity.frame_size,
                      capacity.frames ? "" : ", no frames");
}

TEST(CapacityTest, NamesEachBoundBesideTheOthers) {
  EXPECT_EQ(Bounds(Server(Case{})->CapacityFor(1)),
            "windows 65535 65535, output 16384, frame 16384");
  EXPECT_EQ(Bounds(Server(Case{.mark = 100000})->CapacityFor(1)),
            "windows 65535 65535, output 100000, frame 16384");
  EXPECT_EQ(Bounds(Server(Case{.stream_window = 10})->CapacityFor(1)),
            "windows 10 65535, output 16384, frame 16384");
  EXPECT_EQ(Bounds(Server(Case{.stream_window = 0})->CapacityFor(1)),
            "windows 0 65535, output 16384, frame 16384");
  EXPECT_EQ(Bounds(Server(Case{.peer_frame_size = 1 << 20, .mark = 100000})
                       ->CapacityFor(1)),
            "windows 65535 65535, output 100000, frame 1048576");
  EXPECT_EQ(Bounds(Server(Case{.waiting = 9000})->CapacityFor(1)),
            "windows 56535 56535, output 7384, frame 16384");
  EXPECT_EQ(
      Bounds(Server(Case{.control_mark = 17, .pings = 1})->CapacityFor(1)),
      "windows 65535 65535, output 0, frame 16384, no frames");
}

TEST(CapacityTest, AStreamThatTakesNoDataIsClosed) {
  Server server(Case{});
  EXPECT_EQ(Bounds(server->CapacityFor(5)), "closed") << "unknown";
  ASSERT_TRUE(server->EndStream(1).ok());
  EXPECT_EQ(Bounds(server->CapacityFor(1)), "closed");
  EXPECT_EQ(server->CapacityFor(1).payload(), 0u);
  EXPECT_NE(Bounds(server->CapacityFor(3)), "closed");
  ASSERT_TRUE(server->CloseConnection(ErrorCode::kInternalError).ok());
  EXPECT_EQ(Bounds(server->CapacityFor(3)), "closed");
  EXPECT_EQ(Bounds(server->CapacityFor(0)), "closed");
}

TEST(CapacityTest, TheConnectionHasTheCapacityOfAStreamWithAWideWindow) {
  Server server(Case{.stream_window = 10});
  EXPECT_EQ(server->CapacityFor(1).window, 10);
  EXPECT_EQ(server->CapacityFor(0).window, 65535);
  EXPECT_EQ(server->CapacityFor(0).payload(), 16384u);
  EXPECT_TRUE(server->CapacityFor(0).frames);
}

TEST(CapacityTest, PrefetchingChangesNothingAndTakesAnyId) {
  Server server(Case{});
  ASSERT_TRUE(server->EndStream(1).ok());
  const std::string before = Bounds(server->CapacityFor(3));
  for (StreamId id : {0u, 1u, 3u, 5u, kMaxStreamId}) server->Prefetch(id, 3);
  EXPECT_EQ(Bounds(server->CapacityFor(3)), before);
  EXPECT_EQ(Bounds(server->CapacityFor(1)), "closed");
}

}  // namespace
}  // namespace sluice::h2::tests
