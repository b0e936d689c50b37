#include "actors/instrumented.hpp"

#include <caf/atom.hpp>
#include <caf/type_erased_tuple.hpp>
#include <caf/type_nr.hpp>

#include <cstdint>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>

namespace troupe::actors {

namespace {

// No atom, type number or address has this value.
constexpr std::uint64_t empty_message = ~std::uint64_t{0};

constexpr auto atom_type = caf::type_nr<caf::atom_value>::value;

std::string demangled(const std::type_info& type) {
  int status = 0;
  std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 ? text.get() : type.name();
}

/// Without the namespaces in front, which say nothing in a list of messages.
std::string without_namespace(const std::string& name) {
  auto end = name.find('<');
  auto colons = name.rfind("::", end == std::string::npos ? name.size() : end);
  return colons == std::string::npos ? name : name.substr(colons + 2);
}

} // namespace

std::uint64_t message_type_key(const caf::type_erased_tuple& content) {
  if (content.empty())
    return empty_message;
  auto [number, type] = content.type(0);
  if (number == 0)
    return reinterpret_cast<std::uintptr_t>(type);
  if (number == atom_type)
    return static_cast<std::uint64_t>(content.get_as<caf::atom_value>(0));
  return number;
}

std::string message_type_name(std::uint64_t key, const void* content) {
  auto& tuple = *static_cast<const caf::type_erased_tuple*>(content);
  if (key == empty_message)
    return "empty";
  auto [number, type] = tuple.type(0);
  if (number == 0)
    return without_namespace(demangled(*type));
  if (number == atom_type)
    return to_string(tuple.get_as<caf::atom_value>(0));
  // CAF numbers its types from 1 and marks their names with an @.
  std::string_view name = caf::numbered_type_names[number - 1];
  return std::string(name.substr(name.starts_with('@') ? 1 : 0));
}

} // namespace troupe::actors
