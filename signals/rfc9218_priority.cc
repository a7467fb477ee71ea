#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::signals {
namespace {

bool IsDigit(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c));
}
bool IsLower(char c) {
  return absl::ascii_islower(static_cast<unsigned char>(c));
}
bool IsAlpha(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c));
}

// RFC 9110 §5.6.2.
bool IsTokenChar(char c) {
  return IsAlpha(c) || IsDigit(c) ||
         absl::string_view("!#$%&'*+-.^_`|~").find(c) !=
             absl::string_view::npos;
}

// A bare item, as far as a priority cares about it.
struct Item {
  enum class Type { kInteger, kBoolean, kOther };
  Type type = Type::kOther;
  int64_t integer = 0;
  bool boolean = false;
};

// RFC 8941 §4.2, one function for each of its algorithms. All of them return
// false when parsing fails.
class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  // §4.2.2. Calls `member(key, item)` in order; the last of a key counts.
  template <typename Function>
  bool Dictionary(Function member) {
    SkipSpaces();
    while (!AtEnd()) {
      absl::string_view key;
      if (!Key(&key)) return false;
      Item item{Item::Type::kBoolean, 0, true};
      if (Accept('=')) {
        if (!ItemOrInnerList(&item)) return false;
      } else if (!Parameters()) {
        return false;
      }
      member(key, item);
      SkipOws();
      if (AtEnd()) return true;
      if (!Accept(',')) return false;
      SkipOws();
      if (AtEnd()) return false;  // a trailing comma
    }
    return true;
  }

 private:
  bool AtEnd() const { return text_.empty(); }
  bool NextIs(char c) const { return !AtEnd() && text_[0] == c; }
  bool Accept(char c) {
    if (!NextIs(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void SkipSpaces() {
    while (Accept(' ')) {
    }
  }
  void SkipOws() {
    while (Accept(' ') || Accept('\t')) {
    }
  }

  // §4.2.3.3.
  bool Key(absl::string_view* key) {
    if (AtEnd() || (!IsLower(text_[0]) && text_[0] != '*')) return false;
    size_t length = 1;
    while (length < text_.size() &&
           (IsLower(text_[length]) || IsDigit(text_[length]) ||
            absl::string_view("_-.*").find(text_[length]) !=
                absl::string_view::npos)) {
      ++length;
    }
    *key = text_.substr(0, length);
    text_.remove_prefix(length);
    return true;
  }

  // §4.2.1.1. Inner lists do not nest.
  bool ItemOrInnerList(Item* item) {
    if (!Accept('(')) return BareItem(item) && Parameters();
    *item = Item();
    while (!AtEnd()) {
      SkipSpaces();
      if (Accept(')')) return Parameters();
      Item member;
      if (!BareItem(&member) || !Parameters()) return false;
      if (!NextIs(' ') && !NextIs(')')) return false;
    }
    return false;
  }

  // §4.2.3.2.
  bool Parameters() {
    while (Accept(';')) {
      SkipSpaces();
      absl::string_view key;
      if (!Key(&key)) return false;
      Item value;
      if (Accept('=') && !BareItem(&value)) return false;
    }
    return true;
  }

  // §4.2.3.1.
  bool BareItem(Item* item) {
    *item = Item();
    if (AtEnd()) return false;
    const char c = text_[0];
    if (c == '-' || IsDigit(c)) return Number(item);
    if (c == '"') return String();
    if (c == '*' || IsAlpha(c)) return Token();
    if (c == ':') return ByteSequence();
    if (c == '?') return Boolean(item);
    return false;
  }

  // §4.2.4: at most 15 digits, or 12 and a fraction of 1…3.
  bool Number(Item* item) {
    const bool negative = Accept('-');
    int64_t value = 0;
    int digits = 0;
    while (!AtEnd() && IsDigit(text_[0])) {
      if (++digits > 15) return false;
      value = value * 10 + (text_[0] - '0');
      text_.remove_prefix(1);
    }
    if (digits == 0) return false;
    if (!Accept('.')) {
      item->type = Item::Type::kInteger;
      item->integer = negative ? -value : value;
      return true;
    }
    if (digits > 12) return false;
    int fraction = 0;
    while (!AtEnd() && IsDigit(text_[0])) {
      if (++fraction > 3) return false;
      text_.remove_prefix(1);
    }
    return fraction > 0;
  }

  // §4.2.5.
  bool String() {
    text_.remove_prefix(1);
    while (!AtEnd()) {
      const char c = text_[0];
      text_.remove_prefix(1);
      if (c == '"') return true;
      if (c < 0x20 || c >= 0x7f) return false;
      if (c == '\\' && !Accept('"') && !Accept('\\')) return false;
    }
    return false;
  }

  // §4.2.6.
  bool Token() {
    do {
      text_.remove_prefix(1);
    } while (!AtEnd() &&
             (IsTokenChar(text_[0]) || text_[0] == ':' || text_[0] == '/'));
    return true;
  }

  // §4.2.7.
  bool ByteSequence() {
    text_.remove_prefix(1);
    while (!AtEnd()) {
      const char c = text_[0];
      text_.remove_prefix(1);
      if (c == ':') return true;
      if (!IsAlpha(c) && !IsDigit(c) && c != '+' && c != '/' && c != '=') {
        return false;
      }
    }
    return false;
  }

  // §4.2.8.
  bool Boolean(Item* item) {
    text_.remove_prefix(1);
    item->type = Item::Type::kBoolean;
    if (Accept('1')) {
      item->boolean = true;
      return true;
    }
    return Accept('0');
  }

  absl::string_view text_;
};

}  // namespace

std::optional<Rfc9218Parameters> ParseRfc9218Parameters(
    absl::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  Rfc9218Parameters parameters;
  const bool parsed =
      Parser(text).Dictionary([&](absl::string_view key, const Item& item) {
        if (key == "u") {
          parameters.urgency.reset();
          if (item.type == Item::Type::kInteger &&
              item.integer >= kMinUrgency && item.integer <= kMaxUrgency) {
            parameters.urgency = static_cast<int>(item.integer);
          }
        } else if (key == "i") {
          parameters.incremental.reset();
          if (item.type == Item::Type::kBoolean) {
            parameters.incremental = item.boolean;
          }
        }
      });
  if (!parsed) return std::nullopt;
  return parameters;
}

std::optional<Rfc9218Priority> ParseRfc9218Priority(absl::string_view text) {
  const std::optional<Rfc9218Parameters> named = ParseRfc9218Parameters(text);
  if (!named.has_value()) return std::nullopt;
  return MergeResponse(Rfc9218Priority(), *named);
}

Rfc9218Priority MergeResponse(const Rfc9218Priority& client,
                              const Rfc9218Parameters& response) {
  return {.urgency = response.urgency.value_or(client.urgency),
          .incremental = response.incremental.value_or(client.incremental)};
}

std::string FormatRfc9218Priority(const Rfc9218Priority& priority) {
  return absl::StrCat("u=", priority.urgency,
                      priority.incremental ? ", i" : "");
}

}  // namespace sluice::signals
