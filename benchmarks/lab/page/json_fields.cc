#include "benchmarks/lab/page/json_fields.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace sluice::lab {
namespace {

using nlohmann::json;

// Accepts every value and remembers where the parser stopped: nlohmann's other
// parsers report the place by an exception only.
class PlaceFinder : public nlohmann::json_sax<json> {
 public:
  bool null() override { return Value(); }
  bool boolean(bool) override { return Value(); }
  bool number_integer(number_integer_t) override { return Value(); }
  bool number_unsigned(number_unsigned_t) override { return Value(); }
  bool number_float(number_float_t, const string_t&) override {
    return Value();
  }
  bool string(string_t&) override { return Value(); }
  bool binary(binary_t&) override { return Value(); }
  bool start_object(size_t) override { return Open(/*array=*/false); }
  bool end_object() override { return Close(); }
  bool start_array(size_t) override { return Open(/*array=*/true); }
  bool end_array() override { return Close(); }
  bool key(string_t& name) override {
    levels_.back().key = name.substr(0, kShownKey);
    return true;
  }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    position_ = position;
    return false;
  }
  size_t position() const { return position_; }

  // "log.entries[3].request": the last value that began, or its parent.
  std::string Path() const {
    std::string path;
    for (size_t i = 0; i < std::min(levels_.size(), kShownLevels); ++i) {
      const Level& level = levels_[i];
      if (level.values > 0) {
        absl::StrAppend(&path, "[", level.values - 1, "]");
      } else if (!level.key.empty()) {
        absl::StrAppend(&path, path.empty() ? "" : ".",
                        absl::CHexEscape(level.key));
      }
    }
    return path;
  }

 private:
  static constexpr size_t kShownKey = 40;
  static constexpr size_t kShownLevels = 5;
  struct Level {
    bool array = false;
    size_t values = 0;  // of an array, so far
    std::string key;    // of an object, the last one
  };

  bool Value() {
    if (!levels_.empty() && levels_.back().array) ++levels_.back().values;
    return true;
  }
  bool Open(bool array) {
    Value();
    levels_.push_back({.array = array, .values = 0, .key = {}});
    return true;
  }
  bool Close() {
    levels_.pop_back();
    return true;
  }

  std::vector<Level> levels_;
  size_t position_ = 0;
};

// Stops at a field that its object has already.
class RepetitionFinder : public PlaceFinder {
 public:
  bool start_object(size_t size) override {
    fields_.emplace_back();
    return PlaceFinder::start_object(size);
  }
  bool end_object() override {
    fields_.pop_back();
    return PlaceFinder::end_object();
  }
  bool key(string_t& name) override {
    return PlaceFinder::key(name) && fields_.back().insert(name).second;
  }

 private:
  std::vector<std::set<std::string>> fields_;  // of the open objects
};

// Checks that `text`, if it is JSON, is small enough to become values. One
// pass, without memory.
absl::Status CheckShape(absl::string_view text, absl::string_view file) {
  size_t depth = 0;
  size_t values = 1;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      ++values;
      if (++depth > kMaxJsonDepth) {
        return absl::InvalidArgumentError(
            absl::StrCat(file, ": is nested deeper than ", kMaxJsonDepth,
                         " arrays and objects at byte ", i + 1));
      }
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    } else if (c == ',' && ++values > kMaxJsonValues) {
      return absl::InvalidArgumentError(absl::StrCat(
          file, ": has more than ", kMaxJsonValues, " values at byte ", i + 1));
    }
  }
  return absl::OkStatus();
}

std::string Shown(const json& value) {
  if (value.is_array() && !value.empty()) return "an array";
  if (value.is_object() && !value.empty()) return "an object";
  if (value.is_string()) {
    // Only as much as is shown: a string can be the whole file.
    const std::string& text = value.get_ref<const std::string&>();
    if (text.size() > 40) return Shown(text.substr(0, 36) + "...");
  }
  // A replaced byte is better than a refusal: this text goes into a sentence.
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return text;
}

}  // namespace

absl::StatusOr<json> ParseJson(absl::string_view text, absl::string_view file) {
  if (absl::Status status = CheckShape(text, file); !status.ok()) {
    return status;
  }
  json value = json::parse(text.begin(), text.end(), nullptr,
                           /*allow_exceptions=*/false);
  if (!value.is_discarded()) return value;
  PlaceFinder finder;
  json::sax_parse(text.begin(), text.end(), &finder);
  const std::string path = finder.Path();
  const std::string where = path.empty() ? "" : absl::StrCat(", in ", path);
  if (finder.position() > text.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": is not complete JSON: it ends too early", where));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      file, ": is not JSON: mistake at byte ", finder.position(), where));
}

std::string RepeatedField(absl::string_view text) {
  RepetitionFinder finder;
  const bool whole = json::sax_parse(text.begin(), text.end(), &finder);
  return whole ? "" : finder.Path();
}

JsonFields::JsonFields(const json& object, absl::string_view file,
                       absl::string_view prefix, absl::Status* status)
    : object_(&object), file_(file), prefix_(prefix), status_(status) {
  if (!object.is_object()) {
    Fail("", absl::StrCat("must be an object, not ", Shown(object)));
  }
}

const json* JsonFields::Find(absl::string_view name) const {
  if (!object_->is_object()) return nullptr;
  auto found = object_->find(std::string(name));
  if (found == object_->end() || found->is_null()) return nullptr;
  return &*found;
}

JsonFields JsonFields::Object(absl::string_view name) const {
  static const json* const none = new json(json::object());
  const json* found = Find(name);
  return JsonFields(found == nullptr ? *none : *found, file_,
                    absl::StrCat(prefix_, name, "."), status_);
}

JsonFields JsonFields::Element(absl::string_view name, size_t index) const {
  return JsonFields((*Find(name))[index], file_,
                    absl::StrCat(prefix_, name, "[", index, "]."), status_);
}

bool JsonFields::Has(absl::string_view name) const {
  return Find(name) != nullptr;
}

std::optional<int64_t> JsonFields::Integer(absl::string_view name, int64_t min,
                                           int64_t max) {
  const json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  bool in_range = false;
  if (value->is_number_unsigned()) {
    const uint64_t number = value->get<uint64_t>();
    in_range = max >= 0 && number <= static_cast<uint64_t>(max) &&
               (min <= 0 || number >= static_cast<uint64_t>(min));
  } else if (value->is_number_integer()) {
    const int64_t number = value->get<int64_t>();
    in_range = number >= min && number <= max;
  }
  if (in_range) return value->get<int64_t>();
  Fail(name, absl::StrCat("must be a whole number from ", min, " to ", max,
                          ", not ", Shown(*value)));
  return std::nullopt;
}

int64_t JsonFields::RequiredInteger(absl::string_view name, int64_t min,
                                    int64_t max) {
  std::optional<int64_t> value = Integer(name, min, max);
  if (value.has_value()) return *value;
  Fail(name, "is missing");
  return min;
}

std::optional<double> JsonFields::Number(absl::string_view name, double min,
                                         double max) {
  const json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) {
    const double number = value->get<double>();
    if (std::isfinite(number) && number >= min && number <= max) return number;
  }
  Fail(name, absl::StrFormat("must be a number from %.10g to %.10g, not %s",
                             min, max, Shown(*value)));
  return std::nullopt;
}

bool JsonFields::Boolean(absl::string_view name, bool otherwise) {
  const json* value = Find(name);
  if (value == nullptr) return otherwise;
  if (value->is_boolean()) return value->get<bool>();
  Fail(name, absl::StrCat("must be true or false, not ", Shown(*value)));
  return otherwise;
}

std::string JsonFields::String(absl::string_view name,
                               absl::string_view otherwise) {
  const json* value = Find(name);
  if (value == nullptr) return std::string(otherwise);
  if (value->is_string()) return value->get<std::string>();
  Fail(name, absl::StrCat("must be a string, not ", Shown(*value)));
  return std::string(otherwise);
}

void JsonFields::Fail(absl::string_view name, absl::string_view problem) {
  if (!status_->ok()) return;
  std::string field = absl::StrCat(prefix_, name);
  if (!field.empty() && field.back() == '.') field.pop_back();
  *status_ = absl::InvalidArgumentError(
      absl::StrCat(file_, file_.empty() ? "" : ": ", field,
                   field.empty() ? "" : ": ", problem));
}

}  // namespace sluice::lab
