"""The options: every key, its default and what it may hold."""

from __future__ import annotations

from datetime import time
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from distributor.service.option_values import (
    Address,
    Days,
    Host,
    Key,
    Language,
    Listening,
    NarrowNetwork,
    Network,
    OnceEach,
    OptionalFile,
    Port,
    Scheme,
    SiteUrl,
    Text,
    TimeZone,
    Wait,
)

PORTS = {"none": 25, "starttls": 587, "tls": 465}

SECRET: dict[str, Any] = {"hidden": "whole"}
LOGIN: dict[str, Any] = {"hidden": "password"}

Security = Literal["starttls", "none", "tls"]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SiteOptions(Section):
    name: Text = "Press office"
    url: SiteUrl = "http://127.0.0.1:8000"
    languages: Annotated[tuple[Language, ...], OnceEach] = ("sv", "en")
    time_zone: TimeZone = "Europe/Stockholm"
    data_dir: Path = Path("var")
    secret_key: Key = Field(default="", json_schema_extra=SECRET, repr=False)
    old_secret_keys: tuple[Key, ...] = Field(default=(), json_schema_extra=SECRET, repr=False)
    operator: Address = ""
    proxies: tuple[Network, ...] = ()


class DatabaseOptions(Section):
    url: Annotated[str, AfterValidator(Scheme("postgresql", "postgres", words=("sqlite",)))] = (
        Field(default="sqlite", json_schema_extra=LOGIN, repr=False)
    )


class RedisOptions(Section):
    url: Annotated[str, AfterValidator(Scheme("redis", "rediss", "unix"))] = Field(
        default="", json_schema_extra=LOGIN, repr=False
    )


class RelayOptions(Section):
    """A mail relay. What is unset of one in ``email.relays`` is that of the first relay."""

    host: Host = Field(min_length=1)
    port: Port | None = None
    security: Security | None = None
    username: str | None = None
    password: str | None = Field(default=None, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """``"host"`` and ``"host:port"`` do for a relay that differs in nothing else."""
        if not isinstance(value, str):
            return value
        host, _, port = value.rpartition(":")
        return {"host": host, "port": port} if host and port.isdecimal() else {"host": value}


class EmailOptions(Section):
    from_: Address = Field(default="press@press.example", alias="from")
    reply_to: Address = ""
    smtp_host: Host = ""
    security: Security = "starttls"
    smtp_port: Port = Field(default_factory=lambda data: PORTS[data.get("security", "none")])
    username: str = ""
    password: str = Field(default="", json_schema_extra=SECRET, repr=False)
    relays: tuple[RelayOptions, ...] = Field(default=(), json_schema_extra=SECRET, repr=False)
    connections: Annotated[int, Field(ge=1, le=100)] = 4
    max_per_second: Annotated[float, Field(ge=0, le=100_000)] = 0
    throttle: Literal["groups", "relay"] = "groups"
    warm_up: bool = False
    service: str = ""
    seeds: tuple[Address, ...] = ()
    digest_at: time = time(7, 30)
    bounce_domain: Host = ""
    bounce_listen: Listening = ""
    bounce_imap: Annotated[str, AfterValidator(Scheme("imaps", "imap"))] = Field(
        default="", json_schema_extra=LOGIN, repr=False
    )
    dkim_domain: Host = ""
    dkim_selector: Host = ""
    dkim_private_key: str = Field(default="", json_schema_extra=SECRET, repr=False)
    dkim_ed25519_selector: Host = ""
    dkim_ed25519_private_key: str = Field(default="", json_schema_extra=SECRET, repr=False)

    @property
    def servers(self) -> tuple[RelayOptions, ...]:
        """Every relay in the order of trial, all fields set; none while ``smtp_host`` is unset."""
        if not self.smtp_host:
            return ()
        return tuple(
            self._completed(relay) for relay in (RelayOptions(host=self.smtp_host), *self.relays)
        )

    def _completed(self, relay: RelayOptions) -> RelayOptions:
        security = relay.security or self.security
        return RelayOptions(
            host=relay.host,
            port=relay.port or (self.smtp_port if relay.security is None else PORTS[security]),
            security=security,
            username=self.username if relay.username is None else relay.username,
            password=self.password if relay.password is None else relay.password,
        )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.smtp_host and "from_" not in self.model_fields_set:
            raise not_allowed("from", "", "the address that mail comes from (smtp_host is set)")
        for server in self.servers:
            if server.password and server.security == "none" and not _loopback(server.host):
                why = f"no password goes in the clear to {server.host}"
                raise not_allowed("security", "none", f'"starttls" or "tls": {why}')
        for kind in ("dkim", "dkim_ed25519"):
            for name in ("dkim_domain", f"{kind}_selector"):
                if getattr(self, f"{kind}_private_key") and not getattr(self, name):
                    raise not_allowed(name, "", f"a DNS name ({kind}_private_key is set)")
        if self.dkim_ed25519_private_key and not self.dkim_private_key:
            raise not_allowed("dkim_private_key", "", "an RSA key: Ed25519 never signs alone")
        return self


class WebhookOptions(Section):
    timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 15
    allow_networks: tuple[NarrowNetwork, ...] = ()
    retry_schedule: Annotated[tuple[Wait, ...], Field(max_length=20)] = (
        5,
        300,
        1800,
        7200,
        18000,
        36000,
        50400,
        72000,
        86400,
    )
    """Seconds from one attempt to the next; the first attempt is at once."""
    max_response_bytes: Annotated[int, Field(ge=1024, le=16_777_216)] = 65536
    ports: Annotated[tuple[Port, ...], OnceEach] = (443, 8443)
    slots: Annotated[int, Field(ge=4, le=256)] = 16
    nat64: bool = False
    ca_file: OptionalFile = None


class FeedOptions(Section):
    entries: Annotated[int, Field(ge=30, le=200)] = 50
    websub_hub: Annotated[
        str, AfterValidator(Scheme("https", "http", words=("builtin", "off")))
    ] = "builtin"


class RetentionOptions(Section):
    """Days."""

    deliveries: Days = 90
    attempts: Days = 30
    bounces: Days = 30
    unconfirmed: Days = 14
    consent: Days = 730
    events: Days = 400


class Options(BaseSettings):
    """The options of one installation.

    In those that ``options.load`` gives, ``site.data_dir`` is absolute and the secret key is there.
    """

    model_config = SettingsConfigDict(
        env_prefix="DISTRIBUTOR_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    site: SiteOptions = SiteOptions()
    database: DatabaseOptions = DatabaseOptions()
    redis: RedisOptions = RedisOptions()
    email: EmailOptions = EmailOptions()
    webhooks: WebhookOptions = WebhookOptions()
    feeds: FeedOptions = FeedOptions()
    retention: RetentionOptions = RetentionOptions()
    undo_seconds: Annotated[int, Field(ge=0, le=3600)] = 30

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    def origin(self, key: str) -> str:
        """Where the value of ``key``, such as ``site.url``, came from."""
        return self._origins.get(key, "default")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The model reads nothing by itself: ``options.load`` hands it file and environment."""
        return (init_settings,)


def not_allowed(key: str, value: Any, allowed: str) -> PydanticCustomError:
    """The error of a section as a whole, about one of its keys."""
    return PydanticCustomError(
        "not_allowed", "{allowed}", {"key": key, "value": value, "allowed": allowed}
    )


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
