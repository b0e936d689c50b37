#include "api/admin.pb.h"
#include "tests/admin/server_fixture.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <future>

namespace troupe::admin {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

using Server = server_fixture;

const httplib::Headers wants_protobuf{{"Accept", "application/x-protobuf"}};

json document_of(const httplib::Result& result, int status) {
  if (!result) {
    ADD_FAILURE() << to_string(result.error());
    return {};
  }
  EXPECT_EQ(result->status, status) << result->body;
  EXPECT_EQ(result->get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(result->get_header_value("Vary"), "Accept");
  return json::parse(result->body, nullptr, false);
}

template <class Message>
Message message_of(const httplib::Result& result, int status) {
  Message message;
  if (!result) {
    ADD_FAILURE() << to_string(result.error());
    return message;
  }
  EXPECT_EQ(result->status, status);
  EXPECT_EQ(result->get_header_value("Content-Type"), "application/x-protobuf");
  EXPECT_EQ(result->get_header_value("Vary"), "Accept");
  EXPECT_TRUE(message.ParseFromString(result->body));
  return message;
}

/// An error in the documented form; its text.
std::string error_of(const httplib::Result& result, int status,
                     const std::string& path) {
  const auto body = document_of(result, status);
  EXPECT_EQ(body["error"]["code"], status);
  EXPECT_EQ(body["error"]["path"], path);
  return body["error"].value("message", "");
}

} // namespace

// -- reads --------------------------------------------------------------------

TEST_F(Server, EachResourceIsToldAsJson) {
  serve();
  EXPECT_EQ(document_of(get("/healthz"), 200)["ready"], true);
  EXPECT_EQ(document_of(get("/v1/neighbors"), 200),
            neighbors_view(script->neighbors, "a"));
  EXPECT_EQ(document_of(get("/v1/rib"), 200), rib_view(script->rib));
  EXPECT_EQ(get("/v1/routes")->body,
            render(routes_document(script->page), format::json));
  EXPECT_EQ(document_of(get("/v1/memory"), 200)["attribute_sets"]["bytes"],
            script->rib.sets.bytes);
  EXPECT_EQ(document_of(get("/v1/actors"), 200)["actors"].at(0)["id"], "admin");
  EXPECT_EQ(document_of(get("/v1/actors/admin"), 200)["id"], "admin");
}

TEST_F(Server, EachResourceIsToldAsProtobuf) {
  serve();
  const auto ask = [&](const char* path) { return get(path, wants_protobuf); };
  EXPECT_TRUE(message_of<v1::Health>(ask("/healthz"), 200).ready());
  EXPECT_EQ(message_of<v1::Neighbors>(ask("/v1/neighbors"), 200)
                .neighbors(0)
                .owner_node(),
            "a");
  EXPECT_EQ(message_of<v1::Rib>(ask("/v1/rib"), 200).routers(0).name(), "main");
  EXPECT_EQ(message_of<v1::Routes>(ask("/v1/routes"), 200).routes(0).prefix(),
            "192.0.2.0/24");
  EXPECT_EQ(message_of<v1::Actors>(ask("/v1/actors"), 200).actors(0).id(),
            "admin");
  EXPECT_EQ(message_of<v1::Actor>(ask("/v1/actors/admin"), 200).kind(),
            "admin");
}

TEST_F(Server, AnAcceptHeaderOfSeveralLinesIsOneList) {
  serve();
  const auto result = get("/healthz", {{"Accept", "application/json;q=0.1"},
                                       {"Accept", "application/x-protobuf"}});
  EXPECT_TRUE(message_of<v1::Health>(result, 200).ready());
}

TEST_F(Server, ANodeThatIsNotReadySaysSoWithItsListeners) {
  script->health.ready = false;
  serve();
  EXPECT_EQ(document_of(get("/healthz"), 503), health_view(script->health));
  const auto m = message_of<v1::Health>(get("/healthz", wants_protobuf), 503);
  EXPECT_EQ(m.listeners(0).error(), "was in use");
}

TEST_F(Server, ParametersReachTheActor) {
  serve();
  document_of(get("/v1/routes?router=main&neighbor=r1&view=received&limit=5"
                  "&cursor=0:7&family=ipv6_unicast"),
              200);
  EXPECT_EQ(script->query.router, "main");
  EXPECT_EQ(script->query.neighbor, "r1");
  EXPECT_EQ(script->query.view, "received");
  EXPECT_EQ(script->query.limit, 5U);
  EXPECT_EQ(script->query.cursor, "0:7");
  EXPECT_EQ(script->query.family, protocol::ipv6_unicast);
  document_of(get("/v1/routes?prefix=2001:db8::/32"), 200);
  EXPECT_EQ(script->query.prefix, protocol::prefix::parse("2001:db8::/32"));
  EXPECT_EQ(script->query.family, protocol::ipv6_unicast);
  for (const char* path : {"/v1/neighbors", "/v1/rib"}) {
    script->router.clear();
    document_of(get(path + std::string{"?router=other"}), 200);
    EXPECT_EQ(script->router, "other");
  }
}

// -- errors -------------------------------------------------------------------

TEST_F(Server, WhatIsNotThereIs404) {
  serve();
  for (const char* path :
       {"/page.html", "/v1", "/v1/neighbor", "/v1/neighbors/",
        "/v1/actors/node", "/v1/actors/admin/x"}) {
    error_of(get(path), 404, path);
    const auto m = message_of<v1::ErrorReply>(get(path, wants_protobuf), 404);
    EXPECT_EQ(m.error().code(), 404U);
    EXPECT_EQ(m.error().path(), path);
  }
  error_of(post("/v1/neighbors/r1/paint"), 404, "/v1/neighbors/r1/paint");
  const std::string longest = "/v1/actors/" + std::string(8000, 'a');
  error_of(get(longest), 404, longest);
  EXPECT_EQ(client().Head("/v1")->status, 404);
  EXPECT_EQ(client().Head("/healthz")->status, 200);
}

TEST_F(Server, TheWrongMethodIs405AndNamesTheRightOnes) {
  serve();
  const auto expect_only = [](const char* methods, const httplib::Result& r,
                              const char* path) {
    error_of(r, 405, path);
    EXPECT_EQ(r->get_header_value("Allow"), methods);
  };
  for (const char* path :
       {"/healthz", "/v1/neighbors", "/v1/rib", "/v1/routes", "/v1/actors",
        "/v1/actors/admin", "/v1/events", "/v1/history"}) {
    expect_only("GET, HEAD", post(path), path);
    expect_only("GET, HEAD", client().Put(path, "", "text/plain"), path);
    expect_only("GET, HEAD", client().Patch(path, "", "text/plain"), path);
    expect_only("GET, HEAD", client().Delete(path), path);
    expect_only("GET, HEAD", client().Options(path), path);
  }
  for (const char* path :
       {"/v1/neighbors/r1/reset", "/v1/actors/admin/restart",
        "/v1/actors/admin/trace", "/v1/actors/admin/fault"}) {
    expect_only("POST", get(path), path);
    expect_only("POST", client().Put(path, "", "text/plain"), path);
    expect_only("POST", client().Delete(path), path);
  }
}

TEST_F(Server, ABadParameterIs400) {
  serve();
  for (const char* bad :
       {"prefix=10.0.0.0", "prefix=x/8", "prefix=", "family=ipv4",
        "limit=", "limit=x", "limit=-1", "limit=1x", "limit=4294967296"}) {
    const auto path = "/v1/routes?" + std::string{bad};
    EXPECT_FALSE(error_of(get(path), 400, "/v1/routes").empty()) << bad;
    message_of<v1::ErrorReply>(get(path, wants_protobuf), 400);
  }
}

TEST_F(Server, WhatTheActorRefusesIsAnError) {
  serve();
  script->page = {};
  script->page.error = "limit must be 1 to 10000";
  EXPECT_EQ(error_of(get("/v1/routes?limit=0"), 400, "/v1/routes"),
            script->page.error);
  script->page.error = "there is no such router or neighbor";
  script->page.not_found = true;
  EXPECT_EQ(error_of(get("/v1/routes?router=x"), 404, "/v1/routes"),
            script->page.error);
}

TEST_F(Server, ABodyThatIsTooLongIsRefused) {
  serve();
  const std::string path = "/v1/neighbors/r1/disable";
  error_of(post(path, std::string(1024 * 1024 + 1, ' ')), 413, path);
  EXPECT_EQ(script->command.name, "");
}

TEST_F(Server, WithoutAnAdminActorTheNodeIsBusy) {
  serve();
  node->set_admin({});
  for (const char* path :
       {"/healthz", "/v1/neighbors", "/v1/rib", "/v1/routes"})
    error_of(get(path), 503, path);
  document_of(get("/v1/actors"), 200); // asks nobody
}

// -- access -------------------------------------------------------------------

TEST_F(Server, AForeignHostOrOriginIsRefused) {
  serve();
  const auto own = "127.0.0.1:" + std::to_string(port);
  error_of(get("/v1/rib", {{"Host", "evil.example"}}), 403, "/v1/rib");
  error_of(get("/nothing", {{"Host", "evil.example"}}), 403, "/nothing");
  error_of(get("/v1/rib", {{"Origin", "http://evil.example"}}), 403, "/v1/rib");
  error_of(
      post("/v1/neighbors/r1/reset", "", {{"Origin", "http://evil.example"}}),
      403, "/v1/neighbors/r1/reset");
  EXPECT_EQ(script->command.name, "");
  message_of<v1::ErrorReply>(
      get("/v1/rib",
          {{"Host", "evil.example"}, {"Accept", "application/x-protobuf"}}),
      403);
  document_of(get("/v1/rib", {{"Host", "localhost"}}), 200);
  document_of(get("/v1/rib", {{"Origin", "http://" + own}}), 200);
}

TEST_F(Server, AUnixSocketIsTrusted) {
  config::configuration c;
  c.admin.token_file = unix_path + ".no-such-token";
  serve(c);
  httplib::Client http{unix_path};
  http.set_address_family(AF_UNIX);
  http.set_default_headers({{"Host", "any.example"}});
  document_of(http.Get("/v1/rib"), 200);
  document_of(http.Post("/v1/neighbors/r1/reset"), 202);
}

TEST_F(Server, AChangeNeedsTheToken) {
  config::configuration c;
  c.admin.token_file = unix_path + ".token";
  std::ofstream{c.admin.token_file} << "secret\n";
  serve(c);
  const std::string path = "/v1/neighbors/r1/reset";
  for (const char* wrong : {"", "Bearer wrong", "Bearer secret2"}) {
    const auto result = post(path, "", {{"Authorization", wrong}});
    error_of(result, 401, path);
    EXPECT_EQ(result->get_header_value("WWW-Authenticate"),
              "Bearer realm=\"troupe\", token_file=\"" + c.admin.token_file
                  + '"');
  }
  EXPECT_EQ(script->command.name, "");
  document_of(post(path, "", {{"Authorization", "Bearer secret"}}), 202);
  EXPECT_EQ(script->command.name, "r1");
  document_of(get("/v1/neighbors"), 200); // reads need none
  ::unlink(c.admin.token_file.c_str());
  error_of(post(path, "", {{"Authorization", "Bearer secret"}}), 403, path);
}

TEST_F(Server, AnAddressInUseIsToldAtTheStart) {
  serve();
  config::configuration c;
  c.admin.listen = {
      protocol::endpoint{protocol::ip_address::v4(0x7f000001), port, 0}};
  server second{system, log, registry, quarantine, c, ""};
  const auto error = second.start();
  ASSERT_TRUE(error);
  EXPECT_NE(error->find("127.0.0.1:" + std::to_string(port)), error->npos);
}

// -- changes ------------------------------------------------------------------

TEST_F(Server, ACommandReachesTheActor) {
  using kind = actors::session_command::kind;
  serve();
  for (const auto& [verb, what] :
       std::map<std::string, kind>{{"enable", kind::enable},
                                   {"disable", kind::disable},
                                   {"reset", kind::reset},
                                   {"refresh", kind::refresh}}) {
    const auto body = document_of(
        post("/v1/neighbors/r%201/" + verb, R"({"message":"tea"})"), 202);
    EXPECT_EQ(body, json::parse(R"({"accepted":true})"));
    EXPECT_EQ(script->command.name, "r 1");
    EXPECT_EQ(script->command.command.what, what);
    EXPECT_EQ(script->command.command.text, "tea");
  }
  for (const char* body : {"", "{}"}) {
    document_of(post("/v1/neighbors/r1/disable", body), 202);
    EXPECT_EQ(script->command.command.text, "") << body;
  }
  const std::string path = "/v1/neighbors/r1/disable";
  for (const char* body : {"{", "[]", "5", R"({"message":5})"})
    error_of(post(path, body), 400, path);
  EXPECT_TRUE(
      message_of<v1::Accepted>(
          post("/v1/actors/node/router.main/restart", "", wants_protobuf), 202)
          .accepted());
  EXPECT_EQ(script->restarted, "node/router.main");
}

TEST_F(Server, ACommandThatFailsIsAnError) {
  serve();
  script->done = {false, true, "there is no neighbor x"};
  EXPECT_EQ(
      error_of(post("/v1/neighbors/x/reset"), 404, "/v1/neighbors/x/reset"),
      script->done.message);
  script->done = {false, false, "the disk is full"};
  const std::string path = "/v1/actors/admin/restart";
  EXPECT_EQ(error_of(post(path), 500, path), script->done.message);
  const auto m =
      message_of<v1::ErrorReply>(post(path, "", wants_protobuf), 500);
  EXPECT_EQ(m.error().message(), script->done.message);
}

TEST_F(Server, AFaultNeedsItsSwitch) {
  serve();
  const std::string path = "/v1/actors/admin/fault";
  error_of(post(path, R"({"kind":"throw"})"), 403, path);
  EXPECT_FALSE(cell->fault_armed());
}

TEST_F(Server, AFaultIsArmedOrRefused) {
  config::configuration c;
  c.fault_injection = true;
  serve(c);
  const std::string path = "/v1/actors/admin/fault";
  for (const char* bad : {"", "[]", "{}", R"({"kind":5})", R"({"kind":"x"})",
                          R"({"kind":"throw","after_messages":-1})",
                          R"({"kind":"throw","after_messages":"1"})",
                          R"({"kind":"stall","stall_ms":"1"})",
                          R"({"kind":"stall","stall_ms":3600001})"})
    EXPECT_FALSE(error_of(post(path, bad), 400, path).empty()) << bad;
  error_of(post("/v1/actors/x/fault", R"({"kind":"throw"})"), 404,
           "/v1/actors/x/fault");
  EXPECT_FALSE(cell->fault_armed());
  document_of(post(path, R"({"kind":"drop","after_messages":2})"), 202);
  EXPECT_TRUE(cell->fault_armed());
}

// -- an actor that does not answer --------------------------------------------

TEST_F(Server, AnActorThatStallsCostsOnlyItsAsker) {
  config::configuration c;
  c.fault_injection = true;
  serve(c);
  document_of(post("/v1/actors/admin/fault", R"({"kind":"stall"})"), 202);
  const auto began = std::chrono::steady_clock::now();
  auto stalled = std::async(std::launch::async, [this] {
    return std::pair{get("/v1/neighbors", wants_protobuf),
                     std::chrono::steady_clock::now()};
  });
  // The others are served meanwhile, and see who stalls.
  json seen;
  int served = 0;
  while (stalled.wait_for(0s) != std::future_status::ready) {
    const auto before = std::chrono::steady_clock::now();
    auto actor = document_of(get("/v1/actors/admin"), 200);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);
    ++served;
    if (actor.contains("running"))
      seen = std::move(actor);
  }
  const auto [result, end] = stalled.get();
  EXPECT_LT(end - began, 8s); // 4 s, and a slow machine
  EXPECT_GT(served, 1);
  EXPECT_EQ(seen["state"], "busy");
  // Whichever came first: the server counts routes now and then, too.
  const auto type = seen["running"].value("type", "");
  EXPECT_TRUE(type == "neighbors_query" || type == "rib_query") << type;
  const auto m = message_of<v1::ErrorReply>(result, 503);
  EXPECT_EQ(m.error().path(), "/v1/neighbors");
  // When the actor goes on, so does the endpoint.
  cell->clear_fault();
  document_of(get("/v1/neighbors"), 200);
}

} // namespace troupe::admin
