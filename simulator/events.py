"""Live events for phone pages."""

import asyncio
import json

CLOSE = None  # the last thing in a queue: the server stops


class Events:
    """Hands every event to every open phone page; costs nothing while none is open."""

    def __init__(self, view):
        self.view = view  # message -> the phone page's form of it
        self._queues = set()

    def subscribe(self):
        queue = asyncio.Queue()
        self._queues.add(queue)
        return queue

    def unsubscribe(self, queue):
        self._queues.discard(queue)

    async def close(self):
        """Let every page go, so that the server can stop."""
        for queue in self._queues:
            queue.put_nowait(CLOSE)
        await asyncio.sleep(0)

    def message(self, message):
        self._of_message("message", message)

    def status(self, message):
        if message.on_phone:
            self._of_message("status", message)

    def reaction(self, message):
        self._of_message("reaction", message)

    def typing(self, chat, is_typing):
        self._send(event="typing", customer_id=chat.customer_id, phone_number_id=chat.phone_number_id, typing=is_typing)

    def customer(self, customer_id):
        self._send(event="customer", customer_id=customer_id, phone_number_id=None)

    def reset(self):
        self._send(event="reset", customer_id=None, phone_number_id=None)

    def _of_message(self, event, message):
        if self._queues and message.customer_id:
            self._send(
                event=event,
                customer_id=message.customer_id,
                phone_number_id=message.phone_number_id,
                message=self.view(message),
            )

    def _send(self, **event):
        if not self._queues:
            return
        text = json.dumps(event, ensure_ascii=False)
        for queue in self._queues:
            queue.put_nowait(text)
