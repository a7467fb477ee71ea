#include "benchmarks/lab/browser/edit.h"

#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <fnmatch.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/lab/page/json_fields.h"
#include "benchmarks/lab/page/sha256.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

using h2::StreamId;
using nlohmann::json;

constexpr absl::string_view kFields[] = {
    "page", "resource", "u", "i", "weight", "depends_on", "exclusive"};
constexpr absl::string_view kRoot = "root";

// The lines on which the elements of `text`, a JSON array, begin.
std::vector<size_t> LinesOfElements(absl::string_view text) {
  std::vector<size_t> lines;
  size_t line = 1;
  size_t depth = 0;
  bool in_string = false;
  bool awaited = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (awaited && !absl::ascii_isspace(c)) {
      lines.push_back(line);
      awaited = false;
    }
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      awaited = ++depth == 1;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == ',') {
      awaited = depth == 1;
    }
  }
  return lines;
}

// Refuses fields that edits do not have.
void CheckNames(const json& element, JsonFields& fields) {
  if (!element.is_object()) return;
  for (const auto& [name, value] : element.items()) {
    if (std::find(std::begin(kFields), std::end(kFields), name) ==
        std::end(kFields)) {
      fields.Fail(absl::CHexEscape(name),
                  absl::StrCat("is no field of an edit; known are ",
                               absl::StrJoin(kFields, ", ")));
    }
  }
}

// A resource by its id or in words.
std::string SelectorOf(absl::string_view name, JsonFields& fields) {
  const json* value = fields.Find(name);
  if (value == nullptr) return "";
  if (value->is_number()) {
    const std::optional<int64_t> id =
        fields.Integer(name, 0, std::numeric_limits<int64_t>::max());
    return id.has_value() ? absl::StrCat(*id) : "";
  }
  std::string text = fields.String(name);
  if (text.empty()) fields.Fail(name, "is empty");
  return text;
}

bool MatchesGlob(const std::string& pattern, const std::string& text) {
  return fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

bool Selects(const std::string& selector, const Resource& resource) {
  return !resource.redirect && (IsCalled(resource, selector) ||
                                MatchesGlob(selector, resource.label) ||
                                MatchesGlob(selector, resource.url));
}

class EditedSignals : public Signals {
 public:
  EditedSignals(std::unique_ptr<Signals> browser, PriorityEdits edits)
      : browser_(std::move(browser)), edits_(std::move(edits)) {}

  bool LoadsAsBlink() const override { return browser_->LoadsAsBlink(); }
  StreamId FirstStreamId() const override { return browser_->FirstStreamId(); }

  std::vector<SignalFrame> OnConnect() override {
    return browser_->OnConnect();
  }

  RequestSignals OnRequest(StreamId id, const Resource& resource) override {
    return Edited(id, resource, browser_->OnRequest(id, resource));
  }
  RequestSignals OnRaisedRequest(StreamId id, const Resource& resource,
                                 ChromeLevel found_at) override {
    return Edited(id, resource,
                  browser_->OnRaisedRequest(id, resource, found_at));
  }

  std::vector<SignalFrame> OnChangeOfMind(StreamId id,
                                          ChromeLevel level) override {
    std::vector<SignalFrame> frames = browser_->OnChangeOfMind(id, level);
    frames.erase(std::remove_if(frames.begin(), frames.end(),
                                [this](const SignalFrame& frame) {
                                  return IsEdited(frame);
                                }),
                 frames.end());
    return frames;
  }

  void OnStreamClosed(StreamId id) override {
    browser_->OnStreamClosed(id);
    edited_.erase(id);
    sent_.erase(id);
    const auto resource = resource_of_.find(id);
    stream_of_.erase(resource->second);
    resource_of_.erase(resource);
  }

 private:
  // What the browser says, with the edit of `resource`.
  RequestSignals Edited(StreamId id, const Resource& resource,
                        RequestSignals said) {
    const auto edit = edits_.find(resource.id);
    if (edit != edits_.end()) {
      edited_[id] = edit->second;
      if (edit->second.EditsField()) ChangeField(edit->second, said);
      if (edit->second.EditsDependency()) {
        said.dependency = Changed(
            edit->second, said.dependency.value_or(signals::Rfc7540Priority()));
        sent_[id] = *said.dependency;
      }
    }
    stream_of_[resource.id] = id;
    resource_of_[id] = resource.id;
    // Open streams that waited for this one.
    for (auto& [child, sent] : sent_) {
      if (child == id || edited_[child].depends_on != resource.id) continue;
      sent.depends_on = id;
      said.afterwards.push_back({child, sent});
    }
    return said;
  }

  static void ChangeField(const PriorityEdit& edit, RequestSignals& said) {
    signals::Rfc9218Priority field =
        said.update.value_or(signals::ParseRfc9218Priority(said.header)
                                 .value_or(signals::Rfc9218Priority()));
    if (edit.urgency.has_value()) field.urgency = *edit.urgency;
    if (edit.incremental.has_value()) field.incremental = *edit.incremental;
    if (said.update.has_value()) {
      said.update = field;
    } else {
      said.header = signals::FormatRfc9218Priority(field);
    }
  }

  signals::Rfc7540Priority Changed(const PriorityEdit& edit,
                                   signals::Rfc7540Priority priority) const {
    if (edit.weight.has_value()) priority.weight = *edit.weight;
    if (edit.exclusive.has_value()) priority.exclusive = *edit.exclusive;
    if (edit.depends_on.has_value()) {
      const auto parent = stream_of_.find(*edit.depends_on);
      priority.depends_on = parent == stream_of_.end() ? 0 : parent->second;
    }
    return priority;
  }

  bool IsEdited(const SignalFrame& frame) const {
    const auto edit = edited_.find(frame.stream_id);
    if (edit == edited_.end()) return false;
    return std::holds_alternative<signals::Rfc9218Priority>(frame.signal)
               ? edit->second.EditsField()
               : edit->second.EditsDependency();
  }

  std::unique_ptr<Signals> browser_;
  const PriorityEdits edits_;
  // Open streams.
  std::map<int64_t, StreamId> stream_of_;
  std::map<StreamId, int64_t> resource_of_;
  std::map<StreamId, PriorityEdit> edited_;
  std::map<StreamId, signals::Rfc7540Priority> sent_;  // edited dependencies
};

}  // namespace

bool Edit::Rule::Matches(const Page& on, const Resource& of) const {
  return (page.empty() || MatchesGlob(page, on.name)) && Selects(resource, of);
}

absl::StatusOr<Edit::Rule> Edit::ReadRule(const json& element,
                                          absl::string_view place,
                                          size_t index) {
  absl::Status status;
  JsonFields fields(element, place, absl::StrCat("[", index, "]."), &status);
  const auto integer = [&fields](absl::string_view name, int least, int most) {
    const std::optional<int64_t> value = fields.Integer(name, least, most);
    return value.has_value() ? std::optional<int>(static_cast<int>(*value))
                             : std::nullopt;
  };
  const auto boolean = [&fields](absl::string_view name) {
    return fields.Has(name)
               ? std::optional<bool>(fields.Boolean(name, /*otherwise=*/false))
               : std::nullopt;
  };
  const Rule rule = {
      .where = absl::StrCat(place, ": [", index, "]"),
      .page = fields.String("page"),
      .resource = SelectorOf("resource", fields),
      .depends_on = SelectorOf("depends_on", fields),
      .edit = {
          .urgency = integer("u", signals::kMinUrgency, signals::kMaxUrgency),
          .incremental = boolean("i"),
          .weight = integer("weight", signals::kMinWeight, signals::kMaxWeight),
          .exclusive = boolean("exclusive")}};
  CheckNames(element, fields);
  if (rule.resource.empty()) {
    fields.Fail("resource", "is missing: an id, a label or an address");
  }
  if (rule.depends_on.empty() && !rule.edit.EditsField() &&
      !rule.edit.EditsDependency()) {
    fields.Fail("", "has none of u, i, weight, depends_on, exclusive");
  }
  if (!status.ok()) return status;
  return rule;
}

absl::StatusOr<Edit> Edit::Parse(absl::string_view text,
                                 absl::string_view file) {
  absl::StatusOr<json> document = ParseJson(text, file);
  if (!document.ok()) return document.status();
  if (!document->is_array() || document->empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": must be an array of at least one edit"));
  }
  const std::vector<size_t> lines = LinesOfElements(text);
  if (const std::string field = RepeatedField(text); !field.empty()) {
    size_t index = 0;  // of "[1].u"
    (void)absl::SimpleAtoi(field.substr(1, field.find(']') - 1), &index);
    return absl::InvalidArgumentError(
        absl::StrCat(file, ":", lines[index], ": ", field, ": is given twice"));
  }
  Edit edit;
  edit.sha256 = Sha256(text);
  for (size_t i = 0; i < document->size(); ++i) {
    absl::StatusOr<Rule> rule =
        ReadRule((*document)[i], absl::StrCat(file, ":", lines[i]), i);
    if (!rule.ok()) return rule.status();
    edit.rules_.push_back(*std::move(rule));
  }
  return edit;
}

absl::StatusOr<PriorityEdits> Edit::For(const Page& page) const {
  PriorityEdits edits;
  for (const Rule& rule : rules_) {
    for (const Resource& resource : page.resources) {
      if (!rule.Matches(page, resource)) continue;
      PriorityEdit& edit = edits[resource.id];
      const auto take = [](const auto& from, auto& to) {
        if (from.has_value()) to = from;
      };
      take(rule.edit.urgency, edit.urgency);
      take(rule.edit.incremental, edit.incremental);
      take(rule.edit.weight, edit.weight);
      take(rule.edit.exclusive, edit.exclusive);
      if (rule.depends_on.empty()) continue;
      if (rule.depends_on == kRoot) {
        edit.depends_on = PriorityEdit::kRoot;
        continue;
      }
      std::vector<const Resource*> parents;
      for (const Resource& parent : page.resources) {
        if (Selects(rule.depends_on, parent)) parents.push_back(&parent);
      }
      std::string problem;
      if (parents.size() != 1) {
        problem = absl::StrCat("is ", parents.empty() ? "none" : "several",
                               " of the resources of page ", page.name);
      } else if (parents.front() == &resource) {
        problem = absl::StrCat("is the resource itself on page ", page.name);
      }
      if (!problem.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat(rule.where, ".depends_on: \"",
                         absl::CHexEscape(rule.depends_on), "\" ", problem));
      }
      edit.depends_on = parents.front()->id;
    }
  }
  return edits;
}

absl::Status Edit::Check(const std::vector<Page>& pages) const {
  for (const Page& page : pages) {
    if (absl::Status status = For(page).status(); !status.ok()) return status;
  }
  for (const Rule& rule : rules_) {
    const bool matches =
        std::any_of(pages.begin(), pages.end(), [&rule](const Page& page) {
          return std::any_of(page.resources.begin(), page.resources.end(),
                             [&](const Resource& resource) {
                               return rule.Matches(page, resource);
                             });
        });
    if (matches) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        rule.where, ".resource: no page",
        rule.page.empty() ? "" : absl::StrCat(" \"", rule.page, "\""),
        " has a resource \"", absl::CHexEscape(rule.resource), "\""));
  }
  return absl::OkStatus();
}

std::unique_ptr<Signals> EditSignals(std::unique_ptr<Signals> browser,
                                     PriorityEdits edits) {
  if (edits.empty()) return browser;
  return std::make_unique<EditedSignals>(std::move(browser), std::move(edits));
}

}  // namespace sluice::lab
