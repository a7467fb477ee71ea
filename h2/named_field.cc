#include <sluice/h2/named_field.h>
#include <sluice/h2/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "absl/algorithm/container.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {
using N = FieldName;
}  // namespace

// The place of all others; then the names of HPACK's static table (RFC 7541
// appendix A), then the others that RFC 9113 §8.2.2 and §8.3, RFC 8441 §4 and
// RFC 9218 §5 mention.
constexpr KnownName kKnownNames[] = {
    {"", N::kOther},
    {":authority", N::kAuthority},
    {":method", N::kMethod},
    {":path", N::kPath},
    {":scheme", N::kScheme},
    {":status", N::kStatus},
    {"accept-charset", N::kOther},
    {"accept-encoding", N::kOther},
    {"accept-language", N::kOther},
    {"accept-ranges", N::kOther},
    {"accept", N::kOther},
    {"access-control-allow-origin", N::kOther},
    {"age", N::kOther},
    {"allow", N::kOther},
    {"authorization", N::kCredentials},
    {"cache-control", N::kOther},
    {"content-disposition", N::kOther},
    {"content-encoding", N::kOther},
    {"content-language", N::kOther},
    {"content-length", N::kContentLength},
    {"content-location", N::kOther},
    {"content-range", N::kOther},
    {"content-type", N::kOther},
    {"cookie", N::kCookie},
    {"date", N::kOther},
    {"etag", N::kOther},
    {"expect", N::kOther},
    {"expires", N::kOther},
    {"from", N::kOther},
    {"host", N::kHost},
    {"if-match", N::kOther},
    {"if-modified-since", N::kOther},
    {"if-none-match", N::kOther},
    {"if-range", N::kOther},
    {"if-unmodified-since", N::kOther},
    {"last-modified", N::kOther},
    {"link", N::kOther},
    {"location", N::kOther},
    {"max-forwards", N::kOther},
    {"proxy-authenticate", N::kOther},
    {"proxy-authorization", N::kCredentials},
    {"range", N::kOther},
    {"referer", N::kOther},
    {"refresh", N::kOther},
    {"retry-after", N::kOther},
    {"server", N::kOther},
    {"set-cookie", N::kOther},
    {"strict-transport-security", N::kOther},
    {"transfer-encoding", N::kConnectionSpecific},
    {"user-agent", N::kOther},
    {"vary", N::kOther},
    {"via", N::kOther},
    {"www-authenticate", N::kOther},
    {":protocol", N::kProtocol},
    {"connection", N::kConnectionSpecific},
    {"keep-alive", N::kConnectionSpecific},
    {"priority", N::kPriority},
    {"proxy-connection", N::kConnectionSpecific},
    {"te", N::kTe},
    {"upgrade", N::kConnectionSpecific},
};

namespace {

constexpr std::array<uint8_t, 256> MakeIndex() {
  std::array<uint8_t, 256> index = {};
  for (size_t i = 1; i < std::size(kKnownNames); ++i) {
    index[KnownPlace(kKnownNames[i].text)] = static_cast<uint8_t>(i);
  }
  return index;
}

}  // namespace

constexpr std::array<uint8_t, 256> kKnownIndex = MakeIndex();

namespace {

constexpr bool EachHasItsPlace() {
  for (size_t i = 1; i < std::size(kKnownNames); ++i) {
    if (kKnownIndex[KnownPlace(kKnownNames[i].text)] != i) return false;
  }
  return true;
}
static_assert(EachHasItsPlace(),
              "two names have one place: change KnownPlace()");

// RFC 9113 §8.2.1 forbids "0x00-0x20, 0x41-0x5a, or 0x7f-0xff (all ranges
// inclusive)", and ':' but in front of a pseudo-header field's name; RFC 9110
// §5.1, §5.6.2 the other delimiters.
constexpr std::array<bool, 256> NameBytes() {
  std::array<bool, 256> legal = {};
  for (size_t c = 0x21; c < 0x7f; ++c) legal[c] = !(c >= 'A' && c <= 'Z');
  for (const char c : R"("(),/:;<=>?@[\]{})") {
    legal[static_cast<unsigned char>(c)] = false;
  }
  return legal;
}
constexpr std::array<bool, 256> kNameBytes = NameBytes();

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

}  // namespace

FieldName OtherNameOf(absl::string_view name) {
  bool legal = !name.empty();
  for (const char c : name) legal &= kNameBytes[static_cast<unsigned char>(c)];
  return legal ? FieldName::kOther : FieldName::kIllegal;
}

bool ValueIsLegal(absl::string_view value) {
  if (value.empty()) return true;
  return !IsSpace(value.front()) && !IsSpace(value.back()) &&
         absl::c_none_of(
             value, [](char c) { return c == '\0' || c == '\n' || c == '\r'; });
}

}  // namespace sluice::h2
