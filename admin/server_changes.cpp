#include "admin/server_parts.hpp"

#include <httplib.h>
#include <nlohmann/json.hpp>

namespace troupe::admin {

using nlohmann::json;

namespace {

constexpr std::uint64_t default_trace_seconds = 60;
constexpr std::uint64_t most_trace_seconds = 3600;
constexpr std::uint64_t most_stall_ms = 3600000;

/// An object, empty where nothing was sent; nothing for anything else.
std::optional<json> body_of(const httplib::Request& q) {
  if (q.body.empty())
    return json::object();
  auto body = json::parse(q.body, nullptr, false);
  return body.is_object() ? std::optional{std::move(body)} : std::nullopt;
}

} // namespace

void server::implementation::finish(const actors::command_result& done,
                                    const httplib::Request& q,
                                    httplib::Response& r) {
  if (done.ok)
    return confirm(q, r);
  refuse(q, r, done.not_found ? 404 : 500, done.message);
}

void server::implementation::change_neighbor(const httplib::Request& q,
                                             httplib::Response& r) {
  using kind = actors::session_command::kind;
  const auto verb = q.matches[2].str();
  actors::neighbor_command command;
  command.name = q.matches[1].str();
  command.command.what = verb == "enable"    ? kind::enable
                         : verb == "disable" ? kind::disable
                         : verb == "reset"   ? kind::reset
                                             : kind::refresh;
  const auto body = body_of(q);
  if (!body)
    return refuse(q, r, 400, "the body must be a JSON object, or nothing");
  if (const auto message = body->find("message"); message != body->end()) {
    if (!message->is_string())
      return refuse(q, r, 400, "message must be a text");
    command.command.text = message->get<std::string>();
  }
  const auto done = ask<actors::command_result>(command);
  if (!done)
    return busy(q, r);
  finish(*done, q, r);
}

void server::implementation::restart_actor(const httplib::Request& q,
                                           httplib::Response& r) {
  const auto done =
      ask<actors::command_result>(actors::restart_actor{q.matches[1].str()});
  if (!done)
    return busy(q, r);
  finish(*done, q, r);
}

/// What is in it is tried again when it comes.
void server::implementation::clear_quarantine(const httplib::Request& q,
                                              httplib::Response& r) {
  quarantine->clear();
  confirm(q, r);
}

/// Its messages go to the log for a limited time; 0 ends that.
void server::implementation::trace_actor(const httplib::Request& q,
                                         httplib::Response& r) {
  const auto cell = registry->find(q.matches[1].str());
  if (!cell)
    return refuse(q, r, 404, "there is no actor " + q.matches[1].str());
  const auto body = body_of(q);
  if (!body)
    return refuse(q, r, 400, "the body must be a JSON object, or nothing");
  std::uint64_t seconds = default_trace_seconds;
  if (const auto said = body->find("seconds"); said != body->end()) {
    if (!said->is_number_unsigned()
        || said->get<std::uint64_t>() > most_trace_seconds)
      return refuse(q, r, 400, "seconds must be a number, 0 to 3600");
    seconds = said->get<std::uint64_t>();
  }
  cell->trace_for(std::chrono::seconds{seconds});
  confirm(q, r);
}

void server::implementation::arm_fault(const httplib::Request& q,
                                       httplib::Response& r) {
  if (!fault_injection)
    return refuse(q, r, 403, "fault_injection is switched off");
  const auto cell = registry->find(q.matches[1].str());
  if (!cell)
    return refuse(q, r, 404, "there is no actor " + q.matches[1].str());
  const auto body = json::parse(q.body, nullptr, false);
  if (!body.is_object())
    return refuse(q, r, 400, "the body must be a JSON object");
  const auto name = body.find("kind");
  std::optional<actors::fault::kind_type> kind;
  if (name != body.end() && name->is_string())
    kind = actors::parse_fault_kind(name->get<std::string>());
  const auto after = body.find("after_messages");
  if (!kind)
    return refuse(q, r, 400, "kind must be throw, stall, drop, poison or jam");
  if (after != body.end() && !after->is_number_unsigned())
    return refuse(q, r, 400, "after_messages must be a number");
  const auto stall = body.find("stall_ms");
  if (stall != body.end()
      && (!stall->is_number_unsigned()
          || stall->get<std::uint64_t>() > most_stall_ms))
    return refuse(q, r, 400, "stall_ms must be a number, 0 to 3600000");
  actors::fault fault;
  fault.kind = *kind;
  if (after != body.end())
    fault.after_messages = after->get<std::uint64_t>();
  if (stall != body.end())
    fault.stall_for = std::chrono::milliseconds{stall->get<std::uint64_t>()};
  cell->arm(fault);
  confirm(q, r);
}

void server::implementation::add_changes(http_endpoint& http, bool trusted) {
  const auto guarded = [this, trusted](auto member) {
    return [this, trusted, member](const httplib::Request& q,
                                   httplib::Response& r) {
      if (const auto why = access.refuses_change(q, trusted)) {
        if (why->status == 401) // RFC 6750 §3, and where to look
          r.set_header("WWW-Authenticate",
                       "Bearer realm=\"troupe\", token_file=\""
                           + access.token_file() + '"');
        return refuse(q, r, why->status, why->why);
      }
      (this->*member)(q, r);
    };
  };
  http.Post("/v1/neighbors/([^/]+)/(enable|disable|reset|refresh)",
            guarded(&implementation::change_neighbor));
  http.Post("/v1/actors/(.+)/restart", guarded(&implementation::restart_actor));
  http.Post("/v1/quarantine/clear", guarded(&implementation::clear_quarantine));
  http.Post("/v1/actors/(.+)/trace", guarded(&implementation::trace_actor));
  http.Post("/v1/actors/(.+)/fault", guarded(&implementation::arm_fault));
}

} // namespace troupe::admin
