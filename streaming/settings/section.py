"""What every section of the settings is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def _at_home(path: Path | None) -> Path | None:
    try:
        return path and path.expanduser()
    except RuntimeError as error:  # nobody knows where that is
        raise ValueError(str(error)) from None


HomePath = Annotated[Path | None, AfterValidator(_at_home)]
"""A path that may begin with ``~``, or none."""


class Section(BaseModel):
    """Frozen; a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
