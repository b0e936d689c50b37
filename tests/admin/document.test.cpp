#include "admin/document.hpp"

#include "admin/actor_views.hpp"
#include "admin/route_history.hpp"
#include "api/admin.pb.h"
#include "protocol/check.hpp"
#include "tests/admin/examples.hpp"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace troupe::admin {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using nlohmann::json;

namespace {

/// The document by way of Protobuf, as JSON again, and the message.
json through_protobuf(const document& d, Message& message) {
  EXPECT_TRUE(message.ParseFromString(render(d, format::protobuf)));
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  EXPECT_TRUE(MessageToJsonString(message, &text, options).ok());
  return json::parse(text);
}

/// Where `back` does not say what `said` says. Protobuf writes 64-bit numbers
/// as text and leaves null out.
void compare(const json& said, const json& back, const std::string& where) {
  if (said.is_object()) {
    for (const auto& [key, value] : said.items()) {
      if (value.is_null())
        EXPECT_FALSE(back.contains(key)) << where << '.' << key;
      else if (back.contains(key))
        compare(value, back[key], where + '.' + key);
      else
        ADD_FAILURE() << where << '.' << key << " is lost";
    }
  } else if (said.is_array()) {
    ASSERT_EQ(said.size(), back.size()) << where;
    for (std::size_t i = 0; i < said.size(); ++i)
      compare(said[i], back[i], where + '[' + std::to_string(i) + ']');
  } else if (said.is_number() && back.is_string()) {
    EXPECT_EQ(said.dump(), back.get<std::string>()) << where;
  } else {
    EXPECT_EQ(said, back) << where;
  }
}

/// Every field of the schema has a value: no view has forgotten it.
void expect_filled(const Message& message) {
  const auto* type = message.GetDescriptor();
  if (type->file()->package() != "troupe.admin.v1")
    return; // a Value is one of several
  std::vector<const FieldDescriptor*> present;
  message.GetReflection()->ListFields(message, &present);
  const std::set<const FieldDescriptor*> set{present.begin(), present.end()};
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* field = type->field(i);
    EXPECT_TRUE(set.contains(field)) << field->full_name();
    if (!set.contains(field)
        || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE)
      continue;
    const auto* look = message.GetReflection();
    if (!field->is_repeated())
      expect_filled(look->GetMessage(message, field));
    else
      for (int j = 0; j < look->FieldSize(message, field); ++j)
        expect_filled(look->GetRepeatedMessage(message, field, j));
  }
}

template <class Resource>
Resource expect_same(const document& d) {
  Resource message;
  compare(json::parse(render(d, format::json)), through_protobuf(d, message),
          "");
  return message;
}

template <class Resource>
Resource expect_complete(const document& d) {
  auto message = expect_same<Resource>(d);
  expect_filled(message);
  return message;
}

bool is_protobuf(std::string_view accept) {
  return preferred_format(accept) == format::protobuf;
}

} // namespace

TEST(Document, HealthIsTheSameInProtobuf) {
  expect_complete<v1::Health>(
      {resource::health, health_view(examples::health())});
}

TEST(Document, NeighborsAreTheSameInProtobuf) {
  const auto message = expect_complete<v1::Neighbors>(
      {resource::neighbors, neighbors_view(examples::neighbors(), "a")});
  const auto& n = message.neighbors(0);
  EXPECT_EQ(n.remote_asn(), 4200000001U);
  EXPECT_EQ(n.families().at("ipv4_unicast").accepted(), 2U);
  EXPECT_EQ(n.messages().received().bytes(), 9'007'199'254'740'993U);
  EXPECT_EQ(n.session().remote_role(), "customer");
  EXPECT_EQ(n.session().graceful_restart().families_size(), 1);
  EXPECT_EQ(n.session().add_path().size(), 1U);
  EXPECT_EQ(n.session().disabled_families(0), "ipv6_unicast");
}

TEST(Document, ANeighborWithoutASessionIsTheSameInProtobuf) {
  const auto message = expect_same<v1::Neighbors>(
      {resource::neighbors, neighbors_view({{actors::neighbor_status{}}}, "")});
  EXPECT_FALSE(message.neighbors(0).has_remote_asn());
  EXPECT_FALSE(message.neighbors(0).has_messages());
  EXPECT_FALSE(message.neighbors(0).session().has_kind());
}

TEST(Document, TheRibIsTheSameInProtobuf) {
  const auto message =
      expect_complete<v1::Rib>({resource::rib, rib_view(examples::rib())});
  EXPECT_EQ(message.routers(0).families().at("ipv4_unicast").digest(),
            "00000000000000cd00000000000000ab");
}

TEST(Document, MemoryIsTheSameInProtobuf) {
  const auto message = expect_complete<v1::Memory>(
      {resource::memory,
       memory_view(examples::rib(), examples::neighbors(), {5000, 1000, 70})});
  EXPECT_EQ(message.resident_bytes(), 5000U);
  EXPECT_EQ(message.attribute_sets().bytes_per_set(), 112.5);
  expect_same<v1::Memory>({resource::memory, memory_view({}, {}, {})});
}

TEST(Document, RoutesAreTheSameInProtobuf) {
  const auto message =
      expect_complete<v1::Routes>(routes_document(examples::routes()));
  const auto& route = message.routes(0);
  ASSERT_EQ(route.as_path_size(), 3);
  EXPECT_EQ(route.as_path(1).number_value(), 4200000001.0);
  EXPECT_EQ(route.as_path(2).list_value().values(1).number_value(), 2.0);
  EXPECT_EQ(route.med(), 4294967295U);
}

TEST(Document, ARouteOfOursIsTheSameInProtobuf) {
  actors::routes_page page;
  page.routes.emplace_back();
  page.routes[0].row.neighbor.source = rib::source_kind::local;
  ASSERT_TRUE(
      protocol::wire::encode_attributes({}, {}, page.routes[0].row.attributes));
  const auto message = expect_same<v1::Routes>(routes_document(page));
  EXPECT_FALSE(message.has_next_cursor());
  EXPECT_FALSE(message.routes(0).has_med());
  EXPECT_FALSE(message.routes(0).has_neighbor_address());
  EXPECT_EQ(message.routes(0).as_path_size(), 0);
}

TEST(Document, ActorsAreTheSameInProtobuf) {
  auto one = actor_view(examples::actor(), "a");
  const auto cell = examples::cell_with_history();
  actors::fsm_history events;
  examples::fill(events);
  add_actor_history(one, *cell, &events);
  EXPECT_EQ(expect_complete<v1::Actor>({resource::actor, one})
                .fsm_events(0)
                .connection(),
            "1a2b3c4d");
  expect_complete<v1::Actors>({resource::actors, {{"actors", {one}}}});
  expect_same<v1::Actors>(
      {resource::actors, actors_view({examples::actor()}, "a")});
  const auto idle = expect_same<v1::Actor>(
      {resource::actor, actor_view(actors::actor_snapshot{}, "")});
  EXPECT_FALSE(idle.has_running());
}

TEST(Document, TheHistoryOfRoutesIsTheSameInProtobuf) {
  route_history history;
  history.add(std::chrono::system_clock::now(), {});
  history.add(std::chrono::system_clock::now(), examples::rib());
  const auto message =
      expect_complete<v1::History>({resource::history, history.view()});
  ASSERT_EQ(message.times_size(), 2);
  EXPECT_TRUE(message.series(0).prefixes(0).has_null_value());
  EXPECT_TRUE(message.series(0).prefixes(1).has_number_value());
}

TEST(Document, TheQuarantineIsTheSameInProtobuf) {
  actors::quarantined_update u;
  u.hash = "00000000000000ff";
  u.at = std::chrono::system_clock::now();
  u.router = "main";
  u.neighbor = "r1";
  u.peer = "10.0.4.1:179";
  u.reason = "boom";
  u.reset = true;
  u.version = "0.1.0";
  u.seen = 3;
  u.bytes = {1, 255};
  const auto message = expect_complete<v1::Quarantine>(
      {resource::quarantine, quarantine_view({u})});
  EXPECT_EQ(message.updates(0).bytes(), "01ff");
}

TEST(Document, AcceptedAndErrorAreTheSameInProtobuf) {
  expect_complete<v1::Accepted>({resource::accepted, accepted_view()});
  const auto message = expect_complete<v1::ErrorReply>(
      {resource::error, error_view(404, "no", "/x")});
  EXPECT_EQ(message.error().code(), 404U);
}

TEST(Document, ALongListIsWrittenElementByElement) {
  const auto text = [](std::size_t size, json body) {
    return render({resource::routes, std::move(body),
                   document::long_list{"routes", size,
                                       [](std::size_t i) {
                                         return json{{"path_id", i}};
                                       }}},
                  format::json);
  };
  EXPECT_EQ(text(0, json::object()), R"({"routes":[]})");
  EXPECT_EQ(text(2, json::object()),
            R"({"routes":[{"path_id":0},{"path_id":1}]})");
  EXPECT_EQ(text(1, {{"next_cursor", "0:1"}}),
            R"({"next_cursor":"0:1","routes":[{"path_id":0}]})");
}

TEST(Document, AFieldThatTheSchemaLacksIsOurMistake) {
  auto body = health_view(examples::health());
  body["new"] = 1;
  EXPECT_THROW(render({resource::health, body}, format::protobuf),
               check_failure);
  EXPECT_NO_THROW(render({resource::health, body}, format::json));
}

TEST(Document, TextThatIsNoUtf8IsMadeSo) {
  const document d{resource::error, error_view(400, "a\xff\xc3z", "/")};
  EXPECT_EQ(json::parse(render(d, format::json))["error"]["message"],
            "a\ufffd\ufffdz");
  v1::ErrorReply message;
  ASSERT_TRUE(message.ParseFromString(render(d, format::protobuf)));
  EXPECT_EQ(message.error().message(), "a\ufffd\ufffdz");
}

TEST(Document, JsonIsTheDefault) {
  for (const char* accept :
       {"", "*/*", "application/*", "application/json", "text/html",
        "text/html, application/xhtml+xml, */*;q=0.8",
        "application/json, application/x-protobuf",
        "application/x-protobuf, application/json",
        "application/json, application/x-protobuf;q=0.9",
        "application/x-protobuf;q=0", "application/x-protobuf;q=0, */*",
        "application/x-protobuf;q=0.5, */*", "application/x-protobuffer"})
    EXPECT_FALSE(is_protobuf(accept)) << accept;
}

TEST(Document, ProtobufComesWhenItIsPreferred) { // RFC 9110 §12.5.1
  for (const char* accept :
       {"application/x-protobuf", "Application/X-Protobuf",
        " application/x-protobuf\t;\tQ=1.000 ", "application/x-protobuf, */*",
        "application/x-protobuf;messageType=\"x\"",
        "application/x-protobuf, application/*, */*",
        "application/x-protobuf, application/json;q=0.5",
        "application/json;q=0.001, application/x-protobuf;q=0.002",
        "application/json;q=0, */*", ",,application/x-protobuf;q=0.1,",
        "application/*, application/json;q=0.5"})
    EXPECT_TRUE(is_protobuf(accept)) << accept;
}

TEST(Document, AMalformedWeightCountsAsNotSaid) {
  for (const char* q : {"", "x", "2", "1.1", "1.001", "-1", "0,5", "0.1234",
                        ".5", "1e0", "00.5", "0.5x"})
    EXPECT_FALSE(is_protobuf("application/x-protobuf;q=" + std::string{q}))
        << q;
  EXPECT_TRUE(is_protobuf("application/x-protobuf, application/json;q=x"));
}

RC_GTEST_PROP(Document, AnyAcceptHeaderIsRead, (const std::string& noise)) {
  preferred_format(noise);
  // What is said after a comma holds, whatever stands before it.
  RC_PRE(noise.find("application") == noise.npos);
  RC_PRE(noise.find('*') == noise.npos);
  RC_ASSERT(is_protobuf(noise + ",application/x-protobuf"));
}

} // namespace troupe::admin
