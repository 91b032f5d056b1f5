"""A learner who works on a JupyterHub over HTTP and a kernel's socket, as a browser does."""

import json
import struct
import time
from collections.abc import Callable
from uuid import uuid4

import requests
import websocket

SECONDS = 3600  # for an answer: thirty learners on two cores wait long for each other
BREAK = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


class Learner:
    """Logs in with a form, as everybody does, and asks the hub for a token, with which the rest is simple."""

    def __init__(self, hub: str, name: str) -> None:
        self.hub, self.name = hub, name
        self.session = requests.Session()
        self.session.get(f"{hub}/hub/login", timeout=SECONDS).raise_for_status()
        mark = {"_xsrf": self.session.cookies["_xsrf"]}
        form = {"username": name, "password": "chalk", **mark}
        self.session.post(f"{hub}/hub/login", data=form, params=mark, timeout=SECONDS).raise_for_status()
        mark = {"_xsrf": self.session.cookies.get("_xsrf", path="/hub/")}
        address = f"{hub}/hub/api/users/{name}/tokens"
        answer = self.session.post(address, json={}, params=mark, headers={"Referer": f"{hub}/hub/"}, timeout=SECONDS)
        answer.raise_for_status()
        self.session = requests.Session()  # from here on the token, no cookies
        # On a crowded host a kept connection may be closed by the proxy just as it is used again.
        self.session.headers["Connection"] = "close"
        self.session.headers["Authorization"] = f"token {answer.json()['token']}"

    def ask(self, verb: str, path: str, **content: object) -> requests.Response:
        """A request to the hub; HTTPError for a refusal."""
        answer = self.session.request(verb, f"{self.hub}{path}", timeout=SECONDS, **content)
        answer.raise_for_status()
        return answer

    def start_server(self) -> None:
        """Start the learner's server and wait until it is ready. RuntimeError if the hub gives up."""
        self.ask("POST", f"/hub/api/users/{self.name}/server", json={})
        self._wait(self._has_started)

    def stop_server(self) -> None:
        """Stop it, kernels and all, and wait until it has gone."""
        self.ask("DELETE", f"/hub/api/users/{self.name}/server")
        self._wait(lambda: not self._server())

    def kernel(self, folder: str = "") -> "Kernel":
        """A new kernel on the learner's server, in a folder of theirs."""
        wanted = {"name": "python3", "path": f"{folder}/x.ipynb"}
        identity = self.ask("POST", f"/user/{self.name}/api/kernels", json=wanted).json()["id"]
        address = f"{self.hub.replace('http', 'ws', 1)}/user/{self.name}/api/kernels/{identity}/channels"
        return Kernel(identity, address, str(self.session.headers["Authorization"]))

    def close(self, kernel: "Kernel") -> None:
        """Shut a kernel down, as a careful learner does with a chapter before they open the next."""
        kernel.socket.close()
        self.ask("DELETE", f"/user/{self.name}/api/kernels/{kernel.identity}")

    def write(self, path: str, text: str) -> None:
        """Save a text in the learner's folder."""
        content = {"type": "file", "format": "text", "content": text}
        self.ask("PUT", f"/user/{self.name}/api/contents/{path}", json=content)

    def read(self, path: str) -> str:
        """What a file of theirs holds."""
        answer = self.ask("GET", f"/user/{self.name}/api/contents/{path}", params={"format": "text"})
        return str(answer.json()["content"])

    def _has_started(self) -> bool:
        server = self._server()
        if not server:
            raise RuntimeError(f"the server of {self.name} did not start")
        return bool(server["ready"])

    def _server(self) -> dict[str, object]:
        return self.ask("GET", f"/hub/api/users/{self.name}").json()["servers"].get("", {})

    def _wait(self, arrived: Callable[[], bool]) -> None:
        until = time.monotonic() + SECONDS
        while not arrived():
            if time.monotonic() > until:
                raise TimeoutError(f"{self.name} waited for {SECONDS} s")
            time.sleep(2)  # a class that asks more often keeps the hub from its work


class Kernel:
    """A kernel's socket. `messages` keeps what came in for everybody, such as the opening of a widget."""

    def __init__(self, identity: str, address: str, authorization: str) -> None:
        self.identity, self.session = identity, uuid4().hex
        self.socket = websocket.create_connection(
            f"{address}?session_id={self.session}", timeout=SECONDS, header={"Authorization": authorization}
        )
        self.messages: list[dict] = []

    def send(self, kind: str, content: dict) -> str:
        """Send a message on the kernel's shell and return its id."""
        identity = uuid4().hex
        header = {"msg_id": identity, "msg_type": kind, "session": self.session, "username": "", "version": "5.3"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self.socket.send(json.dumps(message))
        return identity

    def until(self, wanted: Callable[[dict], bool]) -> dict:
        """The next message that is wanted."""
        while True:
            message = _decoded(self.socket.recv())
            self.messages.append(message)
            if wanted(message):
                return message

    def run(self, source: str) -> str:
        """Execute a cell and return what it printed; RuntimeError with its error's name and words."""
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        identity, first = self.send("execute_request", content), len(self.messages)
        self.until(lambda message: _answers(message, identity) and message["content"].get("execution_state") == "idle")
        mine = [message for message in self.messages[first:] if _answers(message, identity)]
        for message in mine:
            if message["msg_type"] == "error":
                raise RuntimeError(f"{message['content']['ename']}: {message['content']['evalue']}")
        return "".join(message["content"]["text"] for message in mine if message["msg_type"] == "stream")

    def break_it(self) -> None:
        """Kill the kernel from inside, and wait until its server has noticed."""
        self.send("execute_request", {"code": BREAK, "silent": True})
        gone = ("restarting", "autorestarting", "dead")
        self.until(lambda message: message["content"].get("execution_state") in gone)

    def drag(self, state: str) -> None:
        """Set the state line of the widget that opened last, and wait until the kernel has it."""
        self._tell({"method": "update", "state": {"state": state}, "buffer_paths": []})
        self.until(lambda message: message["content"].get("data", {}).get("method") == "echo_update")

    def attack(self, factor: float, loss: str) -> None:
        """Press "Attack live" of the laboratory of faces, and wait until it is done."""
        self._tell({"method": "custom", "content": {"type": "attack", "factor": factor, "loss": loss}})
        last = _told(self.until(lambda message: _told(message).get("type") in ("done", "failed")))
        if last["type"] == "failed":
            raise RuntimeError(last["sentence"])

    def _tell(self, data: dict) -> None:
        opened = [message for message in self.messages if message["msg_type"] == "comm_open"]
        lab = next(message for message in reversed(opened) if "has_kernel" in message["content"]["data"]["state"])
        self.send("comm_msg", {"comm_id": lab["content"]["comm_id"], "data": data})


def _told(message: dict) -> dict:
    return message["content"].get("data", {}).get("content", {}) if message["msg_type"] == "comm_msg" else {}


def _answers(message: dict, identity: str) -> bool:
    return message["parent_header"].get("msg_id") == identity


def _decoded(frame: str | bytes) -> dict:
    """Text is JSON. Bytes are the number of parts and where each begins; the first part is JSON."""
    if isinstance(frame, str):
        return json.loads(frame)
    count = struct.unpack("!I", frame[:4])[0]
    begins = struct.unpack(f"!{count}I", frame[4 : 4 * (count + 1)])
    return json.loads(frame[begins[0] : begins[1] if count > 1 else None])
