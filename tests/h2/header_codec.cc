#include "tests/h2/header_codec.h"

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <cstdlib>

namespace sluice::h2::tests {
namespace {

uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace

void HeaderEncoder::Delete::operator()(nghttp2_hd_deflater* deflater) const {
  nghttp2_hd_deflate_del(deflater);
}

HeaderEncoder::HeaderEncoder(size_t table_size) {
  nghttp2_hd_deflater* deflater;
  if (nghttp2_hd_deflate_new(&deflater, table_size) != 0) std::abort();
  deflater_.reset(deflater);
}

std::string HeaderEncoder::Encode(const std::vector<Header>& headers) {
  std::vector<nghttp2_nv> fields;
  for (const Header& header : headers) {
    fields.push_back(
        {Bytes(header.name), Bytes(header.value), header.name.size(),
         header.value.size(),
         static_cast<uint8_t>(header.never_indexed ? NGHTTP2_NV_FLAG_NO_INDEX
                                                   : NGHTTP2_NV_FLAG_NONE)});
  }
  std::string block(
      nghttp2_hd_deflate_bound(deflater_.get(), fields.data(), fields.size()),
      '\0');
  const auto size =
      nghttp2_hd_deflate_hd(deflater_.get(), Bytes(block), block.size(),
                            fields.data(), fields.size());
  if (size < 0) std::abort();
  block.resize(size);
  return block;
}

void HeaderEncoder::SetTableSize(size_t table_size) {
  nghttp2_hd_deflate_change_table_size(deflater_.get(), table_size);
}

void HeaderDecoder::Delete::operator()(nghttp2_hd_inflater* inflater) const {
  nghttp2_hd_inflate_del(inflater);
}

HeaderDecoder::HeaderDecoder() {
  nghttp2_hd_inflater* inflater;
  if (nghttp2_hd_inflate_new(&inflater) != 0) std::abort();
  inflater_.reset(inflater);
}

std::optional<std::vector<Header>> HeaderDecoder::Decode(
    absl::string_view block) {
  std::vector<Header> headers;
  // Even an empty block is decoded once, which says that it ended.
  for (;;) {
    nghttp2_nv field;
    int flags = 0;
    const auto used =
        nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, Bytes(block),
                               block.size(), /*in_final=*/1);
    if (used < 0) return std::nullopt;
    block.remove_prefix(used);
    if (flags & NGHTTP2_HD_INFLATE_EMIT) {
      headers.push_back(
          {std::string(reinterpret_cast<char*>(field.name), field.namelen),
           std::string(reinterpret_cast<char*>(field.value), field.valuelen),
           (field.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0});
    }
    if (flags & NGHTTP2_HD_INFLATE_FINAL) break;
    if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && block.empty()) break;
  }
  nghttp2_hd_inflate_end_headers(inflater_.get());
  return headers;
}

void HeaderDecoder::SetTableSize(size_t table_size) {
  nghttp2_hd_inflate_change_table_size(inflater_.get(), table_size);
}

}  // namespace sluice::h2::tests
