// A BGP speaker for tests: plays routes into a daemon, and shows what a daemon
// tells. Commands come on standard input, events go to standard output as JSON
// lines; docs/interop.md describes both.

#include "tests/interop/replay/routes.hpp"
#include "tests/interop/replay/speaker.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
#include <poll.h>
#include <sstream>
#include <unistd.h>

namespace {

using namespace troupe;
using replay::speaker;
using json = nlohmann::json;

void tell(const json& event) {
  std::cout << event.dump() << std::endl;
}

struct settings {
  std::string local;
  std::string peer;
  std::string id = "10.0.0.1";
  std::string mrt;
  std::size_t ipv4 = 0;
  std::size_t ipv6 = 0;
  std::string next_hop = "10.0.0.1";
  std::string next_hop_v6 = "3fff:ffff::1";
  unsigned hold = 90;
  replay::speaker_options speaker;
};

template <class Value>
Value required(std::optional<Value> parsed, const std::string& text) {
  if (!parsed)
    throw std::runtime_error{"not an address: " + text};
  return *parsed;
}

/// Fills `out`; a value other than -1 is the exit code.
int parse(int argc, char** argv, settings& out) {
  CLI::App app{"A BGP speaker that plays and collects routes"};
  app.add_option("--local", out.local, "ADDR:PORT of this end")->required();
  app.add_option("--peer", out.peer, "ADDR:PORT of the daemon")->required();
  app.add_option("--as", out.speaker.as, "Own AS number")->required();
  app.add_option("--router-id", out.id, "BGP identifier");
  app.add_flag("--listen", out.speaker.listen, "Wait for the daemon to call");
  app.add_option("--mrt", out.mrt, "Play the IPv4 routes of an MRT table");
  app.add_option("--ipv4", out.ipv4, "Play so many made-up IPv4 routes");
  app.add_option("--ipv6", out.ipv6, "Play so many made-up IPv6 routes");
  app.add_option("--next-hop", out.next_hop, "NEXT_HOP of the IPv4 routes");
  app.add_option("--next-hop-v6", out.next_hop_v6,
                 "Next hop of the IPv6 routes");
  app.add_option("--hold", out.hold, "Hold time in seconds");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  out.speaker.local = required(protocol::endpoint::parse(out.local), out.local);
  out.speaker.peer = required(protocol::endpoint::parse(out.peer), out.peer);
  out.speaker.id = protocol::router_id{
      required(protocol::ip_address::parse(out.id), out.id).v4_value()};
  out.speaker.hold_time = std::chrono::seconds{out.hold};
  return -1;
}

std::vector<replay::route_set> load(const settings& from) {
  const auto rewriting = [&](const std::string& next_hop) {
    return replay::rewriting{
        from.speaker.as,
        required(protocol::ip_address::parse(next_hop), next_hop)};
  };
  std::vector<replay::route_set> out;
  if (!from.mrt.empty())
    out.push_back(replay::load_mrt(from.mrt, rewriting(from.next_hop)));
  if (from.ipv4 > 0)
    out.push_back(replay::generate(protocol::ipv4_unicast, from.ipv4,
                                   rewriting(from.next_hop)));
  if (from.ipv6 > 0)
    out.push_back(replay::generate(protocol::ipv6_unicast, from.ipv6,
                                   rewriting(from.next_hop_v6)));
  for (const auto& set : out)
    tell({{"event", "loaded"},
          {"family", to_string(set.family)},
          {"prefixes", set.prefixes},
          {"attribute_sets", set.groups.size()},
          {"repeated", set.repeated},
          {"unreadable", set.unreadable}});
  return out;
}

/// Ties commands, session and routes together.
class application {
public:
  explicit application(const settings& from) {
    for (const auto& set : load(from)) {
      const auto add = [](auto& to, const auto& more) {
        to.insert(to.end(), more.begin(), more.end());
      };
      add(announcements_, replay::announcements(set));
      add(withdrawals_, replay::withdrawals(set));
    }
    speaker_.emplace(from.speaker,
                     replay::speaker_events{
                         [this] { established(); },
                         [](const std::string& reason) {
                           tell({{"event", "closed"}, {"reason", reason}});
                         }});
  }

  /// Until `quit` or the end of the commands.
  void run() {
    while (running_) {
      std::array<pollfd, 2> polled{
          pollfd{STDIN_FILENO, POLLIN, 0},
          pollfd{speaker_->descriptor(), speaker_->wanted_events(), 0}};
      if (::poll(polled.data(), polled.size(), 100) < 0)
        throw std::runtime_error{"poll failed"};
      const auto now = speaker::clock::now();
      if (polled[0].revents != 0)
        read_commands();
      // A command may have closed what was polled.
      if (speaker_->descriptor() == polled[1].fd)
        speaker_->handle(polled[1].revents, now);
      speaker_->tick(now);
      if (telling_ && speaker_->unsent() == 0) {
        telling_ = false;
        tell({{"event", "sent"}});
      }
    }
    speaker_->close(true);
  }

private:
  void established() {
    tell({{"event", "established"}});
    if (announcing_)
      play(announcements_);
  }

  void play(const std::vector<std::uint8_t>& messages) {
    if (!speaker_->is_established())
      return;
    telling_ = true;
    speaker_->send(messages);
  }

  void read_commands() {
    std::array<char, 4096> chunk{};
    const auto got = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (got <= 0) {
      running_ = false;
      return;
    }
    commands_.append(chunk.data(), static_cast<std::size_t>(got));
    for (auto end = commands_.find('\n'); end != std::string::npos;
         end = commands_.find('\n')) {
      const auto line = commands_.substr(0, end);
      commands_.erase(0, end + 1);
      obey(line);
    }
  }

  void obey(const std::string& line) {
    std::istringstream words{line};
    std::string verb;
    std::string argument;
    words >> verb >> argument;
    if (verb == "announce") {
      announcing_ = true;
      play(announcements_);
    } else if (verb == "withdraw") {
      announcing_ = false;
      play(withdrawals_);
    } else if (verb == "flap") {
      speaker_->close(false);
    } else if (verb == "down") {
      speaker_->close(true);
    } else if (verb == "up") {
      speaker_->open();
    } else if (verb == "count") {
      tell({{"event", "count"},
            {"established", speaker_->is_established()},
            {"ipv4", speaker_->received().size(protocol::ipv4_unicast)},
            {"ipv6", speaker_->received().size(protocol::ipv6_unicast)},
            {"ends_of_rib", speaker_->received().ends_of_rib()}});
    } else if (verb == "dump") {
      std::ofstream file{argument};
      speaker_->received().write(file);
      file.close();
      tell({{"event", "dumped"}, {"ok", !file.fail()}});
    } else if (verb == "quit") {
      running_ = false;
    } else {
      tell({{"event", "unknown command"}, {"command", verb}});
    }
  }

  std::vector<std::uint8_t> announcements_;
  std::vector<std::uint8_t> withdrawals_;
  std::optional<speaker> speaker_;
  std::string commands_;
  bool announcing_ = true;
  bool telling_ = false;
  bool running_ = true;
};

} // namespace

int main(int argc, char** argv) {
  try {
    settings from;
    if (const int code = parse(argc, argv, from); code >= 0)
      return code;
    application{from}.run();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "bgp_replay: " << error.what() << '\n';
    return 1;
  }
}
