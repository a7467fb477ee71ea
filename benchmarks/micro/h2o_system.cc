#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include "benchmarks/micro/systems.h"

// The scheduler's header wants only this of h2o/memory.h, which is not C++.
#define h2o__memory_h
#define H2O_STRUCT_FROM_MEMBER(s, m, p) ((s*)((char*)(p)-offsetof(s, m)))
extern "C" {
#include <h2o/http2_scheduler.h>
}

namespace sluice::benchmarks {

struct H2oSystem::Impl {
  h2o_http2_scheduler_node_t root;
  // openrefs[n] is stream n + 1. Never moves.
  std::vector<h2o_http2_scheduler_openref_t> openrefs;
  uint32_t served = 0;

  h2o_http2_scheduler_node_t* NodeOf(uint32_t stream) {
    return stream == 0 ? &root : &openrefs[stream - 1].node;
  }
};

namespace {

struct Run {
  h2o_http2_scheduler_openref_t* served;
  int still_active;
};

int Serve(h2o_http2_scheduler_openref_t* ref, int* still_is_active,
          void* argument) {
  Run* run = static_cast<Run*>(argument);
  run->served = ref;
  *still_is_active = run->still_active;
  return 1;
}

}  // namespace

H2oSystem::H2oSystem(const Shape& shape, uint32_t spare)
    : impl_(std::make_unique<Impl>()) {
  std::memset(&impl_->root, 0, sizeof impl_->root);
  h2o_http2_scheduler_init(&impl_->root);
  impl_->openrefs.resize(shape.size() + spare);
  for (uint32_t i = 0; i < shape.size(); ++i) {
    h2o_http2_scheduler_open(&impl_->openrefs[i],
                             impl_->NodeOf(shape[i].parent),
                             static_cast<uint16_t>(shape[i].weight), 0);
    if (shape[i].ready) h2o_http2_scheduler_activate(&impl_->openrefs[i]);
  }
}

H2oSystem::~H2oSystem() {
  // Leaves first, so that closing moves nothing.
  for (size_t i = impl_->openrefs.size(); i > 0; --i) {
    if (h2o_http2_scheduler_is_open(&impl_->openrefs[i - 1])) {
      h2o_http2_scheduler_close(&impl_->openrefs[i - 1]);
    }
  }
  h2o_http2_scheduler_dispose(&impl_->root);
}

uint32_t H2oSystem::Decide(size_t) {
  Run run = {nullptr, 1};
  h2o_http2_scheduler_run(&impl_->root, Serve, &run);
  return static_cast<uint32_t>(run.served - impl_->openrefs.data()) + 1;
}

void H2oSystem::Toggle(uint32_t stream) {
  h2o_http2_scheduler_activate(&impl_->openrefs[stream - 1]);
  Run run = {nullptr, 0};
  h2o_http2_scheduler_run(&impl_->root, Serve, &run);
}

void H2oSystem::Move(uint32_t stream, uint32_t parent, int weight,
                     bool exclusive) {
  h2o_http2_scheduler_rebind(&impl_->openrefs[stream - 1],
                             impl_->NodeOf(parent),
                             static_cast<uint16_t>(weight), exclusive);
}

void H2oSystem::Open(uint32_t stream, uint32_t parent, int weight,
                     bool exclusive) {
  h2o_http2_scheduler_openref_t* ref = &impl_->openrefs[stream - 1];
  std::memset(ref, 0, sizeof *ref);
  h2o_http2_scheduler_open(ref, impl_->NodeOf(parent),
                           static_cast<uint16_t>(weight), exclusive);
  h2o_http2_scheduler_activate(ref);
}

void H2oSystem::Close(uint32_t stream) {
  h2o_http2_scheduler_close(&impl_->openrefs[stream - 1]);
}

}  // namespace sluice::benchmarks
