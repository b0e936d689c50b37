#include "actors/log/logger.hpp"

#include <array>
#include <unistd.h>
#include <utility>

namespace troupe::log {

namespace {

origin this_process(origin from) {
  if (from.hostname.empty()) {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) == 0)
      from.hostname = name.data();
  }
  if (from.pid == 0)
    from.pid = getpid();
  return from;
}

} // namespace

std::optional<format> parse_format(std::string_view text) {
  if (text == "json")
    return format::json;
  if (text == "text")
    return format::text;
  return std::nullopt;
}

logger::logger(std::shared_ptr<sink> to, logger_options options)
    : sink_(std::move(to)), level_(options.level), format_(options.format),
      from_(this_process(std::move(options.from))),
      now_(std::move(options.now)) {
  if (!now_)
    now_ = [] { return std::chrono::system_clock::now(); };
}

void logger::write(const record& r) {
  if (!enabled(r.severity))
    return;
  auto line = line_format() == format::json ? render_json(r, from_, now_())
                                            : render_text(r, now_());
  sink_->write(r, line);
}

} // namespace troupe::log
