"""Files whose columns have other names: guesses for the page, profiles that keep an answer. Never applied unasked."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from config.backoffice import audit
from orgs.importing import kinds
from orgs.models import ImportProfile

# Other people's names of our columns, letters and digits alone; the earlier one wins.
SYNONYMS = {
    "external_org_id": (
        "customerid organizationid orgid accountid companyid tenantid clientid externalid customer account id"
    ),
    "display_name": "name customername companyname accountname organizationname company customer organization",
    "owner_email": "owner csm csmemail accountmanager",
    "segment": "tier size",
    "parent_external_org_id": "parentid parent parentaccount parentcompany",
    "renewal_on": "renewaldate renewal renewson",
    "subscription_id": "subscription contractid id",
    "product_code": "product productid productname sku plan plancode",
    "name": "plan planname description",
    "mrr": "monthlyrecurringrevenue monthlyrevenue monthly",
    "currency": "currencycode ccy",
    "start_at": "startdate start starts startson startdateutc startutc from createdutc",
    "end_at": "enddate end ends endson endedat endedatutc until to",
    "trial_end_at": "trialend trialends trialendutc",
    "amount": "price total",
    "interval": "billinginterval billingperiod period",
    "quantity": "qty units",
    "date": "day",
    "per_eur": "rate pereuro",
}


def letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def guess(header: Iterable[str], columns: Iterable[str]) -> dict[str, str]:
    """Our column to the file's column that could be meant; each of the file's columns once."""
    spare = {letters(name): name for name in reversed(list(header)) if name}
    without_unit = {letters(re.sub(r"\(.*?\)", "", name)): name for name in spare.values()}
    found: dict[str, str] = {}
    for exact in (True, False):
        for column in columns:
            names = [letters(column)] if exact else SYNONYMS.get(column, "").split()
            for name in names if column not in found else ():
                source = spare.get(name) or without_unit.get(name)
                if source and source not in found.values():
                    found[column] = source
                    break
    return found


def chosen(given: Mapping[str, str], header: Iterable[str], columns: Iterable[str]) -> dict[str, str]:
    """The mapping that the page's form says: the file's column to ours, without those named alike.

    Raises ValidationError when one of the file's columns is chosen twice or is not in the file.
    """
    header = set(header)
    mapping: dict[str, str] = {}
    for column in columns:
        source = given.get(column, "")
        if not source:
            continue
        if source not in header:
            raise ValidationError(f"“{source}” is no column of this file. Choose again.")
        if source in mapping:
            raise ValidationError(f"“{source}” is chosen for {mapping[source]} and {column}. Choose it once.")
        mapping[source] = column
    return mapping


def profiles(kind: str) -> dict[str, dict[str, str]]:
    """Mappings by name: those that come with the product, then the saved ones, which may replace them."""
    saved = ImportProfile.objects.filter(kind=kind).values_list("name", "mapping")
    return {**kinds.of(kind).profiles, **dict(saved)}


def save_profile(kind: str, name: str, mapping: dict[str, str], *, actor: Any, now: datetime) -> ImportProfile:
    """Keep a mapping under a name; the same name again replaces it."""
    values = {"mapping": mapping, "saved_by": actor, "saved_at": now}
    row, _ = ImportProfile.objects.update_or_create(kind=kind, name=name.strip()[:60], defaults=values)
    audit.record(actor, "import_profile.saved", row, now=now, detail={"kind": kind, "mapping": mapping})
    return row
