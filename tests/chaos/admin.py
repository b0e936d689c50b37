"""The daemon's admin endpoint, which may be down for a moment."""

import http.client
import json
import time

from scenario import ADMIN

BUSY = 503
PAGE = 2000


class Unanswered(Exception):
    """No answer, or one that says to try again."""


class Admin:
    """Asks; each request is a connection of its own, so that none lingers."""

    def __init__(self, token, timeout=10):
        self._token = token
        self._timeout = timeout
        self.busy = 0  # answers with 503

    def request(self, method, path, body=None):
        """The status and the answer; `Unanswered` where there is none."""
        connection = http.client.HTTPConnection(ADMIN, timeout=self._timeout)
        try:
            connection.request(
                method,
                path,
                json.dumps(body) if body is not None else None,
                {
                    "Authorization": f"Bearer {self._token}",
                    "Connection": "close",
                },
            )
            answer = connection.getresponse()
            document = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unanswered(f"{path}: {error!r}") from error
        finally:
            connection.close()
        if answer.status == BUSY:
            self.busy += 1
        return answer.status, document

    def get(self, path):
        status, document = self.request("GET", path)
        if status == BUSY:
            raise Unanswered(f"{path}: {document['error']['message']}")
        if status != 200:
            raise AssertionError(f"GET {path}: {status} {document}")
        return document

    def get_soon(self, path, seconds=20):
        """As `get`, but asks again while the daemon is busy."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.get(path)
            except Unanswered:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def actors(self):
        return self.get_soon("/v1/actors")["actors"]

    def neighbors(self):
        return {
            each["name"]: each
            for each in self.get_soon("/v1/neighbors")["neighbors"]
        }

    def routes(self, view, neighbor=None):
        """All rows of a view, page by page."""
        question = f"/v1/routes?view={view}&limit={PAGE}"
        if neighbor:
            question += f"&neighbor={neighbor}"
        rows = []
        cursor = ""
        while True:
            page = self.get_soon(question + cursor)
            rows += page["routes"]
            if not page["next_cursor"]:
                return rows
            cursor = f"&cursor={page['next_cursor']}"

    def refresh(self, neighbor):
        """Has the daemon ask a neighbour for its routes."""
        self.request("POST", f"/v1/neighbors/{neighbor}/refresh", {})

    def arm(self, actor, after):
        """The next message but so many ends the actor; whether there is one."""
        status, document = self.request(
            "POST",
            f"/v1/actors/{actor}/fault",
            {"kind": "throw", "after_messages": after},
        )
        if status not in (202, 404):
            raise AssertionError(f"fault at {actor}: {status} {document}")
        return status == 202
