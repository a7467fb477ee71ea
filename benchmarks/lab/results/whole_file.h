// A file that is whole or absent.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_WHOLE_FILE_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_WHOLE_FILE_H_

#include <fstream>
#include <string>

namespace sluice::lab {

// Until Close() the file is called NAME.part, and without Close() it is
// removed. An existing pipe, device or link stays, and is written in place.
class WholeFile {
 public:
  // Opens the file. Where that fails, so does stream().
  explicit WholeFile(std::string path);
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;
  ~WholeFile();

  const std::string& path() const { return path_; }
  std::ofstream& stream() { return stream_; }

  // Puts the file in place, once. False: some bytes were not written.
  bool Close();

 private:
  const std::string path_;
  std::string partial_;  // where it is written until it is whole
  std::ofstream stream_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_WHOLE_FILE_H_
