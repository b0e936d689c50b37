#pragma once

#include "actors/actor_cell.hpp"
#include "actors/supervisor/reason.hpp"

#include <caf/actor_config.hpp>
#include <caf/atom.hpp>
#include <caf/execution_unit.hpp>
#include <caf/invoke_message_result.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::actors {

/// Thrown inside an actor by an armed fault.
struct injected_fault : std::runtime_error {
  injected_fault() : std::runtime_error("injected fault") {}
};

/// A key that is equal for messages of one type: the value of a leading atom,
/// else the type of the first element.
std::uint64_t message_type_key(const caf::type_erased_tuple& content);

/// The name that belongs to the key: the atom's text, else the name of the
/// first element's type without its namespace. `content` is the tuple.
std::string message_type_name(std::uint64_t key, const void* content);

/// The base class of all actors. It counts what the admin endpoint shows, turns
/// an exception into an end with a reason, and lets faults strike. It costs
/// less than half a microsecond a message.
///
/// An actor's members are destroyed with the last handle to it, not when it
/// ends; so an actor gives up its handles to others in `on_exit`, which must
/// not throw.
template <class TypedHandle>
class instrumented : public TypedHandle::base {
public:
  using super = typename TypedHandle::base;
  using behavior_type = typename TypedHandle::behavior_type;
  using super::consume;
  using super::enqueue;

  instrumented(caf::actor_config& config, std::shared_ptr<actor_cell> cell)
      : super(config), cell_(std::move(cell)),
        gauge_(cell_->begin_incarnation()) {
    this->set_exception_handler(
        [](std::exception_ptr& exception) { return failure(exception); });
    this->set_default_handler(
        [counted = cell_](caf::scheduled_actor*, caf::message_view&) {
          counted->count_unexpected();
          return caf::result<caf::message>{caf::sec::unexpected_message};
        });
  }

  ~instrumented() override {
    if (!gauge_->closed()) // a derived constructor threw
      cell_->end_incarnation(*gauge_, "could not be constructed");
  }

  /// Its kind.
  const char* name() const override { return to_string(cell_->kind()).data(); }

  void enqueue(caf::mailbox_element_ptr message,
               caf::execution_unit* unit) override {
    gauge_->count_in(steady_ns());
    super::enqueue(std::move(message), unit);
  }

  caf::invoke_message_result consume(caf::mailbox_element& message) override {
    auto& content = message.content();
    auto type = cell_->type_index(message_type_key(content), &message_type_name,
                                  &content);
    handler_guard guard{*this, type};
    // A fault that throws answers this request, not an older one.
    this->current_mailbox_element(&message);
    if (cell_->fault_armed() && strikes())
      return caf::invoke_message_result::dropped;
    auto result = super::consume(message);
    handled();
    guard.counted = result != caf::invoke_message_result::skipped;
    return result;
  }

  /// Runs `make_behavior`, under the watchdog's eyes.
  void initialize() override {
    auto type = cell_->type_index(
        initialize_key,
        [](std::uint64_t, const void*) { return std::string("initialize"); },
        nullptr);
    handler_guard guard{*this, type};
    guard.counted = false; // it is no message
    super::initialize();
  }

  bool cleanup(caf::error&& reason, caf::execution_unit* host) override {
    auto text = reason_text(reason);
    auto first = super::cleanup(std::move(reason), host);
    if (first)
      cell_->end_incarnation(*gauge_, text);
    return first;
  }

protected:
  /// Called after each message, within its measurement. Work that is to be done
  /// once for all that waits belongs here: do it when `is_dry`.
  virtual void handled() {}
  /// Whether no further message waits.
  bool is_dry() { return this->mailbox().empty(); }
  /// What others see of this actor.
  actor_cell& cell() { return *cell_; }
  const std::shared_ptr<actor_cell>& shared_cell() const { return cell_; }
  /// Shows a short state text, such as the FSM's state.
  void set_state(std::string_view text) { cell_->set_state(text); }

private:
  static constexpr auto initialize_key =
      static_cast<std::uint64_t>(caf::atom("initialize"));

  // Counts also when the handler throws.
  struct handler_guard {
    instrumented& self;
    std::uint32_t type;
    std::int64_t began = steady_ns();
    std::int64_t cpu_began = thread_cpu_ns();
    bool counted = true;

    handler_guard(instrumented& s, std::uint32_t t) : self(s), type(t) {
      self.cell_->begin_handler(type, began);
    }
    handler_guard(const handler_guard&) = delete;
    handler_guard& operator=(const handler_guard&) = delete;
    ~handler_guard() {
      self.cell_->end_handler(type, began, steady_ns(),
                              thread_cpu_ns() - cpu_began, counted);
      if (counted)
        self.gauge_->count_out();
    }
  };

  /// Lets an armed fault strike; true if the message is to be dropped.
  bool strikes() {
    auto now = cell_->next_fault();
    if (!now)
      return false;
    switch (now->kind) {
    case fault::kind_type::throw_exception:
      throw injected_fault();
    case fault::kind_type::stall:
      cell_->stall(now->stall_for);
      return false;
    case fault::kind_type::drop:
      return true;
    case fault::kind_type::poison:
    case fault::kind_type::jam:
      return false; // strikes in the midst of the work
    }
    return false;
  }

  std::shared_ptr<actor_cell> cell_;
  std::shared_ptr<mailbox_gauge> gauge_;
};

} // namespace troupe::actors
