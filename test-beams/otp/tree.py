"""The suites' side of the runner: a working copy of each application's test directory, compiled.

The copy is in target/conformance/NN/APPLICATION_test, as OTP's `make release_tests` lays it out:
suites, helpers, their .beam files and *_SUITE_data in one directory. Some suites are compiled a
second time under another name and with other options; the tables below say which, as the
suites' Makefiles do. Everything is compiled by the reference, on demand, and kept."""

import fcntl
import re
import shutil
import subprocess
import sys
from pathlib import Path

NO_SSA = ["no_bool_opt", "no_share_opt", "no_bsm_opt", "no_fun_opt", "no_ssa_opt", "no_recv_opt"]
# {application: {suffix of the suite's name: options}}
VARIANTS = {
    "emulator": {
        "_no_opt": ["no_copt", "no_postopt", "no_ssa_opt", "no_bsm_opt"],
        "_native": [],
    },
    "compiler": {
        "_no_opt": ["no_copt", *NO_SSA, "no_postopt"],
        "_no_ssa_opt": NO_SSA,
        "_post_opt": ["no_copt", *NO_SSA],
        "_no_copt": ["no_copt"],
        "_inline": ["inline"],
        "_r23": ["r23"],
        "_r24": ["r24"],
        "_r25": ["r25"],
        "_r26": ["r26"],
        "_no_bool_opt": ["no_bool_opt"],
        "_no_copt_ssa": ["no_copt", "no_ssa_opt"],
        "_no_module_opt": ["no_module_opt"],
        "_no_type_opt": ["no_type_opt"],
        "_dialyzer": ["dialyzer"],
    },
}
# What an application's suites take from other test directories.
BORROWED = {
    "emulator": ["lib/kernel/examples/gen_tcp_dist/src/gen_tcp_dist.erl"],
    "stdlib": ["erts/emulator/test/erts_test_utils.erl", "lib/sasl/test/otp_vsns.erl", "otp_versions.table"],
    "kernel": ["lib/sasl/test/otp_vsns.erl", "lib/stdlib/test/error_info_lib.erl", "otp_versions.table",
               "lib/kernel/examples/gen_tcp_dist/src/gen_tcp_dist.erl",
               "lib/kernel/examples/erl_uds_dist/src/erl_uds_dist.erl"],
    "sasl": ["otp_versions.table"],
    "ssl": ["lib/public_key/test/erl_make_certs.erl"],
    "xmerl": ["lib/xmerl/doc/examples/xmerl_test.erl"],
}
# Options that an application's Makefile gives to all its suites.
OPTIONS = {"snmp": ["{d, snmp_test_data, snmp_test_data}", '{d, version, "5"}']}
# Suites that call functions of other suites.
COMPANIONS = {"emulator/nif_SUITE": ["driver_SUITE"]}


class Tree:
    def __init__(self, top, target, otp):
        self.top, self.otp = top, otp
        self.source = target / "otp-src" / otp
        self.root = target / "otp" / otp / "lib/erlang"
        self.out = target / "conformance" / otp
        # Libraries that suites ask for: a tool for property tests.
        self.libraries = target / "proper"
        self.reference = [str(top / "otp-stdlib" / "reference"), otp]

    def fetch(self):
        for program in ("fetch", "fetch-src"):
            if subprocess.run([str(self.top / "otp-stdlib" / program), self.otp]).returncode:
                sys.exit(f"conformance: otp-stdlib/{program} {self.otp} failed")
        if subprocess.run([str(self.top / "otp-stdlib" / "fetch-proper")]).returncode:
            print("conformance: no PropEr; property tests will be skipped", file=sys.stderr)
        self.out.mkdir(parents=True, exist_ok=True)

    def directory(self, application):
        return self.out / f"{application}_test"

    def test_source(self, application):
        place = "erts/emulator" if application == "emulator" else f"lib/{application}"
        return self.source / place / "test"

    def suites(self, application):
        """The suites in the sources of an application, without variants."""
        return [f"{application}/{f.stem}" for f in sorted(self.test_source(application).glob("*_SUITE.erl"))]

    def driver(self):
        """Our own modules, compiled; the directory they are in."""
        ebin = self.out / "driver"
        ebin.mkdir(parents=True, exist_ok=True)
        sources = sorted(Path(__file__).parent.glob("*.erl"))
        stale = [s for s in sources if not (ebin / f"{s.stem}.beam").exists()
                 or (ebin / f"{s.stem}.beam").stat().st_mtime < s.stat().st_mtime]
        if stale:
            subprocess.run([*self.reference, "--as", "erlc", "-W0", "-o", str(ebin), *map(str, stale)], check=True)
        return ebin

    def common_test(self):
        """common_test, with the scripts for its pages that Debian has in packages of their own."""
        lib = next(iter(sorted(self.root.glob("lib/common_test-*"))))
        place = self.out / lib.name
        if not (place / "priv").is_dir():
            place.mkdir(parents=True, exist_ok=True)
            (place / "ebin").symlink_to(lib / "ebin")
            shutil.copytree(lib / "priv", place / "priv", ignore_dangling_symlinks=True)
            for script in ("jquery-latest.js", "jquery.tablesorter.min.js"):
                (place / "priv" / script).touch()
        return place / "ebin"

    def copy(self, application):
        """The application's working copy; made once."""
        place = self.directory(application)
        if (place / ".copied").exists():
            return place
        source = self.test_source(application)
        if not source.is_dir():
            return None
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(source, place, symlinks=True)
        for name in BORROWED.get(application, []):
            if (self.source / name).exists():
                shutil.copy(self.source / name, place)
        for core in place.glob("*_SUITE.core"):
            # Suites read their own source for nothing but its presence.
            core.with_suffix(".erl").write_text(f"-module({core.stem}).\n")
        subprocess.run(["chmod", "-R", "u+w", str(place)], check=True)
        tickets = self.source / "make/otp_version_tickets"
        data = place / f"{application}_SUITE_data"
        if tickets.exists() and (place / f"{application}_SUITE.erl").exists():
            data.mkdir(exist_ok=True)
            shutil.copy(tickets, data)
        (place / ".copied").write_text("")
        return place

    def variant(self, application, module):
        """(the suite that this one is a variant of, options)."""
        for suffix, options in sorted(VARIANTS.get(application, {}).items(), key=lambda v: -len(v[0])):
            if module.endswith(f"{suffix}_SUITE"):
                return module.removesuffix(f"{suffix}_SUITE") + "_SUITE", options
        return module, []

    def prepare(self, application, module, log):
        """Compiles a suite and the application's helpers; returns what went wrong, or None."""
        self.out.mkdir(parents=True, exist_ok=True)
        with open(self.out / f"{application}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            place = self.copy(application)
            if place is None:
                return "no such application in the sources"
            base, options = self.variant(application, module)
            if base != module and not (place / f"{module}.erl").exists():
                if not (place / f"{base}.erl").exists():
                    return "no such suite"
                text = (place / f"{base}.erl").read_bytes()
                text = text.replace(b"-module(%s)" % base.encode(), b"-module(%s)" % module.encode())
                (place / f"{module}.erl").write_bytes(text)
            # What test_server knows of the machine.
            (place / "variables").write_text('{\'CC\',"gcc"}.\n')
            jobs = []
            if not (place / f"{module}.beam").exists():
                if (place / f"{module}.core").exists():
                    jobs.append((f"{module}.core", ["from_core"]))
                elif (place / f"{module}.erl").exists():
                    jobs.append((f"{module}.erl", options))
                else:
                    return "no such suite"
            for other in COMPANIONS.get(f"{application}/{base}", []):
                if not (place / f"{other}.beam").exists():
                    jobs.append((f"{other}.erl", []))
            if not (place / ".helpers").exists():
                jobs += [(f.name, []) for f in sorted(place.glob("*.erl"))
                         if not re.search(r"_SUITE$", f.stem) and not f.with_suffix(".beam").exists()]
            if jobs:
                self.information_bases(place, log)
                self.compile(application, place, jobs, log)
                (place / ".helpers").write_text("")
            if not (place / f"{module}.beam").exists():
                return f"does not compile; see {log}"
            self.native(place, base, log)
        return None

    def compile(self, application, place, jobs, log):
        listing = place / ".compile"
        include = "".join(f', {{i, "{d}"}}' for d in (
            self.root / "lib", self.source / "lib", *sorted(self.root.glob(f"lib/{application}-*/include")),
            *sorted(self.root.glob("lib/public_key-*/include")), *sorted((self.source / "lib" / application / "src").glob("*/")),
            *sorted(self.root.glob(f"lib/{application}-*/src")), self.source / "lib" / application / "src",
            # Generated headers that public_key's own one includes.
            *sorted(self.root.glob("lib/public_key-*/include")),
            self.source / "lib" / application / "include"))
        listing.write_text("".join(
            f'{{"{name}", [{", ".join(options + OPTIONS.get(application, []) + ["nowarn_unused_vars"])}{include}]}}.\n' for name, options in jobs))
        with open(log, "ab") as out:
            subprocess.run([*self.reference, "-noshell", "-noinput", "-pa", str(self.driver()), ".",
                            "-run", "conf_compile", "main", listing.name], cwd=place, stdout=out, stderr=out)

    def information_bases(self, place, log):
        """Compiles the MIBs that snmp's suites load and include."""
        data = place / "snmp_test_data"
        done = data / ".built"
        if not data.is_dir() or done.exists():
            return
        priv = next(iter(sorted(self.root.glob("lib/snmp-*/priv/mibs"))), self.root)
        # Klas4 imports Klas3, whose name sorts before; the test directory's Makefile leaves out the others.
        names = [m for m in sorted(data.glob("*.mib")) if not re.match(r"OTP|ERICSSON|PROXY|RFC|SNMPv2|STANDARD|Test-", m.name)]
        with open(log, "ab") as out:
            for name in names:
                for made in (name, name.with_suffix(".bin")):
                    subprocess.run([*self.reference, "--as", "erlc", "+{group_check,false}", "-I", str(data), "-I", str(priv),
                                    "-o", str(data), str(made)], stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        done.write_text("")

    def native(self, place, base, log):
        """Builds the C parts of a suite's data directory, where it has any."""
        data = place / f"{base}_data"
        template, done = data / "Makefile.src", data / ".built"
        if not template.exists() or done.exists():
            return
        (data / "Makefile").write_text(self.substitute(template.read_text()))
        with open(log, "ab") as out:
            subprocess.run(["make", "-k", "-f", "Makefile"], cwd=data, stdout=out, stderr=out,
                           stdin=subprocess.DEVNULL, env=self.build_environment())
        done.write_text("")

    def build_environment(self):
        import os
        env = dict(os.environ)
        bin = self.root.parents[1] / "host"
        env["PATH"] = f"{bin if bin.is_dir() else self.root / 'bin'}:{env.get('PATH', '')}"
        return env

    def substitute(self, text):
        """The variables of a Makefile.src, for gcc on Linux."""
        interface = next(iter(sorted(self.root.glob("lib/erl_interface-*"))), self.root)
        erts = next(iter(sorted(self.root.glob("erts-*"))), self.root)
        include = f"{self.root}/usr/include"
        flags = "-g -O2 -fPIC -D_GNU_SOURCE -DHAVE_STRERROR=1 -DHAVE_ISFINITE=1 -w -fcommon"
        values = {
            "CC": "gcc", "LD": "gcc", "CFLAGS": flags, "EI_CFLAGS": flags, "SHLIB_CFLAGS": flags,
            "CROSSLDFLAGS": "", "SHLIB_LD": "gcc", "SHLIB_LDFLAGS": "-shared", "SHLIB_LDLIBS": "",
            "LIBS": "-ldl -lm -lpthread", "ERTS_LIBS": "-ldl -lm -lpthread", "obj": ".o", "exe": "", "dll": ".so",
            "DS": "/", "EMULATOR": "beam", "erl_name": "erl", "erl_include": include, "WSL": "", "IFEQ": "ifeq", "ELSE": "else", "ENDIF": "endif",
            "erl_interface_include": f"{interface}/include", "erl_interface_eilib": f"{interface}/lib/libei.a",
            "erl_interface_threadlib": "-lpthread", "erl_interface_sock_libs": "",
            "erl_interface_mk_include": f"{interface}/src/eidefs.mk",
            "erts_lib_include_internal": f"{erts}/include/internal",
            "erts_lib_include_internal_generated": f"{erts}/include/internal",
            "erts_lib_make_ethread": f"{erts}/include/internal/ethread.mk",
            "erts_lib_make_internal": f"{erts}/include/internal/erts_internal.mk",
            "DEFS": "",
            "SHLIB_RULES": ".SUFFIXES:\n.SUFFIXES: .so .o .c\n\n.c.so:\n"
                           f"\tgcc -c {flags} $(SHLIB_EXTRA_CFLAGS) -I{include} $<\n"
                           "\tgcc -shared $(SHLIB_EXTRA_LDFLAGS) -o $@ $*.o $(SHLIB_EXTRA_LDLIBS)\n",
        }
        return re.sub(r"@(\w+)@", lambda m: values.get(m.group(1), ""), text)
