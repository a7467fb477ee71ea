// A file that is whole or absent, also when a signal ends the program.
#ifndef SLUICE_SUPPORT_WHOLE_FILE_H_
#define SLUICE_SUPPORT_WHOLE_FILE_H_

#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace sluice::support {

// Until Close() the file is called NAME.part, and without Close() it is
// removed; also by exit(), and by the signals that end programs at a terminal
// (SIGINT and such), unless the program handles them. An existing pipe, device
// or link stays, and is written in place.
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
  void Forget();

  const std::string path_;
  std::string partial_;  // where it is written until it is whole
  std::ofstream stream_;
};

// The file that a flag's value names, as ResolveUserPath() has it; null when it
// names none. Where the file cannot be opened, or is an input (paths.h), ends
// the program by ExitBadCommandLine() with the reason.
std::unique_ptr<WholeFile> OpenOrExit(absl::string_view program,
                                      absl::string_view flag,
                                      const std::string& name);

}  // namespace sluice::support

#endif  // SLUICE_SUPPORT_WHOLE_FILE_H_
