/* Sluice for C: which HTTP/2 stream's DATA goes on the wire next.
 *
 *   sluice_policy *policy;
 *   if (sluice_create(SLUICE_ABI_VERSION, "rfc7540", NULL, &policy) != 0) …
 *   sluice_open(policy, 1, NULL, NULL);           HEADERS came
 *   sluice_ready(policy, 1);                      it has something to send
 *   sluice_grant grant;
 *   while (sluice_pick(policy, &grant) == SLUICE_OK) {
 *     size_t sent = send_up_to(grant.stream_id, grant.max_bytes);
 *     sluice_charge(policy, grant.stream_id, sent);
 *     if (sent == 0) sluice_blocked(policy, grant.stream_id);
 *   }
 *   sluice_destroy(policy);
 *
 * One policy serves one connection. It sees stream ids and byte counts, never
 * frames; flow control stays the server's: a stream that cannot send (no data,
 * no window) is blocked, one that can is ready. Ask for a grant when the socket
 * can take bytes, and only then (docs/plugging-in.md says why).
 *
 * Every function that returns int returns SLUICE_OK, another result ≥ 0 that
 * its comment names, or an error < 0; after an error nothing was changed, and
 * sluice_error_text() says what was wrong. A NULL policy or a NULL pointer
 * where a value is wanted is SLUICE_ERROR_INVALID_ARGUMENT. No function throws
 * or calls longjmp(). A policy is not thread-safe: it belongs to the thread
 * that owns the connection, or a lock goes around it; two policies share
 * nothing that is written.
 *
 * C99 or later, C++98 or later. Linked by -lsluice-c (pkg-config sluice-c). */
#ifndef SLUICE_H_
#define SLUICE_H_

#include <stddef.h>
#include <stdint.h>

/* Grows when a program that was compiled against an earlier header could not
 * run: a struct changed, a function went or takes other arguments. New
 * functions alone do not raise it. */
#define SLUICE_ABI_VERSION 1

#if defined(__GNUC__)
#define SLUICE_API __attribute__((visibility("default")))
#else
#define SLUICE_API
#endif

/* No exception leaves the library; C++ may count on it. */
#if defined(__cplusplus) && __cplusplus >= 201103L
#define SLUICE_NOEXCEPT noexcept
#else
#define SLUICE_NOEXCEPT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Results -------------------------------------------------------------*/

enum {
  SLUICE_OK = 0,
  SLUICE_NOTHING_READY = 1,             /* sluice_pick(): no stream is ready */
  SLUICE_ERROR_INVALID_ARGUMENT = -1,   /* see the function */
  SLUICE_ERROR_NOT_FOUND = -2,          /* no such policy; stream not open */
  SLUICE_ERROR_ALREADY_EXISTS = -3,     /* stream open already */
  SLUICE_ERROR_RESOURCE_EXHAUSTED = -4, /* max_streams idle ids are known */
  SLUICE_ERROR_WRONG_STATE = -5,        /* pick and charge do not alternate */
  SLUICE_ERROR_NO_MEMORY = -6,          /* the allocator gave NULL */
  SLUICE_ERROR_ABI_VERSION = -7,        /* header and library do not fit */
  SLUICE_ERROR_INTERNAL = -8            /* a fault of this library */
};

/* "SLUICE_ERROR_NOT_FOUND" for -2; "SLUICE_UNKNOWN" for a value not above. Of
 * static lifetime. */
SLUICE_API const char* sluice_error_name(int result) SLUICE_NOEXCEPT;

/* The SLUICE_ABI_VERSION that the library was built with. */
SLUICE_API int sluice_abi_version(void) SLUICE_NOEXCEPT;

/* ---- Policies ------------------------------------------------------------*/

typedef struct sluice_policy sluice_policy; /* opaque */

/* Memory of the caller's own. Everything that a handle holds lives there: the
 * handle, its policy, and what they keep for each stream. From the beginning of
 * sluice_create() to the end of sluice_destroy() no call on the handle takes
 * memory elsewhere, malloc() or operator new, and a call that is refused takes
 * none at all; by the end every block is given back, with the `size` that it
 * was taken with. Only a sluice_create() that fails may word its error on the
 * C++ heap. sluice_pick() and sluice_charge() never allocate. The functions are
 * called from within calls on the handle alone: with a counter behind `user`
 * they tell what one connection costs.
 *
 * `size` is in bytes and not 0; the block must be aligned for any type, as
 * malloc()'s is. The struct is copied.
 *
 * `allocate` may return NULL. sluice_create() fails then. Later, a call that is
 * under way cannot be taken back: it takes the rest of what it needs from
 * malloc(), on loan, and returns as if nothing had happened; only when malloc()
 * returns NULL as well the process is aborted. While something is on loan,
 * calls that would want more (sluice_open(), the priorities, the hints) return
 * SLUICE_ERROR_NO_MEMORY and change nothing; all others work, so that the
 * streams that are open can be sent to their end. A loan is paid back when the
 * policy needs the block no more: most often in sluice_destroy(), since tables
 * grow and never shrink. */
typedef struct sluice_allocator {
  void* (*allocate)(void* user, size_t size); /* NULL: no memory */
  void (*deallocate)(void* user, void* block, size_t size);
  void* user;
} sluice_allocator;

/* Start from SLUICE_OPTIONS_INIT. */
typedef struct sluice_options {
  size_t max_grant;          /* bytes, 1 … 16777215: the largest grant */
  size_t max_streams;        /* 1 … 1048576: open and idle ids kept */
  size_t max_closed_streams; /* 0 … 1048576: closed ids, for the tree */
  const sluice_allocator* allocator; /* NULL: malloc() and free() */
} sluice_options;

#define SLUICE_OPTIONS_INIT \
  { 16384, 1000, 100, NULL }

/* Makes a policy from its name, or from "name:key=value,key=value", into
 * `*policy`. Pass SLUICE_ABI_VERSION first; `options` may be NULL. Errors:
 * ABI_VERSION; NOT_FOUND (no such policy); INVALID_ARGUMENT (an option is
 * wrong); NO_MEMORY. `*policy` is NULL then. */
SLUICE_API int sluice_create(int abi_version, const char* spec,
                             const sluice_options* options,
                             sluice_policy** policy) SLUICE_NOEXCEPT;

/* NULL is allowed. */
SLUICE_API void sluice_destroy(sluice_policy* policy) SLUICE_NOEXCEPT;

/* What was wrong with the last call on `policy` that returned an error (calls
 * that only read, on a const one, leave this alone); with NULL, with the last
 * sluice_create() of this thread. Empty when there was none. Valid until the
 * next call on the same policy (by the same thread). */
SLUICE_API const char* sluice_error_text(const sluice_policy* policy)
    SLUICE_NOEXCEPT;

/* The policies by name, sorted: `index` counts from 0, and NULL follows the
 * last. Of static lifetime. */
SLUICE_API const char* sluice_policy_name(size_t index) SLUICE_NOEXCEPT;
SLUICE_API const char* sluice_policy_summary(size_t index) SLUICE_NOEXCEPT;

/* ---- Streams and what is known of them -----------------------------------*/

/* RFC 7540 section 5.3. `weight` is 1 … 256, the octet on the wire plus one. */
typedef struct sluice_rfc7540 {
  uint32_t depends_on; /* a stream id; 0 is the root */
  int weight;          /* 16 unless the client said otherwise */
  int exclusive;       /* 0 or 1 */
} sluice_rfc7540;

/* RFC 9218 section 4. */
typedef struct sluice_rfc9218 {
  int urgency;     /* 0 … 7, 0 the most urgent; 3 unless said otherwise */
  int incremental; /* 0 or 1 */
} sluice_rfc9218;

/* The stream opens: HEADERS came, with these signals (NULL: none), the
 * `priority` header's included. It is blocked until sluice_ready(). What was
 * said of the id before stays in force where nothing is said now, and an RFC
 * 9218 signal in any case: a PRIORITY_UPDATE goes over a header (section 7).
 * Errors: INVALID_ARGUMENT (id 0, weight or urgency out of range, a stream that
 * depends on itself); ALREADY_EXISTS. Opening never fails for lack of room. */
SLUICE_API int sluice_open(sluice_policy* policy, uint32_t stream_id,
                           const sluice_rfc7540* rfc7540,
                           const sluice_rfc9218* rfc9218) SLUICE_NOEXCEPT;

/* A PRIORITY frame (RFC 7540 section 6.3) came. The id may be open, idle (not
 * open yet) or closed. Errors: INVALID_ARGUMENT, as above; RESOURCE_EXHAUSTED
 * (max_streams open and idle ids are known). */
SLUICE_API int sluice_priority_7540(sluice_policy* policy, uint32_t stream_id,
                                    const sluice_rfc7540* rfc7540)
    SLUICE_NOEXCEPT;

/* A PRIORITY_UPDATE frame (RFC 9218 section 7) came. Errors as above. */
SLUICE_API int sluice_priority_9218(sluice_policy* policy, uint32_t stream_id,
                                    const sluice_rfc9218* rfc9218)
    SLUICE_NOEXCEPT;

/* SETTINGS_NO_RFC7540_PRIORITIES = 1 came (RFC 9218 section 2.1). */
SLUICE_API int sluice_no_rfc7540_priorities(sluice_policy* policy)
    SLUICE_NOEXCEPT;

/* 1 when a server with this policy should send that setting itself, else 0. */
SLUICE_API int sluice_announces_no_rfc7540_priorities(
    const sluice_policy* policy) SLUICE_NOEXCEPT;

/* What the resource is to the page; read by policies of the literature. */
enum {
  SLUICE_CLASS_UNKNOWN = 0,
  SLUICE_CLASS_HTML = 1,
  SLUICE_CLASS_CSS = 2,
  SLUICE_CLASS_JS = 3,
  SLUICE_CLASS_FONT = 4,
  SLUICE_CLASS_IMAGE = 5,
  SLUICE_CLASS_FETCH = 6,
  SLUICE_CLASS_MEDIA = 7,
  SLUICE_CLASS_OTHER = 8
};

enum {
  SLUICE_HINT_IN_HEAD = 1,           /* js, css: in the head, so it blocks */
  SLUICE_HINT_AFTER_FIRST_IMAGE = 2, /* js: found after the first image */
  SLUICE_HINT_ASYNC_OR_DEFER = 4,    /* js */
  SLUICE_HINT_ABOVE_THE_FOLD = 8,    /* image: in the viewport */
  SLUICE_HINT_PRELOAD = 16,          /* by preload or the preload scanner */
  SLUICE_HINT_TUNNEL = 32            /* a CONNECT request's (RFC 9218 11) */
};

#define SLUICE_SIZE_UNKNOWN UINT64_MAX

/* Start from SLUICE_HINTS_INIT. */
typedef struct sluice_hints {
  uint64_t bytes_remaining; /* of the body, or SLUICE_SIZE_UNKNOWN */
  int resource_class;       /* SLUICE_CLASS_… */
  unsigned flags;           /* SLUICE_HINT_… or-ed */
} sluice_hints;

#define SLUICE_HINTS_INIT \
  { SLUICE_SIZE_UNKNOWN, SLUICE_CLASS_UNKNOWN, 0 }

/* Replaces what was hinted of an open stream; a tunnel stays one. Errors:
 * NOT_FOUND; INVALID_ARGUMENT (no such class or flag). */
SLUICE_API int sluice_set_hints(sluice_policy* policy, uint32_t stream_id,
                                const sluice_hints* hints) SLUICE_NOEXCEPT;

/* The server's own priority of an open stream, over the client's, which is kept
 * and returns when both pointers are NULL. Whichever kind is given replaces the
 * client's of that kind. Errors: NOT_FOUND; INVALID_ARGUMENT, as above. */
SLUICE_API int sluice_set_server_priority(
    sluice_policy* policy, uint32_t stream_id, const sluice_rfc7540* rfc7540,
    const sluice_rfc9218* rfc9218) SLUICE_NOEXCEPT;

/* The stream has something to send and may send it; the opposite; the stream
 * will send no more DATA. Repeating one changes nothing. Error of the three:
 * NOT_FOUND (not open). */
SLUICE_API int sluice_ready(sluice_policy* policy,
                            uint32_t stream_id) SLUICE_NOEXCEPT;
SLUICE_API int sluice_blocked(sluice_policy* policy,
                              uint32_t stream_id) SLUICE_NOEXCEPT;
SLUICE_API int sluice_close(sluice_policy* policy,
                            uint32_t stream_id) SLUICE_NOEXCEPT;

/* ---- Decisions -----------------------------------------------------------*/

/* Permission to send up to `max_bytes` (at least 1) of DATA of one stream. The
 * server may send less: windows, frame size and buffers are its business.
 * `reason` says why this stream: words of the policy's, `reason_length` bytes
 * without a terminator, of static lifetime. */
typedef struct sluice_grant {
  uint32_t stream_id;
  uint32_t reason_length;
  size_t max_bytes;
  const char* reason;
} sluice_grant;

/* The stream to send next, into `*grant`. SLUICE_NOTHING_READY when there is
 * none. Error: WRONG_STATE (the last grant was not charged yet). Between a pick
 * and its charge every other call is allowed, for every stream, the picked one
 * included; the charge goes to where the pick was made. */
SLUICE_API int sluice_pick(sluice_policy* policy,
                           sluice_grant* grant) SLUICE_NOEXCEPT;

/* `bytes` of the grant were used: payload and padding, not the frame header. 0
 * is allowed; then say what the stream is now, blocked or (still) ready, since
 * some policies block it then and others pick it again. Errors: WRONG_STATE
 * (that stream holds no grant); INVALID_ARGUMENT (more than was granted). */
SLUICE_API int sluice_charge(sluice_policy* policy, uint32_t stream_id,
                             size_t bytes) SLUICE_NOEXCEPT;

/* ---- Looking on ----------------------------------------------------------*/

/* One decision and what became of it. Valid during the callback. */
typedef struct sluice_decision {
  uint64_t number; /* 0, 1, 2, … */
  sluice_grant grant;
  size_t bytes; /* charged */
} sluice_decision;

typedef void (*sluice_trace_callback)(void* user,
                                      const sluice_decision* decision);

/* Calls `callback` (NULL: nothing any more) at the end of each sluice_charge().
 * It may call everything with `policy` but sluice_destroy(). */
SLUICE_API int sluice_set_trace(sluice_policy* policy,
                                sluice_trace_callback callback,
                                void* user) SLUICE_NOEXCEPT;

/* Since sluice_create(), but for the last two, which are of now. */
typedef struct sluice_stats {
  uint64_t picks;        /* that found a stream */
  uint64_t empty_picks;  /* that found none ready */
  uint64_t empty_grants; /* charged with 0 bytes */
  uint64_t bytes;        /* charged in all */
  uint64_t opened;       /* streams */
  uint64_t closed;       /* streams */
  uint64_t refused;      /* calls about streams that returned an error */
  uint64_t open_streams;
  uint64_t ready_streams;
} sluice_stats;

SLUICE_API int sluice_get_stats(const sluice_policy* policy,
                                sluice_stats* stats) SLUICE_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* SLUICE_H_ */
