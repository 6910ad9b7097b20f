from __future__ import annotations

import sys
from pathlib import Path

import pytest

from streaming.models.errors import CacheUnusable
from streaming.models.place import default_models_dir


def test_the_environment_names_the_cache() -> None:
    assert default_models_dir({"WIRESCRIBE_MODELS_DIR": "/models"}) == Path("/models")


def test_a_tilde_is_the_home_folder() -> None:
    assert default_models_dir({"WIRESCRIBE_MODELS_DIR": "~/m"}) == Path.home() / "m"


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="the XDG rules are Linux's")
@pytest.mark.parametrize(
    ("xdg", "cache"),
    [("/var/cache/me", Path("/var/cache/me")), ("", None), ("relative", None), (None, None)],
)
def test_otherwise_it_is_the_users_cache(xdg: str | None, cache: Path | None) -> None:
    environ = {} if xdg is None else {"XDG_CACHE_HOME": xdg}
    expected = (cache or Path.home() / ".cache") / "wirescribe" / "models"
    assert default_models_dir(environ) == expected


def test_a_user_without_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", homeless)
    with pytest.raises(CacheUnusable) as caught:
        default_models_dir({})
    assert "WIRESCRIBE_MODELS_DIR" in caught.value.advice
