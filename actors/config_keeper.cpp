#include "actors/config_keeper.hpp"

#include "actors/log/records.hpp"
#include "config/load.hpp"
#include "config/print.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace troupe::actors {

namespace {

constexpr auto state_file = "state.json";
constexpr auto accepted_file = "accepted.json";

log::record keeper_record(log::level level, std::string text) {
  log::record r;
  r.severity = level;
  r.message = std::move(text);
  r.unit = "config_keeper";
  r.module = "daemon";
  return r;
}

std::string error_text() {
  return std::strerror(errno);
}

bool write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const auto n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

} // namespace

persisted_state read_persisted(const std::string& data_dir,
                               std::string& error) {
  persisted_state state;
  std::ifstream in{data_dir + '/' + state_file};
  if (!in)
    return state;
  const auto tree = nlohmann::json::parse(in, nullptr, false);
  if (tree.is_discarded() || !tree.is_object()) {
    error = data_dir + '/' + state_file + " is unreadable and was ignored";
    return state;
  }
  if (const auto list = tree.find("disabled");
      list != tree.end() && list->is_array())
    for (const auto& name : *list)
      if (name.is_string())
        state.disabled.insert(name.get<std::string>());
  return state;
}

std::optional<std::string> write_atomically(const std::string& path,
                                            const std::string& text) {
  std::error_code failed;
  const std::filesystem::path target{path};
  std::filesystem::create_directories(target.parent_path(), failed);
  if (failed)
    return "cannot make " + target.parent_path().string() + ": "
           + failed.message();
  const auto draft = path + ".new";
  // Keys may be in it: nobody else reads it.
  const int fd =
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return "cannot write " + draft + ": " + error_text();
  const bool written = write_all(fd, text) && ::fsync(fd) == 0;
  const auto why = error_text();
  ::close(fd);
  if (!written)
    return "cannot write " + draft + ": " + why;
  if (std::rename(draft.c_str(), path.c_str()) != 0)
    return "cannot replace " + path + ": " + error_text();
  const int folder =
      ::open(target.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder); // the new name itself must survive as well
    ::close(folder);
  }
  return std::nullopt;
}

config_keeper::config_keeper(caf::actor_config& config,
                             config_keeper_arguments arguments)
    : instrumented(config, arguments.cell), self_(std::move(arguments)) {}

config_keeper::behavior_type config_keeper::make_behavior() {
  if (const auto error = keep_configuration())
    log().write(keeper_record(log::level::warn,
                              "the configuration cannot be kept: " + *error));
  return {
      [this](const reload_configuration&) { return reload(); },
      [this](const persist_command& m) { return persist(m); },
      [this](const configuration_query&) {
        return configuration_reply{self_.configuration, generation_};
      },
  };
}

void config_keeper::on_exit() {
  self_.node = nullptr;
}

std::optional<std::string> config_keeper::keep_configuration() const {
  return write_atomically(self_.configuration->data_dir + '/' + accepted_file,
                          config::print(*self_.configuration));
}

command_result config_keeper::reload() {
  auto loaded = config::load_file(self_.path);
  std::string text;
  for (const auto& message : loaded.messages) {
    const bool fatal = message.level == config::severity::error;
    log().write(keeper_record(fatal ? log::level::error : log::level::warn,
                              to_string(message)));
    text += to_string(message) + '\n';
  }
  if (loaded.value && !self_.node_name.empty())
    loaded.value = config::for_node(*loaded.value, self_.node_name);
  if (!loaded.value) {
    log().write(
        keeper_record(log::level::error,
                      "the configuration has errors; the one in force stays"));
    return {false, false, text.empty() ? "no such node" : text};
  }
  const auto before = std::exchange(
      self_.configuration,
      std::make_shared<const config::configuration>(*std::move(loaded.value)));
  if (const auto error = keep_configuration()) {
    self_.configuration = before;
    log().write(keeper_record(log::level::error,
                              *error + "; the old configuration stays"));
    return {false, false, *error};
  }
  ++generation_;
  const auto changes = config::diff(*before, *self_.configuration);
  for (const auto& change : changes)
    log().write(keeper_record(log::level::info, to_string(change)));
  log().write(keeper_record(log::level::info,
                            "configuration generation "
                                + std::to_string(generation_) + " with "
                                + std::to_string(changes.size()) + " changes"));
  this->send(self_.node, apply_configuration{self_.configuration});
  return {true, false, std::to_string(changes.size()) + " changes"};
}

command_result config_keeper::persist(const persist_command& m) {
  auto state = self_.persisted;
  if (m.command.command.what == session_command::kind::disable)
    state.disabled.insert(m.command.name);
  else if (m.command.command.what == session_command::kind::enable)
    state.disabled.erase(m.command.name);
  nlohmann::json tree;
  tree["disabled"] = state.disabled;
  if (const auto error = write_atomically(
          self_.configuration->data_dir + '/' + state_file, tree.dump(1)))
    return {false, false, *error};
  self_.persisted = std::move(state);
  return {true, false, {}};
}

} // namespace troupe::actors
