#include "scheduler/option_reader.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace sluice::scheduler {

const std::pmr::string* OptionReader::Take(absl::string_view key) {
  const auto found = unread_.find(key);
  if (found == unread_.end()) return nullptr;
  value_ = std::move(found->second);
  unread_.erase(found);
  return &value_;
}

void OptionReader::Fail(absl::string_view key, absl::string_view expected) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrCat(
      "option '", key, "' is '", value_, "', expected ", expected));
}

bool OptionReader::Bool(absl::string_view key, bool default_value) {
  const std::pmr::string* value = Take(key);
  if (value == nullptr) return default_value;
  if (*value == "true") return true;
  if (*value == "false") return false;
  Fail(key, "true or false");
  return default_value;
}

size_t OptionReader::Choice(absl::string_view key,
                            std::initializer_list<absl::string_view> names) {
  const std::pmr::string* value = Take(key);
  if (value == nullptr) return 0;
  size_t index = 0;
  for (absl::string_view name : names) {
    if (*value == name) return index;
    ++index;
  }
  Fail(key, absl::StrCat("one of ", absl::StrJoin(names, ", ")));
  return 0;
}

int64_t OptionReader::Integer(absl::string_view key, int64_t default_value,
                              int64_t min, int64_t max) {
  const std::pmr::string* value = Take(key);
  if (value == nullptr) return default_value;
  int64_t number = 0;
  if (absl::SimpleAtoi(*value, &number) && number >= min && number <= max) {
    return number;
  }
  Fail(key, absl::StrCat("an integer from ", min, " to ", max));
  return default_value;
}

absl::Status OptionReader::Finish() const {
  if (!status_.ok()) return status_;
  if (unread_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("unknown option '", unread_.begin()->first, "'"));
}

}  // namespace sluice::scheduler
