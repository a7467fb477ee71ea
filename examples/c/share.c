/* A policy shares one connection among three responses:
 *
 *   cc share.c $(pkg-config --cflags --libs sluice-c) -o share
 *   ./share [POLICY]         by default rfc7540; "list" lists them all
 *
 * Stream 1 has weight 256 and stream 3 weight 64, so stream 1 gets four bytes
 * for each byte of stream 3. Stream 5 depends on stream 1 and waits for it. In
 * a server, the loop of main() is in the "socket is writable" handler. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluice.h"

enum { STREAMS = 3, FRAME = 4096 };

typedef struct {
  uint32_t id;
  sluice_rfc7540 priority;
  size_t bytes_left; /* of the response */
} response;

/* For every result. A server would log the error and close the connection. */
static void check(const sluice_policy* policy, int result) {
  if (result >= SLUICE_OK) return;
  fprintf(stderr, "%s: %s\n", sluice_error_name(result),
          sluice_error_text(policy));
  exit(1);
}

static void list_policies(void) {
  size_t i;
  for (i = 0; sluice_policy_name(i) != NULL; ++i) {
    printf("%-16s %s\n", sluice_policy_name(i), sluice_policy_summary(i));
  }
}

static void print_decision(void* user, const sluice_decision* decision) {
  (void)user;
  printf("%2d: stream %u, %u bytes (%.*s)\n", (int)decision->number,
         (unsigned)decision->grant.stream_id, (unsigned)decision->bytes,
         (int)decision->grant.reason_length, decision->grant.reason);
}

/* In place of a DATA frame, of as many bytes as windows and body allow. */
static size_t send_data(response* from, size_t max_bytes) {
  size_t bytes = max_bytes;
  if (bytes > FRAME) bytes = FRAME;
  if (bytes > from->bytes_left) bytes = from->bytes_left;
  from->bytes_left -= bytes;
  return bytes;
}

int main(int argc, char** argv) {
  response responses[STREAMS] = {
      {1, {0, 256, 0}, 40000}, {3, {0, 64, 0}, 20000}, {5, {1, 16, 0}, 6000}};
  const char* spec = argc > 1 ? argv[1] : "rfc7540";
  sluice_options options = SLUICE_OPTIONS_INIT;
  sluice_policy* policy = NULL;
  sluice_grant grant;
  sluice_stats stats;
  int i;

  if (strcmp(spec, "list") == 0) {
    list_policies();
    return 0;
  }
  /* No frame is larger, so no stream waits for a larger frame of another. */
  options.max_grant = FRAME;
  check(NULL, sluice_create(SLUICE_ABI_VERSION, spec, &options, &policy));
  check(policy, sluice_set_trace(policy, print_decision, NULL));
  for (i = 0; i < STREAMS; ++i) {
    check(policy,
          sluice_open(policy, responses[i].id, &responses[i].priority, NULL));
    check(policy, sluice_ready(policy, responses[i].id));
  }

  while (sluice_pick(policy, &grant) == SLUICE_OK) {
    response* picked = responses;
    while (picked->id != grant.stream_id) ++picked;
    check(policy, sluice_charge(policy, picked->id,
                                send_data(picked, grant.max_bytes)));
    if (picked->bytes_left == 0)
      check(policy, sluice_close(policy, picked->id));
  }

  check(policy, sluice_get_stats(policy, &stats));
  printf("%u bytes in %u frames\n", (unsigned)stats.bytes,
         (unsigned)stats.picks);
  sluice_destroy(policy);
  return 0;
}
