// Reads a policy's own key=value options and finds the ones nobody asked for.
//
//   absl::StatusOr<std::unique_ptr<Policy>> Make(const PolicyOptions& options)
//   {
//     OptionReader reader(options);
//     const bool strict = reader.Bool("strict", false);
//     const size_t mode = reader.Choice("mode", {"fast", "fair"});
//     if (absl::Status status = reader.Finish(); !status.ok()) return status;
//     …
//   }
#ifndef SLUICE_SCHEDULER_OPTION_READER_H_
#define SLUICE_SCHEDULER_OPTION_READER_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"

namespace sluice::scheduler {

class OptionReader {
 public:
  explicit OptionReader(const PolicyOptions& options)
      : unread_(options.values, options.memory), value_(options.memory) {}

  // "true" or "false".
  bool Bool(absl::string_view key, bool default_value);

  // One of `names`, as its index; 0 when the option is absent.
  size_t Choice(absl::string_view key,
                std::initializer_list<absl::string_view> names);

  // An integer of [min, max].
  int64_t Integer(absl::string_view key, int64_t default_value, int64_t min,
                  int64_t max);

  // InvalidArgument for the first bad value, else for the first option that
  // none of the calls above asked for. Call it last.
  absl::Status Finish() const;

 private:
  // Takes the option out of `unread_`; null when it is absent.
  const std::pmr::string* Take(absl::string_view key);
  void Fail(absl::string_view key, absl::string_view expected);

  OptionValues unread_;
  std::pmr::string value_;  // of the option taken last
  absl::Status status_;
};

// The factory of a policy that is made from PolicyOptions and has no options of
// its own.
template <class P>
absl::StatusOr<std::unique_ptr<Policy>> MakeWithoutOptions(
    const PolicyOptions& options) {
  absl::Status status = OptionReader(options).Finish();
  if (!status.ok()) return status;
  return MakePolicy<P>(options.memory, options);
}

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_OPTION_READER_H_
