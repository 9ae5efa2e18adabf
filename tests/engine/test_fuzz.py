"""The short version of ``scripts/fuzz``: the same bodies in every run."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from . import fuzz
from .bodies import DOCUMENTED, Mutator, encode, envelope
from .stack import Stack

SEED = 3
BODIES = 2000
FORGED = 400


@pytest.fixture(scope="module")
def stack():
    with Stack("whatsapp_cs_fuzz", first_port=8840) as stack:
        yield stack


@settings(max_examples=500, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_any_body_can_be_taken_apart_and_put_together_again(chance):
    fuzz.check_pure_functions(fuzz.load_webhook_payload(), Mutator(chance).get_body()[0])


def test_every_documented_call_is_understood(stack):
    assert [stack.post(encode(envelope(change))) for change in DOCUMENTED] == [200] * len(DOCUMENTED)
    stack.wait_until_idle(ignoring=fuzz.OUTBOX)
    assert (
        stack.query(
            "SELECT state, failure_type, error, body FROM whatsapp_cs_event WHERE state NOT IN ('done', 'split')"
        )
        == []
    )


def test_no_bent_body_breaks_anything_or_gets_lost(stack):
    run = fuzz.Fuzz(stack)
    fuzz.generate(BODIES, SEED, run.take)
    run.finish(timeout=120)
    assert run.problems == []
    assert run.answers[200] > BODIES / 2 and run.answers[400] > 10, "the bodies don't test what they should"
    assert len(run.sound) > BODIES / 5


def test_refused_calls_are_noted_and_change_nothing_else(stack):
    stack.wait_until_idle(ignoring=fuzz.OUTBOX)
    before = fuzz.count_rows(stack)
    malformed = [b"", b"null", b"[]", b"{", b'{"a": "\xff"}', b'{"a": 1} {}', b"\xef\xbb\xbf{}"]
    assert {stack.post(raw) for raw in malformed} == {fuzz.MALFORMED}
    answers = fuzz.send_forged(stack, 2 * len(fuzz.FORGERIES), SEED)
    assert answers == {(kind, fuzz.FORBIDDEN): 2 for kind in fuzz.FORGERIES}
    noted = len(malformed) + answers.total()
    expected = {**before, "whatsapp_cs_webhook_refusal": before["whatsapp_cs_webhook_refusal"] + noted}
    assert fuzz.count_rows(stack) == expected


def test_true_calls_between_many_forged_ones_are_stored(stack):
    _lines, problems = fuzz.run_forged(stack, FORGED, SEED + 1)
    assert problems == []


def test_nothing_of_this_is_an_error_in_the_log(stack):
    assert stack.get_log_errors() == []
