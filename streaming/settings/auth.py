"""The settings of who may come in."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from streaming.auth.keys import read_entry
from streaming.auth.origins import OriginList, read_host
from streaming.settings.section import HomePath, Section

_SHORTEST_SECRET = 32


class AuthSettings(Section):
    """Who may come in, by keys, tokens and pages; see ``docs/security.md``."""

    keys_file: HomePath = Field(
        default=None,
        description="file of `wirescribe keys`; when it is set, keys are asked for even before the "
        "first is made; not set: `wirescribe/keys.json` in the user's configuration",
    )
    keys: tuple[SecretStr, ...] = Field(
        default=(),
        description="keys beside those of the file, each as NAME:SHA256, as "
        "`wirescribe keys create --print` says it",
    )
    token_secret: SecretStr = Field(
        default=SecretStr(""),
        description="what tokens are signed with, at least 32 characters, the same for all servers "
        "that share tokens; empty: the file's, or a new one with each start",
    )
    token_ttl_s: int = Field(
        default=600, ge=1, le=604_800, description="life of a token that asks for none"
    )
    max_token_ttl_s: int = Field(
        default=86_400, ge=1, le=604_800, description="longest life a token may ask for"
    )
    query_tokens: bool = Field(
        default=False,
        description="take tokens, never keys, as `?token=`; proxies write addresses to their logs",
    )
    origins: tuple[str, ...] = Field(
        default=(),
        description="pages that may use the server beside its own, as `https://app.example`, "
        "`https://*.example`, or `*` for any",
    )
    hosts: tuple[str, ...] = Field(
        default=(),
        description="names that the server may be asked for by, beside `localhost`; empty: any, "
        "where keys are asked for",
    )
    allow_anonymous: bool = Field(
        default=False,
        description="let everyone in who can reach the server, without a key",
    )
    open_metrics: bool = Field(
        default=False, description="serve `/metrics` without a key where others are asked for one"
    )

    @field_validator("keys")
    @classmethod
    def _entries(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for entry in value:
            read_entry(entry.get_secret_value())
        return value

    @field_validator("token_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < _SHORTEST_SECRET:
            raise ValueError(f"shorter than {_SHORTEST_SECRET} characters")
        return value

    @field_validator("origins")
    @classmethod
    def _pages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        OriginList(value)
        return value

    @field_validator("hosts")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            read_host(each)
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.token_ttl_s > self.max_token_ttl_s:
            raise ValueError(
                f"token_ttl_s {self.token_ttl_s} is above max_token_ttl_s {self.max_token_ttl_s}"
            )
        return self
