// Compiled by map_headers_test.sh only, with HEADERS defined as a container.

#include <sluice/h2/connection.h>

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"

absl::Status Send(sluice::h2::Connection& connection, const HEADERS& headers) {
  return connection.SendHeaders(1, headers);
}

absl::Status Push(sluice::h2::Connection& connection, const HEADERS& headers) {
  return connection.PushStream(1, 2, headers);
}
