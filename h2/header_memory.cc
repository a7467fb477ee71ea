#include <sluice/h2/header_memory.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

constexpr size_t kLargestUsualChunk = 65536;

}  // namespace

absl::Span<const HeaderView> HeaderMemory::Copy(
    absl::Span<const NamedField> fields) {
  if (fields.empty()) return {};
  constexpr size_t kAlign = alignof(HeaderView);
  char* room = Text(fields.size() * sizeof(HeaderView) + kAlign - 1);
  const size_t off = reinterpret_cast<uintptr_t>(room) % kAlign;
  if (off != 0) room += kAlign - off;
  auto* const views = reinterpret_cast<HeaderView*>(room);
  std::uninitialized_copy(fields.begin(), fields.end(), views);
  return {views, fields.size()};
}

void HeaderMemory::NextChunk(size_t bytes) {
  // Chunks that an earlier read left, or that were rewound.
  for (size_t i = next_ == nullptr ? 0 : chunk_ + 1; i < chunks_.size(); ++i) {
    if (chunks_[i].size >= bytes) return Enter(i);
  }
  // The first chunk may stay, so it is small whatever is asked for.
  if (chunks_.empty()) {
    Add(kChunk);
    if (bytes <= kChunk) return Enter(0);
  }
  Add(std::max(bytes, std::min(2 * chunks_.back().size, kLargestUsualChunk)));
  Enter(chunks_.size() - 1);
}

void HeaderMemory::Add(size_t bytes) {
  chunks_.push_back({std::unique_ptr<char[]>(new char[bytes]), bytes});
}

void HeaderMemory::Rewind(const Place& place) {
  Enter(place.chunk);
  if (place.next != nullptr) next_ = place.next;
}

size_t HeaderMemory::allocated() const {
  size_t bytes = 0;
  for (const Chunk& chunk : chunks_) bytes += chunk.size;
  return bytes;
}

}  // namespace sluice::h2
