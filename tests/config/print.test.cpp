#include "config/print.hpp"

#include "tests/config/config_support.hpp"
#include "tests/config/generate.hpp"
#include "tests/config/validation_rule.hpp"

#include <gmock/gmock.h>

namespace troupe::config::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Print, LeavesOutWhatHasItsDefault) {
  configuration value;
  EXPECT_EQ(print(value), "{\n  \"routers\": []\n}\n");
}

TEST(Print, ShowsAllValuesWhenAsked) {
  const auto text = print(loaded(sound()), {.all_values = true});
  for (const auto* expected :
       {"\"level\": \"info\"", "\"on_sigterm\": \"cease\"",
        "\"connect_retry\": \"5s\"", "\"connect_retry_jitter\"",
        "\"mode\": \"helper\"", "\"multihop\": 1", "\"receive\": false",
        "\"send_hold\": \"8m\"", "\"keepalive\": \"3s\""})
    EXPECT_THAT(text, HasSubstr(expected));
}

TEST(Print, MasksKeysWhenAsked) {
  for (const auto* keys : {R"({ "md5_key": "secret" })",
                           R"({ "tcp_ao": { "id": 7, "key": "secret" } })"}) {
    const auto value = loaded(patched({{"/routers/0/defaults", keys}}));
    EXPECT_THAT(print(value), HasSubstr("secret"));
    const auto masked = print(value, {.mask_secrets = true});
    EXPECT_THAT(masked, Not(HasSubstr("secret")));
    EXPECT_THAT(masked, HasSubstr("key\": \"***\""));
  }
}

TEST(Print, WritesTheLimitOfPrefixesAloneWhereItCan) {
  const auto limit = v4 + "/max_prefixes";
  EXPECT_THAT(print(loaded(patched({{a + limit, R"({ "limit": 7 })"}}))),
              HasSubstr("\"max_prefixes\": 7"));
  EXPECT_THAT(print(loaded(patched(
                  {{a + limit, R"({ "limit": 7, "action": "warn" })"}}))),
              HasSubstr("\"action\": \"warn\""));
}

TEST(Print, SurvivesWhatIsNoUtf8) {
  configuration value;
  value.data_dir = "\xff";
  EXPECT_THAT(print(value), HasSubstr("\"data_dir\""));
}

TEST(Print, IsLoadedBackUnchanged) {
  EXPECT_TRUE(rc::check([] {
    const auto value = arbitrary_configuration();
    for (const bool all : {false, true}) {
      const auto text = print(value, {.all_values = all});
      const auto result = load_json(text);
      if (!result.value)
        RC_FAIL(text + ::testing::PrintToString(texts(result.messages)));
      RC_ASSERT(*result.value == value);
      RC_ASSERT(print(*result.value, {.all_values = all}) == text);
    }
  }));
}

} // namespace
} // namespace troupe::config::testing
