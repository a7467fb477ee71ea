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
 * frames. Flow control stays with the server: block a stream that cannot send
 * (no data, no window), and make one that can ready. Ask for a grant when the
 * socket can take bytes, and only then (docs/plugging-in.md says why).
 *
 * A function that returns int returns SLUICE_OK, another result ≥ 0 that its
 * comment names, or an error < 0. A call that returns an error has changed
 * nothing, and sluice_error_text() says what was given and what is allowed. A
 * NULL policy, or NULL where a value is needed, is
 * SLUICE_ERROR_INVALID_ARGUMENT. No function throws or calls longjmp(). A
 * policy is not thread-safe: one thread owns it, or a lock goes around it. Two
 * policies share no data that changes.
 *
 * With SLUICE_TRACE=FILE in its environment, a program writes the decision log
 * of its first policy to FILE, of the next ones to FILE.2, FILE.3, …; `sluice
 * replay` explains a log and plays it to other policies. Existing files stay.
 * When a file cannot be written, one line on standard error says so, and
 * everything else goes on. See sluice_advance_time().
 *
 * C99 or later, C++98 or later. Linked by -lsluice-c (pkg-config sluice-c). */
#ifndef SLUICE_H_
#define SLUICE_H_

#include <stddef.h>
#include <stdint.h>

/* The version of this header, and the same as a number, a byte for each part:
 * 0x020103 is 2.1.3. docs/stability.md says which part changes when. */
#define SLUICE_VERSION_MAJOR 3
#define SLUICE_VERSION_MINOR 0
#define SLUICE_VERSION_PATCH 0
#define SLUICE_VERSION "3.0.0"
#define SLUICE_VERSION_NUMBER 0x030000

/* Grows when programs compiled with an earlier header can no longer run: a
 * struct changed, a function went or takes other arguments. New functions alone
 * do not raise it. */
#define SLUICE_ABI_VERSION 1

#if defined(__GNUC__)
#define SLUICE_API __attribute__((visibility("default")))
#else
#define SLUICE_API
#endif

/* No exception leaves the library. */
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
  SLUICE_ERROR_ABI_VERSION = -7,        /* header and library differ */
  SLUICE_ERROR_INTERNAL = -8,           /* a fault of this library */
  SLUICE_ERROR_BAD_FRAME = -9           /* the peer's: end the connection */
};

/* "SLUICE_ERROR_NOT_FOUND" for -2; "SLUICE_UNKNOWN" for a value that is not
 * listed above. Of static lifetime. */
SLUICE_API const char* sluice_error_name(int result) SLUICE_NOEXCEPT;

/* The SLUICE_ABI_VERSION that the library was built with. */
SLUICE_API int sluice_abi_version(void) SLUICE_NOEXCEPT;

/* The SLUICE_VERSION and the SLUICE_VERSION_NUMBER of the library. */
SLUICE_API const char* sluice_version(void) SLUICE_NOEXCEPT;
SLUICE_API int sluice_version_number(void) SLUICE_NOEXCEPT;

/* ---- Policies ------------------------------------------------------------*/

typedef struct sluice_policy sluice_policy; /* opaque */

/* The caller's own memory. A handle, its policy and their data about streams
 * live there. From sluice_create() to sluice_destroy() no call on the handle
 * takes memory elsewhere, from malloc() or operator new, and a refused call
 * takes none at all. sluice_destroy() gives every block back, with the `size`
 * that was asked for. Two things are on the C++ heap: the words of a
 * sluice_create() that fails, and a decision log (SLUICE_TRACE). Without a log,
 * sluice_pick() and sluice_charge() allocate nothing, unless a charge moves the
 * stream to a group that never held so many. Only calls on the handle
 * call these functions, so a counter behind `user` tells the cost of one
 * connection.
 *
 * `size` is in bytes and not 0. The block must be aligned for any type, as
 * malloc()'s is. The struct is copied.
 *
 * `allocate` may return NULL. sluice_create() fails then. A later call cannot
 * stop half way: it borrows the rest of its memory from malloc() and succeeds;
 * the process aborts only when malloc() returns NULL too. During a loan,
 * sluice_open(), the priorities and the hints return SLUICE_ERROR_NO_MEMORY and
 * change nothing; all others work, and may borrow more, so the server can
 * finish the streams that are open. The loan ends when the policy releases the
 * block: most often in sluice_destroy(), since tables grow and never shrink. */
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

/* The reason of the last error of a call on `policy`; with NULL, of this
 * thread's last error of a call that had no policy: sluice_create(), the
 * parsers, or any call that was given NULL for it. Empty when there was none.
 * Valid until the next call on the same policy (by the same thread). */
SLUICE_API const char* sluice_error_text(const sluice_policy* policy)
    SLUICE_NOEXCEPT;

/* The policies, sorted by name. `index` counts from 0; past the last, both
 * return NULL. Of static lifetime. */
SLUICE_API const char* sluice_policy_name(size_t index) SLUICE_NOEXCEPT;
SLUICE_API const char* sluice_policy_summary(size_t index) SLUICE_NOEXCEPT;

/* ---- Streams and their signals -------------------------------------------*/

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

/* Reads the `priority` field of a request (RFC 9218 section 5): "u=1, i" makes
 * {1, 1}. Of several lines make one, with ", " between them. A parameter that
 * is not named, unknown, of another type or out of range has its default: {3,
 * 0} without any. `field` is `length` bytes, which need no terminator; NULL is
 * allowed with 0. Error: INVALID_ARGUMENT (it is no dictionary, RFC 8941
 * section 3.2); the client then gave no priority. */
SLUICE_API int sluice_parse_priority(const char* field, size_t length,
                                     sluice_rfc9218* rfc9218) SLUICE_NOEXCEPT;

/* Reads the payload of a PRIORITY_UPDATE frame (RFC 9218 section 7.1), the
 * bytes after the frame header: the id that it prioritises, then a field as
 * above. NULL is allowed with 0. Errors: INVALID_ARGUMENT (the field is no
 * dictionary: ignore the frame); BAD_FRAME (under 4 bytes, or id 0; the text
 * names the error code for the peer). */
SLUICE_API int sluice_parse_priority_update(
    const void* payload, size_t length, uint32_t* stream_id,
    sluice_rfc9218* rfc9218) SLUICE_NOEXCEPT;

/* The stream opens: HEADERS came, with these signals (NULL: none), the
 * `priority` header's included. It is blocked until sluice_ready(). An earlier
 * signal for the id holds where HEADERS has none of its kind. A PRIORITY_UPDATE
 * that came before holds over the header (RFC 9218 section 7).
 * Errors: INVALID_ARGUMENT (id 0, one above 0x7fffffff, an even one from
 * 0x7fffffe0 on, a member of the priorities out of its range, a stream that
 * depends on itself); ALREADY_EXISTS.
 * Opening never fails for lack of room. */
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

/* The kind of a resource to a page. Policies of the research literature sort by
 * it. */
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
  SLUICE_HINT_TUNNEL = 32,           /* a CONNECT request's (RFC 9218 11) */
  SLUICE_HINT_VIA = 64               /* its request has a `via` field */
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

/* Replaces the hints of an open stream; TUNNEL and VIA stay. Errors: NOT_FOUND;
 * INVALID_ARGUMENT (no such class or flag). */
SLUICE_API int sluice_set_hints(sluice_policy* policy, uint32_t stream_id,
                                const sluice_hints* hints) SLUICE_NOEXCEPT;

/* The server's own priority of an open stream. Each kind that is given replaces
 * the client's of that kind. The client's is kept, and holds again when both
 * pointers are NULL. Errors: NOT_FOUND; INVALID_ARGUMENT, as above. */
SLUICE_API int sluice_set_server_priority(
    sluice_policy* policy, uint32_t stream_id, const sluice_rfc7540* rfc7540,
    const sluice_rfc9218* rfc9218) SLUICE_NOEXCEPT;

/* sluice_ready(): the stream has something to send and may send it.
 * sluice_blocked(): it has not, or may not. sluice_close(): it will send no
 * more DATA. Repeating the first two changes nothing. Error of the three:
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
 * `reason` is the policy's rule that chose this stream: `reason_length` bytes
 * without a terminator, of static lifetime. */
typedef struct sluice_grant {
  uint32_t stream_id;
  uint32_t reason_length;
  size_t max_bytes;
  const char* reason;
} sluice_grant;

/* Writes the stream to send next to `*grant`. SLUICE_NOTHING_READY when no
 * stream is ready. Error: WRONG_STATE (the last grant was not charged yet).
 * Every other call is allowed between a pick and its charge, for every stream,
 * the picked one included; it takes effect after the charge. */
SLUICE_API int sluice_pick(sluice_policy* policy,
                           sluice_grant* grant) SLUICE_NOEXCEPT;

/* The server used `bytes` of the grant: payload and padding, not the frame
 * header. 0 is allowed. Call sluice_blocked() or sluice_ready() after it, since
 * some policies block the stream then and others pick it again. Errors:
 * WRONG_STATE (the stream holds no grant); INVALID_ARGUMENT (more bytes than
 * were granted). */
SLUICE_API int sluice_charge(sluice_policy* policy, uint32_t stream_id,
                             size_t bytes) SLUICE_NOEXCEPT;

/* ---- Watching ------------------------------------------------------------*/

/* One decision and its charge. Valid during the callback. */
typedef struct sluice_decision {
  uint64_t number; /* 0, 1, 2, … */
  sluice_grant grant;
  size_t bytes; /* charged */
} sluice_decision;

typedef void (*sluice_trace_callback)(void* user,
                                      const sluice_decision* decision);

/* Calls `callback` at the end of each sluice_charge(); NULL ends that. The
 * callback may make every call on `policy` but sluice_destroy(). */
SLUICE_API int sluice_set_trace(sluice_policy* policy,
                                sluice_trace_callback callback,
                                void* user) SLUICE_NOEXCEPT;

/* So much time went by since the last call, by the program's own clock. The
 * decision log (SLUICE_TRACE) says it of the calls that follow; without a log
 * the call does nothing. A log without times plays too. */
SLUICE_API int sluice_advance_time(sluice_policy* policy,
                                   uint64_t nanoseconds) SLUICE_NOEXCEPT;

/* The last two are of now, the others since sluice_create(). */
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
