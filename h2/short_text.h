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

// Finds bytes below 0x10 in words, several bytes at once.
template <typename Word>
class LowBytes {
 public:
  void Look(Word word) { seen_ |= (word - kEach * 0x10) & ~word; }
  // False: there surely was none. (The byte after one may count too.)
  bool any() const { return (seen_ & (kEach * 0x80)) != 0; }

 private:
  static constexpr Word kEach = static_cast<Word>(0x0101010101010101);
  Word seen_ = 0;
};

// At least one word.
template <typename Word>
bool CopyWords(const char* from, size_t size, char* to) {
  LowBytes<Word> low;
  const size_t last = size - sizeof(Word);
  for (size_t i = 0; i < last; i += sizeof(Word)) {
    const Word word = LoadWord<Word>(from + i);
    low.Look(word);
    std::memcpy(to + i, &word, sizeof word);
  }
  const Word word = LoadWord<Word>(from + last);
  low.Look(word);
  std::memcpy(to + last, &word, sizeof word);
  return !low.any();
}

// Copies, and returns whether no byte is below 0x10.
inline bool CopyText(const char* from, size_t size, char* to) {
  if (size >= 8) return CopyWords<uint64_t>(from, size, to);
  if (size >= 4) return CopyWords<uint32_t>(from, size, to);
  bool none = true;
  for (size_t i = 0; i < size; ++i) {
    none &= static_cast<uint8_t>(from[i]) >= 0x10;
    to[i] = from[i];
  }
  return none;
}

template <typename Word>
bool WordsHaveNoLowBytes(absl::string_view text) {
  LowBytes<Word> low;
  const char* at = text.data();
  const char* const last = at + text.size() - sizeof(Word);
  for (; at < last; at += sizeof(Word)) low.Look(LoadWord<Word>(at));
  low.Look(LoadWord<Word>(last));
  return !low.any();
}

// Whether no byte is below 0x10.
inline bool HasNoLowBytes(absl::string_view text) {
  if (text.size() >= 8) return WordsHaveNoLowBytes<uint64_t>(text);
  if (text.size() >= 4) return WordsHaveNoLowBytes<uint32_t>(text);
  bool none = true;
  for (const char c : text) none &= static_cast<uint8_t>(c) >= 0x10;
  return none;
}

template <typename Word>
bool SameWords(const char* a, const char* b, size_t size) {
  const size_t last = size - sizeof(Word);
  Word differ = (LoadWord<Word>(a) ^ LoadWord<Word>(b)) |
                (LoadWord<Word>(a + last) ^ LoadWord<Word>(b + last));
  for (size_t i = sizeof(Word); i < last; i += sizeof(Word)) {
    differ |= LoadWord<Word>(a + i) ^ LoadWord<Word>(b + i);
  }
  return differ == 0;
}

inline bool SameText(absl::string_view a, absl::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.size() >= 8) return SameWords<uint64_t>(a.data(), b.data(), a.size());
  if (a.size() >= 4) return SameWords<uint32_t>(a.data(), b.data(), a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

}  // namespace sluice::h2

#endif  // SLUICE_H2_SHORT_TEXT_H_
