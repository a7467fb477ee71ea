// The fields of the last header blocks of one direction, each beside the bytes
// that stand for it. On most connections nearly all fields of a message have
// been in a message before.
//
// An indexed field and a literal that is not indexed (RFC 7541 §6.1, §6.2.2,
// §6.2.3) leave the dynamic table as it is. Until it changes, the same bytes
// are the same field, and the same field is the same bytes: HpackDecoder and
// HpackEncoder call libnghttp2 for the fields that are not found here.
//
// Nothing on the wire depends on it. Time does: it tells whether a whole field
// came before on the connection. Of an indexed field the length of the block
// tells the same. Of the others it does not: those that are never indexed, and
// those that an encoder does not index (libnghttp2's: :path, etag, set-cookie
// and some more). So a client of a proxy that mixes clients may learn, by
// guesses and many measurements, that another one's request had such a field.
// A credential that was guessed right is known by the server's answer anyway.
#ifndef SLUICE_H2_REPEATED_FIELDS_H_
#define SLUICE_H2_REPEATED_FIELDS_H_

#include <sluice/h2/named_field.h>
#include <sluice/h2/short_text.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {

// Whether a representation that begins with this byte changes the dynamic
// table or its size (RFC 7541 §6.2.1, §6.3).
constexpr bool ChangesTable(char first) {
  return (first & 0x80) == 0 && (first & 0x60) != 0;
}
// Whether any representation of a legal block does. O(fields).
bool AnyChangesTable(absl::string_view block);

class RepeatedFields {
 public:
  // At most so many blocks are kept, and so many bytes of memory.
  static constexpr size_t kMostBlocks = 4;
  static constexpr size_t kMostBytes = 4096;

  struct Field : NamedField {
    absl::string_view bytes;
    bool known_name = false;  // its text is for ever
  };

  // Compares a new block with one that is kept, field by field, in order.
  class Match {
   public:
    Match() = default;

    // The field that `rest` of the block begins with, or null. O(bytes).
    const Field* Next(absl::string_view rest) {
      return Find([rest](const Field& kept) { return Begins(rest, kept); });
    }
    const Field* Next(const NamedField& field) {
      return Find([&field](const Field& kept) { return Same(kept, field); });
    }
    size_t found() const { return found_; }

   private:
    friend class RepeatedFields;
    explicit Match(absl::Span<const Field> fields)
        : next_(fields.data()), end_(next_ + fields.size()) {}

    // A message may lack fields of the one before.
    static constexpr int kSkipped = 2;

    template <typename Is>
    const Field* Find(Is is) {
      const Field* at = next_;
      for (int i = 0; i <= kSkipped && at != end_; ++i, ++at) {
        if (!is(*at)) continue;
        next_ = at + 1;
        ++found_;
        return at;
      }
      return nullptr;
    }

    const Field* next_ = nullptr;
    const Field* end_ = nullptr;
    size_t found_ = 0;
  };

  // With the kept block whose first field is that of the new one; if there is
  // none, nothing is found. Valid until End() or Clear().
  Match Begin(absl::string_view block) {
    return BeginWhere(
        [block](const Field& first) { return Begins(block, first); });
  }
  Match Begin(const NamedField& field) {
    return BeginWhere(
        [&field](const Field& first) { return Same(first, field); });
  }

  // The block, which changed nothing, was compared. It is kept where few of its
  // fields were found: seldom, while that helps seldom.
  void End(const Match& match, absl::string_view block,
           absl::Span<const NamedField> fields) {
    if (2 * match.found() > fields.size()) {
      wait_ = 1;
      poor_ = 0;
    } else if (match.found() > 0 ? ++poor_ == kMostPoor : --left_ == 0) {
      Keep(block, fields);
    }
  }

  // The table may be another now.
  void Clear() { blocks_.clear(); }

  // Bytes of memory of what is kept.
  size_t size() const;

 private:
  struct Block {
    std::vector<Field> fields;
    std::unique_ptr<char[]> text;
    size_t text_size;

    size_t size() const { return text_size + fields.size() * sizeof(Field); }
  };

  static bool Begins(absl::string_view rest, const Field& field) {
    return !rest.empty() && rest.front() == field.bytes.front() &&
           SameText(rest.substr(0, field.bytes.size()), field.bytes);
  }
  static bool Same(const NamedField& a, const NamedField& b) {
    return SameText(a.value, b.value) && SameText(a.name, b.name) &&
           a.never_indexed == b.never_indexed;
  }
  template <typename Is>
  Match BeginWhere(Is is) {
    for (size_t i = 0; i < blocks_.size(); ++i) {
      if (is(blocks_[i].fields.front())) return Use(i);
    }
    return {};
  }
  Match Use(size_t i);
  void Keep(absl::string_view block, absl::Span<const NamedField> fields);

  static constexpr uint8_t kMostPoor = 8;
  static constexpr uint8_t kLongestWait = 16;

  // No two begin with the same field. About by their last use.
  std::vector<Block> blocks_;
  uint8_t poor_ = 0;  // blocks in a row that began as a kept one, and no more
  uint8_t left_ = 1;  // other blocks until one is kept
  uint8_t wait_ = 1;  // as `left_` begins
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_REPEATED_FIELDS_H_
