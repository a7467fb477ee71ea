// An order of bodies: what a server sends first if it knows the page.
//
// An order is a list of pieces of bodies. At each moment the server sends the
// first piece of the list that it can: one whose resource the browser has asked
// for, and of which something is left. So a resource that the browser has yet
// to find keeps its place, and the wire is never idle for its sake. Bodies that
// the list leaves out, in whole or in part, come after it, in the order of
// their requests.
//
// Pieces of one body are sent in the order of the list; each is the next part
// of the body. So an order can be as fine as any policy's: OrderOf() has one
// piece for each turn that a policy gave a stream.
//
// The file of an order is text, one piece a line:
//
//   # the document's head, then what it needs
//   html3 14000
//   css5
//   https://example.org/hero.jpg
//   html3
//
// A line names a resource by its id, its label or its address (FindResource()
// in page/page.h). A number of bytes may follow; without one the piece is all
// that is left of the body. Empty lines, and lines that begin with '#', say
// nothing.
#ifndef SLUICE_BENCHMARKS_LAB_ORDER_ORDER_H_
#define SLUICE_BENCHMARKS_LAB_ORDER_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

struct Piece {
  size_t resource = 0;  // index in the page
  uint64_t bytes = 0;   // of the body, from 1

  friend bool operator==(const Piece&, const Piece&) = default;
};

using Order = std::vector<Piece>;

// The order in which `load` sent its bodies. O(picks).
Order OrderOf(const PageLoad& load);

// Appends a piece; joins it with the last one if that is of the same resource.
void AddPiece(const Piece& piece, Order& order);

// Reads the file of an order for `page`. Error: InvalidArgument, one sentence
// with `file`, the line, and the field of the mistake.
absl::StatusOr<Order> ParseOrder(absl::string_view text, absl::string_view file,
                                 const Page& page);

// The lines from which ParseOrder() reads the same order.
std::string OrderText(const Page& page, const Order& order);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_ORDER_ORDER_H_
