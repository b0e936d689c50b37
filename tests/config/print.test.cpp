#include "config/print.hpp"

#include "tests/config/config_support.hpp"
#include "tests/config/generate.hpp"

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
  const auto value =
      loaded(patched({{"/routers/0/neighbors/0/md5_key", R"("secret")"}}));
  EXPECT_THAT(print(value), HasSubstr("secret"));
  const auto masked = print(value, {.mask_secrets = true});
  EXPECT_THAT(masked, Not(HasSubstr("secret")));
  EXPECT_THAT(masked, HasSubstr("\"md5_key\": \"***\""));
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
