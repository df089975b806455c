"""One process that keeps an install running: starts everything, restarts what dies, ends everything in order."""

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from config import embedded, janitor, processes
from config.celery import app
from config.embedded.place import CHECKOUT, end_of

LOOK_EVERY = 0.2
SERVICES_EVERY = 2.0
READY_WITHIN = 60.0
LONGEST_PAUSE = 30.0
# A program that ran this long before it died did start properly: its next pause is short again.
PROPER_RUN = 20.0


class Refused(Exception):
    """One sentence for a person on why the install does not start."""


class Asked(BaseException):
    """Somebody asked to stop (Ctrl-C, SIGTERM, a closed terminal) while a step was going on."""


class Supervisor:
    """Runs the install on one port until it is asked to stop. `say` prints one line."""

    def __init__(self, port: int, say: Callable[[str], None]) -> None:
        self.port = port
        self.say = say
        self.children: dict[str, Child] = {}
        self.is_asked = False
        self.may_interrupt = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/admin/"

    def run(self, prepare: Callable[[], None], introduce: Callable[[], None]) -> None:
        """Prepare the database, start everything, introduce it, and keep it running until asked to stop."""
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if sign != signal.SIGHUP or signal.getsignal(sign) != signal.SIG_IGN:  # nohup means it
                signal.signal(sign, self._ask)
        try:
            with self._interruptible():
                lock = take_lock(self)
        except Asked:
            return
        done = None
        try:
            processes.end_remembered()
            check_port(self.port)
            embedded.provide()
            done = start_janitor(lock)
            with self._interruptible():
                prepare()
            *first, beat = processes.programs(self.port)
            self._start(*first)
            if self._wait_until_ready():
                # Beat comes last: it has nobody to tick for before, and the others have the processors to themselves.
                self._start(beat)
                introduce()
                self.say(f"Ready: {self.address}")
                self._keep_running()
        except Asked:
            pass
        finally:
            self._stop_all()
            if done is not None:
                os.write(done, janitor.ALL_IS_DONE)
            os.close(lock)

    def _ask(self, *_: Any) -> None:
        self.is_asked = True
        if self.may_interrupt:
            self.may_interrupt = False
            raise Asked

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Steps that take long and may end anywhere; between starting a process and noting it nothing may."""
        self.may_interrupt = True
        try:
            if self.is_asked:
                raise Asked
            yield
        finally:
            self.may_interrupt = False

    def _start(self, *programs: processes.Program) -> None:
        for program in programs:
            self.children[program.name] = Child(program)
            self._remember()

    def _remember(self) -> None:
        processes.remember(child.started for child in self.children.values())

    def _wait_until_ready(self) -> bool:
        """True when web and worker answer, False when asked to stop before; a death on the way is a refusal."""
        deadline = time.monotonic() + READY_WITHIN
        waits = {"web": lambda: answers(self.port), "worker": worker_answers}
        while waits:
            if self.is_asked:
                return False
            for child in self.children.values():
                if (code := child.process.poll()) is not None:
                    raise Refused(f"{child.program.name} ended at once ({outcome(code)}); {tail(child.program.name)}")
            if time.monotonic() > deadline:
                names = " and ".join(waits)
                raise Refused(f"no answer from {names} for {READY_WITHIN:.0f} s; {tail(next(iter(waits)))}")
            waits = {name: is_up for name, is_up in waits.items() if not is_up()}
            time.sleep(0.05)
        return True

    def _keep_running(self) -> None:
        look_at_services = time.monotonic() + SERVICES_EVERY
        while not self.is_asked:
            time.sleep(LOOK_EVERY)
            for child in self.children.values():
                if child.look(self.say):
                    self._remember()
            if time.monotonic() > look_at_services:
                look_after_services(self.say)
                look_at_services = time.monotonic() + SERVICES_EVERY

    def _stop_all(self) -> None:
        """Web, worker, beat, Redis, PostgreSQL; a second Ctrl-C changes nothing."""
        names = [*self.children, *(["Redis", "PostgreSQL"] if embedded.provided() else [])]
        self.say(f"Stopping {', '.join(names)} …")
        for child in self.children.values():
            processes.end(child.started)
            child.process.wait()
        processes.end_remembered()
        if embedded.provided():
            embedded.stop()
        self.say("Everything is stopped; the data stays.")


class Child:
    """A program that is meant to run, restarted with growing pauses when it dies."""

    def __init__(self, program: processes.Program) -> None:
        self.program = program
        self.pause = 0.0
        self.due: float | None = None
        self._start()

    def _start(self) -> None:
        self.process = processes.start(self.program)
        self.started = processes.describe(self.program, self.process)
        self.since = time.monotonic()
        self.due = None

    def look(self, say: Callable[[str], None]) -> bool:
        """Notice a death, restart when it is time. True when a new process runs."""
        if self.due is not None:
            if time.monotonic() >= self.due:
                self._start()
                return True
            return False
        code = self.process.poll()
        if code is None:
            return False
        processes.end(self.started)  # its own children
        is_proper = time.monotonic() - self.since > PROPER_RUN
        self.pause = 0.5 if is_proper or not self.pause else min(self.pause * 2, LONGEST_PAUSE)
        self.due = time.monotonic() + self.pause
        log = processes.log_file(self.program.name)
        say(f"{self.program.name} ended ({outcome(code)}), starts again in {self.pause:g} s; its log: {log}")
        return False


def take_lock(supervisor: Supervisor) -> int:
    """One supervisor an install. After a kill the janitor holds the lock until everything is down: wait for it."""
    folder = embedded.data_dir()
    folder.mkdir(exist_ok=True)
    lock = os.open(folder / "run.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    deadline, is_told = time.monotonic() + 30, False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            holder = json.loads(os.pread(lock, 200, 0) or b"{}")
            if processes.is_alive(processes.Started("supervisor", holder.get("pid", 0), holder.get("tick", 0), 0)):
                raise Refused(f"it runs already: {holder['address']} (process {holder['pid']}).") from None
            if time.monotonic() > deadline:
                raise Refused(f"a run that was killed is still being cleaned up ({folder}/run.lock).") from None
        if not is_told:
            supervisor.say("Cleaning up after a run that was killed …")
            is_told = True
        time.sleep(0.1)
    own = {"pid": os.getpid(), "tick": processes.tick_of(os.getpid()), "address": supervisor.address}
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps(own).encode(), 0)
    return lock


def start_janitor(lock: int) -> int:
    """Start the process that cleans up should this one be killed; the pipe that tells it not to."""
    read, write = os.pipe()
    with open(processes.log_file("janitor"), "ab") as log:
        subprocess.Popen(  # noqa: S603
            janitor.command(has_embedded=embedded.provided()),
            cwd=CHECKOUT,
            stdin=read,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(lock,),
        )
    os.close(read)
    return write


def check_port(port: int) -> None:
    """Refuse a taken port: the web server itself would share it silently with another of its kind."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Refused(f"port {port} cannot be used ({error.strerror}); PORT={port + 1} takes another.") from error


def answers(port: int) -> bool:
    """Whether /readyz says that the product is up."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def worker_answers() -> bool:
    return bool(app.control.ping(timeout=0.5, limit=1))


def look_after_services(say: Callable[[str], None]) -> None:
    """Start PostgreSQL or Redis again when one of them was killed."""
    if not embedded.provided() or embedded.is_up():
        return
    say("PostgreSQL or Redis does not answer; starting what is down …")
    try:
        embedded.provide()
    except SystemExit as error:
        say(str(error))


def outcome(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def tail(name: str) -> str:
    return end_of(processes.log_file(name))
