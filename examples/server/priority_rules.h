// The server's own priorities over the clients' (--priority_rules): by the
// response's content type or the request's path.
#ifndef SLUICE_EXAMPLES_SERVER_PRIORITY_RULES_H_
#define SLUICE_EXAMPLES_SERVER_PRIORITY_RULES_H_

#include <sluice/scheduler/policy.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sluice::examples {

class PriorityRules {
 public:
  PriorityRules() = default;  // no rules

  // Rules separated by ';', each "type TYPE: PARAMETERS" or
  // "path PREFIX: PARAMETERS":
  //
  //   type text/css: u=0, weight=256; path /img/: u=6, i, weight=8
  //
  // PARAMETERS are u=0…7 and i (RFC 9218 §4), which replace the client's
  // RFC 9218 signal, and weight=1…256 and exclusive (RFC 7540 §5.3, on the
  // root), which replace its RFC 7540 signal. Error: InvalidArgument, a
  // sentence with the rule and its fault.
  static absl::StatusOr<PriorityRules> Parse(absl::string_view text);

  // The priority of the first rule that fits; nothing: the client's hold.
  // `content_type` may have parameters, `path` a query; both are ignored.
  std::optional<scheduler::ServerPriority> Match(absl::string_view content_type,
                                                 absl::string_view path) const;

 private:
  struct Rule {
    bool by_type = false;
    std::string pattern;  // a whole media type, or a path's beginning
    scheduler::ServerPriority priority;
  };

  static absl::StatusOr<Rule> ParseRule(absl::string_view text);

  std::vector<Rule> rules_;
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_PRIORITY_RULES_H_
