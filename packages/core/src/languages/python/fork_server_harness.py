"""Plays the agent for fork-server.test.ts: reads one request on stdin, starts a fork server, prints what it saw."""

import array
import json
import os
import socket
import subprocess
import sys
import time


class Agent:
    def __init__(self, request):
        self.request = request
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.ours.settimeout(20)
        user = request.get("serverUser")
        self.server = subprocess.Popen(
            request["argv"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={
                "PATH": os.environ["PATH"],
                "LLM_SANDBOX_ROLE": "server",
                **request.get("serverEnv", {}),
            },
            preexec_fn=lambda: self.arrange(theirs.fileno(), user),
            pass_fds=(3,),
        )
        theirs.close()
        self.messages = []

    @staticmethod
    def arrange(descriptor, user):
        os.dup2(descriptor, 3, inheritable=True)
        if user is not None:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)

    def wait_for(self, key, value=None):
        while True:
            for message in self.messages:
                if key in message and value in (None, message[key]):
                    self.messages.remove(message)
                    return message
            data = self.ours.recv(65536)
            if not data:
                raise EOFError("the server has gone while waiting for %s" % key)
            self.messages.append(json.loads(data))

    def start(self, code, mode="script"):
        """Hands a job to the waiting child."""
        return Run(self, code, mode)


class Run:
    def __init__(self, agent, code, mode):
        self.agent = agent
        request = agent.request
        stdin = os.open("/dev/null", os.O_RDONLY)
        self.stdout, stdout = os.pipe()
        self.stderr, stderr = os.pipe()
        self.structured, structured = socket.socketpair()
        self.structured.settimeout(20)
        packet = {
            "uid": request["uid"],
            "gid": request["gid"],
            "tag": request.get("tag"),
            "cwd": request["cwd"],
            "env": {"PATH": os.environ["PATH"], "HOME": request["cwd"], "GREETING": "hello"},
            "limits": {"processes": 100, "openFiles": 200, "fileBytes": 1000000},
        }
        descriptors = array.array("i", [stdin, stdout, stderr, structured.fileno()])
        self.begin = time.perf_counter()
        agent.ours.sendmsg(
            [json.dumps(packet).encode()],
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)],
        )
        job = {
            "type": "run",
            "id": 1,
            "mode": mode,
            "code": code,
            "filename": "main.py",
            "argv": [],
            "env": {},
            "cwd": request["cwd"],
        }
        self.structured.sendall(json.dumps(job).encode() + b"\n")
        for descriptor in (stdin, stdout, stderr):
            os.close(descriptor)
        structured.close()
        self.pid = agent.wait_for("taken")["taken"]

    def finish(self):
        stdout = os.read(self.stdout, 65536)
        first_byte = (time.perf_counter() - self.begin) * 1000
        stdout += rest(lambda: os.read(self.stdout, 65536)) if stdout else b""
        stderr = rest(lambda: os.read(self.stderr, 65536))
        messages = rest(lambda: self.structured.recv(65536))
        os.close(self.stdout)
        os.close(self.stderr)
        self.structured.close()
        return {
            "pid": self.pid,
            "stdout": stdout.decode(),
            "stderr": stderr.decode(),
            "messages": [json.loads(line) for line in messages.splitlines()],
            "firstByteMs": first_byte,
            "ended": self.agent.wait_for("ended", self.pid),
        }


def rest(read):
    content = b""
    while True:
        try:
            chunk = read()
        except ConnectionResetError:  # the run ended with a part of its job unread
            chunk = b""
        if not chunk:
            return content
        content += chunk


def main():
    request = json.load(sys.stdin)
    agent = Agent(request)
    agent.wait_for("ready")
    if request.get("settle"):
        wait_for_imports(agent)
    if request.get("concurrent"):
        runs = [agent.start(code) for code in request["codes"]]
        results = [run.finish() for run in runs]
    else:
        results = [agent.start(code).finish() for code in request["codes"]]
    report = {"runs": results}
    with open("/proc/%d/status" % agent.server.pid) as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    report["serverMemoryBytes"] = int(status["VmRSS"].split()[0]) * 1024
    agent.ours.close()
    report["serverOutput"] = agent.server.communicate(timeout=20)[0].decode()
    report["serverExitCode"] = agent.server.returncode
    print(json.dumps(report))


def wait_for_imports(agent):
    """Runs until a run finds the standard library imported."""
    while True:
        run = agent.start("import sys; print('decimal' in sys.modules)").finish()
        if run["stdout"] == "True\n":
            return


main()
