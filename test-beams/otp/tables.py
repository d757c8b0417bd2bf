"""The committed tables: what passes on the reference, and how each of those does on Oxbeam."""

import re
from pathlib import Path

# Suites that need what is listed apart until it exists: kind, regular expression on the suite.
APART = [
    ("tracing", r"emulator/(trac|call_trace|port_trace|match_spec|save_calls|sensitive|system_profile|dirty_.*trace|seq_)"
                r"|kernel/seq_trace|runtime_tools/|tools/(cprof|eprof|fprof)|stdlib/ms_transform"),
    ("distribution", r"emulator/(distribution|dgawd|node_container|erl_link)|kernel/(erl_distribution|global|rpc|erpc|pg_)"
                     r"|stdlib/(peer|slave|pool)"),
    ("NIFs and drivers", r"emulator/(.*nif_|driver|ddll|erl_drv|busy_port|async_ports|send_term|port_bif)|tools/lcnt"),
    ("sockets", r"kernel/(gen_tcp|gen_udp|gen_sctp|inet|socket|sendfile|net_)|inets/|ssl/"),
]
# What a failing case's reason says about the cause: first match counts.
CAUSES = [
    ("needs another node", r"not_alive|eprotonosupport|nodistribution|origin is not distributed|no_handler_response|nodedown"
                           r"|noconnection|monitor_node|boot_failed|net_kernel|test_server_node|not_available"),
    ("tracing", r"\{erlang,trace|trace_pattern|trace_info|seq_trace|exception_trace|\bdbg\b|system_profile|trace_delivered"),
    ("drivers", r"erl_ddll|bad_driver|_drv"),
    ("NIFs", r"load_nif|nif_error,\[\{?not_loaded"),
    ("no property testing tool", r"No property testing tool"),
    ("crypto library", r"crypto application is missing|crypto,"),
    ("in-memory files", r"ram_file|port_died"),
    ("sockets", r"gen_tcp|gen_udp|inet|socket"),
]


def apart(suite):
    """The kind of a suite that is listed apart, or None."""
    return next((kind for kind, pattern in APART if re.match(pattern, suite)), None)


def guess(result, reason):
    """A first guess at why a case fails, until somebody writes a better one."""
    found = re.search(r"[sg]et_internal_state,\[\{?(\w+)", reason)
    if found:
        return f"internal state: {found[1]}"
    for cause, pattern in CAUSES:
        if re.search(pattern, reason):
            return cause
    return {"timeout": "takes too long", "crash": "ends the emulator", "hang": "hangs the emulator",
            "not_run": "suite takes too long", "missing": "not started"}.get(result, "")


def expectations_file(folder, otp):
    return folder / ("expectations.tsv" if otp == "25" else f"expectations{otp}.tsv")


def read_reference(path):
    """{suite: {case: seconds}} of the cases that pass on the reference."""
    suites = {}
    if not path.exists():
        return suites
    for line in path.read_text().splitlines()[1:]:
        suite, case, seconds = line.split("\t")
        suites.setdefault(suite, {})[case] = float(seconds)
    return suites


class Expectations:
    """expectations.tsv: suite, case, result, cause.

    A case without a row has not been looked at: any result is new, none is worse. `cause` is
    written by hand (a few words, the same for all cases of one cause; `meaningless: …` for a case
    that Oxbeam cannot have) and kept for as long as the case does not pass."""

    def __init__(self, path, reference):
        self.path, self.reference = path, reference
        self.rows = {}
        if path.exists():
            for line in path.read_text().splitlines()[1:]:
                suite, case, result, cause = (line.split("\t") + [""])[:4]
                self.rows[suite, case] = (result, cause)

    def worse(self, name, suite, only):
        """[(case, was, now)] of what should be ok and is not, or ends the emulator now."""
        found = []
        for case in self.reference.get(name, {}):
            if only is not None and case not in only:
                continue
            was = self.rows.get((name, case), ("",))[0]
            now = suite.results.get(case, ("missing",))[0]
            if (was == "ok" and now != "ok") or (was not in ("", "crash", "hang") and now in ("crash", "hang")):
                found.append((case, was, now))
        return found

    def update(self, rows, worse):
        stays = {(name, case) for name, case, _, _ in worse}
        for name, suite in rows.items():
            if suite.trouble:
                continue
            for case in self.reference.get(name, {}):
                key = (name, case)
                if key in stays or (suite.only is not None and case not in suite.only):
                    continue
                result, reason, _ = suite.results.get(case, ("missing", "", 0.0))
                self.note(key, result, reason)

    def note(self, key, result, reason):
        cause = self.rows.get(key, ("", ""))[1] or guess(result, reason)
        self.rows[key] = (result, "" if result == "ok" else cause)

    def take(self, path):
        """Notes what results.tsv says, as `update`, where it is no worse."""
        for line in path.read_text(errors="replace").splitlines()[1:]:
            application, suite, case, result, reason, _ = line.split("\t")
            key = (f"{application}/{suite}", case)
            if case in self.reference.get(key[0], {}) and self.rows.get(key, ("",))[0] != "ok":
                self.note(key, result, reason)

    def write(self):
        lines = ["suite\tcase\tresult\tcause"]
        lines += ["\t".join([*key, *row]).rstrip("\t") for key, row in sorted(self.rows.items())]
        self.path.write_text("\n".join(lines) + "\n")
