#include <sluice/scheduler/register_policy.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace sluice::scheduler {

OptionReader::OptionReader(std::optional<StringView> text) {
  if (!text.has_value()) return;
  for (absl::string_view pair : absl::StrSplit(*text, ',')) {
    const size_t equals = pair.find('=');
    if (equals == absl::string_view::npos || equals == 0) {
      status_ = absl::InvalidArgumentError(
          absl::StrCat("option '", pair, "' is not key=value"));
      return;
    }
    const absl::string_view key = pair.substr(0, equals);
    if (!unread_.emplace(key, pair.substr(equals + 1)).second) {
      status_ = absl::InvalidArgumentError(
          absl::StrCat("option '", key, "' comes twice; it may come once"));
      return;
    }
  }
}

void OptionReader::SetDefault(StringView key, StringView value) {
  unread_.emplace(key, value);  // unless it is there
}

std::optional<StringView> OptionReader::Take(StringView key) {
  known_.emplace_back(key);
  const auto option = unread_.extract(key);
  if (option.empty()) return std::nullopt;
  return option.mapped();
}

void OptionReader::Fail(StringView key, StringView value, StringView expected) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(
      absl::StrCat("option '", key, "' is '", value, "', expected ", expected));
}

size_t OptionReader::Choice(StringView key,
                            std::initializer_list<StringView> names) {
  const std::optional<StringView> value = Take(key);
  if (!value.has_value()) return 0;
  const auto* const found = std::find(names.begin(), names.end(), *value);
  if (found != names.end()) return found - names.begin();
  Fail(key, *value, absl::StrCat("one of ", absl::StrJoin(names, ", ")));
  return 0;
}

int64_t OptionReader::Integer(StringView key, int64_t default_value,
                              int64_t min, int64_t max) {
  const std::optional<StringView> value = Take(key);
  if (!value.has_value()) return default_value;
  int64_t number = 0;
  if (absl::SimpleAtoi(*value, &number) && number >= min && number <= max) {
    return number;
  }
  Fail(key, *value, absl::StrCat("an integer from ", min, " to ", max));
  return default_value;
}

absl::Status OptionReader::Finish() const {
  if (!status_.ok() || unread_.empty()) return status_;
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown option '", unread_.begin()->first, "'; the policy takes ",
      known_.empty() ? "none" : absl::StrJoin(known_, ", ")));
}

}  // namespace sluice::scheduler
