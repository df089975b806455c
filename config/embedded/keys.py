"""Keys of an embedded install: made once, kept beside its data."""

import base64
import json
import os
import secrets
from pathlib import Path


def read_or_make(folder: Path) -> dict[str, str]:
    """`SECRET_KEY` and `FIELD_ENCRYPTION_KEYS` (one Fernet key), from a file that only its owner reads."""
    path = folder / "secrets.json"
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        fresh = folder / f"secrets.{os.getpid()}.new"
    made = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    write_private(fresh, json.dumps(made, indent=1))
    try:
        os.link(fresh, path)  # the first of several processes wins, and nobody reads half a file
    except FileExistsError:
        return json.loads(path.read_text())
    finally:
        fresh.unlink()
    return made


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, not even for a moment."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
