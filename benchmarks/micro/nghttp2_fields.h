// Fields as libnghttp2 takes them.
#ifndef SLUICE_BENCHMARKS_MICRO_NGHTTP2_FIELDS_H_
#define SLUICE_BENCHMARKS_MICRO_NGHTTP2_FIELDS_H_

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/micro/exchange.h"

namespace sluice::benchmarks {

// Not copied: valid while `fields` are.
inline std::vector<nghttp2_nv> ForNghttp2(const Fields& fields) {
  const auto bytes = [](const std::string& text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  std::vector<nghttp2_nv> headers;
  for (const auto& [name, value] : fields) {
    headers.push_back(
        {bytes(name), bytes(value), name.size(), value.size(),
         NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE});
  }
  return headers;
}

}  // namespace sluice::benchmarks

#endif  // SLUICE_BENCHMARKS_MICRO_NGHTTP2_FIELDS_H_
