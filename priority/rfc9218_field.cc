#include "priority/rfc9218_field.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "priority/rfc9218_priority.h"

namespace sluice::priority {
namespace {

constexpr absl::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr absl::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr absl::string_view kDigits = "0123456789";

bool In(char c, absl::string_view set) {
  return set.find(c) != absl::string_view::npos;
}
bool IsLetter(char c) { return In(c, kLower) || In(c, kUpper); }
bool IsKeyStart(char c) { return In(c, kLower) || c == '*'; }
bool IsKeyChar(char c) {
  return IsKeyStart(c) || In(c, kDigits) || In(c, "_-.");
}
bool IsTokenStart(char c) { return IsLetter(c) || c == '*'; }
// RFC 8941 §3.3.4: tchar of RFC 9110 §5.6.2, ":" and "/".
bool IsTokenChar(char c) {
  return IsLetter(c) || In(c, kDigits) || In(c, "!#$%&'*+-.^_`|~:/");
}
bool IsBase64Char(char c) {
  return IsLetter(c) || In(c, kDigits) || In(c, "+/=");
}

// What a member is to RFC 9218: an integer, a boolean, or nothing it knows.
struct Member {
  absl::string_view key;
  std::optional<int64_t> integer;
  std::optional<bool> boolean;
};

// The algorithms of RFC 8941 §4.2 over what is left of the text. Each takes
// what it read; false: it is not there, and the whole field fails.
class Reader {
 public:
  explicit Reader(absl::string_view text) : rest_(text) {
    // Spaces around the whole are no part of it (§4.2, steps 2 and 6).
    while (Take(' ')) {
    }
    while (!rest_.empty() && rest_.back() == ' ') rest_.remove_suffix(1);
  }

  bool AtEnd() const { return rest_.empty(); }

  // §4.2.2, one member.
  bool TakeMember(Member* member) {
    if (!TakeKey(&member->key)) return false;
    if (!Take('=')) {
      member->boolean = true;
      return TakeParameters();
    }
    return Take('(') ? TakeRestOfInnerList()
                     : TakeBareItem(member) && TakeParameters();
  }

  // What stands between two members: at the end nothing, else a comma with
  // another member to follow.
  bool TakeSeparator() {
    TakeOws();
    if (AtEnd()) return true;
    if (!Take(',')) return false;
    TakeOws();
    return !AtEnd();
  }

 private:
  bool Take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  template <typename Predicate>
  absl::string_view TakeWhile(Predicate predicate) {
    size_t length = 0;
    while (length < rest_.size() && predicate(rest_[length])) ++length;
    const absl::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }

  void TakeOws() {
    TakeWhile([](char c) { return c == ' ' || c == '\t'; });
  }

  bool TakeKey(absl::string_view* key) {  // §4.2.3.3
    if (rest_.empty() || !IsKeyStart(rest_[0])) return false;
    *key = TakeWhile(IsKeyChar);
    return true;
  }

  bool TakeParameters() {  // §4.2.3.2
    while (Take(';')) {
      TakeWhile([](char c) { return c == ' '; });
      absl::string_view key;
      Member ignored;
      if (!TakeKey(&key)) return false;
      if (Take('=') && !TakeBareItem(&ignored)) return false;
    }
    return true;
  }

  bool TakeRestOfInnerList() {  // §4.2.1.2
    while (!rest_.empty()) {
      TakeWhile([](char c) { return c == ' '; });
      if (Take(')')) return TakeParameters();
      Member ignored;
      if (!TakeBareItem(&ignored) || !TakeParameters()) return false;
      if (rest_.empty() || !In(rest_[0], " )")) return false;
    }
    return false;
  }

  bool TakeBareItem(Member* member) {  // §4.2.3.1
    if (rest_.empty()) return false;
    const char first = rest_[0];
    if (first == '-' || In(first, kDigits)) return TakeNumber(member);
    if (IsTokenStart(first)) return !TakeWhile(IsTokenChar).empty();
    if (Take('"')) return TakeRestOfString();
    if (Take('?')) {  // §4.2.8
      if (!Take('1') && !Take('0')) return false;
      member->boolean = rest_.data()[-1] == '1';
      return true;
    }
    if (Take(':')) {  // §4.2.7
      TakeWhile(IsBase64Char);
      return Take(':');
    }
    return false;
  }

  bool TakeNumber(Member* member) {  // §4.2.4
    const bool negative = Take('-');
    const auto is_digit = [](char c) { return In(c, kDigits); };
    const absl::string_view digits = TakeWhile(is_digit);
    if (digits.empty() || digits.size() > 15) return false;
    if (Take('.')) {
      const size_t fraction = TakeWhile(is_digit).size();
      return digits.size() <= 12 && fraction >= 1 && fraction <= 3;
    }
    int64_t value = 0;
    for (const char c : digits) value = value * 10 + (c - '0');
    member->integer = negative ? -value : value;
    return true;
  }

  bool TakeRestOfString() {  // §4.2.5
    while (!rest_.empty()) {
      if (Take('"')) return true;
      if (Take('\\')) {
        if (!Take('"') && !Take('\\')) return false;
        continue;
      }
      if (!absl::ascii_isprint(static_cast<unsigned char>(rest_[0]))) {
        return false;
      }
      rest_.remove_prefix(1);
    }
    return false;
  }

  absl::string_view rest_;
};

}  // namespace

std::optional<Rfc9218Priority> ParseRfc9218Field(absl::string_view value) {
  Rfc9218Priority priority;
  Reader reader(value);
  while (!reader.AtEnd()) {
    Member member;
    if (!reader.TakeMember(&member) || !reader.TakeSeparator()) {
      return std::nullopt;
    }
    // Of two members with one key the last counts (RFC 8941 §3.2), whatever
    // its type.
    if (member.key == "u") {
      const bool known = member.integer.has_value() &&
                         *member.integer >= kMinUrgency &&
                         *member.integer <= kMaxUrgency;
      priority.urgency =
          known ? static_cast<int>(*member.integer) : kDefaultUrgency;
    } else if (member.key == "i") {
      priority.incremental = member.boolean.value_or(false);
    }
  }
  return priority;
}

}  // namespace sluice::priority
