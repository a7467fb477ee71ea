#include "benchmarks/lab/order/order.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sluice::lab {
namespace {

// The piece of a line. Error: InvalidArgument, the field and its mistake.
// `left` has what the lines before have left of each body.
absl::StatusOr<Piece> ParseLine(absl::string_view line, const Page& page,
                                const std::vector<uint64_t>& left) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  const std::optional<size_t> resource = FindResource(page, words[0]);
  if (!resource.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "resource: page ", page.name,
        " has not exactly one with a body and the id, label or address \"",
        absl::CHexEscape(words[0]), "\""));
  }
  const std::string& label = page.resources[*resource].label;
  if (words.size() > 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", absl::CHexEscape(words[2]),
                     "\" is too much; a line has a resource and, at most, a "
                     "number of bytes"));
  }
  const Resource& named = page.resources[*resource];
  if (named.bytes == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("resource: ", label, " has no body"));
  }
  if (left[*resource] == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("resource: the lines before have all ", named.bytes,
                     " bytes of ", label));
  }
  Piece piece = {*resource, left[*resource]};
  if (words.size() == 1) return piece;
  if (!absl::SimpleAtoi(words[1], &piece.bytes) || piece.bytes < 1 ||
      piece.bytes > left[*resource]) {
    return absl::InvalidArgumentError(absl::StrCat(
        "bytes: \"", absl::CHexEscape(words[1]), "\" is not from 1 to ",
        left[*resource], ", what is left of ", label));
  }
  return piece;
}

}  // namespace

Order OrderOf(const PageLoad& load) {
  Order order;
  for (const Pick& pick : load.picks) {
    AddPiece({pick.resource, pick.bytes}, order);
  }
  return order;
}

void AddPiece(const Piece& piece, Order& order) {
  if (!order.empty() && order.back().resource == piece.resource) {
    order.back().bytes += piece.bytes;
  } else {
    order.push_back(piece);
  }
}

absl::StatusOr<Order> ParseOrder(absl::string_view text, absl::string_view file,
                                 const Page& page) {
  std::vector<uint64_t> left;
  for (const Resource& resource : page.resources) {
    left.push_back(resource.bytes);
  }
  Order order;
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line.front() == '#') continue;
    const absl::StatusOr<Piece> piece = ParseLine(line, page, left);
    if (!piece.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          file, ", line ", number, ": ", piece.status().message()));
    }
    left[piece->resource] -= piece->bytes;
    AddPiece(*piece, order);
  }
  if (order.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": no line names a resource"));
  }
  return order;
}

std::string OrderText(const Page& page, const Order& order) {
  std::vector<uint64_t> left;
  for (const Resource& resource : page.resources) {
    left.push_back(resource.bytes);
  }
  std::string text;
  for (const Piece& piece : order) {
    absl::StrAppend(&text, page.resources[piece.resource].label);
    if (piece.bytes < left[piece.resource]) {
      absl::StrAppend(&text, " ", piece.bytes);
    }
    left[piece.resource] -= piece.bytes;
    absl::StrAppend(&text, "\n");
  }
  return text;
}

}  // namespace sluice::lab
