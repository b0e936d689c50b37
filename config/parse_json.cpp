#include "config/parse.hpp"

#include <string>
#include <utility>

namespace troupe::config {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || c == '_' || c == '+' || c == '-' || c == '.';
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&out](std::uint32_t byte) {
    out += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

/// Reads characters and keeps count of lines.
class cursor {
public:
  explicit cursor(std::string_view text) : text_(text) {}

  bool at_end() const { return next_ >= text_.size(); }
  /// The next character; NUL at the end.
  char peek(std::size_t ahead = 0) const {
    return next_ + ahead < text_.size() ? text_[next_ + ahead] : '\0';
  }
  char take() {
    const char c = peek();
    if (!at_end())
      ++next_;
    if (c == '\n') {
      ++line_;
      line_start_ = next_;
    }
    return c;
  }
  bool take_if(char c) {
    if (at_end() || peek() != c)
      return false;
    take();
    return true;
  }
  position at() const {
    return {line_, static_cast<std::uint32_t>(next_ - line_start_ + 1)};
  }

private:
  std::string_view text_;
  std::size_t next_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
};

class json_parser {
public:
  json_parser(std::string_view text, report& errors)
      : in_(text), errors_(errors), builder_(errors) {}

  std::optional<node> run() {
    if (parse_value()) {
      skip_space();
      if (!in_.at_end())
        fail(in_.at(), "nothing may follow the outermost value");
    }
    while (!stopped_ && builder_.depth() > 0)
      builder_.end();
    return builder_.take();
  }

private:
  static constexpr int most_failures = 20;

  /// Reports; false, so that a caller can return it.
  bool fail(position at, const std::string& text) {
    if (stopped_ || at == last_failure_) // one mistake, one message
      return false;
    last_failure_ = at;
    errors_.error(at, builder_.path(), text);
    if (++failures_ == most_failures) {
      errors_.error(at, "", "too many syntax errors, stopped here");
      stopped_ = true;
    }
    return false;
  }

  /// Takes what the builder answers: a bound that is exceeded ends it all.
  bool built(bool ok) {
    stopped_ = stopped_ || !ok;
    return ok;
  }

  void skip_space();
  void skip_comment();
  bool parse_value();
  bool parse_container(node_kind kind);
  bool parse_member();
  bool go_on_after_value(node_kind kind);
  bool parse_word();
  std::optional<std::string> parse_string();
  void parse_escape(std::string& out);
  std::optional<std::uint32_t> parse_hex4();
  void skip_broken();

  cursor in_;
  report& errors_;
  tree_builder builder_;
  int failures_ = 0;
  position last_failure_;
  bool stopped_ = false;
};

void json_parser::skip_space() {
  for (;;) {
    const char c = in_.peek();
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
      in_.take();
    else if (c == '/' && (in_.peek(1) == '/' || in_.peek(1) == '*'))
      skip_comment();
    else
      return;
  }
}

void json_parser::skip_comment() {
  const auto start = in_.at();
  in_.take();
  if (in_.take() == '/') {
    while (!in_.at_end() && in_.peek() != '\n')
      in_.take();
    return;
  }
  while (!in_.at_end()) {
    if (in_.take() == '*' && in_.take_if('/'))
      return;
  }
  fail(start, "the comment that begins here has no end");
}

/// Skips what was not understood, up to a comma or the end of the innermost
/// list or object.
void json_parser::skip_broken() {
  int depth = 0;
  for (;;) {
    skip_space();
    const char c = in_.peek();
    const bool closes = c == '}' || c == ']';
    if (in_.at_end() || (depth == 0 && (closes || c == ',')))
      return;
    if (c == '"') {
      if (!parse_string())
        return;
      continue;
    }
    depth += (c == '{' || c == '[') ? 1 : (closes ? -1 : 0);
    in_.take();
  }
}

/// False when the parser cannot go on behind the value.
bool json_parser::parse_value() {
  skip_space();
  const auto at = in_.at();
  const char c = in_.peek();
  if (c == '{')
    return parse_container(node_kind::object);
  if (c == '[')
    return parse_container(node_kind::list);
  if (c == '"') {
    auto text = parse_string();
    return text
           && built(builder_.scalar(node_kind::string, at, std::move(*text)));
  }
  if (is_word(c))
    return parse_word();
  return fail(at, in_.at_end() ? "the text ends where a value must stand"
                               : "a value must stand here");
}

bool json_parser::parse_word() {
  const auto at = in_.at();
  std::string word;
  while (is_word(in_.peek()))
    word += in_.take();
  if (is_json_number(word))
    return built(builder_.scalar(node_kind::number, at, std::move(word)));
  if (word == "true" || word == "false")
    return built(builder_.scalar(node_kind::boolean, at, std::move(word)));
  if (word == "null")
    return built(builder_.scalar(node_kind::null, at, ""));
  return fail(at, "a text stands in double quotes");
}

bool json_parser::parse_container(node_kind kind) {
  const char close = kind == node_kind::list ? ']' : '}';
  const auto start = in_.at();
  if (!built(builder_.begin(kind, start)))
    return false;
  in_.take();
  skip_space();
  bool open = in_.peek() != close;
  while (open && !stopped_) {
    const bool understood =
        kind == node_kind::list ? parse_value() : parse_member();
    if (!understood && !stopped_) {
      skip_broken();
      builder_.drop_key();
    }
    skip_space();
    if (in_.at_end()) {
      fail(start, "this is not closed before the text ends");
      stopped_ = true;
    }
    open = !stopped_ && go_on_after_value(kind);
  }
  if (stopped_)
    return false;
  in_.take_if(close);
  builder_.end();
  return true;
}

/// Whether another value or member follows the one that was read.
bool json_parser::go_on_after_value(node_kind kind) {
  const bool list = kind == node_kind::list;
  const char close = list ? ']' : '}';
  const auto at = in_.at();
  if (in_.take_if(',')) {
    skip_space();
    if (in_.peek() != close)
      return true;
    fail(at, "no comma may stand behind the last value");
    return false;
  }
  if (in_.peek() == close)
    return false;
  fail(at, list ? "a comma or ']' must stand here"
                : "a comma or '}' must stand here");
  return in_.peek() != (list ? '}' : ']');
}

bool json_parser::parse_member() {
  skip_space();
  const auto at = in_.at();
  if (in_.peek() != '"')
    return fail(at, "a key in double quotes must stand here");
  auto key = parse_string();
  if (!key || !built(builder_.key(at, std::move(*key))))
    return false;
  skip_space();
  if (!in_.take_if(':'))
    return fail(in_.at(), "a colon must stand between key and value");
  return parse_value();
}

/// Nothing when the string has no end; other mistakes are reported and passed.
std::optional<std::string> json_parser::parse_string() {
  const auto start = in_.at();
  in_.take();
  std::string text;
  for (;;) {
    if (in_.at_end() || in_.peek() == '\n') {
      fail(start, "the string that begins here has no end in this line");
      return std::nullopt;
    }
    const char c = in_.take();
    if (c == '"')
      return text;
    if (c == '\\')
      parse_escape(text);
    else
      text += c;
  }
}

void json_parser::parse_escape(std::string& out) {
  constexpr std::string_view letters = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  const auto at = in_.at();
  const auto found = letters.find(in_.peek());
  if (found != letters.npos && !in_.at_end()) {
    in_.take();
    out += meanings[found];
    return;
  }
  if (!in_.take_if('u')) {
    fail(at, "no such escape sequence");
    return;
  }
  auto code = parse_hex4();
  if (code && *code >= 0xd800 && *code < 0xdc00 && in_.peek() == '\\'
      && in_.peek(1) == 'u') {
    in_.take();
    in_.take();
    const auto low = parse_hex4();
    const bool pair = low && *low >= 0xdc00 && *low < 0xe000;
    if (pair)
      code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
  }
  if (code && (*code < 0xd800 || *code >= 0xe000))
    append_utf8(*code, out);
  else
    fail(at, "\\u needs four hexadecimal digits, or a surrogate pair");
}

std::optional<std::uint32_t> json_parser::parse_hex4() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::uint32_t code = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = in_.peek();
    const auto lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    const auto digit = digits.find(lower);
    if (digit == digits.npos || in_.at_end())
      return std::nullopt;
    code = code << 4 | static_cast<std::uint32_t>(digit);
    in_.take();
  }
  return code;
}

} // namespace

bool is_json_number(std::string_view text) {
  const auto take_digits = [&text] {
    const auto before = text.size();
    while (!text.empty() && is_digit(text.front()))
      text.remove_prefix(1);
    return before - text.size();
  };
  if (text.starts_with('-'))
    text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const auto whole = take_digits();
  if (whole == 0 || (zero && whole > 1))
    return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (take_digits() == 0)
      return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-'))
      text.remove_prefix(1);
    if (take_digits() == 0)
      return false;
  }
  return text.empty();
}

std::optional<node> parse_json(std::string_view text, report& errors) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  return json_parser{text, errors}.run();
}

} // namespace troupe::config
