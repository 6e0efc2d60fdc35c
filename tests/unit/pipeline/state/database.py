"""A throwaway PostgreSQL server: its own cluster in a folder, a unix socket, an unprivileged user, no network."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

NOBODY = "nobody"  # the server refuses to run as root
PASSWORD = "s3cret-of-the-state"


def programs() -> Path | None:
    """Return the folder of the server's programs, or None where there is no server."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextmanager
def database() -> Iterator[str]:
    """Yield the address of an empty database that ends with the block; the password is in it."""
    folder = Path(tempfile.mkdtemp(prefix="sw-pg-", dir="/tmp"))  # a socket's path has to be short
    as_user: dict[str, object] = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam(NOBODY)
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    binaries = programs()
    assert binaries

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(binaries / program), *arguments], check=True, cwd=folder, env={"LC_ALL": "C", "PATH": os.defpath},
            stdout=subprocess.DEVNULL, **as_user,
        )  # fmt: skip

    secret = folder / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", "analyst", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "-N")
        run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", f"-c listen_addresses='' -k {folder}", "start")
        yield f"postgresql://analyst:{PASSWORD}@/postgres?host={quote(str(folder), safe='')}"
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)
