"""What holds for the whole portal and is said in it, not in its settings."""

from typing import Any
from uuid import UUID

from django.db import models

from agents.models import OnLeak
from audit.models import Audited

THE_ROW = UUID("00000000-0000-7000-8000-000000000000")
"""There is one."""


class HouseRules(Audited):
    """The one row of rules that admins of every app make for everyone."""

    id = models.UUIDField(primary_key=True, default=THE_ROW, editable=False)
    second_factor_since = models.DateTimeField(
        null=True, help_text="NULL: a second factor is each one's choice."
    )
    on_leaked_token = models.CharField(max_length=10, choices=OnLeak.choices, default=OnLeak.REVOKE)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=THE_ROW), name="one_row_of_house_rules"),)

    def __str__(self) -> str:
        return "the rules of the house"

    @classmethod
    def in_force(cls) -> "HouseRules":
        """What holds now; what the product comes with, as long as nobody has said otherwise."""
        return cls.objects.first() or cls()

    def about(self) -> dict[str, Any]:
        return {
            "app_id": None,
            "target_kind": "house rules",
            "target_id": "house",
            "target_label": "the rules of the house",
        }

    def picture(self) -> dict[str, Any]:
        return {
            "second_factor": "required" if self.second_factor_since else "optional",
            "on_leaked_token": self.on_leaked_token,
        }
