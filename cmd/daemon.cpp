#include "cmd/daemon.hpp"

#include "actors/log/records.hpp"
#include "actors/node.hpp"
#include "actors/transport/reactor.hpp"
#include "admin/server.hpp"
#include "cmd/heap_keeper.hpp"
#include "cmd/run_marker.hpp"
#include "cmd/startup_pages.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <malloc.h>
#include <pthread.h>
#include <random>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace troupe::cmd {

using namespace std::chrono_literals;

namespace {

/// A handler that runs longer than this has hung: the node ends, so that
/// whoever started it can act (DESIGN §4).
constexpr auto watchdog_limit = 10s;
/// SIGTERM ends within 3 s whatever happens.
constexpr auto stop_limit = 2900ms;

struct system_config : caf::actor_system_config {
  explicit system_config(const config::threads_config& threads) {
    const std::size_t suitable =
        std::max(2U, std::thread::hardware_concurrency());
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads",
        threads.workers != 0 ? std::size_t{threads.workers} : suitable);
    // After each message others have their turn: one that carries many routes
    // takes a millisecond, and who asks for a status waits for several actors.
    set("scheduler.max-throughput", std::size_t{1});
  }
};

transport::reactor_options
reactor_options_of(const config::threads_config& threads) {
  transport::reactor_options options;
  options.threads =
      threads.sockets != 0
          ? threads.sockets
          : std::clamp(std::thread::hardware_concurrency() / 4, 1U, 4U);
  return options;
}

sigset_t watched_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGTERM, SIGINT, SIGHUP, SIGUSR2})
    sigaddset(&signals, each);
  return signals;
}

/// As many descriptors as we may have: a session is one.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

std::shared_ptr<log::sink> open_log() {
  auto opened =
      log::open_output({log::output::target::standard_error, {}, true});
  if (!opened.sink)
    std::cerr << "trouped: " << opened.error << '\n';
  return opened.sink;
}

log::record daemon_record(log::level level, std::string text) {
  log::record r;
  r.severity = level;
  r.message = std::move(text);
  r.unit = "trouped";
  r.module = "daemon";
  r.component = "daemon";
  return r;
}

void log_traced(log::logger& log, const actors::traced_message& m) {
  auto r = daemon_record(log::level::info, "traced: " + m.type);
  r.with("actor", m.actor)
      .with("took_us", m.took.count() / 1000)
      .with("cpu_us", m.cpu.count() / 1000)
      .with("waiting", m.waiting);
  log.write(r);
}

/// What the main thread watches while the actors work.
class main_loop {
public:
  main_loop(log::logger& log, const actors::actor_registry& registry)
      : log_(log), registry_(registry) {}

  /// The root supervisor ended; wakes the main thread.
  void node_ended(const std::string& reason) {
    {
      const std::lock_guard lock{mutex_};
      reason_ = reason;
    }
    ended_ = true;
    pthread_kill(main_, SIGUSR2);
  }

  int run(const actors::node_actor& node, bool silently) {
    const auto signals = watched_signals();
    std::chrono::steady_clock::time_point stop_at{};
    bool stopping = false;
    bool started = false;
    while (!ended_) {
      timespec pause{0, stopping ? 50'000'000 : 500'000'000};
      const int signal = sigtimedwait(&signals, nullptr, &pause);
      if (signal < 0 && !std::exchange(started, true))
        give_back_startup_pages();
      if (signal < 0 && heap_.is_due(mallinfo2().fordblks))
        malloc_trim(0);
      if (signal == SIGHUP)
        caf::anon_send(node, actors::reload_configuration{});
      if ((signal == SIGTERM || signal == SIGINT) && !stopping) {
        stopping = true;
        stop_at = std::chrono::steady_clock::now() + stop_limit;
        caf::anon_send(node, actors::stop_node{silently});
      }
      if (stopping && std::chrono::steady_clock::now() > stop_at)
        end_hard("the daemon did not stop in time", 1);
      watch();
    }
    const std::lock_guard lock{mutex_};
    if (stopping)
      return 0;
    log_.write(daemon_record(log::level::error, "the node ends: " + reason_));
    return 1;
  }

private:
  void watch() {
    for (const auto& hung : registry_.running_for_at_least(watchdog_limit))
      end_hard("actor " + hung.id + " has been handling " + hung.message_type
                   + " for more than 10 s",
               70);
  }
  [[noreturn]] void end_hard(const std::string& why, int status) {
    log_.write(daemon_record(log::level::error, why));
    log_.flush();
    _exit(status);
  }

  log::logger& log_;
  const actors::actor_registry& registry_;
  heap_keeper heap_;
  const pthread_t main_ = pthread_self();
  std::atomic<bool> ended_{false};
  std::mutex mutex_;
  std::string reason_;
};

std::uint64_t random_seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

} // namespace

namespace {

actors::node_arguments node_arguments_of(const daemon_options& options,
                                         actors::environment_ptr environment,
                                         log::logger& log) {
  actors::node_arguments arguments;
  arguments.cell = environment->registry->add("", actors::actor_kind::node,
                                              options.node_name);
  arguments.environment = std::move(environment);
  arguments.configuration_path = options.configuration_path;
  arguments.node_name = options.node_name;
  arguments.configuration = options.configuration;
  std::string error;
  arguments.persisted =
      actors::read_persisted(options.configuration->data_dir, error);
  if (!error.empty())
    log.write(daemon_record(log::level::warn, error));
  return arguments;
}

} // namespace

int run_daemon(const daemon_options& options) {
  // One arena: threads share few allocations, and arenas cost memory.
  mallopt(M_ARENA_MAX, 1);
  raise_descriptor_limit();
  const auto signals = watched_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  auto sink = open_log();
  if (!sink)
    return 1;
  log::logger log{sink};
  rib::attribute_pool pool;
  const auto registry = std::make_shared<actors::actor_registry>(
      [&log](const actors::traced_message& m) { log_traced(log, m); });
  int status = 0;
  {
    run_marker marker{options.configuration->data_dir};
    const auto& threads = options.configuration->threads;
    auto reactor =
        std::make_unique<transport::reactor>(reactor_options_of(threads));
    const auto environment =
        std::make_shared<const actors::environment>(actors::environment{
            *reactor, log, pool, registry, random_seed(), marker.found(),
            std::make_shared<actors::quarantine>(options.configuration->data_dir
                                                     + "/quarantine",
                                                 TROUPE_VERSION)});
    auto arguments = node_arguments_of(options, environment, log);
    main_loop loop{log, *registry};
    system_config config{threads};
    caf::actor_system system{config};
    admin::server server{system,
                         log,
                         registry,
                         environment->quarantine,
                         *options.configuration,
                         options.node_name};
    arguments.on_admin = [&server](const actors::admin_actor& handle) {
      server.set_admin(handle);
    };
    if (const auto error = server.start()) {
      log.write(daemon_record(log::level::error, *error));
      return 1;
    }
    auto node = system.spawn<actors::node>(std::move(arguments));
    node->attach_functor([&loop](const caf::error& reason) {
      loop.node_ended(actors::reason_text(reason));
    });
    const bool silently = options.configuration->on_sigterm
                          == config::sigterm_action::graceful_restart;
    status = loop.run(node, silently);
    if (status == 0 && !silently)
      marker.remove();
    server.stop();
    node = nullptr;
    // Its sinks hold actors, which must not outlive their system. What is to be
    // said to peers still goes out.
    reactor.reset();
    // Delayed messages hold their receivers; nothing waits for them.
    system.await_actors_before_shutdown(false);
  }
  log.flush();
  return status;
}

} // namespace troupe::cmd
