"""5. How long until an automatic reply reaches WhatsApp, and how long the decision alone takes, with 1,000 rules active."""

import json
import time
import urllib.parse
import urllib.request

from . import traffic, watch
from .figures import Table, median, milliseconds, percentile
from .setting import check_acknowledged, check_processed, open_stack, warm_up

RULES = 1000
WORDS = 20  # of each rule
SERIES = (("one every half a second", 60, 2.1), ("15 a second", 450, 15))  # what, messages, of them in a second
_SYLLABLES = ("bam", "cep", "dil", "fog", "gur", "hak", "jen", "kiv", "lox", "muz")
TEXT = "Hello! I would like to know what %s costs when it is sent to my sister in Lucknow, please? 🙏"


def run(options):
    reply = Table("rules", "messages", "automatic reply at WhatsApp: median", "p95", "last")
    decision = Table("decisions", "of 1,000 rules with 20 words", "median", "p95")
    with open_stack("rules") as stack, traffic.Gun() as gun:
        add_rules(stack)
        warm_up(stack, gun, 20)
        customer = 1000
        for name, count, per_second in SERIES:
            count = options.few(count)
            seconds = measure(stack, gun, range(customer, customer + count), per_second)
            customer += count
            reply.add(
                name, *(milliseconds(value) for value in (median(seconds), percentile(seconds, 0.95), max(seconds)))
            )
        for kind, word in (("a word of one rule", get_word(500, 7)), ("no word of any rule", "nothing")):
            seconds = decide(stack, TEXT % word)
            decision.add(kind, *(f"{value * 1000:.2f} ms" for value in (median(seconds), percentile(seconds, 0.95))))
    yield reply
    yield decision


def get_word(rule, number):
    """Return a word that belongs to one rule only, also when one letter is mistyped."""
    return "".join(_SYLLABLES[int(digit)] for digit in f"{rule:03}{number:02}")


def add_rules(stack):
    """Switch on rules for every kind of word: whole ones, parts of words, mistyped ones, phrases."""
    values = [
        {
            "name": f"Rule {number}",
            "trigger": "keyword",
            "keywords": "\n".join(
                get_word(number, word) if word % 4 else f"what {get_word(number, word)}" for word in range(WORDS)
            ),
            "inside_words": number % 4 == 0,
            "allows_typos": number % 4 == 1,
            "text": "It costs 4.90.",
        }
        for number in range(RULES)
    ]
    admin = stack.agent("admin")
    for start in range(0, RULES, 250):
        admin.call("whatsapp.cs.auto.reply", "create", [values[start : start + 250]])
    stack.query("UPDATE whatsapp_cs_channel SET send_rate = 80")


def measure(stack, gun, customers, per_second):
    """Let each customer ask once; return the seconds from the webhook to the reply at WhatsApp."""
    inbound = [
        traffic.write(customer, TEXT % get_word(customer % RULES, customer % (WORDS - 1) + 1)) for customer in customers
    ]
    shots = gun.fire(stack.webhook_url(0), inbound, 8, per_second).result()
    check_acknowledged(shots)
    check_processed(stack, inbound)
    stack.wait_until_idle(60)
    offset = time.time() - time.monotonic()
    at = {
        entry["json"].get("to", "").lstrip("+"): entry["time"] - offset
        for entry in stack.records("requests", endpoint="messages")
        if entry["json"].get("text")
    }
    watch.wait_until(lambda: all(traffic.get_number(customer) in at for customer in customers), 1, "all answered")
    return [at[traffic.get_number(customer)] - shot.due for customer, shot in zip(customers, shots, strict=True)]


def decide(stack, text):
    """Return how long the server took to choose among the rules, as often as it says."""
    data = urllib.parse.urlencode({"text": text}).encode()
    with urllib.request.urlopen(f"{stack.servers[0].url}/whatsapp_cs_bench/decide", data, timeout=60) as response:
        return json.load(response)["seconds"]
