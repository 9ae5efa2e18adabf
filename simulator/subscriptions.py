"""Who is subscribed and where webhooks go; may outlive a reset."""


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
