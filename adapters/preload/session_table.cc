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

constexpr size_t kShards = 16;

// Never destroyed: a server may call until the process ends.
std::array<Shard, kShards>& Shards() {
  static auto& shards = *new std::array<Shard, kShards>;
  return shards;
}

Shard& ShardOf(const nghttp2_session* key) {
  // Pointers differ in their middle bits.
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;
  const uint64_t spread = reinterpret_cast<uintptr_t>(key) * kGolden;
  return Shards()[(spread >> 32) % kShards];
}

}  // namespace

namespace internal {

constinit std::atomic<uint64_t> session_generation{1};
constinit thread_local FoundSession found_session = {};
constinit std::atomic<bool> is_logged = false;

Session* LookUpSession(nghttp2_session* key) {
  const uint64_t now = session_generation.load(std::memory_order_relaxed);
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.sessions.find(key);
  Session* session = at == shard.sessions.end() ? nullptr : at->second.get();
  found_session = {key, session, now};
  return session;
}

}  // namespace internal

void Session::AdvanceTime() {
  if (!IsLogged()) return;
  const auto now = std::chrono::steady_clock::now();
  adapter->AdvanceTime(now - std::exchange(told_time, now));
}

void AddSession(nghttp2_session* key, std::unique_ptr<Session> session) {
  internal::is_logged.store(trace::TraceFiles::FromEnvironment() != nullptr,
                            std::memory_order_relaxed);
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  shard.sessions[key] = std::move(session);
  internal::session_generation.fetch_add(1, std::memory_order_relaxed);
}

std::unique_ptr<Session> RemoveSession(nghttp2_session* key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto node = shard.sessions.extract(key);
  if (node.empty()) return nullptr;
  internal::session_generation.fetch_add(1, std::memory_order_relaxed);
  return std::move(node.mapped());
}

void LockSessions() {
  for (Shard& shard : Shards()) shard.mutex.lock();
}

void UnlockSessions() {
  for (Shard& shard : Shards()) shard.mutex.unlock();
}

}  // namespace sluice::adapters
