// No memory while a connection is set up: for every n, the n-th allocation
// fails. In C++ std::bad_alloc comes out, the C functions return an error, the
// preloaded library leaves the session to nghttp2; and nothing leaks.
#include <sluice/adapters/nghttp2/priority_adapter.h>
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
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
#include <vector>

#include "adapters/c/sluice.h"
#include "gtest/gtest.h"

namespace {

bool counting = false;
uint64_t calls = 0;
uint64_t failing_call = 0;  // 0: none
int64_t live_blocks = 0;

bool MayAllocate() {
  if (counting && ++calls == failing_call) return false;
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
    EXPECT_EQ(live_blocks, before) << "after allocation " << failing_call;
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
