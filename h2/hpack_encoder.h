// HPACK on the way out (RFC 7541), by libnghttp2's nghttp2_hd_* functions.
#ifndef SLUICE_H2_HPACK_ENCODER_H_
#define SLUICE_H2_HPACK_ENCODER_H_

#include <sluice/h2/named_field.h>
#include <sluice/h2/repeated_fields.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/types/span.h"

struct nghttp2_hd_deflater;

namespace sluice::h2 {

class HpackMemory;

// The largest dynamic table that our encoder uses, in bytes, whatever the peer
// allows: a peer cannot make us keep more.
inline constexpr size_t kMaxEncoderTableSize = 4096;

class HpackEncoder {
 public:
  HpackEncoder();
  ~HpackEncoder();
  HpackEncoder(const HpackEncoder&) = delete;
  HpackEncoder& operator=(const HpackEncoder&) = delete;

  // The peer's HEADER_TABLE_SIZE; announced at the head of the next block
  // (RFC 7541 §4.2).
  void SetTableSize(uint32_t bytes);

  // The most bytes of a block with a list of `list_size` bytes (RFC 9113
  // §6.5.2's measure). That counts 32 bytes for each field, whose three
  // integers take at most 6 octets each (RFC 7541 §5.1, §6.2); two changes of
  // the table's size may come first. Huffman's code is used only where it is
  // shorter.
  static size_t MostBytes(size_t list_size) { return list_size + 2 * 6; }

  // Writes a header block of at most MostBytes() and returns its size. Changes
  // the dynamic table, so the block must be sent.
  size_t Encode(absl::Span<const NamedField> fields, char* out, size_t room);

 private:
  // Without a look at what was sent before.
  size_t Deflate(absl::Span<const NamedField> fields, char* out, size_t room);

  const std::unique_ptr<HpackMemory> memory_;  // the deflater's: outlives it
  nghttp2_hd_deflater* deflater_ = nullptr;
  RepeatedFields repeated_;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_HPACK_ENCODER_H_
