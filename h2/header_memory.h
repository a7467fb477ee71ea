// Memory for the header sections of one ReceiveData(): their text and the views
// that the events have. It is given out piece by piece, and taken back all at
// once.
#ifndef SLUICE_H2_HEADER_MEMORY_H_
#define SLUICE_H2_HEADER_MEMORY_H_

#include <sluice/h2/named_field.h>
#include <sluice/h2/short_text.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/config.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {

class HeaderMemory {
 public:
  HeaderMemory() = default;
  HeaderMemory(const HeaderMemory&) = delete;
  HeaderMemory& operator=(const HeaderMemory&) = delete;

  // `bytes` bytes for text. O(1) amortised; allocates where no chunk has room.
  char* Text(size_t bytes) {
    if (bytes > static_cast<size_t>(end_ - next_)) NextChunk(bytes);
    char* const text = next_;
    next_ += bytes;
    return text;
  }

  absl::string_view Copy(absl::string_view text) {
    char* const copy = Text(text.size());
    CopyText(text.data(), text.size(), copy);
    return {copy, text.size()};
  }
  // The views alone, not their text.
  absl::Span<const HeaderView> Copy(absl::Span<const NamedField> fields);

  // Rewind() takes back everything that was given out after Here().
  struct Place {
    size_t chunk;
    char* next;
  };
  Place Here() const { return {chunk_, next_}; }
  void Rewind(const Place& place);

  // Everything comes back, and is given out again. In a build with
  // AddressSanitizer it is freed instead, so that a view that is used too late
  // is found.
  void Clear() {
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
    chunks_.clear();
#endif
    Enter(0);
  }

  // A read ends. Frees the chunks that kReads reads in a row did not need, but
  // for the first: many reads of bodies may come between two of requests.
  void FreeUnused() {
    const size_t used = chunk_ + 1;
    reads_ = chunks_.size() > used ? reads_ + 1 : 0;
    if (reads_ < kReads) return;
    reads_ = 0;
    chunks_.resize(used);
  }
  // Clear(), and frees all chunks but one: the last that was used, which the
  // next read of that size fills alone; if it is too large to stay, the first.
  void ClearAndFree() {
    if (chunk_ > 0 && chunks_[chunk_].size <= kMostKept) {
      std::swap(chunks_[0], chunks_[chunk_]);
    }
    Clear();
    if (chunks_.size() > 1) chunks_.resize(1);
  }

  // Bytes that are allocated.
  size_t allocated() const;

  // The first chunk has room for a small request. The others are larger; the
  // one that stays with an idle connection has at most kMostKept bytes.
  static constexpr size_t kChunk = 512;
  static constexpr size_t kMostKept = 4096;
  static constexpr size_t kReads = 64;

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };

  void NextChunk(size_t bytes);
  void Add(size_t bytes);
  void Enter(size_t chunk) {
    chunk_ = chunk;
    const bool exists = chunk < chunks_.size();
    next_ = exists ? chunks_[chunk].bytes.get() : nullptr;
    end_ = exists ? next_ + chunks_[chunk].size : nullptr;
  }

  std::vector<Chunk> chunks_;
  size_t chunk_ = 0;  // the one that next_ points into, if there is any
  size_t reads_ = 0;  // in a row that left a chunk unused
  char* next_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_HEADER_MEMORY_H_
