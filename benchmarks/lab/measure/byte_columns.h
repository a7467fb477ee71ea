// Whole numbers in few bytes, for files that hold many of them.
//
// A number is LEB128: seven bits a byte, the lowest first, the high bit set on
// all but the last. A signed one is mapped to 2n (n ≥ 0) or -2n - 1 before. A
// text is its length and its bytes. A column is the count of its values, then
// runs of equal values, each as the signed value and the number of its
// repetitions (0: it stands alone).
#ifndef SLUICE_BENCHMARKS_LAB_MEASURE_BYTE_COLUMNS_H_
#define SLUICE_BENCHMARKS_LAB_MEASURE_BYTE_COLUMNS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::lab {

class ByteWriter {
 public:
  void Unsigned(uint64_t value);
  void Signed(int64_t value);
  void Text(absl::string_view text);
  void Column(absl::Span<const int64_t> values);

  const std::string& bytes() const { return bytes_; }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Writes a column of `value(item)` for each of `items`.
template <typename Items, typename Value>
void AppendColumn(const Items& items, Value value, ByteWriter& writer) {
  std::vector<int64_t> column;
  column.reserve(items.size());
  for (const auto& item : items) {
    column.push_back(static_cast<int64_t>(value(item)));
  }
  writer.Column(column);
}

// Writes a column of gaps: each value less the one before, the first less 0.
template <typename Items, typename Value>
void AppendGaps(const Items& items, Value value, ByteWriter& writer) {
  int64_t before = 0;
  AppendColumn(
      items,
      [&before, value](const auto& item) {
        const auto now = static_cast<int64_t>(value(item));
        return now - std::exchange(before, now);
      },
      writer);
}

// Reads the bytes of a ByteWriter. After the first mistake everything reads as
// 0 or empty, so that a reader can go on and look at ok() once.
class ByteReader {
 public:
  // `bytes` must outlive this.
  explicit ByteReader(absl::string_view bytes) : bytes_(bytes) {}

  uint64_t Unsigned();
  int64_t Signed();
  std::string Text();
  // A column of at most `max_values` values.
  std::vector<int64_t> Column(size_t max_values);

  // Keeps a mistake that the caller found.
  void Fail() { ok_ = false; }
  bool ok() const { return ok_; }
  bool AtEnd() const { return bytes_.empty(); }
  absl::string_view rest() const { return bytes_; }

 private:
  absl::string_view bytes_;
  bool ok_ = true;
};

// zlib (RFC 1950) at its best compression.
std::string Deflate(absl::string_view bytes);

// The same, in base64 and piece by piece, so that memory need not hold it all.
class PackedWriter {
 public:
  // `stream` must outlive this.
  explicit PackedWriter(std::ostream& stream);
  PackedWriter(const PackedWriter&) = delete;
  PackedWriter& operator=(const PackedWriter&) = delete;
  ~PackedWriter();

  void Write(absl::string_view bytes);
  // Once, after everything.
  void Finish();

 private:
  void Deflate(absl::string_view bytes, bool last);

  struct Zlib;
  std::ostream& stream_;
  std::unique_ptr<Zlib> zlib_;
  std::string deflated_;  // not yet written
};

// Error: InvalidArgument, when `bytes` do not come from Deflate() or inflate to
// more than `max_bytes`.
absl::StatusOr<std::string> Inflate(absl::string_view bytes, size_t max_bytes);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_MEASURE_BYTE_COLUMNS_H_
