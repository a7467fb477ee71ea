#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/h2/error_table.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

constexpr Side kServer = Side::kServer;
constexpr Side kClient = Side::kClient;
constexpr uint8_t kEnds = kEndHeaders | kEndStream;

using Headers = std::vector<Header>;

// A request that is one HEADERS frame with END_STREAM; a stream error
// (RFC 9113 §8.1.1), or none.
ErrorRow Request(std::string name, std::string section, const Headers& headers,
                 bool malformed = true) {
  ErrorRow row{std::move(name),
               std::move(section),
               kServer,
               Given::kReady,
               HeadersFrame(1, Block(headers), kEnds),
               {}};
  if (malformed) row.answer = {"RST_STREAM 1 PROTOCOL_ERROR"};
  return row;
}

ErrorRow Response(std::string name, std::string section, const Headers& headers,
                  bool malformed = true) {
  ErrorRow row{std::move(name),
               std::move(section),
               kClient,
               Given::kRequest,
               HeadersFrame(1, Block(headers), kEnds),
               {}};
  if (malformed) row.answer = {"RST_STREAM 1 PROTOCOL_ERROR"};
  return row;
}

ErrorRow Promise(std::string name, std::string section,
                 const Headers& headers) {
  return {std::move(name),
          std::move(section),
          kClient,
          Given::kRequest,
          PushPromiseFrame(1, 2, Block(headers)),
          {"RST_STREAM 2 PROTOCOL_ERROR"}};
}

// `Get()` without one of its fields, or with another value for it.
Headers Without(const std::string& name) {
  Headers headers = Get();
  std::erase_if(headers, [&](const Header& h) { return h.name == name; });
  return headers;
}
Headers Changed(const std::string& name, const std::string& value) {
  Headers headers = Get();
  for (Header& header : headers) {
    if (header.name == name) header.value = value;
  }
  return headers;
}

std::vector<ErrorRow> FieldErrors() {
  const auto field = [](std::string name, std::string value) {
    return With(Get(), {{std::move(name), std::move(value)}});
  };
  std::vector<ErrorRow> rows = {
      Request("UpperCaseName", "RFC 9113 §8.2.1", field("User-agent", "x")),
      Request("EmptyName", "RFC 9113 §8.2.1", field("", "x")),
      Request("ColonInsideAName", "RFC 9113 §8.2.1", field("a:b", "x")),
      Request("ColonAtTheEndOfAName", "RFC 9113 §8.2.1", field("ab:", "x")),
      Request("NulInAValue", "RFC 9113 §8.2.1",
              field("x", std::string("a\0b", 3))),
      Request("LineFeedInAValue", "RFC 9113 §8.2.1", field("x", "a\nb")),
      Request("CarriageReturnInAValue", "RFC 9113 §8.2.1", field("x", "a\rb")),
      Request("SpaceBeforeAValue", "RFC 9113 §8.2.1", field("x", " a")),
      Request("SpaceAfterAValue", "RFC 9113 §8.2.1", field("x", "a ")),
      Request("TabBeforeAValue", "RFC 9113 §8.2.1", field("x", "\ta")),
      Request("TabAfterAValue", "RFC 9113 §8.2.1", field("x", "a\t")),
      Request("SpaceInsideAValueIsLegal", "RFC 9113 §8.2.1",
              field("x", "a \t b"), false),
      Request("EmptyValueIsLegal", "RFC 9113 §8.2.1", field("x", ""), false),
      Request("HighOctetsInAValueAreLegal", "RFC 9110 §5.5",
              field("x", "\xc3\xa9\xff"), false),
      Request("ConnectionField", "RFC 9113 §8.2.2",
              field("connection", "close")),
      Request("KeepAliveField", "RFC 9113 §8.2.2", field("keep-alive", "1")),
      Request("ProxyConnectionField", "RFC 9113 §8.2.2",
              field("proxy-connection", "x")),
      Request("TransferEncodingField", "RFC 9113 §8.2.2",
              field("transfer-encoding", "chunked")),
      Request("UpgradeField", "RFC 9113 §8.2.2", field("upgrade", "h2c")),
      Request("TeOtherThanTrailers", "RFC 9113 §8.2.2", field("te", "gzip")),
      Request("TeTrailersIsLegal", "RFC 9113 §8.2.2", field("te", "trailers"),
              false),
      Response("UpperCaseNameInAResponse", "RFC 9113 §8.2.1",
               With(Status(), {{"Server", "x"}})),
      Response("NulInAValueOfAResponse", "RFC 9113 §8.2.1",
               With(Status(), {{"x", std::string("\0", 1)}})),
      Response("ConnectionFieldInAResponse", "RFC 9113 §8.2.2",
               With(Status(), {{"connection", "close"}})),
      Response("TransferEncodingInAResponse", "RFC 9113 §8.2.2",
               With(Status(), {{"transfer-encoding", "chunked"}})),
      Promise("UpperCaseNameInAPromise", "RFC 9113 §8.2.1, §8.4.1",
              With(Get(), {{"Accept", "x"}})),
      Promise("ConnectionFieldInAPromise", "RFC 9113 §8.2.2, §8.4.1",
              With(Get(), {{"connection", "x"}})),
  };
  // Names: 0x00–0x20, A–Z and 0x7f–0xff are out (§8.2.1).
  for (const int octet : {0x00, 0x01, 0x09, 0x0a, 0x0d, 0x1f, 0x20, 0x41, 0x5a,
                          0x7f, 0x80, 0xff}) {
    rows.push_back(
        Request(absl::StrCat("NameWithOctet", octet), "RFC 9113 §8.2.1",
                field(std::string{'a', static_cast<char>(octet)}, "x")));
  }
  return rows;
}

std::vector<ErrorRow> PseudoFieldErrors() {
  const Header protocol = {":protocol", "websocket"};
  const Headers connect = {{":method", "CONNECT"}, {":authority", "a:443"}};
  std::vector<ErrorRow> rows = {
      Request("PseudoFieldAfterARegularOne", "RFC 9113 §8.3",
              With(Without(":path"), {{"x", "y"}, {":path", "/"}})),
      Request("UnknownPseudoField", "RFC 9113 §8.3",
              With(Get(), {{":custom", "x"}})),
      Request("PseudoFieldOfAResponseInARequest", "RFC 9113 §8.3",
              With(Get(), {{":status", "200"}})),
      Request("PseudoFieldTwice", "RFC 9113 §8.3",
              With(Get(), {{":path", "/other"}})),
      Request("SamePseudoFieldTwice", "RFC 9113 §8.3",
              With(Get(), {{":method", "GET"}})),
      Request("NoMethod", "RFC 9113 §8.3.1", Without(":method")),
      Request("NoScheme", "RFC 9113 §8.3.1", Without(":scheme")),
      Request("NoPath", "RFC 9113 §8.3.1", Without(":path")),
      Request("EmptyPath", "RFC 9113 §8.3.1", Changed(":path", "")),
      Request("NeitherAuthorityNorHost", "RFC 9110 §7.2",
              Without(":authority")),
      Request("NoHeaderFieldAtAll", "RFC 9113 §8.3.1", {}),
      Request("HostOtherThanAuthority", "RFC 9113 §8.3.1",
              With(Get(), {{"host", "other.example"}})),
      Request("HostEqualToAuthorityIsLegal", "RFC 9113 §8.3.1",
              With(Get(), {{"host", "example.com"}}), false),
      Request("HostInsteadOfAuthorityIsLegal", "RFC 9113 §8.3.1",
              With(Without(":authority"), {{"host", "example.com"}}), false),
      Request("SecondHost", "RFC 9110 §7.2",
              With(Without(":authority"),
                   {{"host", "example.com"}, {"host", "example.com"}})),
      Request("AsteriskPathOfOptionsIsLegal", "RFC 9113 §8.3.1",
              {{":method", "OPTIONS"},
               {":scheme", "https"},
               {":authority", "a"},
               {":path", "*"}},
              false),
      Response("NoStatus", "RFC 9113 §8.3.2", {{"server", "x"}}),
      Response("StatusOfTwoDigits", "RFC 9113 §8.3.2", Status("20")),
      Response("StatusOfFourDigits", "RFC 9113 §8.3.2", Status("2000")),
      Response("StatusWithALetter", "RFC 9113 §8.3.2", Status("20x")),
      Response("EmptyStatus", "RFC 9113 §8.3.2", Status("")),
      Response("SwitchingProtocols", "RFC 9113 §8.6", Status("101")),
      Response("StatusTwice", "RFC 9113 §8.3",
               {{":status", "200"}, {":status", "200"}}),
      Response("StatusAfterARegularField", "RFC 9113 §8.3",
               {{"x", "y"}, {":status", "200"}}),
      Response("PseudoFieldOfARequestInAResponse", "RFC 9113 §8.3",
               With(Status(), {{":path", "/"}})),
      Promise("PromiseWithoutPath", "RFC 9113 §8.3.1, §8.4.1",
              Without(":path")),
      Promise("PromiseWithStatus", "RFC 9113 §8.3, §8.4.1",
              With(Get(), {{":status", "200"}})),

      // --- RFC 9113 §8.4.1: what may be promised
      // -------------------------------
      Promise("PromiseOfAnUnsafeMethod", "RFC 9113 §8.4", Post()),
      Promise("PromiseOfAMethodThatIsNotCacheable", "RFC 9113 §8.4",
              Changed(":method", "OPTIONS")),
      Promise("PromiseOfARequestWithContent", "RFC 9113 §8.4",
              With(Get(), {{"content-length", "3"}})),

      // --- RFC 9113 §8.5, RFC 8441: CONNECT
      // ---------------------------------------
      Request("ConnectIsLegal", "RFC 9113 §8.5", connect, false),
      Request("ConnectWithoutAuthority", "RFC 9113 §8.5",
              {{":method", "CONNECT"}}),
      Request("ConnectWithScheme", "RFC 9113 §8.5",
              With({{":scheme", "https"}}, connect)),
      Request("ConnectWithPath", "RFC 9113 §8.5",
              With({{":path", "/"}}, connect)),
      Request("ProtocolThatWeDidNotEnable", "RFC 8441 §3",
              With(Changed(":method", "CONNECT"), {protocol})),
      Request("ProtocolWithAnotherMethod", "RFC 8441 §4",
              With(Get(), {protocol})),
      Request("ExtendedConnectWithoutPath", "RFC 8441 §4",
              With(connect, {protocol, {":scheme", "https"}})),
      Request("ExtendedConnectWithoutScheme", "RFC 8441 §4",
              With(connect, {protocol, {":path", "/"}})),
      Request("ExtendedConnectIsLegal", "RFC 8441 §4",
              With(Changed(":method", "CONNECT"), {protocol}), false),
  };
  for (ErrorRow& row : rows) {
    const bool enabled = row.name.rfind("ExtendedConnect", 0) == 0 ||
                         row.name == "ProtocolWithAnotherMethod";
    if (enabled) row.our_settings = {{SettingId::kEnableConnectProtocol, 1}};
  }
  return rows;
}

std::vector<ErrorRow> SequenceErrors() {
  const std::string trailers = Block({{"x", "y"}});
  const auto post = [](const Headers& more) {
    return HeadersFrame(1, Block(With(Post(), more)));
  };
  const auto length = [](std::string value) {
    return Headers{{"content-length", std::move(value)}};
  };
  const std::vector<std::string> reset = {"RST_STREAM 1 PROTOCOL_ERROR"};
  return {
      // --- RFC 9113 §8.1: one message a direction
      // -----------------------------
      {"TrailersWithoutEndStream", "RFC 9113 §8.1", kServer, Given::kRequest,
       HeadersFrame(1, trailers), reset},
      {"TrailersWithAPseudoField", "RFC 9113 §8.1, §8.3", kServer,
       Given::kRequest, HeadersFrame(1, Block({{":path", "/"}}), kEnds), reset},
      {"TrailersWithAnUpperCaseName", "RFC 9113 §8.2.1", kServer,
       Given::kRequest, HeadersFrame(1, Block({{"X", "y"}}), kEnds), reset},
      {"TrailersAreLegal",
       "RFC 9113 §8.1",
       kServer,
       Given::kRequest,
       absl::StrCat(DataFrame(1, "x"), HeadersFrame(1, trailers, kEnds)),
       {}},
      {"TrailersOfAResponseWithoutEndStream", "RFC 9113 §8.1", kClient,
       Given::kRequest,
       absl::StrCat(HeadersFrame(1, Block(Status())),
                    HeadersFrame(1, trailers)),
       reset},
      {"SecondFinalResponse", "RFC 9113 §8.1", kClient, Given::kRequest,
       absl::StrCat(HeadersFrame(1, Block(Status())),
                    HeadersFrame(1, Block(Status()), kEnds)),
       reset},
      {"InformationalResponseAfterTheFinalOne", "RFC 9113 §8.1", kClient,
       Given::kRequest,
       absl::StrCat(HeadersFrame(1, Block(Status())),
                    HeadersFrame(1, Block(Status("103")))),
       reset},
      {"InformationalResponseWithEndStream", "RFC 9113 §8.1", kClient,
       Given::kRequest, HeadersFrame(1, Block(Status("103")), kEnds), reset},
      {"SeveralInformationalResponsesAreLegal",
       "RFC 9113 §8.1",
       kClient,
       Given::kRequest,
       absl::StrCat(HeadersFrame(1, Block(Status("100"))),
                    HeadersFrame(1, Block(Status("103"))),
                    HeadersFrame(1, Block(Status()), kEnds)),
       {}},
      {"DataBeforeTheResponse", "RFC 9113 §8.1", kClient, Given::kRequest,
       DataFrame(1, "x"), reset},
      {"DataAfterAnInformationalResponse", "RFC 9113 §8.1", kClient,
       Given::kRequest,
       absl::StrCat(HeadersFrame(1, Block(Status("103"))), DataFrame(1, "x")),
       reset},
      {"DataBeforeAPushedResponseEnds",
       "RFC 9113 §8.1",
       kClient,
       Given::kPromised,
       absl::StrCat(HeadersFrame(2, Block(Status("103"))), DataFrame(2, "x")),
       {"RST_STREAM 2 PROTOCOL_ERROR"}},

      // --- RFC 9113 §8.1.1: content-length
      // --------------------------------------
      {"ContentLengthOfARequestThatEnds", "RFC 9113 §8.1.1", kServer,
       Given::kReady, HeadersFrame(1, Block(With(Post(), length("5"))), kEnds),
       reset},
      {"ContentLengthOfZeroOfARequestThatEnds",
       "RFC 9113 §8.1.1",
       kServer,
       Given::kReady,
       HeadersFrame(1, Block(With(Post(), length("0"))), kEnds),
       {}},
      {"BodyLongerThanContentLength", "RFC 9113 §8.1.1", kServer, Given::kReady,
       absl::StrCat(post(length("5")), DataFrame(1, "123456")), reset},
      {"BodyLongerThanContentLengthInTwoFrames", "RFC 9113 §8.1.1", kServer,
       Given::kReady,
       absl::StrCat(post(length("5")), DataFrame(1, "12345"),
                    DataFrame(1, "6")),
       reset},
      {"BodyShorterThanContentLength", "RFC 9113 §8.1.1", kServer,
       Given::kReady,
       absl::StrCat(post(length("5")), DataFrame(1, "1234", kEndStream)),
       reset},
      {"BodyShorterThanContentLengthBeforeTrailers", "RFC 9113 §8.1.1", kServer,
       Given::kReady,
       absl::StrCat(post(length("5")), DataFrame(1, "1234"),
                    HeadersFrame(1, trailers, kEnds)),
       reset},
      {"EmptyEndOfABodyThatIsTooShort", "RFC 9113 §8.1.1", kServer,
       Given::kReady,
       absl::StrCat(post(length("5")), DataFrame(1, "", kEndStream)), reset},
      {"BodyOfContentLength",
       "RFC 9113 §8.1.1",
       kServer,
       Given::kReady,
       absl::StrCat(post(length("5")), DataFrame(1, "123"),
                    DataFrame(1, "45", kEndStream)),
       {}},
      {"PaddingIsNoContent",
       "RFC 9113 §8.1.1, §6.1",
       kServer,
       Given::kReady,
       absl::StrCat(post(length("5")),
                    DataFrame(1, Padded("12345", 9), kPadded | kEndStream)),
       {}},
      {"ContentLengthThatIsNoNumber", "RFC 9110 §8.6", kServer, Given::kReady,
       post(length("5x")), reset},
      {"EmptyContentLength", "RFC 9110 §8.6", kServer, Given::kReady,
       post(length("")), reset},
      {"NegativeContentLength", "RFC 9110 §8.6", kServer, Given::kReady,
       post(length("-5")), reset},
      {"SignedContentLength", "RFC 9110 §8.6", kServer, Given::kReady,
       post(length("+5")), reset},
      {"ContentLengthBeyondEveryNumber", "RFC 9110 §8.6", kServer,
       Given::kReady, post(length(std::string(40, '9'))), reset},
      {"ContentLengthsThatDiffer", "RFC 9110 §8.6", kServer, Given::kReady,
       post({{"content-length", "5"}, {"content-length", "6"}}), reset},
      {"ContentLengthsThatAgree",
       "RFC 9110 §8.6",
       kServer,
       Given::kReady,
       absl::StrCat(post({{"content-length", "5"}, {"content-length", "5"}}),
                    DataFrame(1, "12345", kEndStream)),
       {}},
      {"ResponseBodyLongerThanContentLength", "RFC 9113 §8.1.1", kClient,
       Given::kRequest,
       absl::StrCat(HeadersFrame(1, Block(With(Status(), length("2")))),
                    DataFrame(1, "123")),
       reset},
      {"ResponseBodyShorterThanContentLength", "RFC 9113 §8.1.1", kClient,
       Given::kRequest,
       absl::StrCat(HeadersFrame(1, Block(With(Status(), length("4")))),
                    DataFrame(1, "123", kEndStream)),
       reset},
      {"ContentLengthOf304WithoutBody",
       "RFC 9113 §8.1.1",
       kClient,
       Given::kRequest,
       HeadersFrame(1, Block(With(Status("304"), length("4"))), kEnds),
       {}},

      // --- RFC 7838 §4: ALTSVC is ignored
      // ----------------------------------------
      {"AltSvcAtAServer",
       "RFC 7838 §4",
       kServer,
       Given::kRequest,
       absl::StrCat(AltSvcFrame(0, "https://a", "h2=\":1\""),
                    AltSvcFrame(1, "", "h2=\":1\"")),
       {}},
      {"AltSvcWithoutOriginOnStreamZero",
       "RFC 7838 §4",
       kClient,
       Given::kRequest,
       AltSvcFrame(0, "", "h2=\":1\""),
       {}},
      {"AltSvcWithOriginOnAStream",
       "RFC 7838 §4",
       kClient,
       Given::kRequest,
       AltSvcFrame(1, "https://a", "h2=\":1\""),
       {}},
      {"AltSvcOnAnIdleStream",
       "RFC 7838 §4",
       kClient,
       Given::kReady,
       AltSvcFrame(1, "", "h2=\":1\""),
       {}},
      {"AltSvcOfOneOctet",
       "RFC 9113 §4.2, RFC 7838 §4",
       kClient,
       Given::kReady,
       RawFrame(kAltSvc, 0, 0, "x"),
       {"GOAWAY FRAME_SIZE_ERROR"}},
      {"AltSvcWhoseOriginIsCutOff",
       "RFC 7838 §4",
       kClient,
       Given::kReady,
       RawFrame(kAltSvc, 0, 0, absl::StrCat(Uint16(99), "short")),
       {"GOAWAY FRAME_SIZE_ERROR"}},
  };
}

}  // namespace

std::vector<ErrorRow> MessageErrors() {
  std::vector<ErrorRow> rows = FieldErrors();
  for (auto& part : {PseudoFieldErrors(), SequenceErrors()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

}  // namespace sluice::h2::tests
