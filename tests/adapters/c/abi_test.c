/* Pins what a compiled C program depends on: the numbers of the results and
 * the layout of every struct. A failure means that SLUICE_ABI_VERSION grows. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "adapters/c/sluice.h"

static int failures = 0;

#define EXPECT(what, expected)                                         \
  do {                                                                 \
    if ((long)(what) != (long)(expected)) {                            \
      printf("%s:%d: %s is %ld, not %ld\n", __FILE__, __LINE__, #what, \
             (long)(what), (long)(expected));                          \
      ++failures;                                                      \
    }                                                                  \
  } while (0)

#define EXPECT_NAME(code, expected)                                \
  do {                                                             \
    EXPECT(code, expected);                                        \
    if (strcmp(sluice_error_name(code), #code) != 0) {             \
      printf("%s:%d: %s is named %s\n", __FILE__, __LINE__, #code, \
             sluice_error_name(code));                             \
      ++failures;                                                  \
    }                                                              \
  } while (0)

static void results_keep_their_numbers_and_names(void) {
  EXPECT_NAME(SLUICE_OK, 0);
  EXPECT_NAME(SLUICE_NOTHING_READY, 1);
  EXPECT_NAME(SLUICE_ERROR_INVALID_ARGUMENT, -1);
  EXPECT_NAME(SLUICE_ERROR_NOT_FOUND, -2);
  EXPECT_NAME(SLUICE_ERROR_ALREADY_EXISTS, -3);
  EXPECT_NAME(SLUICE_ERROR_RESOURCE_EXHAUSTED, -4);
  EXPECT_NAME(SLUICE_ERROR_WRONG_STATE, -5);
  EXPECT_NAME(SLUICE_ERROR_NO_MEMORY, -6);
  EXPECT_NAME(SLUICE_ERROR_ABI_VERSION, -7);
  EXPECT_NAME(SLUICE_ERROR_INTERNAL, -8);
  EXPECT_NAME(SLUICE_ERROR_BAD_FRAME, -9);
  EXPECT(strcmp(sluice_error_name(-10), "SLUICE_UNKNOWN"), 0);
  EXPECT(strcmp(sluice_error_name(2), "SLUICE_UNKNOWN"), 0);
}

static void hints_keep_their_numbers(void) {
  EXPECT(SLUICE_CLASS_UNKNOWN, 0);
  EXPECT(SLUICE_CLASS_HTML, 1);
  EXPECT(SLUICE_CLASS_CSS, 2);
  EXPECT(SLUICE_CLASS_JS, 3);
  EXPECT(SLUICE_CLASS_FONT, 4);
  EXPECT(SLUICE_CLASS_IMAGE, 5);
  EXPECT(SLUICE_CLASS_FETCH, 6);
  EXPECT(SLUICE_CLASS_MEDIA, 7);
  EXPECT(SLUICE_CLASS_OTHER, 8);
  EXPECT(SLUICE_HINT_IN_HEAD, 1);
  EXPECT(SLUICE_HINT_AFTER_FIRST_IMAGE, 2);
  EXPECT(SLUICE_HINT_ASYNC_OR_DEFER, 4);
  EXPECT(SLUICE_HINT_ABOVE_THE_FOLD, 8);
  EXPECT(SLUICE_HINT_PRELOAD, 16);
  EXPECT(SLUICE_HINT_TUNNEL, 32);
}

/* For the LP64 machines that Debian 12 runs on. */
static void structs_keep_their_layout(void) {
  EXPECT(sizeof(sluice_allocator), 24);
  EXPECT(offsetof(sluice_allocator, allocate), 0);
  EXPECT(offsetof(sluice_allocator, deallocate), 8);
  EXPECT(offsetof(sluice_allocator, user), 16);
  EXPECT(sizeof(sluice_options), 32);
  EXPECT(offsetof(sluice_options, max_grant), 0);
  EXPECT(offsetof(sluice_options, max_streams), 8);
  EXPECT(offsetof(sluice_options, max_closed_streams), 16);
  EXPECT(offsetof(sluice_options, allocator), 24);
  EXPECT(sizeof(sluice_rfc7540), 12);
  EXPECT(offsetof(sluice_rfc7540, depends_on), 0);
  EXPECT(offsetof(sluice_rfc7540, weight), 4);
  EXPECT(offsetof(sluice_rfc7540, exclusive), 8);
  EXPECT(sizeof(sluice_rfc9218), 8);
  EXPECT(offsetof(sluice_rfc9218, urgency), 0);
  EXPECT(offsetof(sluice_rfc9218, incremental), 4);
  EXPECT(sizeof(sluice_hints), 16);
  EXPECT(offsetof(sluice_hints, bytes_remaining), 0);
  EXPECT(offsetof(sluice_hints, resource_class), 8);
  EXPECT(offsetof(sluice_hints, flags), 12);
  EXPECT(sizeof(sluice_grant), 24);
  EXPECT(offsetof(sluice_grant, stream_id), 0);
  EXPECT(offsetof(sluice_grant, reason_length), 4);
  EXPECT(offsetof(sluice_grant, max_bytes), 8);
  EXPECT(offsetof(sluice_grant, reason), 16);
  EXPECT(sizeof(sluice_decision), 40);
  EXPECT(offsetof(sluice_decision, number), 0);
  EXPECT(offsetof(sluice_decision, grant), 8);
  EXPECT(offsetof(sluice_decision, bytes), 32);
  EXPECT(sizeof(sluice_stats), 72);
  EXPECT(offsetof(sluice_stats, picks), 0);
  EXPECT(offsetof(sluice_stats, empty_picks), 8);
  EXPECT(offsetof(sluice_stats, empty_grants), 16);
  EXPECT(offsetof(sluice_stats, bytes), 24);
  EXPECT(offsetof(sluice_stats, opened), 32);
  EXPECT(offsetof(sluice_stats, closed), 40);
  EXPECT(offsetof(sluice_stats, refused), 48);
  EXPECT(offsetof(sluice_stats, open_streams), 56);
  EXPECT(offsetof(sluice_stats, ready_streams), 64);
}

int main(void) {
  EXPECT(SLUICE_ABI_VERSION, 1);
  EXPECT(sluice_abi_version(), SLUICE_ABI_VERSION);
  EXPECT(sluice_version_number(), SLUICE_VERSION_NUMBER);
  EXPECT(strcmp(sluice_version(), SLUICE_VERSION), 0);
  results_keep_their_numbers_and_names();
  hints_keep_their_numbers();
  structs_keep_their_layout();
  return failures == 0 ? 0 : 1;
}
