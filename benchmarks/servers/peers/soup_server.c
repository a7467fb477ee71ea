// Files over HTTP/2 with libsoup 3, which stands on libnghttp2.
//
//   soup_server ADDRESS PORT ROOT [CERTIFICATE KEY]
//   soup_server --version
#include <libsoup/soup.h>
#include <stdlib.h>

static void Answer(SoupServer* server, SoupServerMessage* message,
                   const char* path, GHashTable* query, gpointer root) {
  (void)server, (void)query;
  gchar* file = g_build_filename(root, path, NULL);
  GMappedFile* mapped = g_mapped_file_new(file, FALSE, NULL);
  g_free(file);
  if (mapped == NULL) {
    soup_server_message_set_status(message, SOUP_STATUS_NOT_FOUND, NULL);
    return;
  }
  GBytes* bytes = g_mapped_file_get_bytes(mapped);
  soup_server_message_set_status(message, SOUP_STATUS_OK, NULL);
  soup_message_headers_set_content_type(
      soup_server_message_get_response_headers(message),
      "application/octet-stream", NULL);
  soup_message_body_append_bytes(soup_server_message_get_response_body(message),
                                 bytes);
  g_bytes_unref(bytes);
  g_mapped_file_unref(mapped);
}

int main(int argc, char** argv) {
  if (argc == 2 && g_str_equal(argv[1], "--version")) {
    g_print("libsoup %u.%u.%u\n", soup_get_major_version(),
            soup_get_minor_version(), soup_get_micro_version());
    return EXIT_SUCCESS;
  }
  if (argc != 4 && argc != 6) {
    g_printerr("usage: soup_server ADDRESS PORT ROOT [CERTIFICATE KEY]\n");
    return 2;
  }
  // libsoup serves HTTP/2 only if asked by this.
  g_setenv("SOUP_SERVER_HTTP2", "1", TRUE);
  GError* error = NULL;
  SoupServer* server = soup_server_new(NULL, NULL);
  GSocketAddress* address =
      g_inet_socket_address_new_from_string(argv[1], (guint)atoi(argv[2]));
  SoupServerListenOptions options = 0;
  if (argc == 6) {
    GTlsCertificate* certificate =
        g_tls_certificate_new_from_files(argv[4], argv[5], &error);
    soup_server_set_tls_certificate(server, certificate);
    options = SOUP_SERVER_LISTEN_HTTPS;
  }
  soup_server_add_handler(server, NULL, Answer, argv[3], NULL);
  if (error != NULL || address == NULL ||
      !soup_server_listen(server, address, options, &error)) {
    g_printerr("soup_server: %s\n",
               error == NULL ? "no address" : error->message);
    return EXIT_FAILURE;
  }
  g_main_loop_run(g_main_loop_new(NULL, FALSE));
  return EXIT_SUCCESS;
}
