"""Rows of benches/run that are measured from outside the emulator.

Each is a function of (command, ebin, name, options) that gives (value, peak kB, result) or a text
saying what went wrong. Resident memory is read from /proc while the emulator waits on its input.
"""

import os
import subprocess
import threading
import time
from pathlib import Path


def environment(options):
    return dict(os.environ, OXBEAM_OTP=options.otp, ERL_CRASH_DUMP="/dev/null", ERL_CRASH_DUMP_SECONDS="0")


def start_up(command, ebin, name, options):
    """Wall nanoseconds from the start to the end of an emulator that has nothing to do."""
    best, peak = None, 0
    for _ in range(3):
        start = time.monotonic_ns()
        process = subprocess.Popen(command + ["-noshell", "-noinput", "-eval", "halt()."], env=environment(options))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.monotonic_ns() - start
        if status != 0:
            return f"status {process.returncode}"
        best, peak = min(took, best or took), max(peak, usage.ru_maxrss)
    return best, peak, ""


class Asked:
    """An emulator that evaluates what it is told and says when it is done."""

    def __init__(self, command, options, arguments=()):
        self.process = subprocess.Popen(command + ["-noshell", "+P", "1100000", *arguments, "-eval", self.LOOP], text=True,
                                        env=environment(options), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.late = threading.Timer(300, self.process.kill)
        self.late.start()

    LOOP = """F = fun F(B) -> case io:get_line('') of eof -> halt(0); L ->
        {ok, T, _} = erl_scan:string(L), {ok, E} = erl_parse:parse_exprs(T), {value, V, B1} = erl_eval:exprs(E, B),
        io:format(\"= ~0p~n\", [V]), F(B1) end end, F([])."""

    def ask(self, expression):
        self.process.stdin.write(expression + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("= "):
                return line[2:].strip()
        raise RuntimeError("the emulator has ended")

    def resident(self):
        """kB now, kB at most so far."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        field = {l.split(":")[0]: l.split()[1] for l in text.splitlines() if l.startswith("Vm")}
        return int(field["VmRSS"]), int(field["VmHWM"])

    def cpu(self):
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.late.cancel()
        self.process.kill()
        self.process.wait()


def asking(f):
    def row(command, ebin, name, options):
        try:
            with Asked(command, options, ["-pa", str(ebin)]) as emulator:
                emulator.ask("ok.")
                value, result = f(emulator)
                return value, emulator.resident()[1], result
        except (RuntimeError, BrokenPipeError, FileNotFoundError) as e:
            return str(e)
    return row


@asking
def at_rest(emulator):
    time.sleep(1)
    return emulator.resident()[0], ""


MANY = 200000


@asking
def idle_process(emulator):
    """Bytes of resident memory for each of many processes that wait in a receive."""
    before = emulator.resident()[0]
    n = emulator.ask(f"length([spawn(timer, sleep, [infinity]) || _ <- lists:seq(1, {MANY})]).")
    time.sleep(0.5)
    return (emulator.resident()[0] - before) * 1024 / MANY, n


CONNECTIONS = 4000


@asking
def idle_connection(emulator):
    """Bytes of resident memory for each pair of connected sockets and the process that waits at one end."""
    program = """(fun() -> {ok, L} = gen_tcp:listen(0, [binary, {backlog, 1024}, {ip, {127, 0, 0, 1}}]), {ok, P} = inet:port(L),
        Pair = fun() -> {ok, C} = gen_tcp:connect({127, 0, 0, 1}, P, [binary, {active, false}]), {ok, S} = gen_tcp:accept(L),
            W = spawn(fun() -> receive {tcp, S, D} -> gen_tcp:send(S, D) end end), ok = gen_tcp:controlling_process(S, W), C end,
        put(pairs, [Pair() || _ <- lists:seq(1, COUNT)]), erlang:garbage_collect(), length(get(pairs)) end)()."""
    program = " ".join(program.split())
    emulator.ask(program.replace("COUNT", "10"))
    before = emulator.resident()[0]
    emulator.ask(program.replace("COUNT", str(CONNECTIONS)))
    time.sleep(1)
    after = emulator.resident()[0]
    answered = """length([1 || C <- get(pairs), gen_tcp:send(C, "x") =:= ok, gen_tcp:recv(C, 1, 5000) =:= {ok, <<"x">>}])."""
    return (after - before) * 1024 / CONNECTIONS, emulator.ask(answered)


@asking
def after_load(emulator):
    """kB that stay resident after a burst of processes with 100 kB each is over."""
    emulator.ask("length(lists:seq(1, 100)).")
    burst = """length([receive {'DOWN', M, _, _, _} -> ok end || M <- [M || {P, M} <- [begin
        {P, M} = spawn_monitor(fun() -> L = lists:seq(1, 6400), receive go -> length(L) end end), {P, M} end
        || _ <- lists:seq(1, 3000)], (P ! go) =:= go]])."""
    n = emulator.ask(" ".join(burst.split()))
    time.sleep(2)
    return emulator.resident()[0], n


@asking
def idle_cpu(emulator):
    """Microseconds of processor time in a second of doing nothing (at least one, so that it has a ratio)."""
    time.sleep(1)
    before = emulator.cpu()
    time.sleep(5)
    return max(1, (emulator.cpu() - before) / 5 * 1e6), ""


ROWS = {"start_up": start_up, "at_rest": at_rest, "idle_process": idle_process, "idle_connection": idle_connection, "after_load": after_load,
        "idle_cpu": idle_cpu}
# What to divide by for showing, and the unit.
UNITS = {"at_rest": (1024, "MB"), "idle_process": (1, "B"), "idle_connection": (1, "B"), "after_load": (1024, "MB"), "idle_cpu": (1, "µs/s")}
