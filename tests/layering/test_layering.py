#!/usr/bin/env python3
"""The layering check finds what is planted and passes what is allowed."""

import pathlib
import tempfile
import unittest

import layering


class LayeringTest(unittest.TestCase):
    def violations(self, **files):
        """Checks a tree made of `path with __ for /` = text."""
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                stem, _, suffix = name.replace("__", "/").rpartition("_")
                path = pathlib.Path(root, f"{stem}.{suffix}")
                path.parent.mkdir(parents=True, exist_ok=True)
                if suffix == "hpp":
                    text = "#pragma once\n" + text
                path.write_text(text, encoding="utf-8")
            found, count = layering.check(root)
            self.assertEqual(count, len(files))
            return found

    def assert_one(self, found, words):
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_an_include_downwards_is_allowed(self):
        self.assertEqual(
            self.violations(
                rib__table_hpp='#include "protocol/types.hpp"\n',
                cmd__main_cpp='#include "admin/server.hpp"\n',
                actors__session_hpp='#include <caf/all.hpp>\n',
            ),
            [],
        )

    def test_an_include_upwards_is_found_in_every_layer(self):
        layers = layering.LAYERS
        for low, high in zip(layers, layers[1:]):
            with self.subTest(low=low, high=high):
                self.assert_one(
                    self.violations(
                        **{f"{low}__x_cpp": f'#include "{high}/y.hpp"\n'}
                    ),
                    f"{low} must not know {high}",
                )

    def test_a_source_that_includes_a_test_is_found(self):
        self.assert_one(
            self.violations(rib__x_cpp='#include "tests/support/a.hpp"\n'),
            "includes tests/support/a.hpp",
        )

    def test_an_include_not_written_from_the_root_is_found(self):
        self.assert_one(
            self.violations(rib__x_cpp='#include "key.hpp"\n'),
            "from the root",
        )

    def test_the_core_knows_no_framework_socket_clock_log_or_thread(self):
        for header, words in {
            "caf/actor.hpp": "CAF",
            "sys/socket.h": "a socket",
            "sys/epoll.h": "a socket",
            "netinet/tcp.h": "a socket",
            "arpa/inet.h": "a socket",
            "spdlog/spdlog.h": "a log",
            "thread": "a thread",
            "mutex": "a thread",
            "ctime": "a clock",
        }.items():
            for layer in layering.CORE:
                with self.subTest(header=header, layer=layer):
                    self.assert_one(
                        self.violations(
                            **{f"{layer}__a__x_cpp": f"#include <{header}>\n"}
                        ),
                        words,
                    )

    def test_the_two_exceptions_hold_only_where_they_are_meant(self):
        self.assertEqual(
            self.violations(
                protocol__address_cpp="#include <arpa/inet.h>\n",
                rib__attribute_pool_hpp="#include <mutex>\n",
                rib__pool__pool_shard_hpp="#include <mutex>\n",
            ),
            [],
        )
        self.assertEqual(
            len(
                self.violations(
                    rib__address_cpp="#include <arpa/inet.h>\n",
                    protocol__attribute_pool_hpp="#include <mutex>\n",
                )
            ),
            2,
        )

    def test_a_clock_in_the_core_is_found_but_not_in_a_comment(self):
        self.assert_one(
            self.violations(
                protocol__fsm__x_cpp="auto t = std::chrono::steady_clock"
                "::now();\n"
            ),
            "a clock",
        )
        self.assertEqual(
            self.violations(
                protocol__x_hpp="/// No steady_clock here.\n"
                "/* nor\n system_clock */\n"
                "std::chrono::seconds hold_time{90};\n",
                actors__x_cpp="using clock = std::chrono::steady_clock;\n",
            ),
            [],
        )

    def test_a_long_file_is_found_unless_it_is_a_table(self):
        long = "int x;\n" * 501
        self.assert_one(self.violations(admin__x_cpp=long), "501 lines")
        self.assert_one(self.violations(tests__rib__x_cpp=long), "501 lines")
        self.assertEqual(
            self.violations(
                admin__x_cpp="int x;\n" * 500,
                rib__t_cpp=layering.TABLE_MARKER + "\n" + long,
            ),
            [],
        )

    def test_a_header_without_its_guard_is_found(self):
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root, "rib", "x.hpp")
            path.parent.mkdir()
            path.write_text("int x();\n", encoding="utf-8")
            found, _ = layering.check(root)
        self.assert_one(found, "#pragma once")


if __name__ == "__main__":
    unittest.main()
