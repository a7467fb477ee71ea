// HPACK on the way in (RFC 7541), by libnghttp2's nghttp2_hd_* functions.
#ifndef SLUICE_H2_HPACK_H_
#define SLUICE_H2_HPACK_H_

#include <sluice/h2/header_memory.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/repeated_fields.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"

struct nghttp2_hd_inflater;

namespace sluice::h2 {

class HpackMemory;

// RFC 9113 §6.5.2: the size of a field in MAX_HEADER_LIST_SIZE's measure.
inline constexpr size_t kFieldOverhead = 32;

// The longest name or value that libnghttp2's decoder takes, in bytes as it is
// encoded (Huffman's code is used only where it is shorter). A peer with this
// decoder answers a longer one with COMPRESSION_ERROR.
inline constexpr size_t kMaxFieldText = 65536;

// Decodes one block at a time, piece by piece. Fields above the limit are
// decoded and dropped, so that the dynamic table stays in step with the peer's.
class HpackDecoder {
 public:
  // `max_list_size`: bytes of one header list that are kept (RFC 9113 §6.5.2's
  // measure: name, value and 32 for each field).
  explicit HpackDecoder(size_t max_list_size);
  ~HpackDecoder();
  HpackDecoder(const HpackDecoder&) = delete;
  HpackDecoder& operator=(const HpackDecoder&) = delete;

  // Our HEADER_TABLE_SIZE, acknowledged. No block is open.
  void SetTableSize(uint32_t bytes);

  // The next piece of the block; `last` for its last. The text of its fields
  // goes into `memory`, but for the names that NamedField knows. False: it is
  // not valid HPACK, and the decoder cannot go on (RFC 7541 §2.2). A single
  // name or value above 64 KiB is such an error (libnghttp2's own limit).
  bool Decode(absl::string_view piece, bool last, HeaderMemory* memory);

  // The size of the block's list so far, dropped fields included, and whether
  // any was dropped.
  size_t list_size() const { return list_size_; }
  bool dropped() const { return list_size_ > max_list_size_; }

  // The fields of the block so far.
  NamedFields& fields() { return fields_; }

  // The next block may begin.
  void EndBlock();

 private:
  // A whole block, whose fields need not all be inflated; and a piece.
  bool DecodeWhole(absl::string_view block, HeaderMemory* memory);
  bool DecodePiece(absl::string_view piece, bool last, HeaderMemory* memory);
  // One step of libnghttp2's, which takes at most one field off `rest`.
  enum class Step { kError, kMore, kEnd };
  Step Inflate(absl::string_view* rest, bool last, HeaderMemory* memory);
  void Add(const RepeatedFields::Field& field, HeaderMemory* memory);

  const std::unique_ptr<HpackMemory> memory_;  // the inflater's: outlives it
  nghttp2_hd_inflater* inflater_ = nullptr;
  size_t max_list_size_;
  size_t list_size_ = 0;
  NamedFields fields_;
  bool in_block_ = false;  // it has a piece, and not the last
  RepeatedFields repeated_;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_HPACK_H_
