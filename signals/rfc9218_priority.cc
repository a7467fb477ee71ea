#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::signals {
namespace {

// Sets of characters, of RFC 8941 §3 and RFC 9110 §5.6.2.
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsAlpha(char c) { return IsLower(c) || (c >= 'A' && c <= 'Z'); }
bool IsIn(absl::string_view set, char c) {
  for (const char member : set) {
    if (c == member) return true;
  }
  return false;
}
bool IsSpace(char c) { return c == ' '; }
bool IsOws(char c) { return c == ' ' || c == '\t'; }
bool IsKeyChar(char c) { return IsLower(c) || IsDigit(c) || IsIn("_-.*", c); }
bool IsTokenChar(char c) {
  return IsAlpha(c) || IsDigit(c) || IsIn("!#$%&'*+-.^_`|~:/", c);
}
bool IsBase64Char(char c) { return IsAlpha(c) || IsDigit(c) || IsIn("+/=", c); }

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
    TakeAll<IsSpace>();
    while (!text_.empty()) {
      absl::string_view key;
      if (!Key(&key)) return false;
      Item item{Item::Type::kBoolean, 0, true};
      if (!(Accept('=') ? ItemOrInnerList(&item) : Parameters())) return false;
      member(key, item);
      TakeAll<IsOws>();
      if (text_.empty()) return true;
      if (!Accept(',')) return false;
      TakeAll<IsOws>();
      if (text_.empty()) return false;  // a trailing comma
    }
    return true;
  }

 private:
  bool NextIs(char c) const { return !text_.empty() && text_[0] == c; }
  bool Accept(char c) {
    if (!NextIs(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  // The longest prefix whose characters are all of a set.
  template <bool (*kIsInSet)(char)>
  absl::string_view TakeAll() {
    size_t length = 0;
    while (length < text_.size() && kIsInSet(text_[length])) ++length;
    const absl::string_view taken = text_.substr(0, length);
    text_.remove_prefix(length);
    return taken;
  }

  // §4.2.3.3.
  bool Key(absl::string_view* key) {
    if (text_.empty() || (!IsLower(text_[0]) && text_[0] != '*')) return false;
    *key = TakeAll<IsKeyChar>();
    return true;
  }

  // §4.2.1.1. Inner lists do not nest.
  bool ItemOrInnerList(Item* item) {
    if (!Accept('(')) return BareItem(item) && Parameters();
    *item = Item();
    while (!text_.empty()) {
      TakeAll<IsSpace>();
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
      TakeAll<IsSpace>();
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
    if (text_.empty()) return false;
    const char c = text_[0];
    if (c == '-' || IsDigit(c)) return Number(item);
    if (c == '*' || IsAlpha(c))
      return !TakeAll<IsTokenChar>().empty();  // §4.2.6
    if (Accept('"')) return String();
    if (Accept('?')) return Boolean(item);
    if (!Accept(':')) return false;
    TakeAll<IsBase64Char>();  // §4.2.7
    return Accept(':');
  }

  // §4.2.4: at most 15 digits, or 12 and a fraction of 1…3.
  bool Number(Item* item) {
    const bool negative = Accept('-');
    const absl::string_view digits = TakeAll<IsDigit>();
    if (digits.empty() || digits.size() > 15) return false;
    if (Accept('.')) {
      const size_t fraction = TakeAll<IsDigit>().size();
      return digits.size() <= 12 && fraction >= 1 && fraction <= 3;
    }
    item->type = Item::Type::kInteger;
    for (const char c : digits) item->integer = item->integer * 10 + (c - '0');
    if (negative) item->integer = -item->integer;
    return true;
  }

  // §4.2.5.
  bool String() {
    while (!text_.empty()) {
      const char c = text_[0];
      text_.remove_prefix(1);
      if (c == '"') return true;
      if (c < 0x20 || c >= 0x7f) return false;
      if (c == '\\' && !Accept('"') && !Accept('\\')) return false;
    }
    return false;
  }

  // §4.2.8.
  bool Boolean(Item* item) {
    item->type = Item::Type::kBoolean;
    item->boolean = NextIs('1');
    return Accept('1') || Accept('0');
  }

  absl::string_view text_;
};

// What browsers send, "u=3" or "u=3, i", needs no parser.
bool IsUsual(absl::string_view text) {
  if (text.size() != 3 && text.size() != 6) return false;
  return text[0] == 'u' && text[1] == '=' && text[2] >= '0' + kMinUrgency &&
         text[2] <= '0' + kMaxUrgency &&
         (text.size() == 3 || text.substr(3) == ", i");
}
int UrgencyOfUsual(absl::string_view text) { return text[2] - '0'; }
bool UsualIsIncremental(absl::string_view text) { return text.size() == 6; }

}  // namespace

std::optional<Rfc9218Parameters> ParseRfc9218Parameters(StringView text) {
  Rfc9218Parameters parameters;
  if (IsUsual(text)) {
    parameters.urgency = UrgencyOfUsual(text);
    if (UsualIsIncremental(text)) parameters.incremental = true;
    return parameters;
  }
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const auto read = [&parameters](absl::string_view key, const Item& item) {
    if (key == "u") {
      parameters.urgency.reset();
      if (item.type == Item::Type::kInteger && item.integer >= kMinUrgency &&
          item.integer <= kMaxUrgency) {
        parameters.urgency = static_cast<int>(item.integer);
      }
    } else if (key == "i") {
      parameters.incremental.reset();
      if (item.type == Item::Type::kBoolean) {
        parameters.incremental = item.boolean;
      }
    }
  };
  if (!Parser(text).Dictionary(read)) return std::nullopt;
  return parameters;
}

std::optional<Rfc9218Priority> ParseRfc9218Priority(StringView text) {
  // Without the parameters, which are copied in other pieces than they were
  // written in: the processor waits for that.
  if (IsUsual(text)) {
    return Rfc9218Priority{.urgency = UrgencyOfUsual(text),
                           .incremental = UsualIsIncremental(text)};
  }
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
