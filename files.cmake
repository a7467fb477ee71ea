# What the BUILD files list, for CMakeLists.txt. Bazel writes this file:
#
#   ./bazelw build //tests/install:cmake_files
#   cp bazel-bin/tests/install/cmake_files.cmake files.cmake

set(SLUICE_BOTH_SOURCES
  priority/internal/share_tree.cc
  priority/internal/share_tree_turns.cc
  priority/internal/sibling_queue.cc
  priority/priority_tree.cc
  scheduler/class_tree_policy.cc
  scheduler/policies/auto.cc
  scheduler/policies/dfifo.cc
  scheduler/policies/fifo.cc
  scheduler/policies/firefox.cc
  scheduler/policies/lifo.cc
  scheduler/policies/parallel_plus.cc
  scheduler/policies/pmeenan.cc
  scheduler/policies/rfc7540.cc
  scheduler/policies/rfc9218.cc
  scheduler/policies/rr.cc
  scheduler/policies/serial_plus.cc
  scheduler/policies/server_driven.cc
  scheduler/policies/spdyrr.cc
  scheduler/policies/srpt.cc
  scheduler/policies/urgency.cc
  scheduler/policies/wrr.cc
  scheduler/policies/zero_weight.cc
  scheduler/ranked_policy.cc
  scheduler/ready_queue.cc
  scheduler/register_policy.cc
  scheduler/registry.cc
  scheduler/stream_book.cc
  scheduler/translation.cc
  scheduler/two_policies.cc
  signals/faults.cc
  signals/rfc9218_priority.cc
  trace/json_lines.cc
  trace/record.cc
  trace/replay.cc
  trace/trace_files.cc
)

set(SLUICE_SOURCES
  h2/budgets.cc
  h2/byte_queue.cc
  h2/connection.cc
  h2/connection_send.cc
  h2/core.cc
  h2/errors.cc
  h2/flow_control.cc
  h2/frame.cc
  h2/frame_encoder.cc
  h2/header_memory.cc
  h2/header_rules.cc
  h2/hpack.cc
  h2/hpack_encoder.cc
  h2/hpack_memory.cc
  h2/message_receiver.cc
  h2/named_field.cc
  h2/outbound_fields.cc
  h2/output_buffer.cc
  h2/receiver.cc
  h2/repeated_fields.cc
  h2/settings.cc
  h2/stream_state.cc
  h2/stream_table.cc
  scheduler/bodies.cc
  scheduler/data_scheduler.cc
  scheduler/data_scheduler_message.cc
  scheduler/data_scheduler_pull.cc
  scheduler/file_body.cc
  scheduler/small_frames.cc
  signals/version.cc
)

set(SLUICE_C_SOURCES
  adapters/c/caller_memory.cc
  adapters/c/sluice.cc
  adapters/policy_host.cc
)

set(SLUICE_NGHTTP2_SOURCES
  adapters/nghttp2/priority_adapter.cc
  adapters/nghttp2/priority_frame_reader.cc
  adapters/policy_host.cc
)

set(SLUICE_PYTHON_SOURCES
  adapters/python/module.cc
  adapters/python/stream.cc
  adapters/python/tree.cc
)

set(SLUICE_HEADERS
  h2/connection.h
  h2/errors.h
  h2/events.h
  h2/header_span.h
  h2/options.h
  h2/types.h
  priority/internal/calendar.h
  priority/internal/share_tree.h
  priority/internal/sibling_queue.h
  priority/internal/tree_node.h
  priority/priority_tree.h
  priority/resource_allocator.h
  scheduler/bodies.h
  scheduler/class_tree_policy.h
  scheduler/data_scheduler.h
  scheduler/file_body.h
  scheduler/linked_list.h
  scheduler/policy.h
  scheduler/ranked_policy.h
  scheduler/ready_queue.h
  scheduler/register_policy.h
  scheduler/registry.h
  scheduler/stream_book.h
  scheduler/stream_info.h
  scheduler/stream_map.h
  scheduler/trace.h
  scheduler/translation.h
  scheduler/two_policies.h
  signals/faults.h
  signals/id_map.h
  signals/path_level.h
  signals/rfc7540_priority.h
  signals/rfc9218_priority.h
  signals/signal_source.h
  signals/stream_id.h
  signals/stream_map.h
  signals/version.h
  signals/views.h
  trace/json_lines.h
  trace/record.h
  trace/replay.h
  trace/trace_files.h
)

set(SLUICE_NGHTTP2_HEADERS
  adapters/nghttp2/priority_adapter.h
  adapters/nghttp2/priority_frame_reader.h
  adapters/policy_host.h
)

set(SLUICE_ABSL
  absl_algorithm_container
  absl_bits
  absl_btree
  absl_config
  absl_cord
  absl_core_headers
  absl_fixed_array
  absl_flat_hash_map
  absl_flat_hash_set
  absl_hash
  absl_inlined_vector
  absl_node_hash_map
  absl_span
  absl_status
  absl_statusor
  absl_str_format
  absl_strings
  absl_time
)

set(SLUICE_C_ABSL
  absl_bits
  absl_btree
  absl_config
  absl_core_headers
  absl_flat_hash_map
  absl_flat_hash_set
  absl_hash
  absl_node_hash_map
  absl_span
  absl_status
  absl_statusor
  absl_str_format
  absl_strings
  absl_time
)

set_source_files_properties(adapters/python/module.cc
  PROPERTIES COMPILE_OPTIONS "-O3;-fvisibility=hidden")

set_source_files_properties(adapters/python/stream.cc
  PROPERTIES COMPILE_OPTIONS "-O3;-fvisibility=hidden")

set_source_files_properties(adapters/python/tree.cc
  PROPERTIES COMPILE_OPTIONS "-O3;-fvisibility=hidden")

set_source_files_properties(priority/internal/share_tree.cc
  PROPERTIES COMPILE_OPTIONS "-fno-tree-slp-vectorize")

set_source_files_properties(priority/internal/share_tree_turns.cc
  PROPERTIES COMPILE_OPTIONS "-fno-tree-slp-vectorize")

set_source_files_properties(priority/internal/sibling_queue.cc
  PROPERTIES COMPILE_OPTIONS "-fno-tree-slp-vectorize")

set_source_files_properties(priority/priority_tree.cc
  PROPERTIES COMPILE_OPTIONS "-fno-tree-slp-vectorize")

set(SLUICE_TEST_SOURCES
  tests/adapters/c/abi_test.c
  tests/adapters/c/allocator_test.c
  tests/adapters/c/misuse_test.c
  tests/adapters/nghttp2/priority_adapter_test.cc
  tests/h2/frame_test.cc
  tests/h2/lifecycle_test.cc
  tests/h2/pair_test.cc
  tests/priority/priority_tree_test.cc
  tests/scheduler/data_scheduler_signals_test.cc
  tests/scheduler/registry_test.cc
  tests/scheduler/stream_book_test.cc
)

set(SLUICE_TEST_SUPPORT_SOURCES
  tests/h2/driver.cc
  tests/h2/event_text.cc
  tests/h2/frame_builder.cc
  tests/h2/frame_text.cc
  tests/h2/header_codec.cc
  tests/h2/kept_events.cc
  tests/priority/tree_inspector.cc
  tests/scheduler/session.cc
)
