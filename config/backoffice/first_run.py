"""What a trial install needs before anybody can use it: tables, a login, an application, a token, perhaps a story."""

import io
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from config.backoffice import audit
from config.backoffice.models import AuditEntry, InstallSettings
from config.embedded import data_dir
from config.embedded.keys import write_private

LOGIN = "admin@example.com"
APPLICATION = "My product"
CREDENTIALS_MADE = "install.credentials_made"
STORY_TOLD = "install.story_told"


@dataclass(frozen=True)
class Credentials:
    """Made once an install; `install` ties the file to the database that knows them."""

    install: str
    login: str
    password: str
    application: str
    uuid: str
    secret: str
    write_key: str
    api_token: str


def prepare(*, with_story: bool, say: Callable[[str], None]) -> Credentials:
    """Migrate, tell the story once when asked for, and give the credentials, made once. Safe to run again."""
    call_command("migrate", verbosity=0, interactive=False)
    credentials = read_credentials() or make_credentials()
    if with_story and not _is_noted(STORY_TOLD):
        say("Telling a story with 200 organizations; this takes a while, once …")
        call_command("seed_demo", stdout=io.StringIO())
        _note(STORY_TOLD)
    connection.close()
    return credentials


def read_credentials() -> Credentials | None:
    """Those of an earlier start; None when there are none or when they belong to another database."""
    try:
        credentials = Credentials(**json.loads(_file().read_text()))
    except FileNotFoundError:
        return None
    return credentials if _is_noted(CREDENTIALS_MADE, install=credentials.install) else None


def make_credentials() -> Credentials:
    """A superuser, an application and an API token, in one transaction; kept in a file that only its owner reads."""
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        user, _ = get_user_model().objects.get_or_create(
            username=LOGIN, defaults={"email": LOGIN, "is_staff": True, "is_superuser": True}
        )
        user.set_password(password)
        user.save()
        application = _answer("create_application", APPLICATION)
        token = _answer("create_api_token", LOGIN)
        credentials = Credentials(
            install=str(uuid.uuid4()),
            login=LOGIN,
            password=password,
            application=APPLICATION,
            uuid=application["uuid"],
            secret=application["secret"],
            write_key=application["write_key"],
            api_token=token["token"],
        )
        _note(CREDENTIALS_MADE, install=credentials.install)
        write_private(_file(), json.dumps(asdict(credentials), indent=1) + "\n")
    return credentials


def _answer(command: str, argument: str) -> dict[str, str]:
    out = io.StringIO()
    call_command(command, argument, json=True, stdout=out)
    return json.loads(out.getvalue())


def _note(action: str, **detail: str) -> None:
    """The audit trail says what was done to this database, so that it is done once, whatever happens to files."""
    audit.record(None, action, InstallSettings(id=1), now=timezone.now(), detail=detail)


def _is_noted(action: str, **detail: str) -> bool:
    return AuditEntry.objects.filter(action=action, detail__contains=detail).exists()


def _file() -> Path:
    return data_dir() / "credentials.json"
