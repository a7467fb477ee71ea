#include "tests/fuzz/fuzz_frames.h"

#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_input.h"
#include "tests/h2/frame_builder.h"

namespace sluice::fuzz {

using namespace h2::tests;  // NOLINT: the names of frames

using h2::Header;
using h2::kMaxStreamId;
using h2::StreamId;

std::vector<Header> HeadersOf(uint8_t choice) {
  static const auto& lists = *new std::vector<std::vector<Header>>{
      Get(),
      Post(),
      Status("200"),
      Status("103"),
      {{"trailer", "x"}},
      With(Post(), {{"content-length", "3"}}),
      With(Get(), {{"cookie", "a=b"}, {"cookie", "c=d"}, {"priority", "u=1"}}),
      {{":method", "CONNECT"}, {":authority", "a:1"}},
      With(Status("200"), {{"content-length", "5"}}),
      With(Get(), {{"Upper", " x "}, {"connection", "close"}}),
      With(Get(), {{"x", std::string(20000, 'x')}}),
      With(Get(), {{"x", std::string(70000, '~')}}),
      Status("304"),
      {},
      {{":path", "/"}, {"x", "y"}, {":method", "GET"}},
  };
  return lists[choice % lists.size()];
}

StreamId DrawStreamId(Input& input) {
  const uint8_t byte = input.Byte();
  return byte < 250 ? byte % 12 : kMaxStreamId - (byte - 250);
}

std::string DrawFrame(Input& input) {
  static constexpr uint8_t kTypes[] = {
      kData,        kHeaders,        kPriority, kRstStream,    kSettings,
      kPushPromise, kPing,           kGoAway,   kWindowUpdate, kContinuation,
      kAltSvc,      kPriorityUpdate, 0xee};
  const uint8_t type = kTypes[input.Byte() % sizeof(kTypes)];
  const uint8_t flags = input.Byte();
  const StreamId id = DrawStreamId(input);
  return RawFrame(type, flags, id, input.Bytes(input.Byte() % 64));
}

std::string DrawMessage(Input& input) {
  const StreamId id = DrawStreamId(input);
  const uint8_t flags = input.Byte();
  std::string block = Block(HeadersOf(input.Byte()));
  if (flags & kHasPriority) {
    block = PriorityFields({.depends_on = DrawStreamId(input)}) + block;
  }
  if (flags & kPadded) block = Padded(block, input.Byte());
  const size_t first = block.size() > 16384 ? 16384 : block.size();
  if (flags & 0x80) {
    const StreamId promised = DrawStreamId(input);
    return PushPromiseFrame(id, promised, Block(HeadersOf(input.Byte())));
  }
  const bool whole = first == block.size();
  const std::string headers =
      RawFrame(kHeaders, whole ? flags | kEndHeaders : flags & ~kEndHeaders, id,
               block.substr(0, first));
  return whole ? headers : headers + ContinuationFrame(id, block.substr(first));
}

std::string DrawDataFrame(Input& input) {
  const StreamId id = DrawStreamId(input);
  const size_t size = input.Byte() * 64;
  return DataFrame(id, std::string(size, 'd'), input.Byte() & 1);
}

}  // namespace sluice::fuzz
