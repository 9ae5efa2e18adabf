"""What Meta's error codes mean for a message, and what to do about them.

Source: Meta's error reference of the Cloud API, November 2026. Decisions ask the family, never the code.
"""

from typing import NamedTuple

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

RETRY = "retry"  # temporary: again after a pause
THROTTLE = "throttle"  # too fast: again, and the number slower
PAIR = "pair"  # too fast for this one customer: again after a growing pause, others go on
WAIT = "wait"  # not now: again in a minute or two
REAUTHENTICATE = "reauthenticate"  # the channel can't send: keep everything queued, tell the administrator
NEVER = "never"  # this message will not go, ever
CONFIGURATION = "configuration"  # payload, template or settings are wrong: mend them, then send by hand


class Meaning(NamedTuple):
    """What to do about an error (``family``) and a sentence for people (``text``, may be empty)."""

    family: str
    text: str


_OUTSIDE_WINDOW = _lt("More than 24 hours have passed since the customer's last message. Send a template instead.")
_TOKEN = _lt(
    "WhatsApp does not accept the access token any more. An administrator has to enter a new one and connect again."
)
_ACCOUNT = _lt(
    "WhatsApp has restricted this business account. An administrator finds the reason in Meta's Business Manager."
)

_MEANINGS = {
    **dict.fromkeys((1, 2, 131000, 131016, 133004, 134102), Meaning(RETRY, _lt("WhatsApp has a temporary problem."))),
    **dict.fromkeys(
        (4, 613, 80007, 80008, 130429),
        Meaning(THROTTLE, _lt("Messages were sent faster than WhatsApp allows.")),
    ),
    131056: Meaning(PAIR, _lt("This customer got messages faster than WhatsApp allows for one person.")),
    131057: Meaning(WAIT, _lt("WhatsApp is moving this number at the moment, for instance to a higher rate.")),
    **dict.fromkeys((0, 3, 10, 190, 131005, *range(200, 300)), Meaning(REAUTHENTICATE, _TOKEN)),
    **dict.fromkeys(
        (131045, 133010),
        Meaning(REAUTHENTICATE, _lt("The number is not registered at WhatsApp. Register it, then connect again.")),
    ),
    **dict.fromkeys((368, 131031), Meaning(REAUTHENTICATE, _ACCOUNT)),
    131042: Meaning(REAUTHENTICATE, _lt("WhatsApp misses a valid payment method for this account.")),
    131037: Meaning(REAUTHENTICATE, _lt("WhatsApp has not approved the display name of this number yet.")),
    131047: Meaning(NEVER, _OUTSIDE_WINDOW),
    131026: Meaning(
        NEVER, _lt("The message can't be delivered: the number may not be on WhatsApp, or its app is too old.")
    ),
    131021: Meaning(NEVER, _lt("Sender and recipient are the same number.")),
    131030: Meaning(
        CONFIGURATION, _lt("This is a test number and the recipient is not on its list of allowed numbers.")
    ),
    131048: Meaning(
        NEVER, _lt("WhatsApp stopped sending from this number because too many people blocked or reported it.")
    ),
    131049: Meaning(
        NEVER, _lt("WhatsApp did not deliver it, to protect the customer from too many marketing messages.")
    ),
    131050: Meaning(NEVER, _lt("The customer stopped marketing messages from this business.")),
    131062: Meaning(NEVER, _lt("This kind of message needs the customer's phone number; only a user name is known.")),
    131070: Meaning(NEVER, _lt("Another app answers this customer at the moment.")),
    130472: Meaning(NEVER, _lt("WhatsApp does not deliver marketing messages to this customer.")),
    130497: Meaning(NEVER, _lt("This account may not write to customers of that country.")),
    137000: Meaning(NEVER, _lt("The customer's identity has changed and must be checked again.")),
    33: Meaning(
        CONFIGURATION, _lt("WhatsApp does not know this number any more. An administrator should connect again.")
    ),
    **dict.fromkeys(
        ("file", 131053),
        Meaning(CONFIGURATION, _lt("The file can't be sent: it is damaged or of another type than its name says.")),
    ),
    131052: Meaning(NEVER, _lt("WhatsApp could not load the customer's file. Ask the customer to send it again.")),
    **dict.fromkeys(
        (100, 131008, 131009), Meaning(CONFIGURATION, _lt("WhatsApp did not accept the content of the message."))
    ),
    **dict.fromkeys(
        (132000, 132001, 132008, 132012, 132018),
        Meaning(
            CONFIGURATION,
            _lt(
                "The template is not the same at WhatsApp any more. It is being fetched: see what it says and send it again."
            ),
        ),
    ),
    132005: Meaning(CONFIGURATION, _lt("With these values the template is too long. Send it with shorter ones.")),
    132007: Meaning(NEVER, _lt("WhatsApp does not allow what this template says.")),
    132015: Meaning(
        NEVER, _lt("WhatsApp has paused this template because customers did not like it. Choose another one.")
    ),
    132016: Meaning(NEVER, _lt("WhatsApp has disabled this template for good. Choose another one.")),
}

# What an error says of the template itself: the state it is in, or that it has changed at WhatsApp.
TEMPLATE_STATES = {132015: "paused", 132016: "disabled"}
TEMPLATE_CHANGED = frozenset({132000, 132001, 132008, 132012, 132018})

# What hints at a number that can't be reached. Meta hides the true cause, and a later message may arrive.
UNREACHABLE = frozenset({131026})
# The customer has told WhatsApp to stop our marketing messages.
OPTED_OUT = frozenset({131050})


def get_meaning(code, http_status=0, is_transient=False):
    """Return the ``Meaning`` of an error; an unknown one is temporary for HTTP 5xx and final otherwise."""
    if code in _MEANINGS:
        return _MEANINGS[code]
    return Meaning(RETRY if is_transient or http_status >= 500 else CONFIGURATION, "")
