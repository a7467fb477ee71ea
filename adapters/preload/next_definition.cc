#include "adapters/preload/next_definition.h"

#include <dlfcn.h>
#include <link.h>
#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::adapters {
namespace {

// Defined by every libnghttp2, and not by this library.
constexpr char kOfAllReleases[] = "nghttp2_version";

std::vector<std::string> LoadedObjects() {
  std::vector<std::string> names;
  dl_iterate_phdr(
      [](dl_phdr_info* object, size_t, void* all) -> int {
        static_cast<std::vector<std::string>*>(all)->emplace_back(
            object->dlpi_name);
        return 0;
      },
      &names);
  return names;
}

// The file with the definition that `object` and the libraries below it see;
// null: there is none. It stays loaded from now on.
void* FileWith(const char* name, const std::string& object) {
  void* const handle = dlopen(object.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return nullptr;
  void* const definition = dlsym(handle, name);
  Dl_info info;
  void* const file =
      definition != nullptr && dladdr(definition, &info) != 0
          ? dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE)
          : nullptr;
  dlclose(handle);
  return file;
}

// Of the libnghttp2 below a plugin, which RTLD_NEXT does not search.
void* PluginsDefinition(const char* name) {
  for (const std::string& object : LoadedObjects()) {
    // The program's own name is empty, and the kernel's is no file.
    if (object.find('/') == object.npos) continue;
    if (void* file = FileWith(kOfAllReleases, object)) return dlsym(file, name);
  }
  return nullptr;
}

}  // namespace

void* NextDefinition(const char* name) {
  if (void* next = dlsym(RTLD_NEXT, name)) return next;
  // All that the program can see of nghttp2 comes from one library.
  const bool is_programs = dlsym(RTLD_NEXT, kOfAllReleases) != nullptr;
  return is_programs ? nullptr : PluginsDefinition(name);
}

}  // namespace sluice::adapters

// What PriorityAdapter and the callbacks call and nothing here stands in front
// of; hidden, so the program does not find them.
extern "C" {

void nghttp2_option_set_no_closed_streams(nghttp2_option* option, int value) {
  SLUICE_NEXT(nghttp2_option_set_no_closed_streams)(option, value);
}

nghttp2_vec nghttp2_rcbuf_get_buf(nghttp2_rcbuf* buffer) {
  return SLUICE_NEXT(nghttp2_rcbuf_get_buf)(buffer);
}

int nghttp2_session_check_server_session(nghttp2_session* session) {
  return SLUICE_NEXT(nghttp2_session_check_server_session)(session);
}

nghttp2_stream* nghttp2_session_find_stream(nghttp2_session* session,
                                            int32_t stream_id) {
  return SLUICE_NEXT(nghttp2_session_find_stream)(session, stream_id);
}

uint32_t nghttp2_session_get_remote_settings(nghttp2_session* session,
                                             nghttp2_settings_id id) {
  return SLUICE_NEXT(nghttp2_session_get_remote_settings)(session, id);
}

int32_t nghttp2_session_get_stream_remote_window_size(nghttp2_session* session,
                                                      int32_t stream_id) {
  return SLUICE_NEXT(nghttp2_session_get_stream_remote_window_size)(session,
                                                                    stream_id);
}

nghttp2_stream_proto_state nghttp2_stream_get_state(nghttp2_stream* stream) {
  return SLUICE_NEXT(nghttp2_stream_get_state)(stream);
}

}  // extern "C"
