#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/micro/exchange.h"
#include "benchmarks/micro/nghttp2_fields.h"
#include "benchmarks/micro/parts.h"

namespace sluice::benchmarks {
namespace {

void Check(bool ok) {
  if (!ok) std::abort();
}

// One direction: the encoder of one end and the decoder of the other.
class Direction {
 public:
  Direction() {
    Check(nghttp2_hd_deflate_new(&deflater_,
                                 NGHTTP2_DEFAULT_HEADER_TABLE_SIZE) == 0);
    Check(nghttp2_hd_inflate_new(&inflater_) == 0);
  }
  ~Direction() {
    nghttp2_hd_deflate_del(deflater_);
    nghttp2_hd_inflate_del(inflater_);
  }
  Direction(const Direction&) = delete;
  Direction& operator=(const Direction&) = delete;

  void Carry(const std::vector<nghttp2_nv>& fields) {
    uint8_t block[1024];
    const ssize_t size = nghttp2_hd_deflate_hd(deflater_, block, sizeof(block),
                                               fields.data(), fields.size());
    Check(size > 0);
    size_t inflated = 0;
    int flags = 0;
    for (const uint8_t* at = block; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
      nghttp2_nv field;
      flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(
          inflater_, &field, &flags, at, static_cast<size_t>(block + size - at),
          /*in_final=*/1);
      Check(used >= 0);
      at += used;
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) ++inflated;
    }
    Check(nghttp2_hd_inflate_end_headers(inflater_) == 0);
    Check(inflated == fields.size());
  }

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
  nghttp2_hd_inflater* inflater_ = nullptr;
};

class HpackPart final : public Part {
 public:
  explicit HpackPart(const Exchange& exchange)
      : exchange_(exchange),
        request_(ForNghttp2(exchange_.request)),
        response_(ForNghttp2(exchange_.response)),
        trailers_(ForNghttp2(exchange_.trailers)) {}

  void Round(uint64_t in_flight) override {
    for (uint64_t i = 0; i < in_flight; ++i) {
      up_.Carry(request_);
      down_.Carry(response_);
      if (!trailers_.empty()) down_.Carry(trailers_);
    }
  }

 private:
  const Exchange exchange_;
  const std::vector<nghttp2_nv> request_;
  const std::vector<nghttp2_nv> response_;
  const std::vector<nghttp2_nv> trailers_;
  Direction up_;
  Direction down_;
};

}  // namespace

std::unique_ptr<Part> MakeHpackPart(const Exchange& exchange) {
  return std::make_unique<HpackPart>(exchange);
}

}  // namespace sluice::benchmarks
