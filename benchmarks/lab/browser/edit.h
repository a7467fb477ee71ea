// Edits: what a browser says of some resources, changed by a file.
//
//   [
//     {"resource": "css2", "u": 0},
//     {"resource": "https://*/ads/*", "u": 6, "i": true, "weight": 1},
//     {"page": "vk", "resource": 7, "depends_on": "img4", "exclusive": true}
//   ]
//
// A rule is for the resources of an id, or for those whose label or address
// equals `resource` or matches it as a glob (fnmatch(3)); with `page`, on pages
// of that name or glob alone. Redirects have no request and match nothing. Of
// two rules for a resource each field of the later one counts.
//
//   u, i        urgency 0…7 and incremental (RFC 9218), in the PRIORITY_UPDATE
//               frame if the browser sends one with that request, else in the
//               `priority` header
//   weight, depends_on, exclusive
//               1…256; a resource or "root"; true or false (RFC 7540), in
//               HEADERS. A resource that is not open is the root; when it is
//               requested later, a PRIORITY frame follows its HEADERS
//
// What a rule leaves out stays the browser's, and the default if the browser
// says nothing. An edit is of these requests and of no other: the browser keeps
// its book of dependencies as it was, so the fields of other requests stay.
// Later changes of an edited field by the browser are not sent.
#ifndef SLUICE_BENCHMARKS_LAB_BROWSER_EDIT_H_
#define SLUICE_BENCHMARKS_LAB_BROWSER_EDIT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/page/page.h"
#include "nlohmann/json_fwd.hpp"

namespace sluice::lab {

// The fields of one resource that an edit changes.
struct PriorityEdit {
  std::optional<int> urgency = std::nullopt;
  std::optional<bool> incremental = std::nullopt;
  std::optional<int> weight = std::nullopt;
  std::optional<int64_t> depends_on = std::nullopt;  // an id, or kRoot
  std::optional<bool> exclusive = std::nullopt;

  static constexpr int64_t kRoot = -1;

  bool EditsField() const { return urgency.has_value() || incremental; }
  bool EditsDependency() const {
    return weight.has_value() || depends_on.has_value() || exclusive;
  }
};

// By the id of the resource.
using PriorityEdits = std::map<int64_t, PriorityEdit>;

class Edit {
 public:
  // The name of the edit that changes nothing.
  static constexpr char kNone[] = "none";

  Edit() = default;

  // Reads `text`, the contents of `file`. Error: InvalidArgument, a sentence
  // with the file, the line and the field.
  static absl::StatusOr<Edit> Parse(absl::string_view text,
                                    absl::string_view file);

  // What it does to a page. Error: InvalidArgument, the same, for a
  // `depends_on` that is none of the page's resources, or several.
  absl::StatusOr<PriorityEdits> For(const Page& page) const;

  // An error for the first rule that matches no resource of any page, or has
  // an error for one of them.
  absl::Status Check(const std::vector<Page>& pages) const;

  // In results.
  std::string name = kNone;
  std::string sha256 = "";  // of the file's bytes; of kNone empty

 private:
  struct Rule {
    std::string where;  // "hero.json:3: [1]", for errors
    std::string page;   // empty: every page
    std::string resource;
    std::string depends_on;  // empty: as it is
    PriorityEdit edit;       // but for depends_on

    bool Matches(const Page& on, const Resource& of) const;
  };
  // Element `index` of the file. Error: as Parse().
  static absl::StatusOr<Rule> ReadRule(const nlohmann::json& element,
                                       absl::string_view place, size_t index);

  std::vector<Rule> rules_;
};

// The signals of `browser` with `edits`. For one page load.
std::unique_ptr<Signals> EditSignals(std::unique_ptr<Signals> browser,
                                     PriorityEdits edits);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_BROWSER_EDIT_H_
