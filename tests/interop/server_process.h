// Runs the example server as a process, with a folder of files.
#ifndef SLUICE_TESTS_INTEROP_SERVER_PROCESS_H_
#define SLUICE_TESTS_INTEROP_SERVER_PROCESS_H_

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace sluice::interop {

// A new folder of the test's, removed at the end.
class SiteFolder {
 public:
  SiteFolder();
  ~SiteFolder();
  SiteFolder(const SiteFolder&) = delete;
  SiteFolder& operator=(const SiteFolder&) = delete;

  // A file of `bytes` zero bytes.
  void AddFile(const std::string& name, size_t bytes);
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Starts the program that the variable SLUICE_SERVER names, on a free port of
// the loopback interface; kills it at the end. Aborts when it does not start.
class ServerProcess {
 public:
  ServerProcess(const SiteFolder& site, std::vector<std::string> more_flags);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  int port() const { return port_; }

 private:
  pid_t pid_ = -1;
  int port_ = 0;
};

}  // namespace sluice::interop

#endif  // SLUICE_TESTS_INTEROP_SERVER_PROCESS_H_
