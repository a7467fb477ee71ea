// Bodies of bytes in memory. They never wait: each Read() gives all that it is
// asked for, and says `end` with the last byte.
//
//   auto body = std::make_unique<StringBody>("hello");
//   scheduler.SubmitOrReset(id, headers, std::move(body));
#ifndef SLUICE_SCHEDULER_BODIES_H_
#define SLUICE_SCHEDULER_BODIES_H_

#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/cord.h"

namespace sluice::scheduler {

// Bytes that somebody keeps, such as a file in a cache: see h2::SharedBytes.
// Copies and allocates nothing.
class SharedBody : public DataSource {
 public:
  explicit SharedBody(h2::SharedBytes bytes) : rest_(std::move(bytes)) {}

  size_t size() const { return rest_.bytes.size(); }  // what is left
  Chunk Read(size_t max_bytes) override;

 private:
  h2::SharedBytes rest_;
};

// A string of its own, of which no byte is copied later.
class StringBody : public SharedBody {
 public:
  explicit StringBody(std::string bytes)
      : StringBody(std::make_shared<const std::string>(std::move(bytes))) {}
  // The same string for many responses. Not null.
  explicit StringBody(const std::shared_ptr<const std::string>& bytes)
      : SharedBody({*bytes, bytes}) {}
};

class CordBody : public DataSource {
 public:
  explicit CordBody(absl::Cord bytes) : rest_(std::move(bytes)) {}

  size_t size() const { return rest_.size(); }  // what is left
  Chunk Read(size_t max_bytes) override;

 private:
  absl::Cord rest_;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_BODIES_H_
