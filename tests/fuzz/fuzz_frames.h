// Frames that fuzzers make of their input: legal ones, illegal ones, and
// messages whose header blocks decode.
#ifndef SLUICE_TESTS_FUZZ_FUZZ_FRAMES_H_
#define SLUICE_TESTS_FUZZ_FUZZ_FRAMES_H_

#include <sluice/h2/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_input.h"

namespace sluice::fuzz {

// A header list that is mostly well-formed, for either direction.
std::vector<h2::Header> HeadersOf(uint8_t choice);

// Below 12, or one of the largest six.
h2::StreamId DrawStreamId(Input& input);

// Any type, flags, small stream id, and up to 63 bytes of payload.
std::string DrawFrame(Input& input);

// HEADERS with what must follow of CONTINUATION, or a PUSH_PROMISE.
std::string DrawMessage(Input& input);

// DATA, without padding.
std::string DrawDataFrame(Input& input);

}  // namespace sluice::fuzz

#endif  // SLUICE_TESTS_FUZZ_FUZZ_FRAMES_H_
