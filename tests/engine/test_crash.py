"""Nothing is lost and nothing doubled, whatever dies (NF1, NF2): the short run of the crash test."""

import math

import pytest

from .crash import SHORT, Comparison, Crash, make_stack


@pytest.fixture(scope="module")
def crash():
    with make_stack() as stack:
        with Crash(stack, SHORT) as crash:
            for _window in crash.kill_everything():
                pass
        crash.comparison = Comparison(crash)
        yield crash


@pytest.fixture(scope="module")
def problems(crash):
    return crash.comparison.problems


def test_somebody_died_at_every_point(crash):
    assert [window.name for window in crash.windows if not window.victim] == []


def test_everything_goes_on_after_each_death(crash):
    assert [window.name for window in crash.windows if math.isinf(window.recovery)] == []


def test_there_was_traffic_in_both_directions(crash):
    assert len(crash.comparison.received) > 100
    assert len(crash.comparison.sent) > 30


def test_every_message_of_a_customer_is_shown_exactly_once(problems):
    assert problems["inbound"] == []


def test_every_answer_arrives_exactly_once_or_is_shown_as_doubtful(problems):
    assert problems["outbound"] == []


def test_messages_of_a_customer_keep_their_order(problems):
    assert problems["order"] == []


def test_every_customer_is_one_contact_with_one_partner_case_and_lead(problems):
    assert problems["customers"] == []


def test_nothing_is_left_behind(problems):
    assert problems["left behind"] == []
