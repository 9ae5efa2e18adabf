"""Command line: ``python -m simulator``."""

import argparse
import json
import logging
import os
import sys
from functools import partial

from aiohttp import web
from pydantic import ValidationError

from .app import create_app, load_world
from .settings import Settings

EXAMPLES = """
examples:
  python -m simulator --port 8071
  python -m simulator --config my_world.json --auto-read 2
  python -m simulator --fault '{"kind": "latency", "seconds": 0.2}' \\
                      --fault '{"kind": "error", "code": 131000, "share": 0.1}'

Base URL for clients: http://HOST:PORT (versions v21.0 to v26.0). The phone page is at /,
ids, tokens and secrets of the world at /control/world. More in simulator/README.md.
"""


def _gaps(text):
    gaps = tuple(float(part) for part in text.split(","))
    if not all(gap >= 0 for gap in gaps):
        raise ValueError(text)
    return gaps


def _delay(text):
    if text == "never":
        return None
    delay = float(text)
    if not delay >= 0:
        raise ValueError(text)
    return delay


def _positive(text):
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def parser():
    default = Settings()
    parse = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A strict stand-in for Meta's WhatsApp Cloud API, with webhooks, faults and a phone page.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parse.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1; the control API has no login)")
    add("--port", type=int, default=8071, help="port (default: 8071; 0 picks a free one)")
    add("--config", metavar="FILE", help="JSON file with accounts and customers, in place of the default world")
    add("--callback-url", metavar="URL", help="app-level callback URL of every account; subscribes them")
    add("--state", metavar="FILE", help="keep customers, chats and subscriptions in FILE, over restarts")
    add("--sent-delay", type=float, default=default.sent_delay, metavar="S", help="until the status sent (0.1)")
    add("--delivered-delay", type=float, default=default.delivered_delay, metavar="S", help="until delivered (0.4)")
    add("--jitter", type=float, default=default.jitter, metavar="SHARE", help="variation of both delays (0.3)")
    add("--auto-read", type=float, metavar="S", help="every customer reads S seconds after delivery (default: never)")
    add("--review-delay", type=_delay, default=default.review_delay, metavar="S",
        help="until a new template is approved or rejected (1); never: by the control API only")  # fmt: skip
    add("--retry-gaps", type=_gaps, default=default.retry_gaps, metavar="S,S,…",
        help="gaps between webhook attempts, the last one repeats (0.2,0.5,1,2,5,10,30,60)")  # fmt: skip
    add("--retry-for", type=float, default=default.retry_for, metavar="S", help="give a webhook up after (7 days)")
    add("--webhook-timeout", type=float, default=default.webhook_timeout, metavar="S", help="per attempt (10)")
    add("--webhook-concurrency", type=_positive, default=default.webhook_concurrency, metavar="N",
        help="parallel posts per callback URL (32)")  # fmt: skip
    add("--rate-limits", action="store_true", help="enforce messages per second (130429) and per pair (131056)")
    add("--keep", type=_positive, metavar="N", help="keep the newest N messages, requests and webhooks (default: all)")
    add("--seed", type=int, help="make chance (shares, jitter, shuffling) repeatable")
    add("--fault", action="append", default=[], metavar="JSON", help="a fault rule to start with; repeatable")
    add("--verbose", action="store_true", help="log every request")
    return parse


def main(arguments=None):
    parse = parser()
    options = parse.parse_args(arguments)
    names = [name for name in Settings.__dataclass_fields__ if name != "faults"]
    try:
        config = load_world(options.config) if options.config else load_world()
        if options.callback_url:
            for account in config.accounts:
                account.app_callback_url, account.subscribed = options.callback_url, True
        faults = [json.loads(text) for text in options.fault]
        app = create_app(config, Settings(**{name: getattr(options, name) for name in names}, faults=faults))
    except (OSError, ValueError, ValidationError) as error:
        parse.error(str(error))
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, stream=sys.stderr)
    try:
        import uvloop  # twice as fast; not made for Windows

        loop = uvloop.new_event_loop()
    except ImportError:
        loop = None
    access_log = logging.getLogger("aiohttp.access") if options.verbose else None
    try:
        web.run_app(
            app,
            host=options.host,
            port=options.port,
            print=partial(print, flush=True),  # says the real port too, once it listens
            access_log=access_log,
            loop=loop,
        )
    except OSError as error:
        sys.exit(f"Can't listen on {options.host}:{options.port}: {os.strerror(error.errno or 0)}. Try another --port.")


if __name__ == "__main__":
    main()
