"""A job's file: read as it was written, and nothing else is taken for one."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.principal import Principal
from streaming.rest.jobs.job import Delivery, Failure, Job, Owner, State, Webhook, is_id, new_id

JOB = Job(
    id="job_" + "a" * 32,
    owner=Owner("anna", "1", "room", "10.0.0.1"),
    name="ä.wav",
    size=10,
    digest="d",
    created_at=1.5,
    options={"language": "en"},
    webhook=Webhook("https://a.example/", "whsec_", Delivery.PENDING, next_at=2.5),
    failure=Failure("internal", "no"),
)


@pytest.mark.parametrize(
    "job", [JOB, dataclasses.replace(JOB, state=State.FAILED, ended_at=3.0, webhook=None)]
)
def test_it_is_read_as_it_was_written(job: Job) -> None:
    assert Job.load(job.dump()) == job


@given(st.binary(max_size=200) | st.integers(0, len(JOB.dump())).map(lambda cut: JOB.dump()[:cut]))
def test_garbage_and_half_files_are_refused(data: bytes) -> None:
    if data != JOB.dump():
        with pytest.raises(ValueError):
            Job.load(data)


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=5), st.lists(st.integers())
)


@given(st.sampled_from([*json.loads(JOB.dump())]), _VALUES)
def test_a_field_that_is_something_else_is_refused_or_harmless(name: str, value: object) -> None:
    said = {**json.loads(JOB.dump()), name: value}
    try:
        job = Job.load(json.dumps(said).encode())
    except ValueError:
        return
    Job.load(job.dump())
    assert isinstance(job.owner.holder, tuple)


def test_names() -> None:
    assert is_id(new_id())
    assert len({new_id() for _ in range(100)}) == 100
    for other in ("", "job_", "../job_" + "a" * 32, "job_" + "A" * 32, JOB.id + "\n", None):
        assert not is_id(other)


@pytest.mark.parametrize(
    ("asking", "sees"),
    [
        (Principal("anna", "1"), True),
        (Principal("anna", "1", "room"), True),
        (Principal("anna", "1", "other"), False),
        (Principal("anna", "2"), False),
        (Principal("bert", "1"), False),
        (Principal(), False),
    ],
)
def test_who_may_see_it(asking: Principal, *, sees: bool) -> None:
    assert JOB.owner.lets_see(asking) is sees
