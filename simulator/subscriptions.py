"""Who is subscribed and where webhooks go; may outlive a reset or, in a file, a restart."""

import json
import os
from pathlib import Path


def snapshot(world):
    return {
        "accounts": {
            account.waba_id: {
                "subscribed": account.subscribed,
                "override_callback_uri": account.override_callback_uri,
            }
            for account in world.accounts.values()
        },
        "numbers": {number_id: number.callback_url for number_id, (_account, number) in world.numbers.items()},
    }


def restore(world, data):
    """Put a snapshot back, for the accounts and numbers that still exist."""
    for waba_id, values in data["accounts"].items():
        if waba_id in world.accounts:
            account = world.accounts[waba_id]
            account.subscribed = values["subscribed"]
            account.override_callback_uri = values["override_callback_uri"]
    for number_id, url in data["numbers"].items():
        if number_id in world.numbers:
            world.numbers[number_id][1].callback_url = url


def save(world, path):
    """Write the snapshot in one step, so that a crash leaves the old or the new one."""
    path = Path(path)
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(snapshot(world), indent=2))
    os.replace(draft, path)


def load(world, path):
    if Path(path).exists():
        restore(world, json.loads(Path(path).read_text()))
