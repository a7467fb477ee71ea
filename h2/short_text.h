// Copying and comparing the texts of header fields. Most have fewer than 32
// bytes: a call of memcpy() or memcmp() would cost more than the work itself.
// Two words that may overlap cover each length between one word and two.
#ifndef SLUICE_H2_SHORT_TEXT_H_
#define SLUICE_H2_SHORT_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"

namespace sluice::h2 {

template <typename Word>
Word LoadWord(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

template <size_t kWord>
void CopyTwoWords(const char* from, size_t size, char* to) {
  char first[kWord];
  char last[kWord];
  std::memcpy(first, from, kWord);
  std::memcpy(last, from + size - kWord, kWord);
  std::memcpy(to, first, kWord);
  std::memcpy(to + size - kWord, last, kWord);
}

inline void CopyText(const char* from, size_t size, char* to) {
  if (size > 32) {
    std::memcpy(to, from, size);
  } else if (size >= 16) {
    CopyTwoWords<16>(from, size, to);
  } else if (size >= 8) {
    CopyTwoWords<8>(from, size, to);
  } else if (size >= 4) {
    CopyTwoWords<4>(from, size, to);
  } else {
    for (size_t i = 0; i < size; ++i) to[i] = from[i];
  }
}

inline bool SameText(absl::string_view a, absl::string_view b) {
  if (a.size() != b.size()) return false;
  const size_t size = a.size();
  const char* const x = a.data();
  const char* const y = b.data();
  if (size >= 8) {
    const size_t last = size - 8;
    uint64_t differ =
        LoadWord<uint64_t>(x + last) ^ LoadWord<uint64_t>(y + last);
    for (size_t i = 0; i < last; i += 8) {
      differ |= LoadWord<uint64_t>(x + i) ^ LoadWord<uint64_t>(y + i);
    }
    return differ == 0;
  }
  if (size >= 4) {
    const size_t last = size - 4;
    return ((LoadWord<uint32_t>(x) ^ LoadWord<uint32_t>(y)) |
            (LoadWord<uint32_t>(x + last) ^ LoadWord<uint32_t>(y + last))) == 0;
  }
  for (size_t i = 0; i < size; ++i) {
    if (x[i] != y[i]) return false;
  }
  return true;
}

}  // namespace sluice::h2

#endif  // SLUICE_H2_SHORT_TEXT_H_
