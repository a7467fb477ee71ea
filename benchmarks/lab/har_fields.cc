#include "benchmarks/lab/har_fields.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/har_names.h"
#include "benchmarks/lab/page_rules.h"
#include "priority/rfc9218_field.h"

namespace sluice::lab {
namespace {

using nlohmann::json;

constexpr size_t kMaxStacks = 64;      // behind one another, of an initiator
constexpr size_t kMaxInitiators = 64;  // addresses in them
constexpr double kMaxSize = static_cast<double>(kMaxResourceBytes);

// The value of a header; empty when there is none. A mistake in the array's
// shape goes to `fields`.
absl::string_view Header(JsonFields& fields, absl::string_view name) {
  const json* headers = fields.Find("headers");
  if (headers == nullptr) return "";
  if (!headers->is_array()) {
    fields.Fail("headers", "must be an array");
    return "";
  }
  for (const json& header : *headers) {
    if (!header.is_object()) {
      fields.Fail("headers", "must be an array of names and values");
      return "";
    }
    auto found_name = header.find("name");
    auto found_value = header.find("value");
    if (found_name == header.end() || !found_name->is_string() ||
        found_value == header.end() || !found_value->is_string()) {
      fields.Fail("headers", "must be an array of names and values");
      return "";
    }
    if (absl::EqualsIgnoreCase(found_name->get_ref<const std::string&>(),
                               name)) {
      return found_value->get_ref<const std::string&>();
    }
  }
  return "";
}

// A size that HAR 1.2 knows: -1 is unknown.
std::optional<double> Size(JsonFields& fields, absl::string_view name) {
  const std::optional<double> size = fields.Number(name, -1, kMaxSize);
  if (!size.has_value() || *size < 0) return std::nullopt;
  return size;
}

// Whether a mark of a tool's own is there: true, a number or a text.
bool IsMarked(const JsonFields& fields, absl::string_view name) {
  const json* value = fields.Find(name);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  if (value->is_string()) return !value->get_ref<const std::string&>().empty();
  return value->is_number() && *value != 0;
}

HarInitiator InitiatorKind(absl::string_view name) {
  if (absl::EqualsIgnoreCase(name, "parser")) return HarInitiator::kParser;
  if (absl::EqualsIgnoreCase(name, "script")) return HarInitiator::kScript;
  if (absl::EqualsIgnoreCase(name, "preload")) return HarInitiator::kPreload;
  return name.empty() ? HarInitiator::kNone : HarInitiator::kOther;
}

// Whether Firefox's developer tools wrote it: their exporter's own field.
bool IsOfFirefoxTools(const JsonFields& entry) {
  return entry.Has("_securityState");
}

bool IsRedirect(double status) {
  return status == 301 || status == 302 || status == 303 || status == 307 ||
         status == 308;
}

}  // namespace

std::optional<double> HarOwnNumber(JsonFields& fields, absl::string_view name,
                                   double max) {
  const json* value = fields.Find(name);
  if (value == nullptr) return std::nullopt;
  double number = 0;
  if (value->is_string()) {
    const std::string& text = value->get_ref<const std::string&>();
    if (text.empty()) return std::nullopt;
    if (!absl::SimpleAtod(text, &number)) {
      fields.Fail(name, "must be a number");
      return std::nullopt;
    }
  } else if (value->is_number()) {
    number = value->get<double>();
  } else {
    fields.Fail(name, "must be a number");
    return std::nullopt;
  }
  if (!std::isfinite(number) || number > max) {
    fields.Fail(name, absl::StrFormat("must be at most %.10g", max));
    return std::nullopt;
  }
  if (number < 0) return std::nullopt;
  return number;
}

void ReadHarBody(HarParts& parts, HarEntry& entry) {
  JsonFields& response = parts.response;
  const double status = response.Number("status", -1e9, 1e9).value_or(0);
  const std::optional<double> object =
      HarOwnNumber(parts.fields, "_objectSize", kMaxSize);
  const std::optional<double> transfer = Size(response, "_transferSize");
  const std::optional<double> headers = Size(response, "headersSize");
  std::optional<double> body = Size(response, "bodySize");
  if (body.has_value() && IsOfFirefoxTools(parts.fields)) {
    body = std::max(0.0, *body - headers.value_or(0));
  }
  const std::optional<double> bytes_in =
      HarOwnNumber(parts.fields, "_bytesIn", kMaxSize);
  JsonFields content = response.Object("content");
  const std::optional<double> decoded = Size(content, "size");
  const std::optional<double> compression =
      content.Number("compression", -kMaxSize, kMaxSize);
  const bool encoded = !Header(response, "content-encoding").empty();
  double length = 0;
  const bool has_length =
      absl::SimpleAtod(Header(response, "content-length"), &length) &&
      length >= 0 && length <= kMaxSize;
  const std::optional<double> came = object.has_value()     ? object
                                     : transfer.has_value() ? transfer
                                     : body.has_value()     ? body
                                                            : bytes_in;

  if (IsRedirect(status)) {
    entry.redirect = true;
    entry.bytes = static_cast<uint64_t>(came.value_or(0));
    std::string target = response.String("redirectURL");
    if (target.empty()) target = std::string(Header(response, "location"));
    if (!target.empty()) entry.redirect_url = ResolveUrl(entry.url, target);
    return;
  }
  if ((status <= 0 || status >= 600 || IsMarked(response, "_error") ||
       IsMarked(response, "_failureText")) &&
      came.value_or(0) == 0) {
    entry.fate = HarFate::kFailed;
    return;
  }
  const bool empty = status == 204 || status == 304;
  if (IsMarked(parts.fields, "_fromCache") ||
      IsMarked(response, "fromDiskCache") ||
      (!empty && parts.fields.Object("cache").Has("beforeRequest")) ||
      (!empty && came == 0.0 && decoded.value_or(0) > 0)) {
    entry.fate = HarFate::kCached;
    return;
  }
  if (empty) return;

  double size = 0;
  if (object.has_value()) {
    size = *object;
  } else if (transfer.has_value()) {
    size = std::max(0.0, *transfer - headers.value_or(0));
    if (!headers.has_value() && !encoded && response.Has("headers")) {
      size = std::min(size, decoded.value_or(size));
    }
  } else if (came.has_value()) {
    size = *came;
  } else if (has_length) {
    size = length;
  } else if (decoded.has_value()) {
    size = std::max(0.0, *decoded - compression.value_or(0));
    entry.decoded = !compression.has_value() && encoded;
  } else {
    response.Fail("bodySize",
                  "is missing, and so is all else that tells a body's size "
                  "(_transferSize, content.size, Content-Length)");
  }
  if (has_length) size = std::min(size, length);
  entry.bytes = static_cast<uint64_t>(std::llround(size));
}

void ReadHarType(HarParts& parts, HarEntry& entry) {
  std::optional<ResourceType> type;
  for (const char* field : {"_resourceType", "_request_type"}) {
    if (!type.has_value()) type = TypeOfChromeName(parts.fields.String(field));
  }
  if (!type.has_value()) {
    type = TypeOfDestination(Header(parts.request, "sec-fetch-dest"));
  }
  if (!type.has_value()) {
    type = TypeOfMime(parts.response.Object("content").String("mimeType"));
  }
  if (!type.has_value()) type = TypeOfExtension(entry.url);
  entry.type = type.value_or(ResourceType::kOther);
}

void ReadHarPriority(HarParts& parts, HarEntry& entry) {
  const absl::string_view agent = Header(parts.request, "user-agent");
  const absl::string_view field = Header(parts.request, "priority");
  const auto priority = priority::ParseRfc9218Field(field);
  const bool image = entry.type == ResourceType::kImage;
  const auto last = LevelOfName(parts.fields.String("_priority"));
  auto first = LevelOfName(parts.fields.String("_initialPriority"));
  if (!first.has_value()) {
    first = LevelOfName(parts.fields.String("_initial_priority"));
  }
  if (IsOfFirefoxTools(parts.fields) || absl::StrContains(agent, "Firefox/")) {
    entry.firefox_urgency =
        field.empty() || !priority.has_value() ? -1 : priority->urgency;
    entry.displayed = image && last.has_value() && *last <= ChromeLevel::kHigh;
  } else {
    const bool of_header = priority.has_value() &&
                           priority->urgency < kChromeLevels &&
                           absl::StrContains(agent, "Chrome/");
    if (!first.has_value() && of_header &&
        (!last.has_value() || (image && !field.empty()))) {
      first = static_cast<ChromeLevel>(priority->urgency);
      entry.level_of_header = !last.has_value();
      entry.has_priority_header = !field.empty();
    }
    entry.level = first.has_value() ? first : last;
    if (last.has_value() && last != entry.level) entry.final_level = last;
  }

  const std::string blocking =
      absl::AsciiStrToLower(parts.fields.String("_renderBlocking"));
  if (blocking == "blocking") {
    entry.blocking = HarBlocking::kBlocking;
  } else if (blocking == "in_body_parser_blocking" ||
             blocking == "inbodyparserblocking") {
    entry.blocking = HarBlocking::kInBody;
  } else if (!blocking.empty()) {
    entry.blocking = HarBlocking::kNonBlocking;
  }
}

void ReadHarInitiator(HarParts& parts, HarEntry& entry) {
  auto add = [&entry](absl::string_view url) {
    url = WithoutFragment(url);
    std::vector<std::string>& urls = entry.initiator_urls;
    if (IsHttpUrl(url) && urls.size() < kMaxInitiators &&
        std::find(urls.begin(), urls.end(), url) == urls.end()) {
      urls.emplace_back(url);
    }
  };
  entry.referer =
      std::string(WithoutFragment(Header(parts.request, "referer")));
  const json* named = parts.fields.Find("_initiator");
  if (named != nullptr && named->is_object()) {
    JsonFields initiator = parts.fields.Object("_initiator");
    entry.initiator = InitiatorKind(initiator.String("type"));
    add(initiator.String("url"));
    JsonFields stack = initiator.Object("stack");
    for (size_t i = 0; i < kMaxStacks; ++i) {
      const json* frames = stack.Find("callFrames");
      if (frames != nullptr && !frames->is_array()) {
        stack.Fail("callFrames", "must be an array");
        return;
      }
      for (size_t f = 0; frames != nullptr && f < frames->size(); ++f) {
        add(stack.Element("callFrames", f).String("url"));
      }
      if (!stack.Has("parent")) break;
      stack = stack.Object("parent");
    }
  } else if (named != nullptr && named->is_string()) {
    add(named->get_ref<const std::string&>());
    const json* kind = parts.fields.Find("_initiator_type");
    entry.initiator = InitiatorKind(kind != nullptr && kind->is_string()
                                        ? kind->get_ref<const std::string&>()
                                        : "other");
  } else if (named != nullptr) {
    parts.fields.Fail("_initiator", "must be an object or an address");
  }
  if (IsMarked(parts.request, "_isLinkPreload")) {
    entry.initiator = HarInitiator::kPreload;
  }
}

void ReadHarProgress(JsonFields& fields, HarEntry& entry) {
  const json* chunks = fields.Find("_chunks");
  if (chunks == nullptr) return;
  if (!chunks->is_array()) {
    fields.Fail("_chunks", "must be an array");
    return;
  }
  for (size_t i = 0; i < chunks->size(); ++i) {
    JsonFields chunk = fields.Element("_chunks", i);
    const double at =
        chunk.Number("ts", -kMaxCaptureMs, kMaxCaptureMs).value_or(0);
    const double bytes = chunk.Number("bytes", 0, kMaxSize).value_or(0);
    entry.progress.emplace_back(at, static_cast<uint64_t>(bytes));
  }
  std::sort(entry.progress.begin(), entry.progress.end());
  uint64_t sum = 0;
  for (auto& [at, bytes] : entry.progress) bytes = sum += bytes;
}

}  // namespace sluice::lab
