"""``scripts/bench [names] [--quick]``: runs benchmarks, prints their tables, and puts them into ``docs/performance.md``."""

import argparse
import importlib
import signal
import sys
import time

from .setting import Wrong

NAMES = ("acknowledge", "inbound", "outbound", "latency", "rules", "memory", "campaign", "assignment")


class Options(argparse.Namespace):
    def few(self, count):
        """Return how many of ``count`` are wanted."""
        return max(1, round(count * self.share))


def say(text):
    print(text, flush=True)  # noqa: T201 - speaks to a person


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--runs", type=int, default=3, help="the figures are medians of so many (3)")
    parser.add_argument("--share", type=float, default=1, help="share of the messages, to have it sooner (1)")
    parser.add_argument("--quick", action="store_true", help="one run of a twentieth: shows that it works, and no more")
    parser.add_argument("--dry", action="store_true", help="only print; a share below 1 does so as well")
    options = parser.parse_args(namespace=Options())
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"there is no {', '.join(unknown)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended, and the database dropped
    if options.quick:
        options.runs, options.share = 1, 0.05
    for name in options.names or NAMES:
        benchmark = importlib.import_module(f".bench_{name}", __package__)
        say(f"\n▸ {benchmark.__doc__}\n")
        start = time.monotonic()
        try:
            for table in benchmark.run(options):
                say(f"{table}\n")
                if options.share == 1 and not options.dry:
                    table.write()
        except Wrong as error:
            sys.exit(f"✗ {error}")
        say(f"  {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
