// Reads the entries of a HAR file of any recorder, as far as a page needs them.
//
// HAR 1.2 fixes little of what a page needs; browsers and tools add fields with
// an underscore. This reader knows the files of Chrome's DevTools, Firefox,
// Safari, WebPageTest, chrome-har (sitespeed.io) and Playwright. A value of the
// wrong type or out of range counts as missing, and `ignored` names it. For
// each fact the reader tries the fields in this order:
//  - Start: `startedDateTime`, which is exact to the millisecond at best, and
//    is UTC where it names no zone (WebPageTest's agent); after the first entry
//    `_requestTime` (chrome-har; seconds of one clock); less `timings._queued`
//    (chrome-har), or `_created` after the page's start (WebPageTest) if that
//    is earlier: the browser wanted it then. Without a `startedDateTime` these
//    fields alone tell it.
//  - End: the start of the request and `_load_ms` (WebPageTest, whose `time`
//    counts the lookup and the handshakes before the start as well); else
//    `time`, or where that is missing or from -1 to 0 the sum of `timings`.
//    First byte: the end less `timings.receive`. In `timings`, -1 to 0 is
//    nothing (HAR 1.2: -1 does not apply; and tools subtract doubles).
//  - Bytes of the body on the wire: `_objectSize` (WebPageTest);
//    `response._transferSize` (Chrome; without `headersSize`, where that is
//    known; else `content.size` of what was not encoded, and never more);
//    `response.bodySize` (Firefox's without `headersSize`, which it counts);
//    `_bytesIn` (WebPageTest; has the headers); the Content-Length header;
//    `content.size` less `content.compression`; `content.size`. -1 is unknown.
//    0 is unknown, too, where `content.size` is not 0: such a recorder counted
//    headers alone, or nothing. Content-Length is the upper bound, since some
//    recorders count headers as well. Status 204 or 304, and HEAD, have no
//    body. If only the decoded size is known, the entry is marked `decoded`.
//  - Type: `_resourceType`, `_request_type`; the request's Sec-Fetch-Dest; the
//    MIME type; the extension in the URL. A later field overrides "other",
//    except for a redirect; for an icon (an image that neither the parser nor a
//    script requested); and for html that one of them requested, since Chrome
//    would call a frame a document. OPTIONS is a fetch.
//  - Level: `_initialPriority` (chrome-har) or `_initial_priority`
//    (WebPageTest), and `_priority`: the last one, in Chrome's names or
//    WebPageTest's. Chrome's DevTools have the last one only; an image's first
//    one is then the urgency in its `priority` header, 0 to 4 for the five
//    levels. For a Chrome without any of these fields the level is that
//    urgency. Chrome omits the header for the default, 3: so where any request
//    has the header, a request without it is Low. Firefox's `_priority` has the
//    same words for five other levels, by type, so it is no level here. But an
//    image with High or more was displayed while it was loaded.
//  - Initiator: `_initiator` as Chrome's object (its `url`, and every script in
//    its `stack` and the stacks behind it) or as a URL; `_initiator_type` says
//    how. The entry also keeps `_isLinkPreload` and the Referer.
//
// The reader leaves out, with the reason (HarFate):
//  - entries without HTTP (data:, blob:, WebSocket, …);
//  - a proxy's tunnel (CONNECT);
//  - responses from a cache (`_fromCache`, `fromDiskCache`, a
//    `cache.beforeRequest`, Safari's `_fetchType`; no byte transferred of a
//    body that is not empty; neither time nor size, as Firefox writes for
//    images), unless they were pushed or came with Early Hints, which Chrome
//    counts as cached;
//  - requests that failed before any byte of a body came (no status, or an
//    `_error`);
//  - entries of other pages than the first one that has entries.
// An aborted response counts with the bytes that came.
#ifndef SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_ENTRY_H_
#define SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_ENTRY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/page/page.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {

enum class HarFate { kKept, kNotHttp, kTunnel, kCached, kFailed, kOtherPage };
inline constexpr size_t kHarFates = 6;

enum class HarInitiator { kNone, kParser, kScript, kPreload, kOther };

// The value of `_renderBlocking` (WebPageTest, chrome-har).
enum class HarBlocking { kUnknown, kBlocking, kInBody, kNonBlocking };

struct HarEntry {
  size_t index = 0;  // in log.entries
  HarFate fate = HarFate::kKept;
  std::string url;  // without a fragment
  ResourceType type = ResourceType::kOther;
  uint64_t bytes = 0;
  bool decoded = false;       // `bytes` are those after decompression
  bool size_unknown = false;  // no field tells `bytes`, so they are 0
  bool redirect = false;
  std::string redirect_url;  // absolute; empty: unknown

  // Milliseconds from the start of the first entry that is kept.
  double start_ms = 0;
  double first_byte_ms = 0;
  double end_ms = 0;
  // Of the body: when (as above), and how many bytes had come by then.
  std::vector<std::pair<double, uint64_t>> progress;

  HarInitiator initiator = HarInitiator::kNone;
  bool preloaded = false;
  std::vector<std::string> initiator_urls;  // without fragments
  std::string referer;                      // without a fragment

  std::optional<ChromeLevel> level;  // of the request
  // `level` comes from the `priority` header alone, or from its absence.
  bool level_of_header = false;
  bool has_priority_header = false;
  std::optional<ChromeLevel> final_level;  // where it is another
  HarBlocking blocking = HarBlocking::kUnknown;
  // From a Firefox: the urgency in the `priority` header; -1: no such header.
  std::optional<int> firefox_urgency;
  bool displayed = false;  // an image that Firefox displayed

  // The first value that counts as missing: a sentence with the entry, the
  // field and the reason. Empty: every value was usable.
  std::string ignored;
};

struct HarLog {
  std::string creator;  // "WebInspector 537.36"; may be empty
  // By start, then by index; with those that are left out.
  std::vector<HarEntry> entries;
  std::string ignored;  // as in HarEntry, for the log's own values
};

// "log.entries[3] (https://example.com/a.js)", the URL shortened.
std::string HarEntryName(size_t index, absl::string_view url);

// Reads the log of `document`, a JSON object with a "log". `file` names it in
// errors. Error: InvalidArgument, one sentence with the entry and the field. An
// entry needs a request, its `url`, a response and a start; every other field
// is optional. O(size of the document + entries · log entries).
absl::StatusOr<HarLog> ReadHarLog(const nlohmann::json& document,
                                  absl::string_view file);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_ENTRY_H_
