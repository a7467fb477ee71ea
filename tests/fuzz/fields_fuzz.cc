// Fuzzes the readers of small texts that come from a peer, a page or a user:
// `priority` fields, paths of requests, HTTP2-Settings, URLs and the links of a
// page, networks in words, edit files, specs of policies, verdicts.
//
// Invariants:
//   - a refusal is one short sentence, and says what the reader's header says;
//   - what was read survives writing and reading;
//   - a `priority` field means what the grammar of RFC 8941, as regular
//     expressions, makes of it;
//   - the path of a request never leaves the served folder.
//
// Input: the first byte chooses the reader, and the rest is its text.
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/edit.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/net/network_spec.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/probe/result.h"
#include "benchmarks/probe/url.h"
#include "examples/server/url_path.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/fuzz_target.h"

namespace sluice::fuzz {
namespace {

// `text` is what it may quote, in escapes of up to four bytes.
void CheckSentence(const absl::Status& status, absl::string_view text) {
  Check(!status.message().empty() &&
            status.message().size() < 2000 + 4 * text.size(),
        absl::StrCat("no sentence: ", status.message()));
}

// RFC 8941 as expressions: its grammar, and what its algorithms tolerate of
// spaces. An oracle too slow for a server.
struct Grammar {
  const std::string key = "[a-z*][-a-z0-9_.*]*";
  const std::string bare = R"((?:-?(?:[0-9]{1,12}\.[0-9]{1,3}|[0-9]{1,15}))"
                           R"(|"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*")"
                           R"(|[A-Za-z*][-A-Za-z0-9!#$%&'*+.^_`|~:/]*)"
                           R"(|:[A-Za-z0-9+/=]*:|\?[01]))";
  const std::string params = "(?:; *" + key + "(?:=" + bare + ")?)*";
  const std::string item = bare + params;
  const std::string list =
      R"(\( *(?:)" + item + "(?: +" + item + R"()* *)?\))" + params;
  const std::string value = "(?:" + item + "|" + list + ")";
  const std::regex member{"(" + key + ")(?:=(" + value + ")|" + params +
                          ")[ \t]*(,[ \t]*|$)"};
  const std::regex integer{"(-?[0-9]{1,15})(?:;.*)?"};
  const std::regex boolean{"[?]([01])(?:;.*)?"};
};

// Nothing: it is no dictionary.
std::optional<signals::Rfc9218Priority> SlowPriority(std::string text) {
  static const auto& grammar = *new Grammar;
  text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
  signals::Rfc9218Priority priority;
  bool comma = false;
  for (std::smatch match; !text.empty(); text = match.suffix().str()) {
    if (!std::regex_search(text, match, grammar.member,
                           std::regex_constants::match_continuous)) {
      return std::nullopt;
    }
    const std::string value = match[2].str();
    std::smatch parts;
    if (match[1] == "u") {
      const bool fits = std::regex_match(value, parts, grammar.integer) &&
                        std::stoll(parts[1].str()) >= signals::kMinUrgency &&
                        std::stoll(parts[1].str()) <= signals::kMaxUrgency;
      priority.urgency =
          fits ? std::stoi(parts[1].str()) : signals::kDefaultUrgency;
    } else if (match[1] == "i") {
      priority.incremental =
          !match[2].matched ||
          (std::regex_match(value, parts, grammar.boolean) && parts[1] == "1");
    }
    comma = match[3].length() > 0;
  }
  return comma ? std::nullopt : std::optional(priority);
}

void ReadPriority(absl::string_view text) {
  text = text.substr(0, 100);  // expressions are recursive
  const std::optional<signals::Rfc9218Priority> priority =
      signals::ParseRfc9218Priority(text);
  Check(priority == SlowPriority(std::string(text)), "the oracle has another");
  if (!priority.has_value()) return;
  const std::string written = signals::FormatRfc9218Priority(*priority);
  Check(signals::ParseRfc9218Priority(written) == priority, written);
}

void ReadPath(absl::string_view text) {
  const absl::StatusOr<examples::UrlPath> path = examples::ParseUrlPath(text);
  if (!path.ok()) return CheckSentence(path.status(), text);
  Check(!absl::StrContains(path->name, '\0'), "a NUL in a file's name");
  if (path->name.empty()) return;
  for (const absl::string_view segment : absl::StrSplit(path->name, '/')) {
    Check(!segment.empty() && segment != "." && segment != "..", path->name);
  }
  const absl::StatusOr<examples::UrlPath> again = examples::ParseUrlPath(
      absl::StrCat("/", examples::EncodeUrlPath(path->name)));
  Check(again.ok() && again->name == path->name, "another path when written");
}

void ReadUpgrade(absl::string_view text) {
  h2::Connection server({.side = h2::Side::kServer});
  const absl::StatusOr<std::string> upgraded = server.InitiateUpgrade(text);
  Check(upgraded.ok() || server.OutputSize() == 0, "a refused call wrote");
  h2::Connection client({.side = h2::Side::kClient});
  const absl::StatusOr<std::string> field = client.InitiateUpgrade();
  h2::Connection other({.side = h2::Side::kServer});
  Check(field.ok() && other.InitiateUpgrade(*field).ok(), "our own field");
}

void CheckUrl(const probe::Url& url) {
  const std::string text = url.ToString();
  const absl::StatusOr<probe::Url> again = probe::ParseUrl(text);
  Check(again.ok() && *again == url, absl::StrCat("another URL: ", text));
}

void ReadUrl(absl::string_view text) {
  const absl::StatusOr<probe::Url> url = probe::ParseUrl(text);
  if (url.ok()) {
    CheckUrl(*url);
  } else {
    CheckSentence(url.status(), text);
  }
}

void ReadLinks(absl::string_view html) {
  static const auto& base =
      *new probe::Url(*probe::ParseUrl("https://example.org:8443/a/b?c"));
  for (const probe::Url& link : probe::LinksOf(html, base)) {
    Check(link.SameOrigin(base), "a link elsewhere");
    CheckUrl(link);
  }
  const absl::StatusOr<probe::Url> resolved = probe::Resolve(html, base);
  if (resolved.ok()) CheckUrl(*resolved);
}

void ReadNetwork(absl::string_view text) {
  static constexpr absl::string_view kKeys[] = {"cc"};
  const absl::StatusOr<lab::NetworkSpec> spec =
      lab::ParseNetworkSpec(text, kKeys);
  if (!spec.ok()) return CheckSentence(spec.status(), text);
  const absl::StatusOr<lab::NetworkSpec> again =
      lab::ParseNetworkSpec(spec->text, kKeys);
  Check(again.ok() && again->text == spec->text &&
            again->family_options == spec->family_options,
        absl::StrCat("another network: ", spec->text));
}

void ReadEdit(absl::string_view text) {
  static const auto& pages = *new std::vector<lab::Page>{*lab::ParsePage(
      R"({"format":"h2-page-fixture/1","page":"p","resources":[
          {"id":0,"type":"html","bytes":1000},
          {"id":1,"type":"css","bytes":9,"initiator":0},
          {"id":2,"type":"image","bytes":9,"initiator":1,
           "url":"https://a.example/hero.jpg"}]})",
      "p.json")};
  const absl::StatusOr<lab::Edit> edit = lab::Edit::Parse(text, "e.json");
  if (!edit.ok()) {
    Check(absl::StartsWith(edit.status().message(), "e.json"), "no file");
    return CheckSentence(edit.status(), text);
  }
  const absl::Status status = edit->Check(pages);
  if (!status.ok()) return CheckSentence(status, text);
  const absl::StatusOr<lab::PriorityEdits> edits = edit->For(pages.front());
  Check(edits.ok(), "checked, and cannot be made");
  for (const auto& [id, fields] : *edits) {
    Check(id >= 0 && id <= 2, "an edit of no resource");
    Check(!fields.urgency || (*fields.urgency >= 0 && *fields.urgency <= 7),
          "an urgency out of range");
    Check(!fields.weight || (*fields.weight >= 1 && *fields.weight <= 256),
          "a weight out of range");
  }
}

void ReadPolicy(absl::string_view text) {
  const auto policy = scheduler::CreatePolicy(text);
  if (!policy.ok()) return CheckSentence(policy.status(), text);
  Check(!scheduler::RegisteredNameOf(text).empty(), "a policy without a name");
}

void ReadVerdict(absl::string_view text) {
  const absl::StatusOr<probe::Verdict> verdict = probe::ParseVerdict(text);
  if (!verdict.ok()) return CheckSentence(verdict.status(), text);
  const std::string written = probe::FormatVerdict(*verdict);
  const absl::StatusOr<probe::Verdict> again = probe::ParseVerdict(written);
  Check(again.ok() && probe::FormatVerdict(*again) == written,
        absl::StrCat("another verdict: ", written));
}

}  // namespace
}  // namespace sluice::fuzz

SLUICE_FUZZ_TARGET(fields_fuzz)(const uint8_t* data, size_t size) {
  using namespace sluice::fuzz;  // NOLINT: of this file
  static constexpr void (*kReaders[])(absl::string_view) = {
      ReadPriority, ReadPath, ReadUpgrade, ReadUrl,    ReadLinks,
      ReadNetwork,  ReadEdit, ReadPolicy,  ReadVerdict};
  if (size == 0) return;
  kReaders[data[0] % std::size(kReaders)](
      {reinterpret_cast<const char*>(data) + 1, size - 1});
}
