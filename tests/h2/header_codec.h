// libnghttp2's HPACK for tests: what the other end of a connection would use.
#ifndef SLUICE_TESTS_H2_HEADER_CODEC_H_
#define SLUICE_TESTS_H2_HEADER_CODEC_H_

#include <sluice/h2/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

struct nghttp2_hd_deflater;
struct nghttp2_hd_inflater;

namespace sluice::h2::tests {

// Encodes with a dynamic table, so blocks must arrive in the order in which
// they were made.
class HeaderEncoder {
 public:
  explicit HeaderEncoder(size_t table_size = 4096);

  std::string Encode(const std::vector<Header>& headers);

  // The peer's SETTINGS_HEADER_TABLE_SIZE; the next block says so.
  void SetTableSize(size_t table_size);

 private:
  struct Delete {
    void operator()(nghttp2_hd_deflater* deflater) const;
  };
  std::unique_ptr<nghttp2_hd_deflater, Delete> deflater_;
};

class HeaderDecoder {
 public:
  HeaderDecoder();

  // Nothing if the block does not decode.
  std::optional<std::vector<Header>> Decode(absl::string_view block);

  // Our SETTINGS_HEADER_TABLE_SIZE, acknowledged.
  void SetTableSize(size_t table_size);

 private:
  struct Delete {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };
  std::unique_ptr<nghttp2_hd_inflater, Delete> inflater_;
};

}  // namespace sluice::h2::tests

#endif  // SLUICE_TESTS_H2_HEADER_CODEC_H_
