// The other way to share a connection among threads: one thread owns it, and
// the others send it letters.
//
// The connection needs no lock. The mailbox has one, for the time of a push or
// a swap. Letters run on the owner's thread, in the order of Post(), and may
// use everything there.
#ifndef SLUICE_EXAMPLES_THREADS_MAILBOX_SESSION_H_
#define SLUICE_EXAMPLES_THREADS_MAILBOX_SESSION_H_

#include <sluice/h2/connection.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sluice::examples {

class MailboxSession {
 public:
  using Letter =
      std::function<void(h2::Connection&, scheduler::DataScheduler&)>;
  // Called on the owner's thread with bytes for the socket, never empty.
  using Writer = std::function<void(std::string)>;

  MailboxSession(std::unique_ptr<scheduler::Policy> policy, Writer writer);

  // Runs the letters that were posted, then ends the thread.
  ~MailboxSession();

  MailboxSession(const MailboxSession&) = delete;
  MailboxSession& operator=(const MailboxSession&) = delete;

  // From any thread, the owner's included.
  void Post(Letter letter);

 private:
  void Run();

  const Writer writer_;
  std::mutex mutex_;
  std::condition_variable mail_;
  std::vector<Letter> letters_;  // guarded by mutex_
  bool stopping_ = false;        // guarded by mutex_

  h2::Connection connection_;           // the owner's
  scheduler::DataScheduler scheduler_;  // the owner's
  std::thread owner_;                   // the last member: it uses the others
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_THREADS_MAILBOX_SESSION_H_
