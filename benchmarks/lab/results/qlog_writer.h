// The events of one HTTP/2 connection as qlog 0.3, in the form that qvis opens
// (its multiplexing view shows requests, which stream owned the wire when, and
// priorities). Seen by either end:
//
//   QlogWriter qlog(QlogWriter::Seen::kByServer);
//   qlog.Request(at_ns, 1, "/", signals);
//   qlog.Data(at_ns, 1, 1400, /*fin=*/true);
//   std::string text = qlog.Text("sluice lab", "title", {{"sluice_lab", …}});
//
// qvis reads no qlog schema for HTTP/2, so the file uses QUIC's events:
//
//                      the server's side          the client's
//   a request          transport:packet_received  transport:packet_sent
//                      with an empty stream frame, and
//                      http:frame_parsed          http:frame_created
//                      with :method, :path and, where the client sent one, the
//                      priority field
//   DATA               transport:packet_sent      transport:packet_received
//                      with one stream frame
//   PRIORITY_UPDATE    http:frame_…, "priority_update"
//   RFC 7540's signals http:frame_…, "priority", and "priority" in the
//   request's
//                      HEADERS; qvis shows neither
//
// The ids of QUIC's request streams are multiples of 4, so HTTP/2's stream n is
// called 2(n − 1), with its own id beside it as "http2_stream_id". Times are
// milliseconds, to the microsecond. qvis draws a trace of two streams and five
// DATA frames at least.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_QLOG_WRITER_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_QLOG_WRITER_H_

#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::lab {

class QlogWriter {
 public:
  enum class Seen { kByServer, kByClient };
  using Signal =
      std::variant<signals::Rfc7540Priority, signals::Rfc9218Priority>;

  explicit QlogWriter(Seen seen) : client_(seen == Seen::kByClient) {}

  // In the order of time.
  void Request(int64_t at_ns, h2::StreamId id, absl::string_view path,
               absl::Span<const Signal> signals);
  // PRIORITY_UPDATE or PRIORITY.
  void Signalled(int64_t at_ns, h2::StreamId id, const Signal& signal);
  void Data(int64_t at_ns, h2::StreamId id, size_t bytes, bool fin);

  // The whole file. `who` made it; `more` is JSON, further members of the
  // trace:
  // `,"name":value`.
  std::string Text(absl::string_view who, absl::string_view title,
                   absl::string_view more) const;

 private:
  void Begin(int64_t at_ns, absl::string_view name);
  void BeginFrame(int64_t at_ns);
  void Packet(int64_t at_ns, bool request, h2::StreamId id, uint64_t offset,
              size_t length, bool fin);

  const bool client_;
  absl::flat_hash_map<h2::StreamId, uint64_t> bytes_;
  uint64_t requests_ = 0;  // packets
  uint64_t data_ = 0;
  std::string events_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_QLOG_WRITER_H_
