"""What each key and each address may use: sessions, audio and handshakes. Time is handed in.

A client is counted twice: under its key, if it has one, and under its address. The tables are
bounded; whoever has been away longest is forgotten first, and with full buckets nothing is lost
by that. Whoever holds a session is never forgotten.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from streaming.errors import QuotaExceeded
from streaming.limits import TokenBucket
from streaming.principal import Principal

_HOUR_S = 3_600
_IPV6_NETWORK = 64  # bits that one household or server has to itself
_BREATH_MS = 1_000  # audio that a session must be able to send to be begun at all
_SOON_MS = 5_000  # when a place of one's own may be free again: nobody knows


@dataclass(frozen=True, slots=True)
class Caps:
    """What one holder may use; 0 stands for no cap."""

    sessions: int = 0
    audio_s_per_hour: int = 0


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """Caps of every key, of every address, and how fast an address may knock."""

    key: Caps = Caps()
    address: Caps = Caps()
    handshakes_per_s: float = 0.0
    handshake_burst: int = 1
    addresses: int = 4_096


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota as it stands: ``left`` of ``most`` in ``window_s``, more in ``reset_s``."""

    name: str
    most: int
    left: int
    window_s: int
    reset_s: int


class Holder:
    """One key or address: what it has in use, and its buckets."""

    def __init__(self, limits: Caps, now: float) -> None:
        self.sessions = 0
        self.limits = limits
        seconds = limits.audio_s_per_hour
        self._audio = TokenBucket(seconds * 1_000, seconds * 1_000 / _HOUR_S, now)

    def check(self, now: float, most_sessions: int, whose: str) -> None:
        """QuotaExceeded where no session may begin."""
        if most_sessions and self.sessions >= most_sessions:
            raise QuotaExceeded(
                f"all {most_sessions} sessions of this {whose} are in use",
                field="sessions",
                retry_after_ms=_SOON_MS,
            )
        if self.limits.audio_s_per_hour and (wait_s := self._audio.wait(_BREATH_MS, now)):
            raise self._spent(wait_s, whose)

    def audio(self, duration_ms: float, now: float, whose: str) -> None:
        """Count audio; QuotaExceeded beyond the hour's."""
        if self.limits.audio_s_per_hour and (wait_s := self._audio.take(duration_ms, now)):
            raise self._spent(wait_s, whose)

    def _spent(self, wait_s: float, whose: str) -> QuotaExceeded:
        return QuotaExceeded(
            f"this {whose} has sent its {self.limits.audio_s_per_hour} s of audio an hour",
            field="audio",
            retry_after_ms=math.ceil(wait_s * 1_000),
        )

    def audio_left_ms(self, now: float) -> int:
        """How much audio may come now."""
        return int(self._audio.level(now))

    def audio_reset_s(self, now: float) -> float:
        """After how long a session could be begun again."""
        return self._audio.wait(_BREATH_MS, now)

    def idle(self, now: float) -> bool:
        """Whether forgetting it changes nothing."""
        return not self.sessions and self._audio.full(now)


class Account:
    """A client's key and address together; what it uses counts for both."""

    def __init__(self, limits: QuotaLimits, principal: Principal, holders: Mapping[str, Holder]):
        self._limits = limits
        self._principal = principal
        self._holders = holders

    def _most(self, whose: str, holder: Holder) -> int:
        most = holder.limits.sessions
        own = self._principal.max_sessions
        return min(most or own, own) if whose == "key" and own is not None else most

    def check(self, now: float) -> None:
        """QuotaExceeded where no session may begin now."""
        for whose, holder in self._holders.items():
            holder.check(now, self._most(whose, holder), whose)

    def open(self, now: float) -> None:
        """Begin a session, or raise QuotaExceeded."""
        self.check(now)
        for holder in self._holders.values():
            holder.sessions += 1

    def close(self) -> None:
        """End one."""
        for holder in self._holders.values():
            holder.sessions -= 1

    def audio(self, duration_ms: float, now: float) -> None:
        """Count audio of a session; QuotaExceeded beyond the hour's."""
        for whose, holder in self._holders.items():
            holder.audio(duration_ms, now, whose)

    def published(self, now: float) -> dict[str, int]:
        """What the client is told when its session begins: the nearest of its caps."""
        told: dict[str, int] = {}
        pairs = self._holders.items()
        if most := [n for n in (self._most(*pair) for pair in pairs) if n]:
            told["max_sessions"] = min(most)
        capped = [holder for _, holder in pairs if holder.limits.audio_s_per_hour]
        if capped:
            told["audio_ms_per_hour"] = min(h.limits.audio_s_per_hour for h in capped) * 1_000
            told["audio_ms_left"] = min(holder.audio_left_ms(now) for holder in capped)
        return told

    def quotas(self, now: float) -> Iterator[Quota]:
        """Yield how each of its quotas stands."""
        for whose, holder in self._holders.items():
            if most := self._most(whose, holder):
                left = max(0, most - holder.sessions)
                yield Quota(f"{whose}-sessions", most, left, 0, 0 if left else _SOON_MS // 1_000)
            if seconds := holder.limits.audio_s_per_hour:
                left = holder.audio_left_ms(now) // 1_000
                reset_s = math.ceil(holder.audio_reset_s(now))
                yield Quota(f"{whose}-audio", seconds, left, _HOUR_S, reset_s)


class Quotas:
    """The tables of keys, addresses and their knocking."""

    def __init__(self, limits: QuotaLimits) -> None:
        self._limits = limits
        self._tables = {
            "key": _Table(limits.key, limits.addresses),
            "address": _Table(limits.address, limits.addresses),
        }
        self._knocks: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        """How many keys and addresses are remembered."""
        return sum(map(len, self._tables.values())) + len(self._knocks)

    def knock(self, address: str, now: float) -> None:
        """Count a handshake; QuotaExceeded where an address makes too many."""
        rate = self._limits.handshakes_per_s
        if not rate:
            return
        name = network(address)
        bucket = self._knocks.pop(name, None)
        if bucket is None:
            bucket = TokenBucket(self._limits.handshake_burst, rate, now)
        self._knocks[name] = bucket
        if len(self._knocks) > self._limits.addresses:
            self._knocks.popitem(last=False)
        if wait_s := bucket.take(1, now):
            raise QuotaExceeded(
                f"more than {rate:g} connections a second from this address",
                field="connections",
                retry_after_ms=math.ceil(wait_s * 1_000),
            )

    def account(self, principal: Principal, address: str, now: float) -> Account:
        """Find or make what a client is counted under."""
        holders = {"address": self._tables["address"].find(network(address), now)}
        if principal.key:
            holders["key"] = self._tables["key"].find(principal.key, now)
        return Account(self._limits, principal, holders)

    def knocking(self, address: str, now: float) -> Iterator[Quota]:
        """Yield how an address stands with its handshakes."""
        rate, burst = self._limits.handshakes_per_s, self._limits.handshake_burst
        bucket = self._knocks.get(network(address))
        if rate:
            left = int(bucket.level(now)) if bucket else burst
            reset_s = math.ceil(bucket.wait(1, now)) if bucket else 0
            yield Quota("connections", burst, left, max(1, int(burst / rate)), reset_s)


class _Table:
    """Holders by name, as many as fit; those away longest go first, those in use never."""

    def __init__(self, limits: Caps, most: int) -> None:
        self._limits = limits
        self._most = most
        self._holders: OrderedDict[str, Holder] = OrderedDict()

    def __len__(self) -> int:
        return len(self._holders)

    def find(self, name: str, now: float) -> Holder:
        holder = self._holders.pop(name, None) or Holder(self._limits, now)
        self._holders[name] = holder
        if len(self._holders) > self._most:
            self._forget(name)
        return holder

    def _forget(self, but: str) -> None:
        """Make room by one; in an attack of many names the first in line is nearly always it."""
        for name, holder in self._holders.items():
            if not holder.sessions and name != but:
                del self._holders[name]
                return


def network(address: str) -> str:
    """What of an address is one client's: all of IPv4, the network of IPv6.

    What is no address (a socket of the file system) stands for itself.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, _IPV6_NETWORK), strict=False).network_address)


def rate_limit_headers(quotas: Iterable[Quota]) -> dict[str, str]:
    """Say how quotas stand, in the HTTP fields of draft-ietf-httpapi-ratelimit-headers-10."""
    policies, states = [], []
    for quota in quotas:
        window = f";w={quota.window_s}" if quota.window_s else ""
        policies.append(f'"{quota.name}";q={quota.most}{window}')
        reset = f";t={quota.reset_s}" if quota.reset_s else ""
        states.append(f'"{quota.name}";r={quota.left}{reset}')
    if not policies:
        return {}
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(states)}
