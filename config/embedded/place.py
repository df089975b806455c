"""Where the embedded services live and as whom they run.

PostgreSQL refuses to run as root, so root starts both services as the unprivileged user `nobody`. Where that
user may not enter the checkout (a closed home folder), binaries and data live under
/var/lib/customer-backoffice instead, and `.data/services` is a link to them.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
ELSEWHERE = Path("/var/lib/customer-backoffice")
# A Unix socket's path has 107 bytes; the longest of ours ends like this.
LONGEST_SOCKET = "/.s.PGSQL.5432"
SOCKET_BYTES = 107


class EmbeddedError(Exception):
    """One sentence for a person: what, where and the remedy."""


@dataclass(frozen=True)
class Place:
    """The folders of the services and the account that they run under (None: our own)."""

    services: Path
    sockets: Path
    account: pwd.struct_passwd | None

    @property
    def identity(self) -> dict:
        """Arguments of `subprocess` that start a process under the account."""
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}


def data_dir() -> Path:
    """`.data` of this checkout, or the folder that `BACKOFFICE_DATA_DIR` names."""
    return Path(os.environ.get("BACKOFFICE_DATA_DIR") or CHECKOUT / ".data").absolute()


def find_place() -> Place | None:
    """The place of this checkout's services; None when it was not made yet."""
    services = (data_dir() / "services").resolve()
    try:
        if not (services / "run").exists():
            return None
    except PermissionError:  # somebody else's; making the place says whose
        return None
    return Place(services, (services / "run").resolve(), service_account())


def make_place() -> Place:
    """The same, with every folder made that is missing."""
    link, account = data_dir() / "services", service_account()
    if account and not link.is_symlink():
        # Others may pass through, not look around; what is inside closes itself.
        link.parent.chmod(link.parent.stat().st_mode & 0o777 | 0o711)
        if not may_enter(link.parent, account):
            _place_elsewhere(link, account)
    services = link.resolve()
    _make_private(services, account)
    for name in ("postgres", "redis", "log"):
        _make_private(services / name, account)
    _make_sockets(services / "run", account)
    return Place(services, (services / "run").resolve(), account)


def remove_place() -> None:
    """Delete the folders of the services, wherever they are. They must not be running."""
    link = data_dir() / "services"
    sockets = link / "run"
    for folder in (sockets, link):
        if folder.is_symlink():
            shutil.rmtree(folder.resolve(), ignore_errors=True)
            folder.unlink(missing_ok=True)
    if link.exists():
        shutil.rmtree(link)


def end_of(log: Path) -> str:
    """The last lines of a log as half a sentence."""
    try:
        last = log.read_text(errors="replace").strip().splitlines()[-3:]
    except OSError:
        last = []
    return f"the end of {log} says: {' / '.join(last) or 'nothing'}"


def service_account() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedError(
            "PostgreSQL does not run as root and there is no user `nobody`; run this as a normal user."
        ) from error


def may_enter(folder: Path, account: pwd.struct_passwd) -> bool:
    """Whether the account may pass through every folder down to this one."""
    folder = folder.resolve()
    return all(_may(each, account, 0o1) for each in (folder, *folder.parents) if each.exists())


def executable(place: Place, package: str, *parts: str) -> Path:
    """A program inside an installed package, copied to where the account may run it if need be."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(f"the package {package} is not installed; `make venv` installs it.")
    source = Path(spec.submodule_search_locations[0]).resolve()
    program = source.joinpath(*parts)
    if not program.exists():
        raise EmbeddedError(f"{program} is missing; remove .venv and run make again.")
    if place.account and not (may_enter(program.parent, place.account) and _may(program, place.account, 0o5)):
        return _copy_of(source).joinpath(*parts)
    return program


def _may(path: Path, account: pwd.struct_passwd, bits: int) -> bool:
    facts = path.stat()
    if facts.st_uid == account.pw_uid:
        return facts.st_mode >> 6 & bits == bits
    if facts.st_gid == account.pw_gid:
        return facts.st_mode >> 3 & bits == bits
    return facts.st_mode & bits == bits


def _place_elsewhere(link: Path, account: pwd.struct_passwd) -> None:
    """A home that the account may enter, linked; an older one there belonged to a `.data` that is gone."""
    if link.exists():
        raise EmbeddedError(
            f"the user {account.pw_name} can no longer enter {link};"
            " let it pass through the folders above with chmod o+x."
        )
    target = ELSEWHERE / hashlib.sha256(bytes(link)).hexdigest()[:16]
    _make_elsewhere()
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(mode=0o700)
    link.symlink_to(target)


def _make_elsewhere() -> None:
    ELSEWHERE.mkdir(parents=True, exist_ok=True)
    ELSEWHERE.chmod(0o755)  # whatever the umask says


def _make_private(folder: Path, account: pwd.struct_passwd | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    wanted = account.pw_uid if account else os.geteuid()
    if folder.stat().st_uid == wanted:
        return
    if not account:
        raise EmbeddedError(
            f"{folder} belongs to {_name(folder.stat().st_uid)}: run as the user that made it"
            " (for nobody: root), or set BACKOFFICE_DATA_DIR to a folder of your own."
        )
    if folder.stat().st_uid != 0:
        raise EmbeddedError(
            f"{folder} belongs to {_name(folder.stat().st_uid)}: run as that user, not as root,"
            " or set BACKOFFICE_DATA_DIR to another folder."
        )
    os.chown(folder, account.pw_uid, account.pw_gid)


def _make_sockets(run: Path, account: pwd.struct_passwd | None) -> None:
    """A folder for the sockets: in place when its path is short enough, else a link to a short one."""
    if len(bytes(run)) + len(LONGEST_SOCKET) <= SOCKET_BYTES and "," not in str(run):
        _make_private(run, account)
        return
    if run.is_symlink() and _is_ours(run.resolve(), account):
        return
    run.unlink(missing_ok=True)
    short = Path(tempfile.mkdtemp(prefix="backoffice-", dir="/tmp"))
    _make_private(short, account)
    run.symlink_to(short)


def _is_ours(folder: Path, account: pwd.struct_passwd | None) -> bool:
    """The parent is everybody's and is emptied at times: is the folder still there, ours and closed?"""
    try:
        facts = folder.lstat()
    except FileNotFoundError:
        return False
    return facts.st_uid == (account.pw_uid if account else os.geteuid()) and facts.st_mode & 0o77 == 0


def _copy_of(source: Path) -> Path:
    """A copy of an installed package and its libraries (`name.libs`) that everybody may read and run."""
    made = ELSEWHERE / f"{source.name}-{version(source.name)}"
    if not made.exists():
        _make_elsewhere()
        fresh = Path(tempfile.mkdtemp(prefix=".copy-", dir=ELSEWHERE))
        for part in (source, source.with_name(f"{source.name}.libs")):
            if part.exists():
                shutil.copytree(part, fresh / part.name, ignore=shutil.ignore_patterns("include", "pginstall", "*.py"))
        for each in (fresh, *fresh.rglob("*")):
            each.chmod(0o755 if each.is_dir() or each.stat().st_mode & 0o100 else 0o644)
        try:
            fresh.rename(made)
        except OSError:  # another process was first
            shutil.rmtree(fresh)
    return made / source.name


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
