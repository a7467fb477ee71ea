#include "benchmarks/lab/measure/byte_columns.h"

#include <zlib.h>

#include <array>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"

namespace sluice::lab {

void ByteWriter::Unsigned(uint64_t value) {
  while (value >= 0x80) {
    bytes_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes_.push_back(static_cast<char>(value));
}

void ByteWriter::Signed(int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  Unsigned(value < 0 ? ~(bits << 1) : bits << 1);
}

void ByteWriter::Text(absl::string_view text) {
  Unsigned(text.size());
  bytes_.append(text.data(), text.size());
}

void ByteWriter::Column(absl::Span<const int64_t> values) {
  Unsigned(values.size());
  for (size_t i = 0; i < values.size();) {
    size_t end = i + 1;
    while (end < values.size() && values[end] == values[i]) ++end;
    Signed(values[i]);
    Unsigned(end - i - 1);
    i = end;
  }
}

uint64_t ByteReader::Unsigned() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (!ok_ || bytes_.empty()) break;
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    if (shift == 63 && byte > 1) break;  // past 64 bits
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  ok_ = false;
  return 0;
}

int64_t ByteReader::Signed() {
  const uint64_t bits = Unsigned();
  return static_cast<int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
}

std::string ByteReader::Text() {
  const uint64_t size = Unsigned();
  if (size > bytes_.size()) ok_ = false;
  if (!ok_) return "";
  std::string text(bytes_.substr(0, size));
  bytes_.remove_prefix(size);
  return text;
}

std::vector<int64_t> ByteReader::Column(size_t max_values) {
  std::vector<int64_t> values;
  const uint64_t count = Unsigned();
  if (count > max_values) ok_ = false;
  while (ok_ && values.size() < count) {
    const int64_t value = Signed();
    const uint64_t more = Unsigned();
    if (more >= count - values.size()) ok_ = false;
    if (ok_) values.insert(values.end(), more + 1, value);
  }
  if (!ok_) values.clear();
  return values;
}

std::string Deflate(absl::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  // Fails only without memory, or without room, of which there is enough.
  compress2(reinterpret_cast<Bytef*>(out.data()), &size,
            reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(),
            Z_BEST_COMPRESSION);
  out.resize(size);
  return out;
}

struct PackedWriter::Zlib {
  z_stream stream = {};
  std::array<char, 65536> room;  // what is deflated goes here first
};

PackedWriter::PackedWriter(std::ostream& stream)
    : stream_(stream), zlib_(std::make_unique<Zlib>()) {
  deflateInit(&zlib_->stream, Z_BEST_COMPRESSION);  // fails without memory only
}

PackedWriter::~PackedWriter() { deflateEnd(&zlib_->stream); }

void PackedWriter::Write(absl::string_view bytes) { Deflate(bytes, false); }

void PackedWriter::Finish() { Deflate("", true); }

void PackedWriter::Deflate(absl::string_view bytes, bool last) {
  auto& [zlib, room] = *zlib_;
  zlib.next_in =
      reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // only read
  zlib.avail_in = static_cast<uInt>(bytes.size());
  do {
    zlib.next_out = reinterpret_cast<Bytef*>(room.data());
    zlib.avail_out = static_cast<uInt>(room.size());
    deflate(&zlib, last ? Z_FINISH : Z_NO_FLUSH);
    deflated_.append(room.data(), room.size() - zlib.avail_out);
  } while (zlib.avail_out == 0);
  // Three bytes are four characters; what is left over waits.
  const size_t whole =
      last ? deflated_.size() : deflated_.size() - deflated_.size() % 3;
  stream_ << absl::Base64Escape(deflated_.substr(0, whole));
  deflated_.erase(0, whole);
}

absl::StatusOr<std::string> Inflate(absl::string_view bytes, size_t max_bytes) {
  std::string out;
  z_stream stream = {};
  stream.next_in =
      reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // only read
  stream.avail_in = static_cast<uInt>(bytes.size());
  if (bytes.size() > std::numeric_limits<uInt>::max() ||
      inflateInit(&stream) != Z_OK) {
    return absl::InvalidArgumentError("too large to be inflated");
  }
  int result = Z_OK;
  while (result == Z_OK && out.size() <= max_bytes) {
    const size_t done = out.size();
    constexpr size_t kStep = 65536;
    out.resize(done + kStep);
    stream.next_out = reinterpret_cast<Bytef*>(&out[done]);
    stream.avail_out = kStep;
    result = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  const bool all_read = stream.avail_in == 0;
  inflateEnd(&stream);
  if (result != Z_STREAM_END || !all_read || out.size() > max_bytes) {
    return absl::InvalidArgumentError("cannot be inflated");
  }
  return out;
}

}  // namespace sluice::lab
