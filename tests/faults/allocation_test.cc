// Memory runs out: for every n, the n-th allocation fails, or all from it on.
// In C++ std::bad_alloc comes out, the C functions return an error, the
// preloaded library leaves the session to nghttp2; and nothing leaks.
#include <sluice/adapters/nghttp2/priority_adapter.h>
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/bodies.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/registry.h>

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "adapters/c/sluice.h"
#include "gtest/gtest.h"
#include "tests/h2/frame_builder.h"

namespace {

bool counting = false;
uint64_t calls = 0;
uint64_t failing_call = 0;  // 0: none
bool for_good = false;      // all that follow fail as well
int64_t live_blocks = 0;

bool MayAllocate() {
  if (counting) {
    ++calls;
    if (calls == failing_call || (for_good && calls > failing_call)) {
      return false;
    }
  }
  ++live_blocks;
  return true;
}

}  // namespace

// Of every object file here (the linker's --wrap), and so of operator new,
// which //tests/support:allocation_counter replaces.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
void* __real_malloc(size_t size);
void* __real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void* block);

void* __wrap_malloc(size_t size) {
  return MayAllocate() ? __real_malloc(size) : nullptr;
}
void* __wrap_aligned_alloc(size_t alignment, size_t size) {
  return MayAllocate() ? __real_aligned_alloc(alignment, size) : nullptr;
}
void __wrap_free(void* block) {
  if (block != nullptr) --live_blocks;
  __real_free(block);
}
}
// NOLINTEND(bugprone-reserved-identifier)

namespace sluice {
namespace {

// Runs `use` until no call of it fails. How many there were. What `use` keeps
// for ever, it has made before.
uint64_t FailEach(const std::function<void()>& use) {
  use();
  for (failing_call = 1;; ++failing_call) {
    const int64_t before = live_blocks;
    calls = 0;
    counting = true;
    try {
      use();
    } catch (const std::bad_alloc&) {
    }
    counting = false;
    EXPECT_EQ(live_blocks, before) << "at allocation " << failing_call;
    if (calls < failing_call || ::testing::Test::HasFailure()) return calls;
  }
}

// And its first request.
void SetUpClient() {
  h2::Connection client({.side = h2::Side::kClient});
  EXPECT_TRUE(client.InitiateConnection().ok());
  EXPECT_TRUE(client
                  .SendHeaders(1,
                               {{":method", "GET"},
                                {":scheme", "http"},
                                {":path", "/a/path/of/some/length"},
                                {":authority", "localhost"},
                                {"cookie", std::string(200, 'c')}},
                               {.end_stream = true})
                  .ok());
  client.DataToSend();
}

void SetUpServer(const std::string& policy) {
  h2::Connection connection({.side = h2::Side::kServer});
  const scheduler::DataScheduler sender(&connection,
                                        *scheduler::CreatePolicy(policy));
  EXPECT_TRUE(connection.InitiateConnection().ok());
  connection.DataToSend();
}

TEST(AllocationTest, AConnectionThatCannotBeSetUpLeaksNothing) {
  for (const auto& policy : scheduler::RegisteredPolicies()) {
    SCOPED_TRACE(policy.name);
    EXPECT_GT(FailEach([&] { SetUpServer(std::string(policy.name)); }), 5U);
  }
}

TEST(AllocationTest, AClientsConnectionLeaksNothingEither) {
  EXPECT_GT(FailEach([] { SetUpClient(); }), 10U);
}

// What comes in, read by read.
std::vector<std::string> ReadsOfAServer() {
  using namespace h2::tests;  // NOLINT: the frames
  std::vector<std::string> reads = {
      absl::StrCat(kPreface, SettingsFrame(), SettingsAckFrame()), "", ""};
  for (h2::StreamId id = 1; id < 20; id += 2) {
    const bool upload = id % 5 == 0;
    absl::StrAppend(
        &reads[1], PriorityFrame(id + 2, {.depends_on = id}),
        PriorityUpdateFrame(id, "u=1"),
        HeadersFrame(id,
                     Block(With(upload ? Post("/upload") : Get(),
                                {{"priority", "u=2, i"},
                                 {"x", std::string(20 * id, 'x')}})),
                     upload ? kEndHeaders : kEndHeaders | kEndStream),
        upload ? DataFrame(id, "some bytes") : "",
        PriorityFrame(id, {.depends_on = id + 2, .exclusive = true}));
    absl::StrAppend(
        &reads[2], WindowUpdateFrame(id, 1000), PingFrame("12345678"),
        PriorityUpdateFrame(id, "u=5"),
        id % 3 == 0 ? RstStreamFrame(id, h2::ErrorCode::kCancel) : "");
  }
  reads.push_back(WindowUpdateFrame(0, 1 << 20) +
                  SettingsFrame({{h2::SettingId::kInitialWindowSize, 100}}));
  return reads;
}

void ServeRequests(const std::string& policy,
                   const std::vector<std::string>& reads) {
  h2::Connection connection({.side = h2::Side::kServer});
  scheduler::DataScheduler sender(&connection,
                                  *scheduler::CreatePolicy(policy));
  connection.InitiateConnection().IgnoreError();
  for (const std::string& bytes : reads) {
    std::vector<h2::Event> events;
    connection.ReceiveData(bytes, &events).IgnoreError();
    for (const h2::Event& event : events) {
      sender.OnEvent(event);
      if (const auto* request = std::get_if<h2::RequestReceived>(&event)) {
        sender.SubmitOrReset(
            request->stream_id, {{":status", "200"}, {"priority", "u=3"}},
            std::make_unique<scheduler::StringBody>(std::string(9000, 'b')),
            {.trailers = {{"trailer", "t"}}});
      }
    }
    connection.EndViews();
    sender.Pull(32768);
    connection.DataToSend();
  }
}

// Neither the policy nor the connection has come to the end of its call.
TEST(AllocationTest, AConnectionThatServesIsDestroyedWithoutHarm) {
  const std::vector<std::string> reads = ReadsOfAServer();
  for (const auto& policy : scheduler::RegisteredPolicies()) {
    SCOPED_TRACE(policy.name);
    const std::string name(policy.name);
    for (const bool all : {false, true}) {
      for_good = all;
      EXPECT_GT(FailEach([&] { ServeRequests(name, reads); }), 100U);
    }
    for_good = false;
  }
}

TEST(AllocationTest, ThePolicyOfAnNghttp2SessionLeaksNothing) {
  for (const auto& policy : scheduler::RegisteredPolicies()) {
    SCOPED_TRACE(policy.name);
    EXPECT_GT(
        FailEach([&] {
          adapters::PriorityAdapter::Create(policy.name).status().IgnoreError();
        }),
        1U);
  }
}

TEST(AllocationTest, TheCFunctionReturnsAnError) {
  for (const auto& policy : scheduler::RegisteredPolicies()) {
    const std::string name(policy.name);
    SCOPED_TRACE(name);
    int failed = 0;
    FailEach([&] {
      sluice_policy* made = nullptr;
      const int result =
          sluice_create(SLUICE_ABI_VERSION, name.c_str(), nullptr, &made);
      // A block on loan may have gone back before the end.
      EXPECT_TRUE(result == SLUICE_OK || result == SLUICE_ERROR_NO_MEMORY)
          << result;
      EXPECT_EQ(made != nullptr, result == SLUICE_OK);
      failed += result != SLUICE_OK;
      sluice_destroy(made);
    });
    EXPECT_GT(failed, 1);
  }
}

TEST(AllocationTest, ThePreloadedLibraryLeavesTheSessionToNghttp2) {
  ASSERT_EQ(::setenv("SLUICE_PROGRAMS", "*", 1), 0);
  nghttp2_session_callbacks* callbacks = nullptr;
  ASSERT_EQ(nghttp2_session_callbacks_new(&callbacks), 0);
  // Its table of sessions keeps its size, which their addresses decide.
  std::vector<nghttp2_session*> many(1000);
  for (nghttp2_session*& session : many) {
    ASSERT_EQ(nghttp2_session_server_new(&session, callbacks, nullptr), 0);
  }
  for (nghttp2_session* const session : many) nghttp2_session_del(session);
  EXPECT_GT(FailEach([&] {
              nghttp2_session* session = nullptr;
              int result = 0;
              // A C program cannot catch anything.
              EXPECT_NO_THROW(result = nghttp2_session_server_new(
                                  &session, callbacks, nullptr));
              EXPECT_TRUE(result == 0 || result == NGHTTP2_ERR_NOMEM) << result;
              EXPECT_EQ(session != nullptr, result == 0);
              if (session != nullptr) nghttp2_session_del(session);
            }),
            1U);
  nghttp2_session_callbacks_del(callbacks);
}

}  // namespace
}  // namespace sluice
