"""Rows of the group `distribution` that are measured from outside: memory of connected nodes.

The form is that of system.py's. Nodes find each other through the epmd that the runner has started.
"""

import os
import subprocess
import time
from pathlib import Path

import system

TOP = Path(__file__).resolve().parent.parent
HERE = "@127.0.0.1"
CONNECTIONS = 500
NODES = 64
MESSAGES = 200


def named(name, *more):
    return ["-name", name + HERE, "-setcookie", "bench", *more]


def hidden_connection(command, ebin, name, options):
    """Bytes of resident memory of a node for each hidden node that is connected with it: erl_interface's, in one process."""
    program = ebin / "hidden_nodes"
    library = sorted((TOP / "target/otp/25/lib/erlang/lib").glob("erl_interface-*"))
    if not library:
        return "no erl_interface"
    subprocess.run(["cc", "-O1", "-D_REENTRANT", "-o", str(program), str(TOP / "benches/hidden_nodes.c"), "-I", str(library[0] / "include"),
                    "-L", str(library[0] / "lib"), "-lei", "-lpthread"], check=True)
    centre = f"centre{os.getpid()}"
    others = None
    try:
        with system.Asked(command, options, named(centre)) as emulator:
            emulator.ask("length(nodes()).")

            def connected(count):
                nonlocal others
                others = subprocess.Popen([str(program), centre + HERE, "bench", str(count)], stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, text=True)
                said = others.stdout.readline().strip()
                time.sleep(0.5)
                return said, emulator.ask("length(nodes(hidden)).")

            # A few first, so that code is loaded.
            connected(10)
            others.kill()
            others.wait()
            time.sleep(1)
            before = emulator.resident()[0]
            result = connected(CONNECTIONS)
            after, peak = emulator.resident()
            return (after - before) * 1024 / CONNECTIONS, peak, str(result)
    except (RuntimeError, BrokenPipeError, FileNotFoundError) as e:
        return str(e)
    finally:
        if others:
            others.kill()
            others.wait()


# What a star of nodes has shown, by emulator: both rows of it come from one.
STARS = {}


def star_64(command, ebin, name, options):
    """kB of memory of a node of 64 that are all connected with one more, each process's share of what they share counted once."""
    shown = STARS[" ".join(command)] = star(command, ebin, options)
    return shown if isinstance(shown, str) else shown[0]


def star_messages(command, ebin, name, options):
    """Nanoseconds for 200 messages to each of those nodes, and back, all at once."""
    shown = STARS.pop(" ".join(command), None) or star(command, ebin, options)
    return shown if isinstance(shown, str) else shown[1]


def star(command, ebin, options):
    centre = f"star{os.getpid()}"
    nodes = []
    try:
        with system.Asked(command, options, named(centre, "-pa", str(ebin))) as emulator:
            emulator.ask("length(nodes()).")
            for i in range(NODES):
                hello = f"pong = net_adm:ping('{centre}{HERE}'), io:get_line(''), halt()."
                nodes.append(subprocess.Popen(command + ["-noshell", *named(f"point{os.getpid()}_{i}", "-connect_all", "false"), "-pa", str(ebin), "-eval", hello],
                                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=system.environment(options)))
                # Not all at once: they would take each other's time.
                if i % 8 == 7:
                    emulator.ask(f"(fun F() -> case length(nodes()) of N when N > {i} -> N; _ -> timer:sleep(50), F() end end)().")
            answered = emulator.ask("length([N || N <- nodes(), erpc:call(N, erlang, node, []) =:= N]).")
            time.sleep(1)
            size = sum(share(n.pid) for n in nodes)
            memory = size / NODES, emulator.resident()[1], answered
            time_taken = int(emulator.ask(f"bench_node:star(nodes(), {MESSAGES})."))
            return memory, (time_taken, emulator.resident()[1], answered)
    except (RuntimeError, BrokenPipeError, FileNotFoundError) as e:
        return str(e)
    finally:
        for n in nodes:
            n.kill()
        for n in nodes:
            n.wait()


def share(pid):
    """kB of a process, divided by how many share them, page by page."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise FileNotFoundError("no Pss")


ROWS = {"hidden_connection": hidden_connection, "star_64": star_64, "star_messages": star_messages}
UNITS = {"hidden_connection": (1, "B"), "star_64": (1024, "MB")}
