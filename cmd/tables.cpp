#include "cmd/tables.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace troupe::cmd {

using nlohmann::json;

namespace {

std::uint64_t number(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number()
             ? found->get<std::uint64_t>()
             : 0;
}

std::uint64_t messages(const json& neighbor, const char* way) {
  if (!neighbor.contains("messages"))
    return 0;
  const auto& m = neighbor["messages"][way];
  return number(m, "opens") + number(m, "updates") + number(m, "notifications")
         + number(m, "keepalives") + number(m, "route_refreshes");
}

/// A link-local address goes with its link.
std::string address_of(const json& neighbor) {
  const auto address = cell(neighbor, "address");
  return address.starts_with("fe80:") && neighbor.contains("interface")
             ? address + '%' + cell(neighbor, "interface")
             : address;
}

/// Octets that wait to be written; "slow" where the peer does not read.
std::string queue_of(const json& neighbor) {
  const auto found = neighbor.find("output");
  if (found == neighbor.end())
    return "-";
  const auto queued = std::to_string(number(*found, "queued_bytes"));
  return found->value("slow", false) ? queued + " slow" : queued;
}

} // namespace

std::string cell(const json& value) {
  if (value.is_null())
    return "-";
  if (value.is_string())
    return value.get<std::string>().empty()
               ? "-"
               : printable(value.get<std::string>());
  return value.dump();
}

std::string cell(const json& object, const char* key) {
  return object.contains(key) ? cell(object.at(key)) : "-";
}

std::string fixed(double value, int digits) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

table::table(std::vector<std::string> headings) {
  for (auto& h : headings) {
    right_.push_back(h.starts_with('>'));
    if (right_.back())
      h.erase(0, 1);
  }
  rows_.push_back(std::move(headings));
}

void table::add(std::vector<std::string> cells) {
  cells.resize(right_.size());
  rows_.push_back(std::move(cells));
}

std::string table::text() const {
  std::vector<std::size_t> widths(right_.size(), 0);
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      line += right_[i] ? padding + row[i] : row[i] + padding;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

std::string printable(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      out += '?';
    else
      out += c;
  }
  return out;
}

std::string age(double seconds) {
  const auto s = static_cast<std::uint64_t>(std::max(0.0, seconds));
  std::array<char, 48> text{};
  if (s >= 86400)
    std::snprintf(text.data(), text.size(), "%llud%02lluh",
                  static_cast<unsigned long long>(s / 86400),
                  static_cast<unsigned long long>(s / 3600 % 24));
  else
    std::snprintf(text.data(), text.size(), "%02llu:%02llu:%02llu",
                  static_cast<unsigned long long>(s / 3600),
                  static_cast<unsigned long long>(s / 60 % 60),
                  static_cast<unsigned long long>(s % 60));
  return text.data();
}

std::string neighbors_table(const json& view) {
  table t{{"Router", "Neighbor", "Address", ">AS", ">MsgRcvd", ">MsgSent",
           ">OutQ", ">Up/Down", "State/PfxRcd", ">PfxAcc", ">PfxAdv",
           "Last error"}};
  for (const auto& n : view.at("neighbors")) {
    std::uint64_t received = 0, accepted = 0, advertised = 0;
    for (const auto& [family, counts] : n.at("families").items()) {
      received += number(counts, "received");
      accepted += number(counts, "accepted");
      advertised += number(counts, "advertised");
    }
    const auto state = cell(n, "state");
    const bool up = state == "Established";
    t.add({cell(n, "router"), cell(n, "name"), address_of(n),
           cell(n, "remote_asn"), std::to_string(messages(n, "received")),
           std::to_string(messages(n, "sent")), queue_of(n),
           up ? age(n.value("uptime_seconds", 0.0)) : "never",
           up ? std::to_string(received) : state,
           up ? std::to_string(accepted) : "-",
           up ? std::to_string(advertised) : "-", cell(n, "last_error")});
  }
  return t.text();
}

std::string field_lines(const json& object) {
  const auto flat = object.flatten();
  std::size_t width = 0;
  std::vector<std::pair<std::string, std::string>> lines;
  for (const auto& [path, value] : flat.items()) {
    auto name = path.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    width = std::max(width, name.size());
    lines.emplace_back(std::move(name), cell(value));
  }
  std::string out;
  for (const auto& [name, value] : lines) {
    out.append(name).append(width - name.size() + 2, ' ');
    out.append(value).push_back('\n');
  }
  return out;
}

std::string routes_legend() {
  return "Status: * valid, > best, r rejected, S stale; "
         "Origin: i IGP, e EGP, ? incomplete\n";
}

std::string routes_table(const json& view) {
  table t{{"", "Network", "Next Hop", ">MED", ">LocPrf", "Path", "Neighbor"}};
  for (const auto& r : view.at("routes")) {
    std::string status = r.value("rejected", false) ? "r" : "*";
    status += r.value("best", false) ? '>' : ' ';
    if (r.value("stale", false))
      status += 'S';
    const auto origin = cell(r, "origin");
    const char code = origin == "igp" ? 'i' : origin == "egp" ? 'e' : '?';
    auto path = cell(r, "as_path_text");
    if (path == "-")
      path.clear();
    else
      path += ' ';
    path += code;
    t.add({status, cell(r, "prefix"), cell(r, "next_hop"), cell(r, "med"),
           cell(r, "local_pref"), path, cell(r, "neighbor")});
  }
  return t.text();
}

std::string rib_table(const json& view) {
  table t{{"Router", "Family", ">Prefixes", ">Paths", "Digest"}};
  for (const auto& router : view.at("routers"))
    for (const auto& [family, f] : router.at("families").items())
      t.add({cell(router, "name"), family, cell(f, "prefixes"),
             cell(f, "paths"), cell(f, "digest")});
  return t.text();
}

std::string memory_table(const json& view) {
  table t{{"What", ">Count", ">KiB", ">Bytes each"}};
  const auto row = [&t](const std::string& what, std::uint64_t count,
                        std::uint64_t octets) {
    const bool counted = count != 0;
    t.add({what, counted ? std::to_string(count) : "-",
           fixed(static_cast<double>(octets) / 1024, 0),
           counted ? fixed(
               static_cast<double>(octets) / static_cast<double>(count), 1)
                   : "-"});
  };
  row("program", 0, number(view, "program_bytes"));
  const auto& sets = view.at("attribute_sets");
  row("attribute sets", number(sets, "sets"), number(sets, "bytes"));
  for (const auto& router : view.at("routers")) {
    const auto name = "router " + cell(router, "name") + ": ";
    row(name + "paths", number(router, "paths"), number(router, "table_bytes"));
    for (const auto& g : router.at("update_groups"))
      row(name + "update group " + cell(g, "id"), number(g, "members"),
          number(g, "adj_rib_out_bytes") + number(g, "pending_bytes")
              + number(g, "log_bytes"));
    for (const auto& n : router.at("neighbors"))
      if (number(n, "owed_bytes") != 0)
        row(name + "owed to " + cell(n, "name"), 0, number(n, "owed_bytes"));
  }
  row("all of that", 0, number(view, "accounted_bytes"));
  row("resident", 0, number(view, "resident_bytes"));
  return t.text();
}

} // namespace troupe::cmd
