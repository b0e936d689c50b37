#include "admin/actor_views.hpp"
#include "admin/page_files.hpp"
#include "admin/server_parts.hpp"

#include <httplib.h>

#include <charconv>

namespace troupe::admin {

using namespace std::chrono_literals;

namespace {

/// Each of them holds a thread.
constexpr unsigned most_event_streams = 32;
constexpr std::size_t events_at_once = 64;
/// A stream without news says so, so that who has gone is noticed.
constexpr auto heartbeat = 15s;
/// How often a stream looks whether the daemon ends.
constexpr auto slice = 200ms;

/// Scripts and everything else come from the daemon alone, and no other page
/// may show this one in a frame.
constexpr auto page_policy =
    "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

/// The last number that a client has seen, as EventSource says it when it comes
/// back; nothing for a new one.
std::optional<std::uint64_t> last_seen(const httplib::Request& q) {
  const auto text = q.get_header_value("Last-Event-ID");
  std::uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto r = std::from_chars(text.data(), end, number);
  return !text.empty() && r.ec == std::errc{} && r.ptr == end
             ? std::optional{number}
             : std::nullopt;
}

/// One client's place in the stream of events.
struct event_stream {
  const actors::event_log& events;
  std::uint64_t seen;
  std::chrono::steady_clock::time_point spoke =
      std::chrono::steady_clock::now();

  /// Writes what there is; false when the client is gone.
  bool go_on(httplib::DataSink& sink) {
    if (!sink.is_writable())
      return false;
    const auto found = events.after(seen, events_at_once, slice);
    std::string text;
    for (const auto& each : found) {
      text += event_text(each);
      seen = each.number;
    }
    const auto now = std::chrono::steady_clock::now();
    if (text.empty() && now - spoke >= heartbeat)
      text = ":\n\n";
    if (text.empty())
      return true;
    spoke = now;
    return sink.write(text.data(), text.size());
  }
};

} // namespace

/// Server-sent events. A client that comes back is told what it missed, as far
/// as that is kept; a new one begins with now.
void server::implementation::get_events(const httplib::Request& q,
                                        httplib::Response& r) {
  if (event_streams.fetch_add(1) >= most_event_streams) {
    --event_streams;
    return refuse(q, r, 503, "too many event streams are open");
  }
  const auto& events = registry->events();
  const auto stream = std::make_shared<event_stream>(
      event_stream{events, last_seen(q).value_or(events.newest())});
  r.set_header("Cache-Control", "no-store");
  http_endpoint::answer_is_endless();
  r.set_chunked_content_provider(
      "text/event-stream",
      [stream, greeted = false](std::size_t, httplib::DataSink& sink) mutable {
        constexpr std::string_view hello = "retry: 2000\n\n";
        if (!std::exchange(greeted, true))
          return sink.write(hello.data(), hello.size());
        return stream->go_on(sink);
      },
      [this](bool) { --event_streams; });
}

void server::implementation::add_streams(http_endpoint& http) {
  http.Get("/v1/events", [this](const auto& q, auto& r) { get_events(q, r); });
  for (const auto& file : page_files())
    http.Get(std::string{file.path}, [file](const auto&, auto& r) {
      r.set_header("Content-Security-Policy", page_policy);
      r.set_header("Cache-Control", "no-cache");
      r.set_content(file.content.data(), file.content.size(),
                    std::string{file.type});
    });
}

} // namespace troupe::admin
