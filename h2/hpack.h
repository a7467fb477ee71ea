// HPACK (RFC 7541), by libnghttp2's nghttp2_hd_* functions.
#ifndef SLUICE_H2_HPACK_H_
#define SLUICE_H2_HPACK_H_

#include <sluice/h2/field.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

struct nghttp2_hd_deflater;
struct nghttp2_hd_inflater;

namespace sluice::h2 {

// The longest name or value that libnghttp2's decoder takes, in bytes as it is
// encoded; Huffman's code is used only where it is shorter. A peer that uses it
// answers a longer one with COMPRESSION_ERROR.
inline constexpr size_t kMaxFieldText = 65536;

// The dynamic table that our encoder uses at most, whatever the peer allows,
// in bytes: what a peer can make us keep.
inline constexpr size_t kMaxEncoderTableSize = 4096;

class HpackEncoder {
 public:
  HpackEncoder();

  // The peer's HEADER_TABLE_SIZE; announced at the head of the next block
  // (RFC 7541 §4.2).
  void SetTableSize(uint32_t bytes);

  // A header block. Changes the dynamic table, so it must be sent.
  std::string Encode(absl::Span<const FieldView> fields);

 private:
  struct Delete {
    void operator()(nghttp2_hd_deflater* deflater) const;
  };
  std::unique_ptr<nghttp2_hd_deflater, Delete> deflater_;
};

// Decodes one block at a time, piece by piece. What exceeds the limit is
// decoded and dropped, so that the dynamic table stays in step with the peer's.
class HpackDecoder {
 public:
  // `max_list_size`: bytes of one header list that are kept (RFC 9113 §6.5.2's
  // measure: name, value and 32 for each field).
  explicit HpackDecoder(size_t max_list_size);

  // Our HEADER_TABLE_SIZE, acknowledged. Not within a block.
  void SetTableSize(uint32_t bytes);

  // The next piece of the block; `last` for its last. False: it is not valid
  // HPACK, and the decoder is of no use any more (RFC 7541 §2.2). A single
  // name or value beyond 64 KiB is such an error (libnghttp2's own limit).
  bool Decode(absl::string_view piece, bool last);

  // Of the block so far: the whole list's size, dropped fields included, and
  // whether any was dropped.
  size_t list_size() const { return list_size_; }
  bool dropped() const { return list_size_ > max_list_size_; }

  // The fields of the block that ended, and gets ready for the next one.
  std::vector<Header> TakeFields();

 private:
  struct Delete {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };
  std::unique_ptr<nghttp2_hd_inflater, Delete> inflater_;
  size_t max_list_size_;
  size_t list_size_ = 0;
  std::vector<Header> fields_;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_HPACK_H_
