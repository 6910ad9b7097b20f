"""All settings: one frozen tree, read once at the edge by :mod:`streaming.sources`.

Units are in the names. Each module gets its own section, never the whole tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from pydantic import BaseModel, SecretStr

from streaming.settings.admission import AdmissionSettings
from streaming.settings.auth import AuthSettings
from streaming.settings.captions import CaptionSettings
from streaming.settings.endpointing import EndpointingSettings
from streaming.settings.engine import EngineSettings
from streaming.settings.files import FileSettings
from streaming.settings.jobs import JobSettings
from streaming.settings.limits import LimitSettings
from streaming.settings.partials import PartialSettings
from streaming.settings.quotas import QuotaSettings
from streaming.settings.section import Section
from streaming.settings.server import ServerSettings
from streaming.settings.vad import VadSettings

__all__ = [
    "SECTIONS",
    "AdmissionSettings",
    "AuthSettings",
    "CaptionSettings",
    "EndpointingSettings",
    "EngineSettings",
    "FileSettings",
    "JobSettings",
    "LimitSettings",
    "PartialSettings",
    "QuotaSettings",
    "ServerSettings",
    "Settings",
    "VadSettings",
    "is_secret",
]


class Settings(Section):
    """The whole tree."""

    server: ServerSettings = ServerSettings()
    engine: EngineSettings = EngineSettings()
    vad: VadSettings = VadSettings()
    partials: PartialSettings = PartialSettings()
    endpointing: EndpointingSettings = EndpointingSettings()
    limits: LimitSettings = LimitSettings()
    admission: AdmissionSettings = AdmissionSettings()
    quotas: QuotaSettings = QuotaSettings()
    auth: AuthSettings = AuthSettings()
    files: FileSettings = FileSettings()
    jobs: JobSettings = JobSettings()
    captions: CaptionSettings = CaptionSettings()


SECTIONS: Final[Mapping[str, type[BaseModel]]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type)
}


def is_secret(section: str, key: str) -> bool:
    """Whether a setting's value is never to be shown."""
    annotation = SECTIONS[section].model_fields[key].annotation
    return SecretStr in (annotation, *get_args(annotation))
