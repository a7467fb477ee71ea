// For the file of a policy: registers it, and reads the options of its spec.
//
//   class Mice final : public RankedPolicy {
//    public:
//     Mice(const PolicyOptions& options, OptionReader& read)
//         : RankedPolicy(options, Shape{}),
//           limit_(read.Integer("limit", 16384, 1, 1 << 30)) {}
//     …
//   };
//   SLUICE_REGISTER_POLICY(mice, "short bodies first", Mice);
//
// A class without options has a constructor from PolicyOptions alone. A policy
// that one constructor cannot make gives a PolicyFactory to
// SLUICE_REGISTER_POLICY_FACTORY. The library links with `alwayslink`, since
// nothing refers to a policy but its name.
#ifndef SLUICE_SCHEDULER_REGISTER_POLICY_H_
#define SLUICE_SCHEDULER_REGISTER_POLICY_H_

#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/policy.h>    // IWYU pragma: export
#include <sluice/scheduler/registry.h>  // IWYU pragma: export

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sluice::scheduler {

class OptionReader {
 public:
  // `text`: "key=value,key=value"; nothing: no options. The characters must
  // outlive the reader.
  explicit OptionReader(std::optional<StringView> text);

  // The value when the text does not name `key`.
  void SetDefault(StringView key, StringView value);

  // One of `names`, as its index; 0 when the option is absent.
  size_t Choice(StringView key, std::initializer_list<StringView> names);

  // An integer of [min, max].
  int64_t Integer(StringView key, int64_t default_value, int64_t min,
                  int64_t max);

  // InvalidArgument for the first fault: text that is not key=value, a key that
  // comes twice, a bad value, an option that no call has read.
  absl::Status Finish() const;

 private:
  // Takes the option out of `unread_`.
  std::optional<StringView> Take(StringView key);
  void Fail(StringView key, StringView value, StringView expected);

  priority::ResourceMap<absl::string_view, absl::string_view> unread_;
  priority::ResourceVector<absl::string_view>
      known_;  // for the text of an error
  absl::Status status_;
};

// Makes the policy that is registered as `name`, as a part of another one. It
// reads its options from `read`; CreatePolicy() checks that none is left.
absl::StatusOr<std::unique_ptr<Policy>> CreatePart(StringView name,
                                                   const PolicyOptions& options,
                                                   OptionReader& read);

// The factory of a policy of class T.
template <class T>
absl::StatusOr<std::unique_ptr<Policy>> MakePolicyOf(
    const PolicyOptions& options, OptionReader& read) {
  if constexpr (std::is_constructible_v<T, const PolicyOptions&,
                                        OptionReader&>) {
    return std::make_unique<T>(options, read);
  } else {
    static_cast<void>(read);
    return std::make_unique<T>(options);
  }
}

#define SLUICE_REGISTER_POLICY(name, summary, ...) \
  SLUICE_REGISTER_POLICY_FACTORY(                  \
      name, summary, ::sluice::scheduler::MakePolicyOf<__VA_ARGS__>)

#define SLUICE_REGISTER_POLICY_FACTORY(name, summary, factory)  \
  [[maybe_unused]] static const bool sluice_registered_##name = \
      ::sluice::scheduler::RegisterPolicy(#name, summary, factory)

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_REGISTER_POLICY_H_
