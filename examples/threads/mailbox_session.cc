#include "examples/threads/mailbox_session.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/scheduler/policy.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::examples {
namespace {

constexpr size_t kMaxPull = 65536;

}  // namespace

MailboxSession::MailboxSession(std::unique_ptr<scheduler::Policy> policy,
                               Writer writer)
    : writer_(std::move(writer)),
      connection_({.side = h2::Side::kServer}),
      scheduler_(&connection_, std::move(policy)),
      owner_([this] { Run(); }) {}

MailboxSession::~MailboxSession() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  mail_.notify_one();
  owner_.join();
}

void MailboxSession::Post(Letter letter) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    letters_.push_back(std::move(letter));
  }
  mail_.notify_one();
}

void MailboxSession::Run() {
  connection_.InitiateConnection().IgnoreError();
  std::vector<Letter> letters;
  bool stopping = false;
  while (!stopping) {
    for (Letter& letter : letters) letter(connection_, scheduler_);
    letters.clear();
    // A server with a socket pulls when the socket can take bytes. This writer
    // always can.
    do {
      scheduler_.Pull(kMaxPull);
      std::string output = connection_.DataToSend();
      if (output.empty()) break;
      writer_(std::move(output));
    } while (scheduler_.HasReady());

    std::unique_lock<std::mutex> lock(mutex_);
    mail_.wait(lock, [this] { return stopping_ || !letters_.empty(); });
    letters.swap(letters_);
    stopping = stopping_ && letters.empty();
  }
}

}  // namespace sluice::examples
