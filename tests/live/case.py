"""Live test cases as text. README.md says what the words mean."""
import dataclasses
import pathlib

WORDS = {"NAME", "NEEDS", "SERVER", "CGROUP", "FOOTFALL", "LOAD", "RUN", "STOP", "EXPECT", "FOR"}


@dataclasses.dataclass
class Case:
    name: str
    file: str
    line: int
    needs: list[str] = dataclasses.field(default_factory=list)
    servers: list[str] = dataclasses.field(default_factory=list)
    cgroup: bool = False
    footfalls: list[str] = dataclasses.field(default_factory=list)
    load: str = ""
    run: str = ""
    stop: str = "INT"
    expects: list[str] = dataclasses.field(default_factory=list)
    variants: list[str] = dataclasses.field(default_factory=list)


class CaseError(Exception):
    """A case file that can't be understood, with file and line."""


def read_file(path):
    cases = []
    for number, line in enumerate(pathlib.Path(path).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        word, _, rest = line.strip().partition(" ")
        if word not in WORDS or (not cases and word != "NAME"):
            raise CaseError(f"{path}:{number}: not a word of a case here: {word}")
        if word == "NAME":
            cases.append(Case(rest.strip(), str(path), number))
        else:
            _add(cases[-1], word, rest.strip())
    return [variant for case in cases for variant in _variants(case)]


def _variants(case):
    """One case for each FOR line, with {} standing for its text; without FOR, the case itself."""
    def put(value, text):
        if isinstance(value, list):
            return [put(item, text) for item in value]
        return value.replace("{}", text) if isinstance(value, str) else value

    if not case.variants:
        return [case]
    fields = dataclasses.asdict(dataclasses.replace(case, variants=[]))
    return [Case(**{name: put(value, text) for name, value in fields.items()}) for text in case.variants]


def _add(case, word, rest):
    if word == "NEEDS":
        case.needs += rest.split()
    elif word == "SERVER":
        case.servers.append(rest)
    elif word == "FOOTFALL":
        case.footfalls.append(rest)
    elif word == "EXPECT":
        case.expects.append(rest)
    elif word == "FOR":
        case.variants.append(rest)
    elif word == "CGROUP":
        case.cgroup = True
    else:
        setattr(case, word.lower(), rest)
