#include "benchmarks/lab/capture/har_fields.h"

#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/capture/har_names.h"
#include "benchmarks/lab/page/page_rules.h"

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
    const auto text = [&header](const char* field) -> const std::string* {
      if (!header.is_object()) return nullptr;
      auto found = header.find(field);
      return found == header.end() || !found->is_string()
                 ? nullptr
                 : &found->get_ref<const std::string&>();
    };
    const std::string* const found_name = text("name");
    const std::string* const value = text("value");
    if (found_name == nullptr || value == nullptr) {
      fields.Fail("headers", "must be an array of names and values");
    } else if (absl::EqualsIgnoreCase(*found_name, name)) {
      return *value;
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
// WebPageTest writes some numbers as texts.
bool IsMarked(const JsonFields& fields, absl::string_view name) {
  const json* value = fields.Find(name);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  if (value->is_string()) {
    const std::string& text = value->get_ref<const std::string&>();
    return !text.empty() && text != "0" && text != "false";
  }
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

namespace {

// Whether Safari names a cache, or a stand-in for one.
bool IsFromSafarisCache(JsonFields& entry) {
  const std::string type = entry.String("_fetchType");
  return type == "Memory Cache" || type == "Disk Cache" ||
         type == "Service Worker" || type == "Inspector Override";
}

// The fields of an entry that bear on the size of its body.
struct Sizes {
  std::optional<double> object;
  std::optional<double> transfer;
  std::optional<double> headers;
  std::optional<double> body;
  std::optional<double> bytes_in;
  std::optional<double> length;  // Content-Length
  std::optional<double> decoded;
  std::optional<double> compression;
  bool encoded = false;      // by a header
  bool has_headers = false;  // where such a header would be
  bool tells_headers = false;

  std::optional<double> Came() const {
    return object.has_value()     ? object
           : transfer.has_value() ? transfer
           : body.has_value()     ? body
                                  : bytes_in;
  }
  bool HasBody() const { return decoded.value_or(0) > 0; }
};

Sizes ReadSizes(HarParts& parts) {
  JsonFields& response = parts.response;
  JsonFields content = response.Object("content");
  Sizes sizes;
  sizes.object = HarOwnNumber(parts.fields, "_objectSize", kMaxSize);
  sizes.transfer = Size(response, "_transferSize");
  sizes.headers = Size(response, "headersSize");
  sizes.body = Size(response, "bodySize");
  if (sizes.body.has_value() && IsOfFirefoxTools(parts.fields)) {
    sizes.body = std::max(0.0, *sizes.body - sizes.headers.value_or(0));
  }
  sizes.bytes_in = HarOwnNumber(parts.fields, "_bytesIn", kMaxSize);
  sizes.decoded = Size(content, "size");
  sizes.compression = content.Number("compression", -kMaxSize, kMaxSize);
  if (sizes.HasBody() && sizes.compression >= sizes.decoded) {
    sizes.compression.reset();  // the tool took the size on the wire for 0
  }
  sizes.encoded = !Header(response, "content-encoding").empty();
  const json* headers = response.Find("headers");
  sizes.has_headers = headers != nullptr;
  sizes.tells_headers = sizes.has_headers && !headers->empty();
  double length = 0;
  if (absl::SimpleAtod(Header(response, "content-length"), &length) &&
      length >= 0 && length <= kMaxSize && (length > 0 || !sizes.HasBody())) {
    sizes.length = length;
  }
  return sizes;
}

// Sets `bytes`, `decoded` and `size_unknown`. `early`: the response came before
// its request, and Chrome did not count it.
void SetBytes(const Sizes& sizes, bool early, HarEntry& entry) {
  std::optional<double> size;
  const auto take = [&](std::optional<double> candidate) {
    if (size.has_value() || !candidate.has_value()) return;
    if (*candidate > 0 || !sizes.HasBody()) size = candidate;
  };
  take(sizes.object);
  if (sizes.transfer.has_value()) {
    double transfer =
        std::max(0.0, *sizes.transfer - sizes.headers.value_or(0));
    if (!sizes.headers.has_value() && !sizes.encoded && sizes.has_headers) {
      const double decoded = sizes.decoded.value_or(transfer);
      const bool plain =
          sizes.tells_headers && sizes.compression.value_or(0) <= 0;
      transfer = plain ? decoded : std::min(transfer, decoded);
    }
    take(transfer);
  }
  take(sizes.body);
  take(sizes.bytes_in);
  take(sizes.length);
  if (!size.has_value() && sizes.decoded.has_value()) {
    size = std::max(0.0, *sizes.decoded - sizes.compression.value_or(0));
    entry.decoded = !sizes.compression.has_value() && (sizes.encoded || early);
  }
  entry.size_unknown = !size.has_value();
  if (entry.size_unknown) return;
  entry.bytes = static_cast<uint64_t>(
      std::llround(std::min(*size, sizes.length.value_or(*size))));
}

}  // namespace

void ReadHarBody(HarParts& parts, HarEntry& entry) {
  JsonFields& response = parts.response;
  std::optional<double> status = response.Number("status", -1e9, 1e9);
  if (!status.has_value()) {
    status = HarOwnNumber(parts.fields, "_responseCode", 1e9);
  }
  const Sizes sizes = ReadSizes(parts);
  const double came = sizes.Came().value_or(0);
  const bool early = IsMarked(response, "fromEarlyHints") ||
                     IsMarked(parts.fields, "_was_pushed");

  if (status.has_value() && IsRedirect(*status)) {
    entry.redirect = true;
    entry.bytes = static_cast<uint64_t>(came);
    std::string target = response.String("redirectURL");
    if (target.empty()) target = std::string(Header(response, "location"));
    if (!target.empty()) entry.redirect_url = ResolveUrl(entry.url, target);
    return;
  }
  const bool error = (status.has_value() && (*status <= 0 || *status >= 600)) ||
                     IsMarked(response, "_error") ||
                     IsMarked(response, "_failureText");
  if ((error && came == 0) || (!status.has_value() && came == 0 &&
                               !sizes.HasBody() && !sizes.length.has_value())) {
    entry.fate = HarFate::kFailed;
    return;
  }
  const bool empty =
      status == 204 || status == 304 ||
      absl::EqualsIgnoreCase(parts.request.String("method"), "HEAD");
  const bool nothing_came = sizes.Came() == 0.0 && sizes.HasBody();
  if (!early &&
      (IsMarked(parts.fields, "_fromCache") ||
       IsMarked(response, "fromDiskCache") ||
       IsFromSafarisCache(parts.fields) ||
       (!empty &&
        (parts.fields.Object("cache").Has("beforeRequest") || nothing_came)))) {
    entry.fate = HarFate::kCached;
    return;
  }
  if (!empty) SetBytes(sizes, early, entry);
}

void ReadHarType(HarParts& parts, HarEntry& entry) {
  bool other = false;  // a field says "other"
  std::optional<ResourceType> type;
  const auto take = [&](std::optional<ResourceType> candidate) {
    if (type.has_value()) return;
    other = other || candidate == ResourceType::kOther;
    if (candidate != ResourceType::kOther) type = candidate;
  };
  for (const char* field : {"_resourceType", "_request_type"}) {
    take(TypeOfChromeName(parts.fields.String(field)));
  }
  if (absl::EqualsIgnoreCase(parts.request.String("method"), "OPTIONS")) {
    take(ResourceType::kFetch);
  }
  if (!(other && entry.redirect)) {
    const std::string mime =
        parts.response.Object("content").String("mimeType");
    take(TypeOfDestination(Header(parts.request, "sec-fetch-dest")));
    take(TypeOfMime(mime));
    take(TypeOfExtension(entry.url));
    const bool icon = absl::StrContains(mime, "icon") ||
                      entry.initiator == HarInitiator::kOther;
    const bool part = entry.initiator == HarInitiator::kParser ||
                      entry.initiator == HarInitiator::kScript;
    if (other && ((icon && type == ResourceType::kImage) ||
                  (part && type == ResourceType::kHtml))) {
      type.reset();
    }
  }
  entry.type = type.value_or(ResourceType::kOther);
}

void ReadHarPriority(HarParts& parts, HarEntry& entry) {
  const absl::string_view agent = Header(parts.request, "user-agent");
  const absl::string_view field = Header(parts.request, "priority");
  const auto priority = signals::ParseRfc9218Priority(field);
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
        frames = nullptr;
      }
      for (size_t f = 0; frames != nullptr && f < frames->size(); ++f) {
        add(stack.Element("callFrames", f).String("url"));
      }
      if (!stack.Has("parent")) break;
      stack = stack.Object("parent");
    }
  } else {
    if (named != nullptr && named->is_string()) {
      add(named->get_ref<const std::string&>());
    } else if (named != nullptr) {
      parts.fields.Fail("_initiator", "must be an object or an address");
    }
    entry.initiator = InitiatorKind(parts.fields.String(
        "_initiator_type",
        named != nullptr && named->is_string() ? "other" : ""));
  }
  entry.preloaded = entry.initiator == HarInitiator::kPreload ||
                    IsMarked(parts.request, "_isLinkPreload");
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
    const auto at = chunk.Number("ts", -kMaxCaptureMs, kMaxCaptureMs);
    const auto bytes = chunk.Number("bytes", 0, kMaxSize);
    if (!at.has_value() || !bytes.has_value()) continue;
    entry.progress.emplace_back(*at, static_cast<uint64_t>(*bytes));
  }
  std::sort(entry.progress.begin(), entry.progress.end());
  uint64_t sum = 0;
  for (auto& [at, bytes] : entry.progress) bytes = sum += bytes;
}

}  // namespace sluice::lab
