// Every order of events in a small cluster, and none in which two nodes own one
// unit.
#include "cluster/lease.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <tuple>
#include <variant>
#include <vector>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;

const unit the_unit{"main", *protocol::ip_address::parse("10.0.0.1")};

// A step of the time: clocks of nodes are as slow as they may be, and those of
// voters as fast, so a lease of one step is over for both in the same one.
constexpr auto node_step = 10ms;
constexpr auto voter_step = 11ms;
constexpr lease_times one_step{node_step};

constexpr int nodes = 2;

/// What a run may do, so that there is an end.
struct bounds {
  int voters = 3;
  int steps = 5;
  int restarts = 1; ///< of voters
  int crashes = 1;  ///< of nodes
  int wishes = 3;   ///< how often nodes begin to want the unit
  std::size_t flying = 2;
};

/// On its way to a voter, or back to a node.
struct letter {
  int node = 0;
  int voter = 0;
  std::variant<lease_request, lease_answer, lease_release> what;
  friend auto operator<=>(const letter&, const letter&) = default;
};

struct world {
  int step = 0;
  int restarts = 0;
  int crashes = 0;
  int wishes = 0;
  /// Who has owned the unit last, and by which token.
  std::string last_owner;
  token last_token = 0;
  std::vector<cluster::voter> votes;
  std::vector<bool> down;
  std::vector<holder> holders;
  std::vector<letter> flying; // sorted: their order does not matter

  milliseconds node_time() const { return step * node_step; }
  milliseconds voter_time() const { return step * voter_step; }
  friend auto operator<=>(const world&, const world&) = default;
};

std::string voter_name(int v) {
  return std::string{"v"} + std::to_string(v);
}

world first_world(int voters) {
  world w;
  std::set<std::string> names;
  w.down.resize(static_cast<std::size_t>(voters));
  for (int v = 0; v != voters; ++v) {
    names.insert(voter_name(v));
    // They have been up for long.
    w.votes.emplace_back(voter_name(v), one_step, grant_book{}, -1000ms);
  }
  for (int n = 0; n != nodes; ++n)
    w.holders.emplace_back(std::string{"n"} + std::to_string(n), one_step,
                           names, 0U);
  return w;
}

class explorer {
public:
  explicit explorer(bounds b) : bounds_(b) {}

  /// Whether no reachable world has two owners, and the token grows with each.
  bool explore(world first) {
    std::vector<world> todo{std::move(first)};
    while (!todo.empty()) {
      auto w = std::move(todo.back());
      todo.pop_back();
      if (!is_sound(w))
        return false;
      for_each_next(w, [&](world next) {
        std::ranges::sort(next.flying);
        if (seen_.insert(next).second)
          todo.push_back(std::move(next));
      });
    }
    return true;
  }
  std::size_t seen() const { return seen_.size(); }
  std::size_t owned() const { return owned_; }

private:
  using take = std::function<void(world)>;

  /// Notes who owns the unit now.
  bool is_sound(world& w) {
    int owners = 0;
    for (const auto& h : w.holders) {
      if (!h.holds(the_unit, w.node_time()))
        continue;
      ++owners;
      ++owned_;
      if (h.name() != w.last_owner && h.token() <= w.last_token)
        return false;
      w.last_owner = h.name();
      w.last_token = h.token();
    }
    return owners <= 1;
  }

  void for_each_next(const world& w, const take& next) {
    if (w.step < bounds_.steps) {
      auto later = w;
      ++later.step;
      for (auto& h : later.holders)
        h.lapsed(later.node_time());
      next(std::move(later));
    }
    for (int n = 0; n != nodes; ++n)
      what_a_node_does(w, n, next);
    for (int v = 0; v != bounds_.voters; ++v)
      what_befalls_a_voter(w, v, next);
    for (std::size_t i = 0; i != w.flying.size(); ++i)
      what_becomes_of(w, i, next);
  }

  void what_a_node_does(const world& w, int n, const take& next) {
    const auto index = static_cast<std::size_t>(n);
    const auto& h = w.holders[index];
    if (h.wanted().empty()) {
      if (w.wishes == bounds_.wishes)
        return;
      auto wants = w;
      ++wants.wishes;
      wants.holders[index].acquire({the_unit}, w.node_time());
      next(std::move(wants));
    } else {
      for (const int v : asked_by(n))
        post(w, {n, v, h.request(w.node_time())}, next);
      auto gives = w;
      const auto release = gives.holders[index].give_up({the_unit});
      next(gives); // its word is lost
      for (const int v : asked_by(n))
        post(gives, {n, v, release}, next);
    }
    for (int v = 0; v != bounds_.voters; ++v)
      if (w.down[static_cast<std::size_t>(v)]) {
        auto knows = w;
        knows.holders[index].note_absent(voter_name(v), w.node_time());
        next(std::move(knows));
      }
    if (w.crashes < bounds_.crashes) {
      auto anew = w;
      ++anew.crashes;
      anew.holders[index] = {std::string{"n"} + std::to_string(n), one_step,
                             names(), h.token()};
      next(std::move(anew));
    }
  }

  /// It goes, and comes back with what was on its disk.
  void what_befalls_a_voter(const world& w, int v, const take& next) {
    const auto index = static_cast<std::size_t>(v);
    auto other = w;
    if (w.down[index]) {
      other.down[index] = false;
      other.votes[index] = {voter_name(v), one_step, w.votes[index].book(),
                            w.voter_time()};
      next(std::move(other));
    } else if (w.restarts < bounds_.restarts) {
      ++other.restarts;
      other.down[index] = true;
      next(std::move(other));
    }
  }

  /// It is lost, or arrives, or does so twice.
  void what_becomes_of(const world& w, std::size_t i, const take& next) {
    auto lost = w;
    lost.flying.erase(lost.flying.begin() + static_cast<std::ptrdiff_t>(i));
    next(lost);
    arrive(std::move(lost), w.flying[i], next);
    arrive(w, w.flying[i], next);
  }

  void arrive(world w, const letter& l, const take& next) {
    const auto v = static_cast<std::size_t>(l.voter);
    auto& h = w.holders[static_cast<std::size_t>(l.node)];
    if (const auto* answer = std::get_if<lease_answer>(&l.what)) {
      h.handle(*answer);
      return next(std::move(w));
    }
    if (w.down[v])
      return;
    if (const auto* release = std::get_if<lease_release>(&l.what)) {
      w.votes[v].handle(*release);
      return next(std::move(w));
    }
    const auto answer =
        w.votes[v].handle(std::get<lease_request>(l.what), w.voter_time());
    if (!answer.granted.empty() || !answer.outdated.empty())
      post(w, {l.node, l.voter, answer}, next);
    next(std::move(w));
  }

  void post(const world& w, letter l, const take& next) {
    if (w.flying.size() == bounds_.flying
        || std::ranges::find(w.flying, l) != w.flying.end())
      return;
    auto more = w;
    more.flying.push_back(std::move(l));
    next(std::move(more));
  }

  std::set<std::string> names() const {
    std::set<std::string> all;
    for (int v = 0; v != bounds_.voters; ++v)
      all.insert(voter_name(v));
    return all;
  }
  /// Two owners would need two majorities: of three voters, two of two that
  /// have one in common. Whom a node asks beyond its own does not help it.
  std::vector<int> asked_by(int n) const {
    if (bounds_.voters == 3)
      return {n, n + 1};
    std::vector<int> all;
    for (int v = 0; v != bounds_.voters; ++v)
      all.push_back(v);
    return all;
  }

  bounds bounds_;
  std::set<world> seen_;
  std::size_t owned_ = 0;
};

void explore(const bounds& b) {
  explorer e{b};
  EXPECT_TRUE(e.explore(first_world(b.voters)));
  // It got somewhere: there are many ways to own the unit.
  EXPECT_GT(e.seen(), 20'000U);
  EXPECT_GT(e.owned(), 500U);
}

TEST(LeaseExploration, MessagesThatComeLateTwiceOrNever) {
  explore({.voters = 1,
           .steps = 1,
           .restarts = 0,
           .crashes = 0,
           .wishes = 3,
           .flying = 2});
}

TEST(LeaseExploration, AVoterThatForgets) {
  explore({.voters = 1,
           .steps = 3,
           .restarts = 1,
           .crashes = 0,
           .wishes = 2,
           .flying = 1});
}

TEST(LeaseExploration, ANodeThatForgets) {
  explore({.voters = 1,
           .steps = 2,
           .restarts = 0,
           .crashes = 1,
           .wishes = 3,
           .flying = 1});
}

TEST(LeaseExploration, MajoritiesWithOneVoterInCommon) {
  explore({.voters = 3,
           .steps = 2,
           .restarts = 0,
           .crashes = 0,
           .wishes = 2,
           .flying = 1});
}

} // namespace
} // namespace troupe::cluster
