"""What all routes for recordings share: the desk, and the transcripts that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streaming.rest.cache import Cache, MemoryStore, Store
from streaming.rest.desk import Desk
from streaming.rest.redis_store import RedisStore

if TYPE_CHECKING:
    from streaming.service import Service


class Files:
    """One of these a server; raises BadConfiguration where the settings ask for the impossible."""

    def __init__(self, service: Service) -> None:
        settings = service.settings.files
        self.desk = Desk(service)
        store: Store | None = None
        if settings.redis_url is not None and settings.redis_url.get_secret_value():
            store = RedisStore(settings.redis_url.get_secret_value(), settings.cache_ttl_s)
        elif settings.cache_bytes:
            store = MemoryStore(settings.cache_bytes, settings.cache_ttl_s)
        self.cache = Cache(store)
