"""Nobody removes organizations while somebody writes about many of them.

Rounds read organizations first and write about them seconds later. A lock of each one's row would neither cover those
that appear in between nor be taken in one order by all; both sides take this one before they touch any row.
"""

from config.db import lock, lock_shared, run
from orgs import sql

LOCK = "orgs.removal"


def hold_off() -> None:
    """Until the transaction ends every organization that is read stays; waits for a removal that is going on."""
    lock_shared(LOCK)


def begin() -> None:
    """Wait for whoever writes about organizations; they wait until this transaction ends."""
    lock(LOCK)


def hold(organization_id: int) -> None:
    """Until the transaction ends this one stays, for what a person writes about it."""
    run(sql.HOLD_ORGANIZATION, {"organization_id": organization_id})
