#include "admin/connection_threads.hpp"

#include <utility>

namespace troupe::admin {

namespace {

thread_local bool refusing = false;

} // namespace

bool connection_threads::is_refusing() {
  return refusing;
}

void connection_threads::enqueue(std::function<void()> task) {
  const std::lock_guard lock{mutex_};
  join_ended();
  if (tasks_.size() >= most_) {
    refusing = true;
    task();
    refusing = false;
    return;
  }
  tasks_.push_back(std::move(task));
  if (idle_ >= tasks_.size() || workers_.size() >= most_) {
    changed_.notify_one();
    return;
  }
  auto& added = workers_.emplace_back();
  added.thread = std::thread{[this, &added] { work(added); }};
}

/// With the lock held: such a thread does nothing any more but end.
void connection_threads::join_ended() {
  std::erase_if(workers_, [](worker& each) {
    if (each.ended)
      each.thread.join();
    return each.ended;
  });
}

void connection_threads::work(worker& self) {
  std::unique_lock lock{mutex_};
  for (;;) {
    ++idle_;
    const bool woken = changed_.wait_for(
        lock, idle_time_, [this] { return stopping_ || !tasks_.empty(); });
    --idle_;
    if (!woken || tasks_.empty())
      break;
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
  self.ended = true;
  changed_.notify_all();
}

void connection_threads::shutdown() {
  std::unique_lock lock{mutex_};
  stopping_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] {
    join_ended();
    return workers_.empty();
  });
}

std::size_t connection_threads::size() const {
  const std::lock_guard lock{mutex_};
  return workers_.size();
}

} // namespace troupe::admin
