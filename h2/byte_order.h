// Integers in network order, as RFC 9113 §2.2 writes them. Loads take the first
// bytes of a view that is long enough.
#ifndef SLUICE_H2_BYTE_ORDER_H_
#define SLUICE_H2_BYTE_ORDER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace sluice::h2 {

inline uint16_t LoadU16(absl::string_view bytes) {
  const auto* p = reinterpret_cast<const uint8_t*>(bytes.data());
  return static_cast<uint16_t>(p[0] << 8 | p[1]);
}

inline uint32_t LoadU24(absl::string_view bytes) {
  const auto* p = reinterpret_cast<const uint8_t*>(bytes.data());
  return uint32_t{p[0]} << 16 | uint32_t{p[1]} << 8 | uint32_t{p[2]};
}

inline uint32_t LoadU32(absl::string_view bytes) {
  const auto* p = reinterpret_cast<const uint8_t*>(bytes.data());
  return uint32_t{p[0]} << 24 | LoadU24(bytes.substr(1));
}

inline void AppendU8(std::string* out, uint8_t value) {
  out->push_back(static_cast<char>(value));
}

inline void AppendU16(std::string* out, uint16_t value) {
  AppendU8(out, static_cast<uint8_t>(value >> 8));
  AppendU8(out, static_cast<uint8_t>(value));
}

inline void AppendU24(std::string* out, uint32_t value) {
  AppendU8(out, static_cast<uint8_t>(value >> 16));
  AppendU16(out, static_cast<uint16_t>(value));
}

inline void AppendU32(std::string* out, uint32_t value) {
  AppendU16(out, static_cast<uint16_t>(value >> 16));
  AppendU16(out, static_cast<uint16_t>(value));
}

}  // namespace sluice::h2

#endif  // SLUICE_H2_BYTE_ORDER_H_
