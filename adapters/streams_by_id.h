// The streams of an adapter, by their ids. To find the same one again takes no
// look-up, and blocks of closed streams can serve the next ones.
#ifndef SLUICE_ADAPTERS_STREAMS_BY_ID_H_
#define SLUICE_ADAPTERS_STREAMS_BY_ID_H_

#include <sluice/priority/resource_allocator.h>
#include <sluice/signals/stream_id.h>

#include <cstddef>
#include <memory>

namespace sluice::adapters {

// `Stream` has a `signals::StreamId id`, which is this class's to write. A
// stream stays where it is from Add() to Remove(). It lives in the memory of
// the scope in which this was made.
template <class Stream>
class StreamsById {
 public:
  // Keeps the blocks of at most `most_spare` closed streams.
  explicit StreamsById(size_t most_spare = 0) : most_spare_(most_spare) {}
  ~StreamsById() {
    for (const auto& [id, stream] : streams_) {
      std::destroy_at(stream);
      allocator_.deallocate(stream, 1);
    }
    for (Stream* block : spare_) allocator_.deallocate(block, 1);
  }
  StreamsById(const StreamsById&) = delete;
  StreamsById& operator=(const StreamsById&) = delete;

  // Null: it is not here.
  Stream* Find(signals::StreamId id) {
    if (last_ != nullptr && last_->id == id) return last_;
    const auto found = streams_.find(id);
    if (found == streams_.end()) return nullptr;
    return last_ = found->second;
  }

  // A blank one. `id` is not here.
  Stream* Add(signals::StreamId id) {
    Stream* block = nullptr;
    if (spare_.empty()) {
      block = allocator_.allocate(1);
    } else {
      block = spare_.back();
      spare_.pop_back();
    }
    last_ = std::construct_at(block);
    last_->id = id;
    streams_.emplace(id, last_);
    return last_;
  }

  void Remove(Stream* stream) {
    if (last_ == stream) last_ = nullptr;
    streams_.erase(stream->id);
    std::destroy_at(stream);
    if (spare_.size() < most_spare_) {
      spare_.push_back(stream);
    } else {
      allocator_.deallocate(stream, 1);
    }
  }

  // In an order that differs from run to run.
  template <class Visit>
  void ForEach(Visit visit) {
    for (const auto& [id, stream] : streams_) visit(*stream);
  }

 private:
  const size_t most_spare_;
  priority::ResourceAllocator<Stream> allocator_;
  priority::ResourceHashMap<signals::StreamId, Stream*> streams_;
  priority::ResourceVector<Stream*> spare_;
  Stream* last_ = nullptr;
};

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_STREAMS_BY_ID_H_
