"""The parts put together: one object that every route works with."""

from aiohttp import web

from . import envelope, subscriptions
from .chats import Chats
from .envelope import Update
from .events import Events
from .faults import Faults
from .inbound import Inbound
from .limits import RateLimits
from .media import Media
from .outgoing import Outgoing
from .pricing import Pricing
from .record import Record
from .settings import Settings
from .state_file import StateFile
from .templates import Templates
from .timers import Timers
from .webhooks import Webhooks
from .world import Clock, World, WorldConfig

# webhook fields whose value begins, like that of messages, with the number they are about
NUMBER_FIELDS = {
    "calls", "history", "messaging_handovers", "smb_app_state_sync", "smb_message_echoes", "standby",
    "user_preferences",
}  # fmt: skip


class Simulator:
    def __init__(self, config: WorldConfig, settings: Settings):
        self.config = config
        self.settings = settings
        self.state_file = StateFile(self)
        self.timers = Timers(self.state_file.touch)
        self.faults = Faults(settings.faults, settings.seed)
        self.requests = Record(settings.keep)
        self.webhooks = Webhooks(settings, self.faults, self.timers, self.find_target, self.state_file.touch)
        self.events = Events(self.view)
        self.outgoing = Outgoing(self)
        self.inbound = Inbound(self)
        self.templates = Templates(self)
        self._build()
        self.state_file.load(rebuild=self._build)

    def _build(self):
        self.clock = Clock()
        directory = self.settings.state and f"{self.settings.state}.media"
        self.media = Media(self.clock, directory, self.settings.keep)
        self.world = World(self.config.model_copy(deep=True))
        self.chats = Chats(self.settings.keep)
        self.pricing = Pricing()
        self.limits = RateLimits()
        self.uploads = {}  # session id: a resumable upload under way

    def reset(self, keep_subscriptions=False):
        """Back to the start: world, clock, chats, records and faults; subscriptions may survive."""
        kept = subscriptions.snapshot(self.world) if keep_subscriptions else None
        self.timers.cancel_all()
        self.outgoing.stop()
        self.webhooks.reset()
        self.media.clear()
        self.requests.clear()
        self.faults.replace(self.settings.faults)
        self._build()
        if kept:
            subscriptions.restore(self.world, kept)
        self.templates.created.clear()
        self.templates.resume()
        self.state_file.save_now()
        self.events.reset()

    def find_target(self, waba_id, number=None):
        """Where an account's webhooks go: the number's override beats the account's, that beats the app's."""
        account = self.world.accounts[waba_id]
        if not account.subscribed:
            return None
        url = (number and number.callback_url) or account.override_callback_uri or account.app_callback_url
        return (url, account.app_secret) if url else None

    def contact_of(self, account, customer, number=None, profile=True):
        """The ``contacts[]`` entry of a customer, as far as this account may see it."""
        contact = {}
        if profile:
            contact["profile"] = {"name": customer.name}
            if customer.username:
                contact["profile"]["username"] = customer.username
        if customer.visible_wa_id:
            contact["wa_id"] = customer.visible_wa_id
        if customer.user_id_at(account):
            contact["user_id"] = customer.user_id_at(account)
        if number and number.identity_key_check and customer.identity_key_hash:
            contact["identity_key_hash"] = customer.identity_key_hash
        return contact

    def publish_field(self, account, number, field, value):
        """Send a webhook other than messages and statuses; ``number``: the one it is about, if any."""
        if number and field in NUMBER_FIELDS:
            value = envelope.head_of(number) | value
        self.webhooks.publish(Update(account.waba_id, number, field, value, time=int(self.clock.now())))

    def react(self, target, sender, emoji):
        """Set or (with an empty emoji) remove the one reaction that each side has on a message."""
        if emoji:
            target.reactions[sender] = emoji
        else:
            target.reactions.pop(sender, None)
        self.events.reaction(target)

    def view(self, message):
        """A message as the phone page gets it."""
        quoted = None
        if message.context_id and message.type != "reaction":
            original = self.chats.messages.get(message.context_id)
            quoted = {
                "id": message.context_id,
                "from": original.sender if original else None,
                "text": original.text if original else None,
                "type": original.type if original else None,
            }
        return {
            "id": message.wamid,
            "from": message.sender,
            "type": message.type,
            "text": (message.shown or {}).get("text", message.text),
            "timestamp": message.time,
            "status": message.status,
            "context": quoted,
            "media": self._media_of(message),
            "shown": message.shown,
            "reactions": [{"from": sender, "emoji": emoji} for sender, emoji in message.reactions.items()],
            "payload": message.payload,
        }

    def _media_of(self, message):
        """What there is for each id or link in the payload."""
        found = {reference: self.media.media.get(media_id) for reference, media_id in message.media.items()}
        return {reference: medium.as_shown() for reference, medium in found.items() if medium}

    @property
    def pending(self):
        return self.webhooks.pending + len(self.outgoing.fetching)


SIMULATOR = web.AppKey("simulator", Simulator)
