/* A caller that gets everything wrong: random calls with odd values, from the
 * trace callback too, on every policy, with an allocator that fails now and
 * then. Nothing but errors comes of it: AddressSanitizer sees it as well. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/c/sluice.h"

#define CHECK(what)                                             \
  do {                                                          \
    if (!(what)) {                                              \
      printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
      exit(1);                                                  \
    }                                                           \
  } while (0)

static uint32_t state = 1;

/* 0 … limit - 1, the same in every run. */
static unsigned draw(unsigned limit) {
  state = state * 1664525u + 1013904223u;
  return (state >> 8) % limit;
}

typedef struct memory {
  size_t blocks;
  size_t bytes;
  unsigned failures; /* one in so many calls; 0: none */
} memory;

static void* take(void* user, size_t size) {
  memory* of = user;
  if (of->failures != 0 && draw(of->failures) == 0) return NULL;
  ++of->blocks;
  of->bytes += size;
  return malloc(size);
}

static void give_back(void* user, void* block, size_t size) {
  memory* of = user;
  --of->blocks;
  of->bytes -= size;
  free(block);
}

static uint32_t any_id(void) {
  static const uint32_t ids[] = {0,  1,          2,           3,          5,  7,
                                 11, 0x7fffffff, 0x80000000u, UINT32_MAX, 100};
  return ids[draw(sizeof ids / sizeof *ids)];
}

static int any_int(void) {
  static const int ints[] = {0,  1,   2,   3,  7,       8,
                             16, 256, 257, -1, INT_MIN, INT_MAX};
  return ints[draw(sizeof ints / sizeof *ints)];
}

/* Of the last pick that was not charged at once. */
static uint32_t granted;

static void any_call(sluice_policy* policy) {
  const uint32_t id = any_id();
  const sluice_rfc7540 node = {any_id(), any_int(), any_int()};
  const sluice_rfc9218 level = {any_int(), any_int()};
  const sluice_rfc7540* rfc7540 = draw(3) == 0 ? NULL : &node;
  const sluice_rfc9218* rfc9218 = draw(3) == 0 ? NULL : &level;
  const sluice_hints hints = {draw(3) == 0 ? SLUICE_SIZE_UNKNOWN : draw(9),
                              any_int(), draw(70)};
  sluice_grant grant;
  switch (draw(12)) {
    case 0:
    case 1:
      sluice_open(policy, id, rfc7540, rfc9218);
      break;
    case 2:
      sluice_priority_7540(policy, id, rfc7540);
      break;
    case 3:
      sluice_priority_9218(policy, id, rfc9218);
      break;
    case 4:
      sluice_set_hints(policy, id, draw(9) == 0 ? NULL : &hints);
      break;
    case 5:
      sluice_set_server_priority(policy, id, rfc7540, rfc9218);
      break;
    case 6:
    case 7:
      sluice_ready(policy, id);
      break;
    case 8:
      sluice_blocked(policy, id);
      break;
    case 9:
      if (draw(3) == 0) sluice_close(policy, id);
      break;
    case 10:
      if (draw(30) == 0) sluice_no_rfc7540_priorities(policy);
      sluice_charge(policy, draw(2) == 0 ? granted : id, draw(40000));
      break;
    default:
      if (sluice_pick(policy, draw(9) == 0 ? NULL : &grant) != SLUICE_OK) break;
      CHECK(grant.max_bytes >= 1 && grant.max_bytes <= 16384);
      CHECK(memchr(grant.reason, '\0', grant.reason_length) == NULL);
      granted = grant.stream_id;
      if (draw(9) != 0) {
        sluice_charge(policy, grant.stream_id, draw(2) * grant.max_bytes);
      }
      break;
  }
}

static void trace(void* user, const sluice_decision* decision) {
  sluice_policy* policy = user;
  CHECK(decision->bytes <= decision->grant.max_bytes);
  /* The grant is charged in the end: a call may be a charge. */
  if (draw(2) == 0) any_call(policy);
  if (draw(9) == 0) CHECK(sluice_set_trace(policy, NULL, NULL) == SLUICE_OK);
}

static void misuse(const char* name, unsigned failures) {
  memory heap = {0, 0, failures};
  const sluice_allocator allocator = {take, give_back, &heap};
  sluice_options options = SLUICE_OPTIONS_INIT;
  sluice_policy* policy;
  sluice_stats stats;
  int calls;
  options.max_streams = 20;
  options.max_closed_streams = 5;
  options.allocator = &allocator;
  if (sluice_create(SLUICE_ABI_VERSION, name, &options, &policy) == SLUICE_OK) {
    for (calls = 0; calls < 3000; ++calls) {
      if (calls % 100 == 0) sluice_set_trace(policy, trace, policy);
      any_call(policy);
      CHECK(sluice_get_stats(policy, &stats) == SLUICE_OK);
      CHECK(stats.ready_streams <= stats.open_streams);
      CHECK(stats.open_streams == stats.opened - stats.closed);
    }
    CHECK(failures != 0 || (stats.picks > 40 && stats.refused > 1000));
    sluice_destroy(policy);
  } else {
    CHECK(failures != 0 && policy == NULL);
  }
  CHECK(heap.blocks == 0 && heap.bytes == 0);
}

static void options_out_of_range_are_refused(void) {
  static const sluice_options bad[] = {
      {0, 1, 1, NULL},       {16777216, 1, 1, NULL}, {SIZE_MAX, 1, 1, NULL},
      {1, 0, 1, NULL},       {1, 1048577, 1, NULL},  {1, SIZE_MAX, 1, NULL},
      {1, 1, 1048577, NULL}, {1, 1, SIZE_MAX, NULL},
  };
  size_t i;
  for (i = 0; i < sizeof bad / sizeof *bad; ++i) {
    sluice_policy* policy;
    CHECK(sluice_create(SLUICE_ABI_VERSION, "auto", &bad[i], &policy) ==
          SLUICE_ERROR_INVALID_ARGUMENT);
    CHECK(policy == NULL && sluice_error_text(NULL)[0] != '\0');
  }
}

static void specs_that_say_nothing_are_refused(void) {
  static const char* const specs[] = {"",     ":",   "rr:",  "rr:a",  "rr:=1",
                                      "rr:,", " rr", "rr\n", "%s%n",  "RR",
                                      "=",    ",",   ":::",  "rr:a=", "\xff"};
  size_t i;
  for (i = 0; i < sizeof specs / sizeof *specs; ++i) {
    sluice_policy* policy;
    CHECK(sluice_create(SLUICE_ABI_VERSION, specs[i], NULL, &policy) < 0);
    CHECK(policy == NULL && sluice_error_text(NULL)[0] != '\0');
  }
}

int main(void) {
  size_t i;
  unsigned failures;
  options_out_of_range_are_refused();
  specs_that_say_nothing_are_refused();
  for (i = 0; sluice_policy_name(i) != NULL; ++i) {
    for (failures = 0; failures <= 40; failures += 20) {
      misuse(sluice_policy_name(i), failures);
    }
  }
  return 0;
}
