// The entries of a HAR file, whoever wrote it, as far as a page needs them.
//
// HAR 1.2 fixes little of what a page needs; browsers and tools add fields with
// an underscore. Read are Chrome's DevTools, Firefox, Safari, WebPageTest, and
// what chrome-har (sitespeed.io) and Playwright write. A value of another type
// or out of range counts as missing, and the entry says which was. For each
// fact the fields are tried in this order:
//  - Start: `startedDateTime`, which is exact to the millisecond at best, and
//    is UTC where it names no zone (WebPageTest's agent); after the first entry
//    `_requestTime` (chrome-har; seconds of one clock); less `timings._queued`
//    (chrome-har), or `_created` after the page's start (WebPageTest) if that
//    is earlier: the browser wanted it then. Without a `startedDateTime` these
//    tell it alone.
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
//    0 is unknown, too, where `content.size` is not: a recorder then counted
//    headers alone, or nothing. Never more than Content-Length says, since some
//    count headers as well; none with status 204 or 304, or for HEAD. A body
//    that is only known decoded counts as `decoded`.
//  - Type: `_resourceType`, `_request_type`; the request's Sec-Fetch-Dest; the
//    MIME type; the extension in the URL. "Other" is no type where one of those
//    behind it tells another, but for a redirect; for an icon, an image that
//    neither the parser nor a script asked for; and for html that they did ask
//    for, since Chrome would name a frame. OPTIONS is a fetch.
//  - Level: `_initialPriority` (chrome-har) or `_initial_priority`
//    (WebPageTest), and `_priority`: the last one, in Chrome's names or
//    WebPageTest's. Chrome's DevTools tell the last one only; there an image's
//    first is the urgency in its `priority` header, which is 0 to 4 for the
//    five levels. From a Chrome without any of these fields the level is that
//    urgency. The header leaves out the default, 3, so that where any request
//    has the header, none means Low. Firefox's `_priority` has the same words
//    for five other levels, by type: it is no level here. But an image that has
//    High or more was displayed while it was loaded.
//  - Initiator: `_initiator` as Chrome's object (its `url`, and every script in
//    its `stack` and the stacks behind it) or as a URL; `_initiator_type` says
//    how. `_isLinkPreload` is kept beside it, and the Referer.
//
// Left out, with the reason: what does not go over HTTP (data:, blob:,
// WebSocket, …); a proxy's tunnel (CONNECT); what came from a cache
// (`_fromCache`, `fromDiskCache`, a `cache.beforeRequest`, Safari's
// `_fetchType`; no byte transferred of a body that is not empty; no time taken
// and no size told, as of Firefox's images), unless it was pushed or came with
// Early Hints, which Chrome counts as cached; what failed before any byte of a
// body came (no status, or an `_error`); and entries of another page than the
// first one that has entries. A response that was aborted counts with the bytes
// that came.
#ifndef SLUICE_BENCHMARKS_LAB_HAR_ENTRY_H_
#define SLUICE_BENCHMARKS_LAB_HAR_ENTRY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/page.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {

enum class HarFate { kKept, kNotHttp, kTunnel, kCached, kFailed, kOtherPage };
inline constexpr size_t kHarFates = 6;

enum class HarInitiator { kNone, kParser, kScript, kPreload, kOther };

// What `_renderBlocking` (WebPageTest, chrome-har) says.
enum class HarBlocking { kUnknown, kBlocking, kInBody, kNonBlocking };

struct HarEntry {
  size_t index = 0;  // in log.entries
  HarFate fate = HarFate::kKept;
  std::string url;  // without a fragment
  ResourceType type = ResourceType::kOther;
  uint64_t bytes = 0;
  bool decoded = false;       // `bytes` are those after decompression
  bool size_unknown = false;  // nothing tells `bytes`; they are 0
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
  bool level_of_header = false;  // known by its `priority` alone, or that it
  bool has_priority_header = false;        // has none and others have
  std::optional<ChromeLevel> final_level;  // where it is another
  HarBlocking blocking = HarBlocking::kUnknown;
  // From a Firefox: the urgency in the `priority` header; -1: no such header.
  std::optional<int> firefox_urgency;
  bool displayed = false;  // an image, as Firefox says

  // The first of its values that counts as missing, with the reason: a sentence
  // with the entry and the field. Empty: all could be used.
  std::string ignored;
};

struct HarLog {
  std::string creator;  // "WebInspector 537.36"; may be empty
  // By start, then by index; those of other pages and those that were not HTTP
  // among them.
  std::vector<HarEntry> entries;
  std::string ignored;  // as of an entry, of the log's own values
};

// "log.entries[3] (https://example.com/a.js)", the URL shortened.
std::string HarEntryName(size_t index, absl::string_view url);

// Reads the log of `document`, a JSON object with a "log". `file` names it in
// errors. Error: InvalidArgument, one sentence with the entry and the field; of
// an entry only without a request, its `url`, a response or a start, since
// nothing else is needed of every entry.
// O(size of the document + entries · log entries).
absl::StatusOr<HarLog> ReadHarLog(const nlohmann::json& document,
                                  absl::string_view file);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_HAR_ENTRY_H_
