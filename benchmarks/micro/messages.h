// The messages that an end of an exchange sends, as its library takes them.
#ifndef SLUICE_BENCHMARKS_MICRO_MESSAGES_H_
#define SLUICE_BENCHMARKS_MICRO_MESSAGES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/micro/exchange.h"

namespace sluice::benchmarks {

// Header is the library's field, a view of the text of one of Fields.
template <class Header>
class Messages {
 public:
  using Headers = std::vector<Header>;

  Messages(const Fields& fields, Headers (*make)(const Fields&))
      : ring_(AllAreEqual(fields) ? 1 : kRing) {
    for (Message& message : ring_) {
      message.fields = fields;
      for (auto& [name, value] : message.fields) {
        for (const char mark : {kNumber, kLength}) {
          const size_t at = value.find(mark);
          if (at == std::string::npos) continue;
          const size_t end = value.find_first_not_of(mark, at);
          message.digits.push_back(
              {&value[at], (end < value.size() ? end : value.size()) - at,
               mark});
        }
      }
      message.headers = make(message.fields);
    }
  }
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;

  // The message with that number and a body of `length` bytes. It is valid
  // until kRing others were asked for.
  const Headers& Get(uint64_t number, size_t length) {
    Message& message = ring_[number % ring_.size()];
    for (const Digits& digits : message.digits) {
      uint64_t rest = digits.mark == kNumber ? number : length;
      for (size_t i = digits.size; i-- > 0; rest /= 10) {
        digits.at[i] = static_cast<char>('0' + rest % 10);
      }
    }
    return message.headers;
  }

 private:
  static constexpr size_t kRing = 256;  // more than are in flight
  static constexpr char kNumber = '#';
  static constexpr char kLength = '@';

  struct Digits {
    char* at;
    size_t size;
    char mark;
  };
  struct Message {
    Fields fields;
    std::vector<Digits> digits;  // in `fields`
    Headers headers;             // views of `fields`
  };

  static bool AllAreEqual(const Fields& fields) {
    for (const auto& [name, value] : fields) {
      if (value.find_first_of({kNumber, kLength}) != std::string::npos) {
        return false;
      }
    }
    return true;
  }

  std::vector<Message> ring_;
};

}  // namespace sluice::benchmarks

#endif  // SLUICE_BENCHMARKS_MICRO_MESSAGES_H_
