"""The committed tables: what passes on the reference, and how each of those does on Oxbeam."""

from pathlib import Path


def read_reference(path):
    """{suite: {case: seconds}} of the cases that pass on the reference."""
    suites = {}
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
                result = suite.results.get(case, ("missing",))[0]
                cause = self.rows.get(key, ("", ""))[1]
                self.rows[key] = (result, "" if result == "ok" else cause)

    def write(self):
        lines = ["suite\tcase\tresult\tcause"]
        lines += ["\t".join([*key, *row]).rstrip("\t") for key, row in sorted(self.rows.items())]
        self.path.write_text("\n".join(lines) + "\n")
