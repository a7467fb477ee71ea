#include <sluice/h2/named_field.h>
#include <sluice/h2/repeated_fields.h>
#include <sluice/h2/short_text.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

// Each takes something off the front of a legal block.

// RFC 7541 §5.1.
size_t TakeInteger(int prefix_bits, absl::string_view* block) {
  const size_t most = (size_t{1} << prefix_bits) - 1;
  size_t value = static_cast<uint8_t>(block->front()) & most;
  block->remove_prefix(1);
  if (value < most) return value;
  bool more = true;
  for (int shift = 0; more; shift += 7) {
    const auto byte = static_cast<uint8_t>(block->front());
    block->remove_prefix(1);
    value += size_t{byte & 0x7fu} << shift;
    more = (byte & 0x80) != 0;
  }
  return value;
}

// §5.2.
void SkipText(absl::string_view* block) {
  block->remove_prefix(TakeInteger(7, block));
}

// A field that does not change the table: §6.1, §6.2.2, §6.2.3.
absl::string_view TakeField(absl::string_view* block) {
  const absl::string_view begin = *block;
  if ((block->front() & 0x80) != 0) {
    TakeInteger(7, block);
  } else {
    if (TakeInteger(4, block) == 0) SkipText(block);
    SkipText(block);
  }
  return begin.substr(0, begin.size() - block->size());
}

}  // namespace

bool AnyChangesTable(absl::string_view block) {
  while (!block.empty()) {
    if (ChangesTable(block.front())) return true;
    TakeField(&block);
  }
  return false;
}

RepeatedFields::Match RepeatedFields::Use(size_t i) {
  if (i > 0) {
    std::swap(blocks_[i - 1], blocks_[i]);
    --i;
  }
  return Match(blocks_[i].fields);
}

void RepeatedFields::Keep(absl::string_view block,
                          absl::Span<const NamedField> fields) {
  wait_ = std::min<uint8_t>(2 * wait_, kLongestWait);
  left_ = wait_;
  poor_ = 0;
  if (fields.empty()) return;
  Block kept;
  kept.text_size = block.size();
  for (const NamedField& field : fields) {
    kept.text_size += field.name.size() + field.value.size();
  }
  if (kept.text_size + fields.size() * sizeof(Field) > kMostBytes) return;
  kept.fields.resize(fields.size());
  kept.text.reset(new char[kept.text_size]);
  char* end = kept.text.get();
  const auto copy = [&end](absl::string_view text) {
    char* const begin = std::exchange(end, end + text.size());
    CopyText(text.data(), text.size(), begin);
    return absl::string_view(begin, text.size());
  };
  for (size_t i = 0; i < fields.size(); ++i) {
    Field& field = kept.fields[i];
    static_cast<NamedField&>(field) = fields[i];
    const KnownName* const known = FindKnownName(field.name);
    field.known_name = known != nullptr;
    field.name = field.known_name ? known->text : copy(field.name);
    field.value = copy(field.value);
    field.bytes = copy(TakeField(&block));
  }
  blocks_.erase(std::remove_if(blocks_.begin(), blocks_.end(),
                               [&fields](const Block& old) {
                                 return Same(old.fields.front(), fields[0]);
                               }),
                blocks_.end());
  while (blocks_.size() == kMostBlocks || size() + kept.size() > kMostBytes) {
    blocks_.pop_back();
  }
  blocks_.push_back(std::move(kept));
}

size_t RepeatedFields::size() const {
  size_t bytes = 0;
  for (const Block& block : blocks_) bytes += block.size();
  return bytes;
}

}  // namespace sluice::h2
