#include "benchmarks/lab/capture/har_entry.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "benchmarks/lab/capture/har_fields.h"
#include "benchmarks/lab/capture/har_names.h"
#include "benchmarks/lab/page/json_fields.h"
#include "benchmarks/lab/page/page_rules.h"

namespace sluice::lab {
namespace {

using nlohmann::json;

constexpr size_t kShownUrl = 60;
constexpr double kMaxMonotonic = 1e10;  // seconds

bool ParseTime(const std::string& text, absl::Time& time) {
  return (absl::ParseTime(absl::RFC3339_full, text, &time, nullptr) ||
          absl::ParseTime("%Y-%m-%d%ET%H:%M:%E*S", text, &time, nullptr)) &&
         time != absl::InfinitePast() && time != absl::InfiniteFuture();
}

// The address of an entry's request, whatever else is wrong with the entry.
std::string UrlOf(const json& entry) {
  if (!entry.is_object()) return "";
  auto request = entry.find("request");
  if (request == entry.end() || !request->is_object()) return "";
  auto url = request->find("url");
  return url != request->end() && url->is_string() ? url->get<std::string>()
                                                   : "";
}

// Reads the start as HAR 1.2 writes it. A mistake becomes the status of
// `fields`.
bool ReadStart(JsonFields& fields, absl::Time& start) {
  if (!fields.Has("startedDateTime")) {
    fields.Fail("startedDateTime", "is missing");
  }
  const std::string text = fields.String("startedDateTime");
  if (ParseTime(text, start)) return true;
  fields.Fail("startedDateTime",
              absl::StrCat("must be a time as 2020-01-31T12:00:00.000Z, not ",
                           "\"", absl::CHexEscape(text.substr(0, 40)), "\""));
  return false;
}

// An entry's times before they are made relative to the first entry's.
struct Clock {
  absl::Time start;
  double duration_ms = 0;
  double receive_ms = 0;
  std::string page;
};

class LogReader {
 public:
  LogReader(const json& document, absl::string_view file)
      : file_(file),
        needed_(JsonFields(document, file, "", &status_).Object("log")),
        log_(JsonFields(document, "", "", &ignored_).Object("log")) {}

  absl::StatusOr<HarLog> Read();

 private:
  void ReadPages();
  void ReadEntry(const json& object, size_t index);
  // `needed` has the same fields; its errors end the reading.
  Clock ReadClock(JsonFields& fields, JsonFields& needed);
  void LeaveOutOtherPages();
  void ForgetHeaderLevels();
  void PlaceInTime();

  absl::Status status_;   // ends the reading
  absl::Status ignored_;  // the first of the log's own values that is missing
  const absl::string_view file_;
  JsonFields needed_;
  JsonFields log_;
  HarLog read_;
  std::vector<Clock> clocks_;  // as read_.entries
  std::map<std::string, absl::Time> page_starts_;
  std::optional<absl::Time> anchor_;  // when `_requestTime` was 0
};

absl::StatusOr<HarLog> LogReader::Read() {
  const json* entries = needed_.Find("entries");
  if (entries == nullptr || !entries->is_array() || entries->empty()) {
    needed_.Fail("entries", "must be an array of at least one entry");
  }
  if (!status_.ok()) return status_;
  JsonFields creator = log_.Object("creator");
  read_.creator = absl::CHexEscape(
      absl::StrCat(creator.String("name"), " ", creator.String("version"))
          .substr(0, kShownUrl));
  absl::StripAsciiWhitespace(&read_.creator);
  ReadPages();
  read_.ignored = std::string(ignored_.message());
  for (size_t i = 0; i < entries->size() && status_.ok(); ++i) {
    ReadEntry((*entries)[i], i);
  }
  if (!status_.ok()) return status_;
  LeaveOutOtherPages();
  ForgetHeaderLevels();
  PlaceInTime();
  if (!status_.ok()) return status_;
  return std::move(read_);
}

// Skips a page without a usable start: only `_created` and `_chunks` need it,
// and Firefox writes 0 there for a page without entries.
void LogReader::ReadPages() {
  const json* pages = log_.Find("pages");
  if (pages == nullptr) return;
  if (!pages->is_array()) {
    log_.Fail("pages", "must be an array");
    return;
  }
  for (const json& page : *pages) {
    if (!page.is_object()) continue;
    auto id = page.find("id");
    auto start = page.find("startedDateTime");
    if (id == page.end() || !id->is_string() || start == page.end() ||
        !start->is_string()) {
      continue;
    }
    absl::Time time;
    if (ParseTime(start->get_ref<const std::string&>(), time)) {
      page_starts_[id->get_ref<const std::string&>()] = time;
    }
  }
}

void LogReader::ReadEntry(const json& object, size_t index) {
  const std::string url = UrlOf(object);
  const std::string name = HarEntryName(index, url);
  // An entry that is not an object has no address.
  const std::string prefix =
      url.empty() ? absl::StrCat(name, ".") : absl::StrCat(name, ": ");
  JsonFields needed(object, file_, prefix, &status_);
  if (!object.is_object()) return;  // `needed` has the error
  for (const char* part : {"request", "response"}) {
    if (!needed.Has(part)) needed.Fail(part, "is missing");
    needed.Object(part);  // checks its type
  }
  JsonFields request = needed.Object("request");
  if (!request.Has("url")) request.Fail("url", "is missing");
  request.String("url");  // checks its type
  if (!status_.ok()) return;

  absl::Status ignored;
  JsonFields fields(object, "", prefix, &ignored);
  HarParts parts = {fields, fields.Object("request"),
                    fields.Object("response")};
  HarEntry entry;
  entry.index = index;
  entry.url = std::string(WithoutFragment(url));
  Clock clock = ReadClock(fields, needed);
  ReadHarInitiator(parts, entry);
  if (absl::EqualsIgnoreCase(parts.request.String("method"), "CONNECT")) {
    entry.fate = HarFate::kTunnel;
  } else if (!IsHttpUrl(url) ||
             absl::EqualsIgnoreCase(fields.String("_resourceType"),
                                    "websocket")) {
    entry.fate = HarFate::kNotHttp;
    entry.url.clear();  // a data: URL is as long as what it stands for
  } else {
    ReadHarBody(parts, entry);
    ReadHarType(parts, entry);
    ReadHarPriority(parts, entry);
    ReadHarProgress(fields, entry);
    if (entry.size_unknown && clock.duration_ms <= 0) {
      entry.fate = HarFate::kCached;
    }
  }
  entry.ignored = std::string(ignored.message());
  read_.entries.push_back(std::move(entry));
  clocks_.push_back(std::move(clock));
}

Clock LogReader::ReadClock(JsonFields& fields, JsonFields& needed) {
  Clock clock;
  bool has_start = ReadStart(fields, clock.start);
  clock.page = fields.String("pageref");

  if (!fields.Has("time") && !fields.Has("timings")) {
    fields.Fail("time", "is missing, and so is timings");
  }
  JsonFields timings = fields.Object("timings");
  double sum = 0;
  for (const char* phase :
       {"blocked", "dns", "connect", "send", "wait", "receive"}) {
    const double ms = timings.Number(phase, -1, kMaxCaptureMs).value_or(0);
    sum += std::max(ms, 0.0);
    clock.receive_ms = std::max(ms, 0.0);  // the last one stays
  }
  const double time = fields.Number("time", -1, kMaxCaptureMs).value_or(-1);
  clock.duration_ms = time < 0 ? std::min(sum, kMaxCaptureMs) : time;
  if (const auto load = HarOwnNumber(fields, "_load_ms", kMaxCaptureMs)) {
    clock.duration_ms = *load;
  }
  clock.receive_ms = std::min(clock.receive_ms, clock.duration_ms);

  if (const auto at = HarOwnNumber(fields, "_requestTime", kMaxMonotonic)) {
    if (has_start && !anchor_.has_value()) {
      anchor_ = clock.start - absl::Seconds(*at);
    }
    if (anchor_.has_value()) clock.start = *anchor_ + absl::Seconds(*at);
    has_start = anchor_.has_value();
  }
  // The browser wanted it before it was sent.
  const auto page = page_starts_.find(clock.page);
  std::optional<absl::Time> created;
  if (const auto at = HarOwnNumber(fields, "_created", kMaxCaptureMs);
      at.has_value() && page != page_starts_.end()) {
    created = page->second + absl::Milliseconds(*at);
  }
  if (!has_start) {
    if (!created.has_value()) {
      ReadStart(needed, clock.start);
      return clock;
    }
    clock.start = *created;
  }
  absl::Time wanted =
      clock.start -
      absl::Milliseconds(
          HarOwnNumber(timings, "_queued", kMaxCaptureMs).value_or(0));
  if (created.has_value()) wanted = std::min(wanted, *created);
  clock.duration_ms += absl::ToDoubleMilliseconds(clock.start - wanted);
  clock.start = wanted;
  return clock;
}

void LogReader::LeaveOutOtherPages() {
  size_t first = clocks_.size();
  for (size_t i = 0; i < clocks_.size(); ++i) {
    if (clocks_[i].page.empty()) continue;
    if (first == clocks_.size() || clocks_[i].start < clocks_[first].start) {
      first = i;
    }
  }
  if (first == clocks_.size()) return;
  for (size_t i = 0; i < clocks_.size(); ++i) {
    if (clocks_[i].page.empty() || clocks_[i].page == clocks_[first].page) {
      continue;
    }
    read_.entries[i].fate = HarFate::kOtherPage;
  }
}

// From a Chrome that never sends `priority`, its absence means nothing.
void LogReader::ForgetHeaderLevels() {
  for (const HarEntry& entry : read_.entries) {
    if (entry.has_priority_header) return;
  }
  for (HarEntry& entry : read_.entries) {
    if (entry.level_of_header) entry.level.reset();
    entry.level_of_header = false;
  }
}

void LogReader::PlaceInTime() {
  absl::Time base = absl::InfiniteFuture();
  for (size_t i = 0; i < clocks_.size(); ++i) {
    if (read_.entries[i].fate != HarFate::kKept) continue;
    base = std::min(base, clocks_[i].start);
  }
  for (size_t i = 0; i < clocks_.size(); ++i) {
    const Clock& clock = clocks_[i];
    HarEntry& entry = read_.entries[i];
    entry.start_ms = absl::ToDoubleMilliseconds(clock.start - base);
    entry.end_ms = entry.start_ms + clock.duration_ms;
    entry.first_byte_ms = entry.end_ms - clock.receive_ms;
    if (entry.fate == HarFate::kKept && entry.start_ms > kMaxCaptureMs &&
        status_.ok()) {
      status_ = absl::InvalidArgumentError(absl::StrCat(
          file_, ": ", HarEntryName(entry.index, entry.url),
          ": startedDateTime: is more than ",
          static_cast<int64_t>(kMaxCaptureMs), " ms after the first entry's"));
    }
    const auto page = page_starts_.find(clock.page);
    if (page == page_starts_.end()) {
      entry.progress.clear();
      continue;
    }
    // All bytes of an entry come between its start and its end, wherever its
    // page claims to begin: an offset of years would become a pause of years.
    const double page_ms = absl::ToDoubleMilliseconds(page->second - base);
    for (auto& [at, bytes] : entry.progress) {
      at = std::clamp(at + page_ms, entry.start_ms, entry.end_ms);
    }
  }
  std::stable_sort(read_.entries.begin(), read_.entries.end(),
                   [](const HarEntry& a, const HarEntry& b) {
                     return a.start_ms < b.start_ms;
                   });
}

}  // namespace

std::string HarEntryName(size_t index, absl::string_view url) {
  std::string name = absl::StrCat("log.entries[", index, "]");
  if (url.empty()) return name;
  const bool cut = url.size() > kShownUrl;
  return absl::StrCat(name, " (", absl::CHexEscape(url.substr(0, kShownUrl)),
                      cut ? "...)" : ")");
}

absl::StatusOr<HarLog> ReadHarLog(const json& document,
                                  absl::string_view file) {
  return LogReader(document, file).Read();
}

}  // namespace sluice::lab
