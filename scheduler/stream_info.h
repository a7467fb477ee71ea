// The facts about a stream. The book of streams (stream_book.h) keeps them; a
// policy reads them.
#ifndef SLUICE_SCHEDULER_STREAM_INFO_H_
#define SLUICE_SCHEDULER_STREAM_INFO_H_

#include <sluice/signals/faults.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/signals/stream_id.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace sluice::scheduler {

// The application's word over the client's. A kind that is set replaces the
// client's signal of that kind. The client's is kept, and holds again when the
// override is taken back.
struct ServerPriority {
  std::optional<signals::Rfc7540Priority> rfc7540 = std::nullopt;
  std::optional<signals::Rfc9218Priority> rfc9218 = std::nullopt;

  friend bool operator==(const ServerPriority&,
                         const ServerPriority&) = default;
};

// The kind of a resource to a page. Policies of the research literature sort by
// it.
enum class ResourceClass : uint8_t {
  kUnknown,
  kHtml,
  kCss,
  kJs,
  kFont,
  kImage,
  kFetch,
  kMedia,
  kOther,
};

// Facts about a response that no client signal carries. Server rules set them
// (content type, path, length), or the lab from the page. All are optional.
struct ResourceHints {
  ResourceClass resource_class = ResourceClass::kUnknown;
  bool in_head = false;            // js, css: in the head, so it blocks
  bool after_first_image = false;  // js: discovered after the first image
  bool async_or_defer = false;     // js
  bool above_the_fold = false;     // image: in the viewport
  bool preload = false;            // found by preload or the preload scanner
  bool tunnel = false;             // a CONNECT request's
  bool via = false;                // the request has a `via` field
  // Of the body, when its length is known. The book counts it down.
  std::optional<uint64_t> bytes_remaining = std::nullopt;

  friend bool operator==(const ResourceHints&, const ResourceHints&) = default;
};

// Everything known of a stream. Browsers send both kinds of signals with one
// request, so both are kept; a policy reads the kind that it understands.
struct StreamInfo {
  std::optional<signals::Rfc7540Priority> rfc7540 = std::nullopt;
  std::optional<signals::Rfc9218Priority> rfc9218 = std::nullopt;
  // `rfc7540` came by a PRIORITY frame before the stream opened. A tree has
  // obeyed it then, and others may have moved the stream since.
  bool rfc7540_before_open = false;
  // A PRIORITY frame moved the open stream after its last RFC 9218 signal,
  // while the client used both kinds (policies/auto.cc).
  bool moved = false;
  std::optional<ServerPriority> server = std::nullopt;
  ResourceHints hints = {};

  friend bool operator==(const StreamInfo&, const StreamInfo&) = default;
};

// `bytes` of the body were sent.
inline void CountDown(size_t bytes, ResourceHints* hints) {
  if (!hints->bytes_remaining.has_value()) return;
  *hints->bytes_remaining -= std::min<uint64_t>(*hints->bytes_remaining, bytes);
}

// The signal in force: the application's of that kind, else the client's, else
// nothing.
inline const std::optional<signals::Rfc7540Priority>& EffectiveRfc7540(
    const StreamInfo& info) {
  const bool overridden = info.server.has_value() && info.server->rfc7540;
  return overridden ? info.server->rfc7540 : info.rfc7540;
}
inline const std::optional<signals::Rfc9218Priority>& EffectiveRfc9218(
    const StreamInfo& info) {
  const bool overridden = info.server.has_value() && info.server->rfc9218;
  return overridden ? info.server->rfc9218 : info.rfc9218;
}

// The same as in signals/faults.h, of every signal in turn.
using signals::FaultText;
using signals::FindFault;

inline const char* FindFault(signals::StreamId id, const ServerPriority& server,
                             FaultText* text) {
  const char* fault = FindFault(id, text);
  if (fault == nullptr && server.rfc7540.has_value()) {
    fault = FindFault(id, *server.rfc7540, text);
  }
  if (fault == nullptr && server.rfc9218.has_value()) {
    fault = FindFault(id, *server.rfc9218, text);
  }
  return fault;
}
inline const char* FindFault(signals::StreamId id, const StreamInfo& info,
                             FaultText* text) {
  const ServerPriority client = {info.rfc7540, info.rfc9218};
  const char* fault = FindFault(id, client, text);
  return fault == nullptr && info.server.has_value()
             ? FindFault(id, *info.server, text)
             : fault;
}

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_STREAM_INFO_H_
