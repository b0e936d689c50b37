#include "actors/quarantine.hpp"

#include "actors/config_keeper.hpp"
#include "actors/log/render.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>
#include <xxhash.h>

namespace troupe::actors {

namespace {

using nlohmann::json;
using std::chrono::system_clock;

constexpr auto extension = ".json";

std::optional<std::vector<std::uint8_t>> from_hex(const std::string& text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::vector<std::uint8_t> bytes;
  if (text.size() % 2 != 0)
    return std::nullopt;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = digits.find(text[i]);
    const auto low = digits.find(text[i + 1]);
    if (high == digits.npos || low == digits.npos)
      return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high << 4U | low));
  }
  return bytes;
}

std::string text_of(const quarantined_update& u) {
  const json v{{"hash", u.hash},
               {"time", log::render_time(u.at)},
               {"time_ns", u.at.time_since_epoch().count()},
               {"router", u.router},
               {"neighbor", u.neighbor},
               {"peer", u.peer},
               {"reason", u.reason},
               {"session_reset", u.reset},
               {"version", u.version},
               {"bytes", to_hex(u.bytes)}};
  return v.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

/// Nothing where the file is none of ours.
std::optional<quarantined_update> read(const std::filesystem::path& path) {
  std::ifstream in{path};
  const auto v = json::parse(in, nullptr, false);
  if (!v.is_object())
    return std::nullopt;
  try {
    auto bytes = from_hex(v.at("bytes").get<std::string>());
    if (!bytes)
      return std::nullopt;
    quarantined_update u;
    u.hash = quarantine::hash_of(*bytes); // whatever the file says
    u.at = system_clock::time_point{
        system_clock::duration{v.at("time_ns").get<std::int64_t>()}};
    u.router = v.at("router").get<std::string>();
    u.neighbor = v.at("neighbor").get<std::string>();
    u.peer = v.at("peer").get<std::string>();
    u.reason = v.at("reason").get<std::string>();
    u.reset = v.at("session_reset").get<bool>();
    u.version = v.at("version").get<std::string>();
    u.seen = 0;
    u.bytes = *std::move(bytes);
    return u;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

} // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto b : bytes) {
    text += digits[b >> 4U];
    text += digits[b & 15U];
  }
  return text;
}

quarantine::quarantine(std::string directory, std::string version)
    : directory_(std::move(directory)), version_(std::move(version)) {
  load();
}

std::string quarantine::hash_of(std::span<const std::uint8_t> message) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx",
                static_cast<unsigned long long>(
                    XXH3_64bits(message.data(), message.size())));
  return text.data();
}

void quarantine::load() {
  std::error_code failed;
  if (directory_.empty())
    return;
  for (const auto& file :
       std::filesystem::directory_iterator{directory_, failed})
    if (file.path().extension() == extension)
      if (auto update = read(file.path()))
        updates_.push_back(*std::move(update));
  std::ranges::sort(updates_, {}, &quarantined_update::at);
  while (updates_.size() > kept)
    updates_.pop_front();
  any_ = !updates_.empty();
}

std::string quarantine::path_of(const quarantined_update& u) const {
  return directory_ + '/' + u.hash + extension;
}

std::optional<std::string>
quarantine::known(std::span<const std::uint8_t> message) {
  if (!any())
    return std::nullopt;
  const auto hash = hash_of(message);
  const std::lock_guard lock{mutex_};
  const auto found = std::ranges::find_if(updates_, [&](const auto& each) {
    return each.hash == hash && each.version == version_;
  });
  if (found == updates_.end())
    return std::nullopt;
  ++found->seen;
  return found->reason;
}

std::optional<std::string> quarantine::add(quarantined_update update) {
  update.hash = hash_of(update.bytes);
  update.version = version_;
  const std::lock_guard lock{mutex_};
  std::erase_if(updates_,
                [&](const auto& each) { return each.hash == update.hash; });
  std::error_code ignored;
  if (updates_.size() == kept) {
    if (!directory_.empty())
      std::filesystem::remove(path_of(updates_.front()), ignored);
    updates_.pop_front();
  }
  updates_.push_back(std::move(update));
  any_ = true;
  return directory_.empty() ? std::nullopt
                            : write_atomically(path_of(updates_.back()),
                                               text_of(updates_.back()));
}

std::vector<quarantined_update> quarantine::list() const {
  const std::lock_guard lock{mutex_};
  return {updates_.begin(), updates_.end()};
}

void quarantine::clear() {
  const std::lock_guard lock{mutex_};
  std::error_code ignored;
  for (const auto& each : updates_)
    if (!directory_.empty())
      std::filesystem::remove(path_of(each), ignored);
  updates_.clear();
  any_ = false;
}

} // namespace troupe::actors
