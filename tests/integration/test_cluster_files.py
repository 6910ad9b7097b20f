"""The files that run two servers behind a proxy agree with each other and with the settings."""

from __future__ import annotations

import re
from typing import Any

import pytest

from streaming.settings import LimitSettings, ServerSettings
from tests.integration.process import ROOT

NGINX = (ROOT / "config" / "nginx" / "wirescribe.conf").read_text(encoding="utf-8")


@pytest.fixture
def cluster() -> Any:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load((ROOT / "compose.cluster.yaml").read_text(encoding="utf-8"))


def test_nginx_knows_the_servers_of_the_compose_file(cluster: Any) -> None:
    servers = {name for name in cluster["services"] if name != "nginx"}
    assert set(re.findall(r"server ([\w-]+):8000", NGINX)) == servers
    (mounted, *_) = cluster["services"]["nginx"]["volumes"]
    assert mounted.startswith("./config/nginx/wirescribe.conf:")


def test_the_servers_take_the_word_of_that_network_only(cluster: Any) -> None:
    (network,) = cluster["networks"]["inside"]["ipam"]["config"]
    for name in ("wirescribe-1", "wirescribe-2"):
        server = cluster["services"][name]
        assert server["environment"]["WIRESCRIBE_SERVER__TRUSTED_PROXIES"] == network["subnet"]
        assert "ports" not in server
        assert server["read_only"] is True
        assert server["cap_drop"] == ["ALL"]
        grace_s = float(server["stop_grace_period"].removesuffix("s"))
        assert grace_s >= ServerSettings().drain_s + 10
    assert all(port.startswith("127.0.0.1:") for port in cluster["services"]["nginx"]["ports"])


def test_each_server_has_a_folder_of_jobs_and_a_key_one_server_of_them(cluster: Any) -> None:
    servers = [each for name, each in cluster["services"].items() if name != "nginx"]
    folders = [volume for each in servers for volume in each["volumes"] if ":/jobs" in volume]
    assert len(set(folders)) == len(servers)
    (jobs,) = re.findall(r"upstream wirescribe_jobs {[^}]+}", NGINX)
    assert "hash $http_authorization consistent;" in jobs
    assert re.search(r"location /v1/jobs {\s+proxy_pass http://wirescribe_jobs;", NGINX)


def test_nginx_waits_longer_than_any_session_is_silent() -> None:
    for name in ("proxy_read_timeout", "proxy_send_timeout"):
        found = re.search(rf"{name} (\d+)s;", NGINX)
        assert found is not None
        assert float(found[1]) > LimitSettings().max_idle_ms / 1000
        assert float(found[1]) > ServerSettings().ping_interval_s


def test_nginx_writes_no_query_into_its_log() -> None:
    (log,) = re.findall(r"log_format[^;]+;", NGINX)
    assert "$uri" in log
    assert not re.search(r"\$(request|request_uri|args|query_string|http_referer)\b", log)
