// A page load as qlog 0.3, in the form that qvis opens (its multiplexing view
// shows requests, which stream owned the wire when, and priorities).
//
// There is no qlog schema for HTTP/2 that qvis reads, so the load is told in
// QUIC's words, from the server's side:
//
//   a request                 packet_received with an empty stream frame, and
//                             http:frame_parsed with :method, :path and, where
//                             the client sent one, the priority field
//   a DATA frame              packet_sent with one stream frame, at the moment
//                             the server chose it and wrote it to its socket
//   PRIORITY_UPDATE           http:frame_parsed, "priority_update"
//   RFC 7540's signals        http:frame_parsed, "priority", and "priority" in
//                             the request's HEADERS; qvis shows neither
//
// QUIC's request streams have ids that 4 divides, so HTTP/2's stream n is
// called 2(n − 1); its own id is beside it as "http2_stream_id". Times are
// virtual milliseconds, to the microsecond. qvis draws a load of two streams
// and five DATA frames at least.
#ifndef SLUICE_BENCHMARKS_LAB_QLOG_H_
#define SLUICE_BENCHMARKS_LAB_QLOG_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "benchmarks/lab/output.h"
#include "benchmarks/lab/page_load.h"
#include "benchmarks/lab/report.h"
#include "benchmarks/lab/trace_folder.h"

namespace sluice::lab {

// The same run gives the same text. O(DATA frames + requests + signals).
std::string QlogText(const Run& run, const PageLoad& load);

// One file a run.
class QlogOutput : public Output {
 public:
  explicit QlogOutput(TraceFolder folder) : folder_(std::move(folder)) {}
  absl::Status Write(const Run& run, const PageLoad& load) override {
    return folder_.Write(run, QlogText(run, load));
  }

 private:
  TraceFolder folder_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_QLOG_H_
