"""pytest: the fixtures drainfs and drainfs_factory, the marker drainfs(**options), and doctor's reason for a skip."""
from __future__ import annotations

import functools
from typing import Any, Callable, Iterator, Optional

import pytest

from .drainctl import cannot_run
from .mount import Mount


@functools.lru_cache(maxsize=None)
def _why_not() -> Optional[str]:
    return cannot_run()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "drainfs(**options): options of the drainfs fixture's Mount, e.g. umount_delay=2")


@pytest.fixture
def drainfs_factory() -> Iterator[Callable[..., Mount]]:
    """Makes any number of mounts; all are gone after the test."""
    why = _why_not()
    if why:
        pytest.skip(why)
    made: "list[Mount]" = []

    def make(*arguments: Any, **options: Any) -> Mount:
        made.append(Mount(*arguments, **options))
        return made[-1]

    yield make
    for mount in reversed(made):
        mount.close()


@pytest.fixture
def drainfs(request: pytest.FixtureRequest, drainfs_factory: Callable[..., Mount]) -> Mount:
    """One mount, with the options of the test's marker."""
    marker = request.node.get_closest_marker("drainfs")
    return drainfs_factory(**(marker.kwargs if marker else {}))
