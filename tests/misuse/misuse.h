// A row of a table of misuse: one wrong call, and what must come of it.
//
//   {"a weight of 300", [](Server& s) { return s.Call(…); },
//    ErrorKind::kInvalidArgument, "300", "1 to 256"}
//
// The call must return `code` with a text that names what was given and what is
// allowed. A table's test then checks that the object is as it was before, and
// that it still does what it is for.
#ifndef SLUICE_TESTS_MISUSE_MISUSE_H_
#define SLUICE_TESTS_MISUSE_MISUSE_H_

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sluice::testing {

template <class Object, class Answer, class Code>
struct Misuse {
  const char* name;
  std::function<Answer(Object&)> call;
  Code code;
  const char* given;
  const char* allowed;
};

// A text that says both.
inline void ExpectSays(const std::string& text, const char* given,
                       const char* allowed) {
  EXPECT_NE(text.find(given), std::string::npos)
      << "\"" << text << "\" does not say what was given: " << given;
  EXPECT_NE(text.find(allowed), std::string::npos)
      << "\"" << text << "\" does not say what is allowed: " << allowed;
}

// A table of at least `size` rows, each of another name.
template <class Rows>
void ExpectTable(const Rows& rows, size_t size) {
  std::set<std::string> names;
  for (const auto& row : rows) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " comes twice";
  }
  EXPECT_GE(names.size(), size);
}

}  // namespace sluice::testing

#endif  // SLUICE_TESTS_MISUSE_MISUSE_H_
