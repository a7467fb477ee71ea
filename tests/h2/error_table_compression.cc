#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/h2/error_table.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

constexpr Side kServer = Side::kServer;
constexpr Side kClient = Side::kClient;

// A request whose header block is no HPACK.
ErrorRow Block(const char* name, const char* section, std::string block) {
  return {name,
          section,
          kServer,
          Given::kReady,
          HeadersFrame(1, block, kEndHeaders | kEndStream),
          {"GOAWAY COMPRESSION_ERROR"}};
}

}  // namespace

std::vector<ErrorRow> CompressionErrors() {
  const std::string request = tests::Block(Get());
  const std::string bad = "\x80";  // an indexed field of index 0
  const std::vector<std::string> goaway = {"GOAWAY COMPRESSION_ERROR"};
  return {
      // --- RFC 7541 ----------------------------------------------------------
      Block("IndexOfZero", "RFC 7541 §6.1", bad),
      Block("IndexBeyondTheTables", "RFC 7541 §2.3.3",
            HpackInteger(0x80, 7, 62)),
      Block("IndexFarBeyondTheTables", "RFC 7541 §2.3.3",
            HpackInteger(0x80, 7, 1000000)),
      Block("NameIndexBeyondTheTables", "RFC 7541 §2.3.3",
            absl::StrCat(HpackInteger(0x40, 6, 62), "\x01x")),
      Block("NameIndexBeyondTheTablesWithoutIndexing", "RFC 7541 §2.3.3",
            absl::StrCat(HpackInteger(0x00, 4, 99), "\x01x")),
      Block("TableSizeUpdateBeyondTheLimit", "RFC 7541 §6.3",
            absl::StrCat(HpackInteger(0x20, 5, 4097), request)),
      Block("TableSizeUpdateAfterAField", "RFC 7541 §4.2",
            absl::StrCat(request, HpackInteger(0x20, 5, 100))),
      Block("IntegerThatOverflows", "RFC 7541 §5.1",
            "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
      Block("IntegerCutOff", "RFC 7541 §5.1",
            absl::StrCat(request, "\xff\x80")),
      Block("NameCutOff", "RFC 7541 §5.2",
            absl::StrCat(request, std::string("\x00\x05"
                                              "ab",
                                              4))),
      Block("ValueCutOff", "RFC 7541 §5.2",
            absl::StrCat(request, std::string("\x00\x01"
                                              "a\x05xy",
                                              6))),
      Block("HuffmanCodeOfEos", "RFC 7541 §5.2",
            absl::StrCat(request,
                         std::string("\x00\x84\xff\xff\xff\xff\x01x", 8))),
      Block("HuffmanPaddingOfElevenBits", "RFC 7541 §5.2",
            absl::StrCat(request, std::string("\x00\x82\x1f\xff\x01x", 6))),
      Block("HuffmanPaddingOfZeros", "RFC 7541 §5.2",
            absl::StrCat(request, std::string("\x00\x81\x18\x01x", 5))),

      // --- RFC 9113 §4.3.1: the table shrinks
      // ------------------------------------
      {"NoTableSizeUpdateAfterAReduction",
       "RFC 9113 §4.3.1",
       kServer,
       Given::kReady,
       HeadersFrame(1, request),
       goaway,
       {},
       {{SettingId::kHeaderTableSize, 100}}},
      {"TableSizeUpdateAfterAReduction",
       "RFC 9113 §4.3.1",
       kServer,
       Given::kReady,
       HeadersFrame(1, absl::StrCat(HpackInteger(0x20, 5, 100), request)),
       {},
       {},
       {{SettingId::kHeaderTableSize, 100}}},
      {"TableSizeUpdateBeyondTheReduction",
       "RFC 9113 §4.3.1, RFC 7541 §6.3",
       kServer,
       Given::kReady,
       HeadersFrame(1, absl::StrCat(HpackInteger(0x20, 5, 101), request)),
       goaway,
       {},
       {{SettingId::kHeaderTableSize, 100}}},

      // --- RFC 9113 §4.3: wherever a block stands
      // ---------------------------------
      {"BadBlockInContinuation", "RFC 9113 §4.3", kServer, Given::kReady,
       absl::StrCat(HeadersFrame(1, request, 0), ContinuationFrame(1, bad)),
       goaway},
      {"BadBlockInTrailers", "RFC 9113 §4.3", kServer, Given::kRequest,
       HeadersFrame(1, bad, kEndHeaders | kEndStream), goaway},
      {"BadBlockInAResponse", "RFC 9113 §4.3", kClient, Given::kRequest,
       HeadersFrame(1, bad), goaway},
      {"BadBlockInAPromise", "RFC 9113 §4.3", kClient, Given::kRequest,
       PushPromiseFrame(1, 2, bad), goaway},
      {"BadBlockInARefusedPromise", "RFC 9113 §4.3, §6.6", kClient,
       Given::kResetByUs, PushPromiseFrame(1, 2, bad), goaway},
      {"BadBlockOnAStreamThatWeReset", "RFC 9113 §4.3, §5.1", kServer,
       Given::kResetByUs, HeadersFrame(1, bad), goaway},
      {"BadBlockOnAStreamThatThePeerReset", "RFC 9113 §4.3, §5.1", kServer,
       Given::kResetByPeer, HeadersFrame(1, bad), goaway},
      {"BadBlockAfterEndStream", "RFC 9113 §4.3, §5.1", kServer,
       Given::kRequestEnded, HeadersFrame(1, bad), goaway},
      {"BadBlockOnARefusedStream",
       "RFC 9113 §4.3, §5.1.2",
       kServer,
       Given::kReady,
       HeadersFrame(1, bad),
       goaway,
       {},
       {{SettingId::kMaxConcurrentStreams, 0}}},
  };
}

}  // namespace sluice::h2::tests
