"""`manage.py purge_audit` and `make_partitions`: for whoever owns the tables."""

import pytest

from audit.integrity.sealing import sealer
from audit.models import Call
from core.clock import at
from tests.audit.records import NOON, called
from tests.shell import Said

pytestmark = pytest.mark.django_db


def test_purging_from_the_shell_goes_to_its_end() -> None:
    with at(NOON.replace(year=2000)):
        called(at=NOON.replace(year=2000)), sealer.seal_all()
    result = Said("purge_audit")
    assert result.code == 0
    assert "rows are gone" in result.out
    assert not Call.objects.filter(at__year=2000).exists()


def test_partitions_are_made_once() -> None:
    Said("make_partitions")
    assert Said("make_partitions").out.strip() == "0 partitions were made"
