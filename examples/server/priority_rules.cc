#include "examples/server/priority_rules.h"

#include <sluice/scheduler/policy.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace sluice::examples {
namespace {

bool ParseNumber(absl::string_view text, int least, int most, int* number) {
  return absl::SimpleAtoi(text, number) && *number >= least && *number <= most;
}

// Adds one of PARAMETERS to `priority`; false: `text` is none.
bool AddParameter(absl::string_view text, scheduler::ServerPriority* priority) {
  if (text == "i" || absl::ConsumePrefix(&text, "u=")) {
    if (!priority->rfc9218.has_value()) priority->rfc9218.emplace();
    if (text == "i") return priority->rfc9218->incremental = true;
    return ParseNumber(text, signals::kMinUrgency, signals::kMaxUrgency,
                       &priority->rfc9218->urgency);
  }
  if (text == "exclusive" || absl::ConsumePrefix(&text, "weight=")) {
    if (!priority->rfc7540.has_value()) priority->rfc7540.emplace();
    if (text == "exclusive") return priority->rfc7540->exclusive = true;
    return ParseNumber(text, signals::kMinWeight, signals::kMaxWeight,
                       &priority->rfc7540->weight);
  }
  return false;
}

// The text before the first `end`, without spaces around.
absl::string_view Before(absl::string_view text, char end) {
  return absl::StripAsciiWhitespace(text.substr(0, text.find(end)));
}

}  // namespace

absl::StatusOr<PriorityRules> PriorityRules::Parse(absl::string_view text) {
  PriorityRules rules;
  for (const absl::string_view part :
       absl::StrSplit(text, ';', absl::SkipWhitespace())) {
    absl::StatusOr<Rule> rule = ParseRule(absl::StripAsciiWhitespace(part));
    if (!rule.ok()) return rule.status();
    rules.rules_.push_back(*std::move(rule));
  }
  return rules;
}

absl::StatusOr<PriorityRules::Rule> PriorityRules::ParseRule(
    absl::string_view text) {
  const auto error = [&](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat("the priority rule '", text, "' ", what));
  };
  Rule rule;
  // A path may hold a colon, parameters may not.
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) {
    return error("must have a ':' before its parameters");
  }
  absl::string_view selector =
      absl::StripAsciiWhitespace(text.substr(0, colon));
  rule.by_type = absl::ConsumePrefix(&selector, "type ");
  if (!rule.by_type && !absl::ConsumePrefix(&selector, "path ")) {
    return error("must begin with 'type ' or 'path '");
  }
  rule.pattern = std::string(absl::StripAsciiWhitespace(selector));
  if (rule.by_type) absl::AsciiStrToLower(&rule.pattern);
  // Others fit nothing, ever.
  if (rule.by_type && !absl::StrContains(rule.pattern, '/')) {
    return error("must name a media type, such as text/css");
  }
  if (!rule.by_type && !absl::StartsWith(rule.pattern, "/")) {
    return error("must name a path that begins with '/'");
  }
  for (const absl::string_view part :
       absl::StrSplit(text.substr(colon + 1), ',')) {
    const absl::string_view parameter = absl::StripAsciiWhitespace(part);
    if (!AddParameter(parameter, &rule.priority)) {
      return error(absl::StrCat("has the parameter '", parameter,
                                "'; it must be u=0…7, i, weight=1…256 or "
                                "exclusive"));
    }
  }
  return rule;
}

std::optional<scheduler::ServerPriority> PriorityRules::Match(
    absl::string_view content_type, absl::string_view path) const {
  for (const Rule& rule : rules_) {
    const bool fits =
        rule.by_type
            ? absl::EqualsIgnoreCase(Before(content_type, ';'), rule.pattern)
            : absl::StartsWith(Before(path, '?'), rule.pattern);
    if (fits) return rule.priority;
  }
  return std::nullopt;
}

}  // namespace sluice::examples
