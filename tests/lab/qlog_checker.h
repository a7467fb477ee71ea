// Checks that qvis opens a trace and draws its multiplexing view:
// a checker of the structure, after what qvis's sources read
// (github.com/quiclog/ qvis: FileLoader and QlogLoaderV2, and the waterfall,
// the collapsed and the byte-range renderer of the multiplexing graph). It
// knows nothing of how our traces are made, and asks for more than qvis where
// qvis would repair a trace with an alert.
#ifndef SLUICE_TESTS_LAB_QLOG_CHECKER_H_
#define SLUICE_TESTS_LAB_QLOG_CHECKER_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sluice::lab {

// Errors are InvalidArgument and say what is wrong, with the event's number:
//
//  - qlog_version and qlog_format stand in the first 1,024 bytes, where qvis
//    looks for them; the version is "0.3", the format is JSON (one document) or
//    JSON-SEQ (a header, then a record an event, each after a record
//    separator), and no other format's name is near;
//  - there is one trace, seen by the server or by the client; its times are
//    milliseconds and do not go back; every event has a name and data;
//  - packets have numbers that grow in each direction, and frames; a stream
//    frame has an id that 4 divides, an offset and a length;
//  - a stream's first packet is the request's; its bytes follow each other
//    without holes, and end at `fin`;
//  - the header sections of http:frame_parsed (of http:frame_created, where
//    the client saw them) have names and values; a PRIORITY_UPDATE names a
//    stream and has a value that parses (RFC 9218 §4);
//  - there are two streams and five frames sent, at least;
//  - it lacks the parts of older versions that qvis complains of, and those
//    that make qvis read the trace as another kind: event_fields, group_id,
//    category, error_description, an empty last event, the protocol TCP_HTTP2.
absl::Status CheckQlog(absl::string_view text);

}  // namespace sluice::lab

#endif  // SLUICE_TESTS_LAB_QLOG_CHECKER_H_
