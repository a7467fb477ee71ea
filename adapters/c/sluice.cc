#include "adapters/c/sluice.h"

#include <sluice/adapters/policy_host.h>
#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/scheduler/stream_map.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/trace/trace_files.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "adapters/c/caller_memory.h"

using ::absl::StatusCode;
using ::sluice::adapters::CallerMemory;
using ::sluice::adapters::PolicyHost;
using ::sluice::adapters::RequestSignals;
using ::sluice::priority::MemoryScope;
using ::sluice::scheduler::Grant;
using ::sluice::scheduler::PolicyEntry;
using ::sluice::scheduler::PolicyOptions;
using ::sluice::scheduler::ResourceClass;
using ::sluice::scheduler::ResourceHints;
using ::sluice::scheduler::ServerPriority;
using ::sluice::scheduler::StreamId;
using ::sluice::scheduler::StreamMap;
using ::sluice::scheduler::StreamRecord;
using ::sluice::signals::Rfc7540Priority;
using ::sluice::signals::Rfc9218Priority;
using ::sluice::trace::LoggedPolicy;
using ::sluice::trace::TraceFiles;

struct sluice_policy {
  struct Connection {
    Connection(LoggedPolicy policy, size_t max_streams)
        : host(std::move(policy), max_streams) {}
    PolicyHost host;
    StreamMap<StreamRecord> streams;  // open
    bool counts_lengths = false;      // some stream had a length
  };

  explicit sluice_policy(const sluice_allocator& allocator)
      : memory(allocator) {}

  PolicyHost* host() { return &connection->host; }
  // Null: it is not open.
  StreamRecord* Find(StreamId id) { return connection->streams.Find(id); }
  // A block on loan goes back when its stream closes.
  void Erase(StreamId id) {
    connection->streams.Erase(id);
    if (memory.on_loan() != 0) connection->streams.FreeSpares();
  }

  CallerMemory memory;  // of everything below
  std::optional<Connection> connection;
  mutable std::array<char, 160> error_text{};  // const calls are refused, too
};

namespace {

void* DefaultAllocate(void*, size_t size) { return std::malloc(size); }
void DefaultDeallocate(void*, void* block, size_t) { std::free(block); }

constexpr sluice_allocator kDefaultAllocator = {DefaultAllocate,
                                                DefaultDeallocate, nullptr};

constexpr unsigned kAllHints =
    SLUICE_HINT_IN_HEAD | SLUICE_HINT_AFTER_FIRST_IMAGE |
    SLUICE_HINT_ASYNC_OR_DEFER | SLUICE_HINT_ABOVE_THE_FOLD |
    SLUICE_HINT_PRELOAD | SLUICE_HINT_TUNNEL | SLUICE_HINT_VIA;

// Of the last error without a policy. Plain bytes, which take nothing from the
// heap.
thread_local std::array<char, 512> thread_error_text{};

// Never freed: the C strings point into it.
const std::vector<PolicyEntry>& Entries() {
  static const auto& entries =
      *new std::vector<PolicyEntry>(sluice::scheduler::RegisteredPolicies());
  return entries;
}

int CodeOf(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return SLUICE_OK;
    case StatusCode::kInvalidArgument:
      return SLUICE_ERROR_INVALID_ARGUMENT;
    case StatusCode::kNotFound:
      return SLUICE_ERROR_NOT_FOUND;
    case StatusCode::kAlreadyExists:
      return SLUICE_ERROR_ALREADY_EXISTS;
    case StatusCode::kResourceExhausted:
      return SLUICE_ERROR_RESOURCE_EXHAUSTED;
    case StatusCode::kFailedPrecondition:
      return SLUICE_ERROR_WRONG_STATE;
    default:
      return SLUICE_ERROR_INTERNAL;
  }
}

// Returns `code`, and keeps the words: with the policy, or with this thread
// where it is null. Not inline, so that a call that is not refused saves no
// registers for it.
template <class... Args>
ABSL_ATTRIBUTE_NOINLINE int Refuse(const sluice_policy* policy, int code,
                                   const absl::FormatSpec<Args...>& format,
                                   const Args&... args) {
  const absl::Span<char> text = policy == nullptr
                                    ? absl::MakeSpan(thread_error_text)
                                    : absl::MakeSpan(policy->error_text);
  absl::SNPrintF(text.data(), text.size(), format, args...);
  return code;
}

inline int Result(sluice_policy* policy, StatusCode code) {
  if (code == StatusCode::kOk) return SLUICE_OK;
  return Refuse(policy, CodeOf(code), "%s", policy->host()->error_text());
}

ABSL_ATTRIBUTE_NOINLINE int NoPolicy() {
  return Refuse(nullptr, SLUICE_ERROR_INVALID_ARGUMENT,
                "policy is NULL; it must come from sluice_create()");
}

ABSL_ATTRIBUTE_NOINLINE int NullArgument(const sluice_policy* policy,
                                         const char* name) {
  return Refuse(policy, SLUICE_ERROR_INVALID_ARGUMENT,
                "%s is NULL; it must point to a value", name);
}

// Before a call that says something new: SLUICE_OK when there is memory for it
// and its flags are 0 or 1. C++ has them as bool, so nothing behind this can
// tell. The priorities may be null.
int CheckNews(sluice_policy* policy, uint32_t stream_id,
              const sluice_rfc7540* rfc7540, const sluice_rfc9218* rfc9218) {
  const auto fits = [](int flag) { return flag == 0 || flag == 1; };
  int code = SLUICE_OK;
  if (policy->memory.on_loan() != 0) {
    code = Refuse(policy, SLUICE_ERROR_NO_MEMORY,
                  "the allocator gave NULL: %u bytes are on loan from "
                  "malloc(), and no more may be",
                  policy->memory.on_loan());
  } else if (rfc7540 != nullptr && !fits(rfc7540->exclusive)) {
    code = Refuse(policy, SLUICE_ERROR_INVALID_ARGUMENT,
                  "exclusive %d of stream %u is not 0 or 1", rfc7540->exclusive,
                  stream_id);
  } else if (rfc9218 != nullptr && !fits(rfc9218->incremental)) {
    code = Refuse(policy, SLUICE_ERROR_INVALID_ARGUMENT,
                  "incremental %d of stream %u is not 0 or 1",
                  rfc9218->incremental, stream_id);
  }
  if (code != SLUICE_OK) policy->host()->CountRefusal();
  return code;
}

std::optional<Rfc7540Priority> Read(const sluice_rfc7540* from) {
  if (from == nullptr) return std::nullopt;
  return Rfc7540Priority{.depends_on = from->depends_on,
                         .weight = from->weight,
                         .exclusive = from->exclusive != 0};
}

std::optional<Rfc9218Priority> Read(const sluice_rfc9218* from) {
  if (from == nullptr) return std::nullopt;
  return Rfc9218Priority{.urgency = from->urgency,
                         .incremental = from->incremental != 0};
}

std::optional<ResourceHints> Read(const sluice_hints& from) {
  if (from.resource_class < SLUICE_CLASS_UNKNOWN ||
      from.resource_class > SLUICE_CLASS_OTHER ||
      (from.flags & ~kAllHints) != 0) {
    return std::nullopt;
  }
  const auto has = [&from](unsigned flag) { return (from.flags & flag) != 0; };
  ResourceHints hints;
  hints.resource_class = static_cast<ResourceClass>(from.resource_class);
  hints.in_head = has(SLUICE_HINT_IN_HEAD);
  hints.after_first_image = has(SLUICE_HINT_AFTER_FIRST_IMAGE);
  hints.async_or_defer = has(SLUICE_HINT_ASYNC_OR_DEFER);
  hints.above_the_fold = has(SLUICE_HINT_ABOVE_THE_FOLD);
  hints.preload = has(SLUICE_HINT_PRELOAD);
  hints.tunnel = has(SLUICE_HINT_TUNNEL);
  hints.via = has(SLUICE_HINT_VIA);
  if (from.bytes_remaining != SLUICE_SIZE_UNKNOWN) {
    hints.bytes_remaining = from.bytes_remaining;
  }
  return hints;
}

void Write(const Grant& from, sluice_grant* to) {
  to->stream_id = from.stream_id;
  to->max_bytes = from.max_bytes;
  to->reason = from.reason.rule.data();
  to->reason_length = static_cast<uint32_t>(from.reason.rule.size());
}

ABSL_ATTRIBUTE_NOINLINE int StillGranted(const sluice_policy* policy,
                                         const Grant& last) {
  return Refuse(policy, SLUICE_ERROR_WRONG_STATE,
                "stream %u holds a grant of %u bytes; charge it before the "
                "next pick",
                last.stream_id, last.max_bytes);
}

int NoMemory() {
  return Refuse(nullptr, SLUICE_ERROR_NO_MEMORY,
                "the allocator gave NULL; a policy needs memory");
}

int ParseField(absl::string_view field, sluice_rfc9218* rfc9218) {
  const std::optional<Rfc9218Priority> read =
      sluice::signals::ParseRfc9218Priority(field);
  if (!read.has_value()) {
    std::array<char, 40> shown{};  // it is a peer's, so it may hold anything
    field = field.substr(0, shown.size());
    std::transform(field.begin(), field.end(), shown.begin(), [](char c) {
      return absl::ascii_isprint(static_cast<unsigned char>(c)) ? c : '?';
    });
    return Refuse(nullptr, SLUICE_ERROR_INVALID_ARGUMENT,
                  "'%s' is no priority; it must be a dictionary such as "
                  "\"u=1, i\" (RFC 9218 §4)",
                  absl::string_view(shown.data(), field.size()));
  }
  *rfc9218 = {read->urgency, read->incremental ? 1 : 0};
  return SLUICE_OK;
}

}  // namespace

extern "C" {

const char* sluice_error_name(int result) SLUICE_NOEXCEPT {
  switch (result) {
    case SLUICE_OK:
      return "SLUICE_OK";
    case SLUICE_NOTHING_READY:
      return "SLUICE_NOTHING_READY";
    case SLUICE_ERROR_INVALID_ARGUMENT:
      return "SLUICE_ERROR_INVALID_ARGUMENT";
    case SLUICE_ERROR_NOT_FOUND:
      return "SLUICE_ERROR_NOT_FOUND";
    case SLUICE_ERROR_ALREADY_EXISTS:
      return "SLUICE_ERROR_ALREADY_EXISTS";
    case SLUICE_ERROR_RESOURCE_EXHAUSTED:
      return "SLUICE_ERROR_RESOURCE_EXHAUSTED";
    case SLUICE_ERROR_WRONG_STATE:
      return "SLUICE_ERROR_WRONG_STATE";
    case SLUICE_ERROR_NO_MEMORY:
      return "SLUICE_ERROR_NO_MEMORY";
    case SLUICE_ERROR_ABI_VERSION:
      return "SLUICE_ERROR_ABI_VERSION";
    case SLUICE_ERROR_INTERNAL:
      return "SLUICE_ERROR_INTERNAL";
    case SLUICE_ERROR_BAD_FRAME:
      return "SLUICE_ERROR_BAD_FRAME";
    default:
      return "SLUICE_UNKNOWN";
  }
}

int sluice_abi_version(void) SLUICE_NOEXCEPT { return SLUICE_ABI_VERSION; }

const char* sluice_version(void) SLUICE_NOEXCEPT { return SLUICE_VERSION; }

int sluice_version_number(void) SLUICE_NOEXCEPT {
  return SLUICE_VERSION_NUMBER;
}

int sluice_create(int abi_version, const char* spec,
                  const sluice_options* options,
                  sluice_policy** policy) SLUICE_NOEXCEPT {
  thread_error_text[0] = '\0';
  if (policy == nullptr) return NullArgument(nullptr, "policy");
  *policy = nullptr;
  if (abi_version != SLUICE_ABI_VERSION) {
    return Refuse(nullptr, SLUICE_ERROR_ABI_VERSION,
                  "the program was compiled for version %d of the ABI, the "
                  "library has %d",
                  abi_version, SLUICE_ABI_VERSION);
  }
  if (spec == nullptr) return NullArgument(nullptr, "spec");
  const sluice_options defaults = SLUICE_OPTIONS_INIT;
  if (options == nullptr) options = &defaults;
  sluice_allocator allocator = kDefaultAllocator;
  if (options->allocator != nullptr) allocator = *options->allocator;
  if (allocator.allocate == nullptr || allocator.deallocate == nullptr) {
    return Refuse(nullptr, SLUICE_ERROR_INVALID_ARGUMENT,
                  "%s of the allocator is NULL; it must be a function",
                  allocator.allocate == nullptr ? "allocate" : "deallocate");
  }
  void* block = allocator.allocate(allocator.user, sizeof(sluice_policy));
  if (block == nullptr) return NoMemory();
  auto* handle = new (block) sluice_policy(allocator);
  PolicyOptions policy_options;
  policy_options.max_grant = options->max_grant;
  policy_options.max_streams = options->max_streams;
  policy_options.max_closed_streams = options->max_closed_streams;
  const MemoryScope scope(&handle->memory);
  absl::StatusOr<LoggedPolicy> made = sluice::trace::CreateLoggedPolicy(
      spec, policy_options, TraceFiles::FromEnvironment());
  if (!made.ok()) {
    sluice_destroy(handle);
    return Refuse(nullptr, CodeOf(made.status().code()), "%s",
                  made.status().message());
  }
  handle->connection.emplace(*std::move(made), options->max_streams);
  if (handle->memory.on_loan() != 0) {
    sluice_destroy(handle);
    return NoMemory();
  }
  *policy = handle;
  return SLUICE_OK;
}

void sluice_destroy(sluice_policy* policy) SLUICE_NOEXCEPT {
  if (policy == nullptr) return;
  const sluice_allocator allocator = policy->memory.allocator();
  {
    const MemoryScope scope(&policy->memory);
    policy->connection.reset();
  }
  policy->~sluice_policy();
  allocator.deallocate(allocator.user, policy, sizeof(sluice_policy));
}

const char* sluice_error_text(const sluice_policy* policy) SLUICE_NOEXCEPT {
  return policy == nullptr ? thread_error_text.data()
                           : policy->error_text.data();
}

const char* sluice_policy_name(size_t index) SLUICE_NOEXCEPT {
  return index < Entries().size() ? Entries()[index].name.c_str() : nullptr;
}

const char* sluice_policy_summary(size_t index) SLUICE_NOEXCEPT {
  return index < Entries().size() ? Entries()[index].summary.c_str() : nullptr;
}

int sluice_parse_priority(const char* field, size_t length,
                          sluice_rfc9218* rfc9218) SLUICE_NOEXCEPT {
  if (field == nullptr && length > 0) return NullArgument(nullptr, "field");
  if (rfc9218 == nullptr) return NullArgument(nullptr, "rfc9218");
  return ParseField({field, length}, rfc9218);
}

int sluice_parse_priority_update(const void* payload, size_t length,
                                 uint32_t* stream_id,
                                 sluice_rfc9218* rfc9218) SLUICE_NOEXCEPT {
  if (payload == nullptr && length > 0) {
    return NullArgument(nullptr, "payload");
  }
  if (stream_id == nullptr) return NullArgument(nullptr, "stream_id");
  if (rfc9218 == nullptr) return NullArgument(nullptr, "rfc9218");
  constexpr size_t kIdSize = 4;
  if (length < kIdSize) {
    return Refuse(nullptr, SLUICE_ERROR_BAD_FRAME,
                  "PRIORITY_UPDATE of %u bytes; it must have at least 4: "
                  "FRAME_SIZE_ERROR (RFC 9218 §7.1)",
                  length);
  }
  const absl::string_view bytes(static_cast<const char*>(payload), length);
  StreamId id = 0;
  for (const char byte : bytes.substr(0, kIdSize)) {
    id = id << 8 | static_cast<unsigned char>(byte);
  }
  id &= sluice::signals::kMaxStreamId;  // not the reserved bit
  if (id == 0) {
    return Refuse(nullptr, SLUICE_ERROR_BAD_FRAME,
                  "PRIORITY_UPDATE for stream 0; it must name a stream: "
                  "PROTOCOL_ERROR (RFC 9218 §7.1)");
  }
  if (const int code = ParseField(bytes.substr(kIdSize), rfc9218)) return code;
  *stream_id = id;
  return SLUICE_OK;
}

int sluice_open(sluice_policy* policy, uint32_t stream_id,
                const sluice_rfc7540* rfc7540,
                const sluice_rfc9218* rfc9218) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  if (const int code = CheckNews(policy, stream_id, rfc7540, rfc9218)) {
    return code;
  }
  PolicyHost* host = policy->host();
  if (policy->Find(stream_id) != nullptr) {
    host->CountRefusal();
    return Refuse(policy, SLUICE_ERROR_ALREADY_EXISTS,
                  "stream %u is open already; close it before it opens again",
                  stream_id);
  }
  const RequestSignals said = {.rfc7540 = Read(rfc7540),
                               .rfc9218 = Read(rfc9218)};
  const StatusCode code = host->CheckOpen(stream_id, said);
  if (code != StatusCode::kOk) return Result(policy, code);
  StreamRecord* record = &policy->connection->streams.Insert(stream_id);
  return Result(policy, host->Open(stream_id, record, said));
}

int sluice_priority_7540(sluice_policy* policy, uint32_t stream_id,
                         const sluice_rfc7540* rfc7540) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  if (rfc7540 == nullptr) return NullArgument(policy, "rfc7540");
  if (const int code = CheckNews(policy, stream_id, rfc7540, nullptr)) {
    return code;
  }
  return Result(policy,
                policy->host()->SetRfc7540(stream_id, policy->Find(stream_id),
                                           *Read(rfc7540)));
}

int sluice_priority_9218(sluice_policy* policy, uint32_t stream_id,
                         const sluice_rfc9218* rfc9218) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  if (rfc9218 == nullptr) return NullArgument(policy, "rfc9218");
  if (const int code = CheckNews(policy, stream_id, nullptr, rfc9218)) {
    return code;
  }
  return Result(policy,
                policy->host()->SetRfc9218(stream_id, policy->Find(stream_id),
                                           *Read(rfc9218)));
}

int sluice_no_rfc7540_priorities(sluice_policy* policy) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  policy->host()->OnNoRfc7540Priorities();
  return SLUICE_OK;
}

int sluice_announces_no_rfc7540_priorities(const sluice_policy* policy)
    SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  return policy->connection->host.AnnouncesNoRfc7540Priorities() ? 1 : 0;
}

int sluice_set_hints(sluice_policy* policy, uint32_t stream_id,
                     const sluice_hints* hints) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  if (hints == nullptr) return NullArgument(policy, "hints");
  const std::optional<ResourceHints> read = Read(*hints);
  if (!read.has_value()) {
    policy->host()->CountRefusal();
    return Refuse(policy, SLUICE_ERROR_INVALID_ARGUMENT,
                  "resource_class %d and flags 0x%x of stream %u are not 0 to "
                  "%d and bits of 0x%x",
                  hints->resource_class, hints->flags, stream_id,
                  SLUICE_CLASS_OTHER, kAllHints);
  }
  if (const int code = CheckNews(policy, stream_id, nullptr, nullptr)) {
    return code;
  }
  policy->connection->counts_lengths |= read->bytes_remaining.has_value();
  return Result(policy, policy->host()->SetHints(
                            stream_id, policy->Find(stream_id), *read));
}

int sluice_set_server_priority(sluice_policy* policy, uint32_t stream_id,
                               const sluice_rfc7540* rfc7540,
                               const sluice_rfc9218* rfc9218) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  if (const int code = CheckNews(policy, stream_id, rfc7540, rfc9218)) {
    return code;
  }
  std::optional<ServerPriority> server;
  if (rfc7540 != nullptr || rfc9218 != nullptr) {
    server = ServerPriority{.rfc7540 = Read(rfc7540), .rfc9218 = Read(rfc9218)};
  }
  return Result(policy, policy->host()->SetServerPriority(
                            stream_id, policy->Find(stream_id), server));
}

int sluice_ready(sluice_policy* policy, uint32_t stream_id) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  return Result(policy,
                policy->host()->SetReady(stream_id, policy->Find(stream_id)));
}

int sluice_blocked(sluice_policy* policy, uint32_t stream_id) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  return Result(policy,
                policy->host()->SetBlocked(stream_id, policy->Find(stream_id)));
}

int sluice_close(sluice_policy* policy, uint32_t stream_id) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  StreamRecord* record = policy->Find(stream_id);
  const StatusCode code = policy->host()->Close(stream_id, record);
  if (record != nullptr) policy->Erase(stream_id);
  return Result(policy, code);
}

int sluice_pick(sluice_policy* policy, sluice_grant* grant) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  if (grant == nullptr) return NullArgument(policy, "grant");
  if (const Grant* last = policy->host()->grant()) {
    return StillGranted(policy, *last);
  }
  const Grant* picked = policy->host()->Pick();
  if (picked == nullptr) return SLUICE_NOTHING_READY;
  Write(*picked, grant);
  return SLUICE_OK;
}

int sluice_charge(sluice_policy* policy, uint32_t stream_id,
                  size_t bytes) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  // The record is for a length that is counted down.
  StreamRecord* record =
      policy->connection->counts_lengths ? policy->Find(stream_id) : nullptr;
  return Result(policy, policy->host()->Charge(stream_id, record, bytes));
}

int sluice_set_trace(sluice_policy* policy, sluice_trace_callback callback,
                     void* user) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  if (callback == nullptr) {
    policy->host()->SetObserver(nullptr);
    return SLUICE_OK;
  }
  policy->host()->SetObserver(
      [callback, user](const PolicyHost::Decision& decision) {
        sluice_decision told = {};
        told.number = decision.number;
        Write(decision.grant, &told.grant);
        told.bytes = decision.bytes;
        callback(user, &told);
      });
  return SLUICE_OK;
}

int sluice_advance_time(sluice_policy* policy,
                        uint64_t nanoseconds) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  const uint64_t most = std::numeric_limits<int64_t>::max();
  policy->host()->AdvanceTime(
      absl::Nanoseconds(static_cast<int64_t>(std::min(nanoseconds, most))));
  return SLUICE_OK;
}

int sluice_get_stats(const sluice_policy* policy,
                     sluice_stats* stats) SLUICE_NOEXCEPT {
  if (policy == nullptr) return NoPolicy();
  if (stats == nullptr) return NullArgument(policy, "stats");
  const PolicyHost::Stats from = policy->connection->host.stats();
  stats->picks = from.picks;
  stats->empty_picks = from.empty_picks;
  stats->empty_grants = from.empty_grants;
  stats->bytes = from.bytes;
  stats->opened = from.opened;
  stats->closed = from.closed;
  stats->refused = from.refused;
  stats->open_streams = from.open_streams;
  stats->ready_streams = from.ready_streams;
  return SLUICE_OK;
}

}  // extern "C"
