#include "adapters/preload/session_table.h"

#include <sluice/trace/trace_files.h>

#include <nghttp2/nghttp2.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace sluice::adapters {
namespace {

struct Shard {
  std::mutex mutex;
  std::unordered_map<nghttp2_session*, std::unique_ptr<Session>> sessions;
};

// Pointers differ in their middle bits.
size_t Spread(const nghttp2_session* key) {
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;
  return (reinterpret_cast<uintptr_t>(key) * kGolden) >> 32;
}

// Never destroyed: a server may call until the process ends.
Shard& ShardOf(const nghttp2_session* key) {
  constexpr size_t kShards = 16;
  static auto& shards = *new std::array<Shard, kShards>;
  return shards[Spread(key) % kShards];
}

// Grows when a session comes or goes. A thread that reads the number of before
// owns no session of that address: the application hands its sessions over by
// means of its own, which order these reads too.
std::atomic<uint64_t> generation{1};

// What this thread found last.
struct Found {
  nghttp2_session* key;
  Session* session;
  uint64_t generation;
};
constexpr size_t kFound = 16;
constinit thread_local std::array<Found, kFound> found_here
    __attribute__((tls_model("initial-exec"))) = {};

}  // namespace

bool IsLogged() {
  static const bool is_logged = trace::TraceFiles::FromEnvironment() != nullptr;
  return is_logged;
}

void Session::AdvanceTime() {
  if (!IsLogged()) return;
  const auto now = std::chrono::steady_clock::now();
  adapter->AdvanceTime(now - std::exchange(told_time, now));
}

void AddSession(nghttp2_session* key, std::unique_ptr<Session> session) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  shard.sessions[key] = std::move(session);
  generation.fetch_add(1, std::memory_order_relaxed);
}

Session* FindSession(nghttp2_session* key) {
  const uint64_t now = generation.load(std::memory_order_relaxed);
  Found& found = found_here[Spread(key) % kFound];
  if (found.key == key && found.generation == now) return found.session;
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.sessions.find(key);
  found = {key, at == shard.sessions.end() ? nullptr : at->second.get(), now};
  return found.session;
}

std::unique_ptr<Session> RemoveSession(nghttp2_session* key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto node = shard.sessions.extract(key);
  if (node.empty()) return nullptr;
  generation.fetch_add(1, std::memory_order_relaxed);
  return std::move(node.mapped());
}

}  // namespace sluice::adapters
