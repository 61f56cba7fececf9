"""MacField: the column that holds a row's MAC, computed whenever the ORM writes the row."""

from typing import TYPE_CHECKING, Any

from django.db import models

from audit import canonical, macs

if TYPE_CHECKING:
    _Bytes = models.BinaryField[bytes | None, bytes | None]
else:
    _Bytes = models.BinaryField


class MacField(_Bytes):
    """Filled when its row is inserted. Bulk inserts included; rows written in SQL bring their own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": macs.MAC_SIZE, **kwargs})

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if add and model_instance.mac is None:  # type: ignore[attr-defined]
            kind = model_instance._meta.model_name or ""
            names = (*canonical.PUBLIC[kind], *canonical.PERSONAL[kind])
            values = {name: getattr(model_instance, name) for name in names}
            model_instance.mac = macs.make(kind, values)  # type: ignore[attr-defined]
        return super().pre_save(model_instance, add)
