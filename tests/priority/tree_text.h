// Trees and sequences as text that a reader can check.
//
//   Tree("(A6(B5 C4(D3)))") … streams 1, 2, 3, 4 with their weights
//   Letters(Dump(tree))    … the same form back
//   Picks(tree, 4)          … "A,B,A,C"
#ifndef SLUICE_TESTS_PRIORITY_TREE_TEXT_H_
#define SLUICE_TESTS_PRIORITY_TREE_TEXT_H_

#include <sluice/priority/priority_tree.h>

#include <cctype>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace sluice::priority {

// 'A' is stream 1.
constexpr StreamId Id(char letter) {
  return static_cast<StreamId>(letter - 'A' + 1);
}
constexpr char Letter(StreamId id) { return static_cast<char>('A' + id - 1); }

// "(1:6(2:5 3:4))" → "(A6(B5C4))".
inline std::string Letters(absl::string_view dump) {
  std::string text;
  for (size_t i = 0; i < dump.size();) {
    if (isdigit(static_cast<unsigned char>(dump[i]))) {
      StreamId id = 0;
      for (; dump[i] != ':'; ++i) id = id * 10 + (dump[i] - '0');
      text += Letter(id);
      for (++i; isdigit(static_cast<unsigned char>(dump[i])) || dump[i] == '.';
           ++i) {
        text += dump[i];
      }
    } else {
      if (dump[i] != ' ') text += dump[i];
      ++i;
    }
  }
  return text;
}

// Inserts the streams of "(A6(B5C4(D3)))" into `tree`, which must be empty.
template <class Tree>
void Plant(Tree& tree, absl::string_view text) {
  std::vector<StreamId> path = {0};
  StreamId last = 0;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '(') {
      if (i > 0) path.push_back(last);
      ++i;
    } else if (text[i] == ')') {
      path.pop_back();
      ++i;
    } else {
      last = Id(text[i++]);
      int weight = 0;
      while (isdigit(static_cast<unsigned char>(text[i]))) {
        weight = weight * 10 + (text[i++] - '0');
      }
      ASSERT_TRUE(tree.Insert(last, Rfc7540Priority{.depends_on = path.back(),
                                                    .weight = weight})
                      .ok());
    }
  }
}

// Ready, every stream named in `letters`.
template <class Tree>
void Ready(Tree& tree, absl::string_view letters) {
  for (char letter : letters) ASSERT_TRUE(tree.SetReady(Id(letter)).ok());
}

// The next `count` picks, each charged `bytes`; '-' when nothing is ready.
template <class Tree>
std::string Picks(Tree& tree, int count, size_t bytes = 16384) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    if (i > 0) text += ',';
    auto id = tree.Pick();
    if (!id.has_value()) {
      text += '-';
      continue;
    }
    text += Letter(*id);
    tree.Charge(bytes);
  }
  return text;
}

}  // namespace sluice::priority

#endif  // SLUICE_TESTS_PRIORITY_TREE_TEXT_H_
