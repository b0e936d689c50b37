"""A browser, led by the W3C WebDriver protocol, with nothing to install but
chromium and its driver."""

import base64
import json
import os
import re
import urllib.error
import urllib.request

from harness.process import NotReady, Process, program, wait_until

# The key of a reference to an element (WebDriver §12).
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

# Keys by their code points (WebDriver §17.4.2).
KEYS = {
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Space": " ",
    "End": "\ue010",
    "Home": "\ue011",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
}


class Browser:
    """A browser without a window. Its profile is in the directory."""

    def __init__(self, directory):
        chromium = program("chromium")
        driver = program("chromedriver", "/usr/lib/chromium")
        # It chooses a port, and says which one.
        self.process = Process(
            "chromedriver",
            [driver, "--port=0"],
            directory,
            environment={**os.environ, "TMPDIR": directory},
        )
        self.session = ""
        try:
            port = wait_until(self._port, 20, "its port", [self.process])
            self.url = f"http://127.0.0.1:{port}"
            self._begin(chromium, f"{directory}/profile")
        except BaseException:
            self.process.stop()
            raise

    def _port(self):
        found = re.search(r"successfully on port (\d+)", self.process.tail())
        return found and int(found[1])

    def _begin(self, chromium, profile):
        arguments = [
            "--headless=new",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--window-size=1280,900",
            f"--user-data-dir={profile}",
        ]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # which root cannot have
        options = {"binary": chromium, "args": arguments}
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        answer = self._ask(
            "POST", "/session", {"capabilities": {"alwaysMatch": wanted}}
        )
        self.session = f"/session/{answer['sessionId']}"

    def quit(self):
        if self.session:
            self._ask("DELETE", self.session)
        self.process.stop()

    def _ask(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path,
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            text = f"{path}: {value['error']}: {value['message'][:300]}"
            # An element that is not there yet, or is just now replaced.
            if value["error"] in (
                "no such element",
                "stale element reference",
                "element not interactable",
                "element click intercepted",
            ):
                raise NotReady(text) from error
            raise AssertionError(text) from error

    def _post(self, path, body=None):
        return self._ask("POST", self.session + path, body or {})

    def open(self, url):
        self._post("/url", {"url": url})

    def execute(self, script, *arguments):
        """What a function of this body returns."""
        return self._post(
            "/execute/sync", {"script": script, "args": list(arguments)}
        )

    def find(self, selector):
        found = self._post(
            "/element", {"using": "css selector", "value": selector}
        )
        return found[ELEMENT]

    def click(self, selector):
        self._post(f"/element/{self.find(selector)}/click")

    def type(self, selector, text):
        self._post(f"/element/{self.find(selector)}/value", {"text": text})

    def press(self, *keys):
        """Presses keys wherever the focus is."""
        steps = []
        for key in keys:
            value = KEYS.get(key, key)
            steps.append({"type": "keyDown", "value": value})
            steps.append({"type": "keyUp", "value": value})
        keyboard = {"type": "key", "id": "keyboard", "actions": steps}
        self._post("/actions", {"actions": [keyboard]})

    def text(self, selector):
        """All that is written in the first such element, seen or not."""
        return self.execute(
            "return document.querySelector(arguments[0])?.textContent ?? ''",
            selector,
        )

    def count(self, selector):
        return self.execute(
            "return document.querySelectorAll(arguments[0]).length", selector
        )

    def resize(self, width, height, mobile=False):
        """The size of the page; a window cannot be as narrow as a phone."""
        self._command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )

    def prefer(self, **features):
        """Media features such as prefers_color_scheme="dark"."""
        self._command(
            "Emulation.setEmulatedMedia",
            features=[
                {"name": name.replace("_", "-"), "value": value}
                for name, value in features.items()
            ],
        )

    def screenshot(self, path, whole_page=False):
        taken = self._command(
            "Page.captureScreenshot", captureBeyondViewport=whole_page
        )
        with open(path, "wb") as file:
            file.write(base64.b64decode(taken["data"]))

    def console(self):
        """What was written to it since it was last asked for."""
        return self._post("/se/log", {"type": "browser"})

    def _command(self, name, **parameters):
        return self._post(
            "/goog/cdp/execute", {"cmd": name, "params": parameters}
        )
