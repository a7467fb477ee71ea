#include "adapters/preload/scope.h"

#include <sluice/adapters/nghttp2/priority_adapter.h>

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace sluice::adapters {
namespace {

constexpr char kPrograms[] = "nghttpd,nghttpx,apache2,libsoup-3.0.so.0";

const char* Variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

std::string ReadPolicy() {
  std::string spec = Variable("SLUICE_POLICY", "auto");
  const auto adapter = PriorityAdapter::Create(spec, {}, /*logs=*/nullptr);
  if (adapter.ok()) return spec;
  const std::string fault(adapter.status().message());
  std::fprintf(stderr,
               "libsluice-nghttp2: SLUICE_POLICY=%s: %s; this process runs "
               "without Sluice\n",
               spec.c_str(), fault.c_str());
  return "";
}

std::optional<int> ReadNotSentLowat() {
  const char* value = Variable("SLUICE_NOTSENT_LOWAT", "");
  int bytes = 0;
  if (*value == '\0') return std::nullopt;
  if (absl::SimpleAtoi(value, &bytes) && bytes >= 0) return bytes;
  std::fprintf(stderr,
               "libsluice-nghttp2: SLUICE_NOTSENT_LOWAT=%s: a number of bytes "
               "is allowed, or 0; it is chosen by the link\n",
               value);
  return std::nullopt;
}

// Of the environment.
struct Scope {
  std::vector<std::string> libraries;  // names with ".so"
  bool is_program = false;             // the program itself is served
};

Scope ReadScope() {
  Scope scope;
  for (const absl::string_view name :
       absl::StrSplit(Variable("SLUICE_PROGRAMS", kPrograms), ',')) {
    if (name == "*" || name == program_invocation_short_name) {
      scope.is_program = true;
    } else if (name.find(".so") != name.npos) {
      scope.libraries.emplace_back(name);
    }
  }
  return scope;
}

// Never destroyed: a server may call until the process ends.
const Scope& TheScope() {
  static const Scope& scope = *new Scope(ReadScope());
  return scope;
}

absl::string_view WithoutFolders(absl::string_view path) {
  path.remove_prefix(path.find_last_of('/') + 1);
  return path;
}

bool Contains(const std::vector<std::string>& libraries,
              absl::string_view name) {
  return std::find(libraries.begin(), libraries.end(), name) != libraries.end();
}

// dlopen() would look for a library that is not loaded in the file system, for
// each connection, and a sandbox may end the program for that.
bool IsAnyLoaded(const std::vector<std::string>& libraries) {
  const auto is_one = [](dl_phdr_info* loaded, size_t, void* data) -> int {
    return Contains(*static_cast<const std::vector<std::string>*>(data),
                    WithoutFolders(loaded->dlpi_name));
  };
  return !libraries.empty() &&
         dl_iterate_phdr(
             is_one, const_cast<std::vector<std::string>*>(&libraries)) != 0;
}

}  // namespace

absl::string_view FileOf(const void* caller) {
  Dl_info info;
  if (dladdr(caller, &info) == 0) return "";
  return WithoutFolders(info.dli_fname);
}

bool IsServed(const void* caller) {
  const Scope& scope = TheScope();
  return scope.is_program || (!scope.libraries.empty() &&
                              Contains(scope.libraries, FileOf(caller)));
}

bool ServesThisProcess() {
  const Scope& scope = TheScope();
  return scope.is_program || IsAnyLoaded(scope.libraries);
}

absl::string_view PolicySpec() {
  static const std::string& spec = *new std::string(ReadPolicy());
  return spec;
}

std::optional<int> NotSentLowat() {
  static const std::optional<int> bytes = ReadNotSentLowat();
  return bytes;
}

}  // namespace sluice::adapters
