// A page load as qlog 0.3, in the form that qvis opens (its multiplexing view
// shows requests, which stream owned the wire when, and priorities).
//
// qvis reads no qlog schema for HTTP/2, so the file uses QUIC's events, from
// the server's side:
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
// The ids of QUIC's request streams are multiples of 4, so HTTP/2's stream n is
// called 2(n − 1), with its own id beside it as "http2_stream_id". Times are
// virtual milliseconds, to the microsecond. qvis draws a load of two streams
// and five DATA frames at least.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_QLOG_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_QLOG_H_

#include <string>

#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/run.h"

namespace sluice::lab {

// The same run gives the same text. O(DATA frames + requests + signals).
std::string QlogText(const Run& run, const PageLoad& load);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_QLOG_H_
