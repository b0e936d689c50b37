#include "tests/config/config_support.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <ctime>

// What a configuration may cost: input of any kind ends in messages, soon.

namespace troupe::config::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

/// In seconds of CPU time, so that a busy machine does not matter. Generous:
/// these take well under a second each without sanitizers.
constexpr double patience = 20;

/// Loads within the time that an operator would wait.
load_result load_in_time(const std::string& text, const std::string& file) {
  const auto start = std::clock();
  auto result = load(text, file);
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC,
            patience);
  return result;
}

std::string repeated(const std::string& part, std::size_t times) {
  std::string text;
  text.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i)
    text += part;
  return text;
}

TEST(Bounds, RefuseWhatIsNestedTooDeep) {
  for (const auto* file : {"a.json", "a.yaml"})
    for (const std::size_t depth : {65UL, 400UL, 100000UL}) {
      const auto result = load_in_time("{\"routers\": " + repeated("[", depth)
                                           + repeated("]", depth) + '}',
                                       file);
      EXPECT_FALSE(result.value);
      EXPECT_FALSE(result.messages.empty());
    }
  EXPECT_THAT(texts(load_json(repeated("[", 70)).messages),
              Contains(HasSubstr("is nested deeper than 64 levels")));
}

TEST(Bounds, RefuseYamlThatMultipliesByAliases) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const auto name = "a" + std::to_string(i);
    const auto inner = "*a" + std::to_string(i - 1) + " ";
    bomb +=
        name + ": &" + name + " [" + inner + repeated(", " + inner, 9) + "]\n";
  }
  const auto result = load_in_time(bomb, "a.yaml");
  EXPECT_FALSE(result.value);
  EXPECT_THAT(texts(result.messages),
              Contains(HasSubstr("the configuration is too large")));
}

TEST(Bounds, RefuseAliasesOfALongText) {
  const auto result =
      load_in_time("a: &a " + std::string(1000000, 'x') + "\nb: ["
                       + repeated("*a ,", 1000) + "x]\n",
                   "a.yaml");
  EXPECT_THAT(texts(result.messages),
              Contains(HasSubstr("the configuration is too large")));
}

TEST(Bounds, RefuseAliasesThatNestTooDeep) {
  std::string text = "a0: &a0 " + repeated("[", 30) + repeated("]", 30) + '\n';
  text += "a1: &a1 " + repeated("[", 30) + "*a0 " + repeated("]", 30) + '\n';
  text += "a2: [[[[ *a1 ]]]]\n";
  EXPECT_THAT(texts(load_in_time(text, "a.yaml").messages),
              Contains(HasSubstr("nests deeper than 64 levels")));
}

TEST(Bounds, RefuseTooManyValuesAndBytes) {
  EXPECT_THAT(texts(load_in_time('[' + repeated("1,", 2000001) + "1]", "a.json")
                        .messages),
              Contains(HasSubstr("the configuration is too large")));
  EXPECT_THAT(
      texts(load_in_time(std::string((64U << 20) + 1, ' '), "a.json").messages),
      Contains(HasSubstr("is larger than 64 MiB")));
  EXPECT_THAT(
      texts(load_in_time(std::string((16U << 20) + 1, ' '), "a.yaml").messages),
      Contains(HasSubstr("is larger than 16 MiB")));
}

TEST(Bounds, RefuseTooManyFlowCharactersInYaml) {
  for (const auto* part : {"[", "{", "a,", "]", "}"})
    EXPECT_THAT(texts(load_in_time(repeated(part, 500001), "a.yaml").messages),
                Contains(HasSubstr("holds more than 500000")));
}

TEST(Bounds, EndSoonOnTenMegabytes) {
  const std::size_t size = 10 << 20;
  EXPECT_FALSE(
      load_in_time(repeated("{\"a\": [1]},\n", size / 12), "a.json").value);
  EXPECT_FALSE(
      load_in_time(repeated("- aaaaaaaaaaaaaaaaa\n", size / 20), "a.yaml")
          .value);
}

// Whatever is slower than linear takes far too long at this size already.
TEST(Bounds, EndSoonOnRepetitionsOfAnything) {
  const std::size_t size = 64 << 10;
  for (const std::string part :
       {" ",       "\n",      "#",     "//", "/*",     "\"",       "[",
        "]",       "{",       "}",     ",",  ":",      "a",        "\"a\":1,",
        "{\"a\":", "- ",      "a: ",   "? ", "&a ",    "*a ",      "|\n",
        "> ",      "'",       "%",     "!",  "--- \n", "[a, ",     "{a: ",
        "a\n",     "\t",      "0",     "-",  "\\",     "\xc3\xa4", "\xff",
        "- [",     "a: &a\n", " - a\n"})
    for (const auto* file : {"a.json", "a.yaml"}) {
      SCOPED_TRACE(part + " in " + file);
      const auto result =
          load_in_time(repeated(part, size / part.size()), file);
      EXPECT_FALSE(result.value);
      EXPECT_FALSE(result.messages.empty());
      EXPECT_LE(result.messages.size(), 1001U);
    }
}

TEST(Bounds, TellAThousandMistakesAndHowManyMore) {
  std::string keys;
  for (int i = 0; i < 20000; ++i)
    keys += "\"k" + std::to_string(i) + "\": 1,\n";
  const auto result = load_in_time("{\n" + keys + "\"routers\": []}", "a.json");
  ASSERT_EQ(result.messages.size(), 1001U);
  EXPECT_THAT(result.messages.back().text, HasSubstr("more messages"));
  EXPECT_TRUE(has_errors(result.messages));
}

TEST(Bounds, KeepErrorsWhenThereAreManyWarnings) {
  auto value = sound();
  auto& neighbors = value["routers"][0]["neighbors"];
  for (int i = 0; i < 1500; ++i)
    neighbors.push_back({{"name", "n" + std::to_string(i)},
                         {"address", "10.1." + std::to_string(i / 250) + '.'
                                         + std::to_string(i % 250 + 1)},
                         {"remote_asn", 65009},
                         {"families", {{"ipv4_unicast", json::object()}}}});
  value["zz"] = 1;
  const auto result = load_in_time(value.dump(2), "a.json");
  EXPECT_FALSE(result.value);
  EXPECT_THAT(texts(result.messages), Contains("error zz: is no known key"));
}

TEST(Bounds, LoadTenThousandNeighborsThatShareALongList) {
  auto value = sound();
  auto& router = value["routers"][0];
  auto allowed = json::array();
  for (int i = 0; i < 50000; ++i)
    allowed.push_back(std::to_string(i / 65536 + 20) + '.'
                      + std::to_string(i / 256 % 256) + '.'
                      + std::to_string(i % 256) + ".0/24");
  router["defaults"]["families"]["ipv4_unicast"]["import"]["allow"] = allowed;
  for (int i = 0; i < 10000; ++i)
    router["neighbors"].push_back(
        {{"name", "n" + std::to_string(i)},
         {"address", "10.1." + std::to_string(i / 250) + '.'
                         + std::to_string(i % 250 + 1)},
         {"remote_asn", 65001}});
  const auto result = load_in_time(value.dump(), "a.json");
  ASSERT_TRUE(result.value) << ::testing::PrintToString(texts(result.messages));
  const auto& neighbors = result.value->routers[0].neighbors;
  ASSERT_EQ(neighbors.size(), 10002U);
  const auto list_of = [](const neighbor& n) {
    return &std::get<rib::prefix_list>(
                n.families.at(protocol::ipv4_unicast).import_policy->front())
                .ranges();
  };
  EXPECT_EQ(list_of(neighbors[5000]), list_of(neighbors[10001]));
}

// -- garbage ------------------------------------------------------------------

TEST(Garbage, OfRandomBytesEndsInMessages) {
  EXPECT_TRUE(rc::check([](const std::string& text, bool yaml) {
    const auto result = load(text, yaml ? "a.yaml" : "a.json");
    RC_ASSERT(result.value.has_value() == !has_errors(result.messages));
    RC_ASSERT(result.value || !result.messages.empty());
  }));
}

TEST(Garbage, OfTheRightCharactersEndsInMessages) {
  const auto character = rc::gen::elementOf(
      std::string("{}[]\",:/*\\#&!|>'%-? \n\tabn01.etrufls~"));
  EXPECT_TRUE(rc::check([&] {
    const auto text = *rc::gen::container<std::string>(character);
    for (const auto* file : {"a.yaml", "a.json"}) {
      const auto result = load(text, file);
      RC_ASSERT(result.value.has_value() == !has_errors(result.messages));
    }
  }));
}

TEST(Garbage, MadeFromASoundConfigurationEndsInMessages) {
  const auto text = sound().dump(1);
  EXPECT_TRUE(rc::check([&] {
    auto changed = text;
    const auto edits = *rc::gen::inRange(1, 4);
    for (int i = 0; i < edits; ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, changed.size());
      const auto length = *rc::gen::inRange<std::size_t>(0, 20);
      const auto with = *rc::gen::oneOf(
          rc::gen::arbitrary<std::string>(),
          rc::gen::element<std::string>("{", "}", "[", "]", "\"", "null", "-1",
                                        "\n", ": ", "/", "1e999", "false"));
      changed.replace(at, std::min(length, changed.size() - at), with);
    }
    for (const auto* file : {"a.yaml", "a.json"}) {
      const auto result = load(changed, file);
      RC_ASSERT(result.value.has_value() == !has_errors(result.messages));
    }
  }));
}

} // namespace
} // namespace troupe::config::testing
