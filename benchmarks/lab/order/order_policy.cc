#include "benchmarks/lab/order/order_policy.h"

#include <algorithm>
#include <iterator>

namespace sluice::lab {

using scheduler::Grant;
using scheduler::StreamId;

OrderPolicy::OrderPolicy(const Order& order, size_t max_grant)
    : max_grant_(max_grant), next_rank_(order.size()) {
  for (size_t rank = order.size(); rank-- > 0;) {
    const Piece& piece = order[rank];
    if (piece.resource >= places_.size()) places_.resize(piece.resource + 1);
    places_[piece.resource].push_back({rank, piece.bytes});
  }
}

void OrderPolicy::OnAnswer(StreamId id, size_t resource) {
  Stream& stream = streams_[id];
  stream.places.push_back({next_rank_++, 0});
  if (resource >= places_.size()) return;
  stream.places.insert(stream.places.end(), places_[resource].begin(),
                       places_[resource].end());
}

void OrderPolicy::OnClose(StreamId id) {
  SetBlocked(id);
  streams_.erase(id);
}

void OrderPolicy::SetReady(StreamId id) {
  Stream& stream = streams_[id];
  if (stream.ready) return;
  stream.ready = true;
  ready_.emplace(stream.places.back().rank, id);
}

void OrderPolicy::SetBlocked(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || !found->second.ready) return;
  found->second.ready = false;
  ready_.erase({found->second.places.back().rank, id});
}

std::optional<Grant> OrderPolicy::Pick() {
  if (ready_.empty()) return std::nullopt;
  const StreamId id = ready_.begin()->second;
  const Place& place = streams_[id].places.back();
  const size_t bytes =
      place.bytes == 0
          ? max_grant_
          : static_cast<size_t>(std::min<uint64_t>(place.bytes, max_grant_));
  return Grant{.stream_id = id,
               .max_bytes = bytes,
               .reason = {place.bytes == 0 ? "left out of the order"
                                           : "first in the order"}};
}

void OrderPolicy::Charge(StreamId id, size_t bytes) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Stream& stream = found->second;
  Place& place = stream.places.back();
  if (place.bytes == 0 || bytes == 0) return;
  place.bytes -= bytes;
  if (place.bytes > 0) return;
  if (stream.ready) ready_.erase({place.rank, id});
  stream.places.pop_back();
  if (stream.ready) ready_.emplace(stream.places.back().rank, id);
}

}  // namespace sluice::lab
