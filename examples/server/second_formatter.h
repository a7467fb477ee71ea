// Dates for many requests a second: one text for each second.
#ifndef SLUICE_EXAMPLES_SERVER_SECOND_FORMATTER_H_
#define SLUICE_EXAMPLES_SERVER_SECOND_FORMATTER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sluice::examples {

class SecondFormatter {
 public:
  // `format` is for absl::FormatTime(), outlives this object, and shows seconds
  // at most.
  explicit SecondFormatter(absl::string_view format) : format_(format) {}

  // `time` in UTC; valid until the next call.
  absl::string_view Format(absl::Time time) {
    const int64_t second = absl::ToUnixSeconds(time);
    if (text_.empty() || second != second_) {
      text_ = absl::FormatTime(format_, time, absl::UTCTimeZone());
      second_ = second;
    }
    return text_;
  }

 private:
  const absl::string_view format_;
  int64_t second_ = 0;
  std::string text_;
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_SECOND_FORMATTER_H_
