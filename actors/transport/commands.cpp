#include "actors/transport/commands.hpp"

#include <cerrno>
#include <sys/eventfd.h>
#include <system_error>

namespace troupe::transport {

command_queue::command_queue()
    : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!wake_)
    throw std::system_error(errno, std::generic_category(), "eventfd");
}

bool command_queue::push(command::any c) {
  auto wake = false;
  {
    std::lock_guard lock(mutex_);
    commands_.push_back(std::move(c));
    wake = std::exchange(sleeping_, false);
  }
  // The counter cannot overflow: one write per sleep.
  if (wake)
    ::eventfd_write(wake_.get(), 1);
  return wake;
}

bool command_queue::prepare_sleep() {
  std::lock_guard lock(mutex_);
  sleeping_ = commands_.empty();
  return sleeping_;
}

void command_queue::awake() {
  std::lock_guard lock(mutex_);
  sleeping_ = false;
}

void command_queue::take(std::vector<command::any>& into) {
  std::lock_guard lock(mutex_);
  into.swap(commands_);
}

void command_queue::clear_wake() const {
  eventfd_t ignored = 0;
  // EAGAIN means that nobody had written, which is as good.
  static_cast<void>(::eventfd_read(wake_.get(), &ignored));
}

} // namespace troupe::transport
