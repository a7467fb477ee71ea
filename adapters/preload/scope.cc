#include "adapters/preload/scope.h"

#include <sluice/adapters/nghttp2/priority_adapter.h>

#include <dlfcn.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace sluice::adapters {
namespace {

constexpr char kPrograms[] = "nghttpd,nghttpx,apache2,libsoup-3.0.so.0";
constexpr int kNotSentLowat = 16384;

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

int ReadNotSentLowat() {
  const char* value = Variable("SLUICE_NOTSENT_LOWAT", "");
  int bytes = 0;
  if (*value == '\0') return kNotSentLowat;
  if (absl::SimpleAtoi(value, &bytes) && bytes >= 0) return bytes;
  std::fprintf(stderr,
               "libsluice-nghttp2: SLUICE_NOTSENT_LOWAT=%s: a number of bytes "
               "is allowed, or 0; %d holds\n",
               value, kNotSentLowat);
  return kNotSentLowat;
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

bool IsLoaded(const std::string& library) {
  void* handle = dlopen(library.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle != nullptr) dlclose(handle);
  return handle != nullptr;
}

}  // namespace

absl::string_view FileOf(const void* caller) {
  Dl_info info;
  if (dladdr(caller, &info) == 0) return "";
  absl::string_view file(info.dli_fname);
  file.remove_prefix(file.find_last_of('/') + 1);
  return file;
}

bool IsServed(const void* caller) {
  const Scope& scope = TheScope();
  if (scope.is_program) return true;
  return !scope.libraries.empty() &&
         std::find(scope.libraries.begin(), scope.libraries.end(),
                   FileOf(caller)) != scope.libraries.end();
}

bool ServesThisProcess() {
  const Scope& scope = TheScope();
  return scope.is_program ||
         std::any_of(scope.libraries.begin(), scope.libraries.end(), IsLoaded);
}

absl::string_view PolicySpec() {
  static const std::string& spec = *new std::string(ReadPolicy());
  return spec;
}

int NotSentLowat() {
  static const int bytes = ReadNotSentLowat();
  return bytes;
}

}  // namespace sluice::adapters
