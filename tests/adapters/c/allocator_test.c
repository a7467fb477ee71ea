/* A C program that counts what each of its connections costs, by an allocator
 * for each, and bounds it. */
#include <stdio.h>
#include <stdlib.h>

#include "adapters/c/sluice.h"

static int failures = 0;

#define CHECK(what)                                             \
  do {                                                          \
    if (!(what)) {                                              \
      printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
      ++failures;                                               \
    }                                                           \
  } while (0)

/* The bytes that one connection may take, and has taken. */
typedef struct account {
  size_t limit;
  size_t bytes;
  size_t blocks;
} account;

static void* take(void* user, size_t size) {
  account* of = user;
  if (size > of->limit - of->bytes) return NULL;
  void* block = malloc(size);
  if (block == NULL) return NULL;
  of->bytes += size;
  ++of->blocks;
  return block;
}

static void give_back(void* user, void* block, size_t size) {
  account* of = user;
  of->bytes -= size;
  --of->blocks;
  free(block);
}

static sluice_policy* create(account* of, size_t limit) {
  const sluice_allocator allocator = {take, give_back, of};
  sluice_options options = SLUICE_OPTIONS_INIT;
  options.allocator = &allocator;
  of->limit = limit;
  of->bytes = of->blocks = 0;
  sluice_policy* policy;
  return sluice_create(SLUICE_ABI_VERSION, "rfc9218", &options, &policy) ==
                 SLUICE_OK
             ? policy
             : NULL;
}

static int open_one(sluice_policy* policy, uint32_t id) {
  const sluice_rfc9218 said = {3, 1};
  const int result = sluice_open(policy, id, NULL, &said);
  return result == SLUICE_OK ? sluice_ready(policy, id) : result;
}

static void each_connection_has_its_own_account(void) {
  account small, large;
  sluice_policy* a = create(&small, (size_t)1 << 30);
  sluice_policy* b = create(&large, (size_t)1 << 30);
  CHECK(a != NULL && b != NULL);
  CHECK(small.bytes == large.bytes);
  for (uint32_t id = 1; id < 20; id += 2) CHECK(open_one(a, id) == SLUICE_OK);
  for (uint32_t id = 1; id < 999; id += 2) CHECK(open_one(b, id) == SLUICE_OK);
  CHECK(large.bytes > 4 * small.bytes);
  sluice_destroy(a);
  CHECK(small.bytes == 0 && small.blocks == 0);
  CHECK(large.bytes > 0);
  sluice_destroy(b);
  CHECK(large.bytes == 0 && large.blocks == 0);
}

static void a_connection_at_its_limit_takes_no_more_streams(void) {
  account of;
  sluice_policy* policy = create(&of, 64 * 1024);
  CHECK(policy != NULL);
  uint32_t id = 1;
  while (open_one(policy, id) == SLUICE_OK) id += 2;
  CHECK(open_one(policy, id) == SLUICE_ERROR_NO_MEMORY);
  CHECK(of.bytes <= of.limit);
  /* The open streams are sent to their end. */
  sluice_grant grant;
  size_t sent = 0;
  while (sluice_pick(policy, &grant) == SLUICE_OK) {
    CHECK(sluice_charge(policy, grant.stream_id, grant.max_bytes) == SLUICE_OK);
    CHECK(sluice_close(policy, grant.stream_id) == SLUICE_OK);
    ++sent;
  }
  CHECK(sent == id / 2);
  sluice_destroy(policy);
  CHECK(of.bytes == 0 && of.blocks == 0);
  CHECK(create(&of, 1024) == NULL);
  CHECK(of.bytes == 0 && of.blocks == 0);
}

int main(void) {
  each_connection_has_its_own_account();
  a_connection_at_its_limit_takes_no_more_streams();
  return failures == 0 ? 0 : 1;
}
