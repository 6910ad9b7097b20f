"""What goes out on one socket: a conversation's messages in the words of its dialect."""

from __future__ import annotations

import time
from collections.abc import Sequence

from starlette.websockets import WebSocket, WebSocketDisconnect

from streaming.errors import WirescribeError
from streaming.transports.codec import Codec, Frame
from streaming.transports.outbox import Delivery
from streaming.transports.receipts import Receipts
from streaming.transports.tally import Tally


class Writer:
    """One socket's; WebSocketDisconnect is raised when nobody is there any more."""

    def __init__(self, socket: WebSocket, codec: Codec, receipts: Receipts) -> None:
        self._socket = socket
        self._codec = codec
        self._receipts = receipts

    async def deliver(self, delivery: Delivery, tally: Tally) -> None:
        """Write what there is and what comes, until the delivery is over."""
        while (item := await delivery.get()) is not None:
            await self.transmit(self._codec.write(item.notice, item.seq))
            tally.sent(item, time.monotonic())
            self._receipts.sent(item.seq, more=not delivery.empty)

    async def close(self, reason: WirescribeError | None) -> None:
        """Write why it ends, if not in good order, and close."""
        if reason is None:
            await self._socket.close(1000)
            return
        await self.transmit(self._codec.error(reason))
        await self._socket.close(*self._codec.close(reason))

    async def transmit(self, frames: Sequence[Frame]) -> None:
        """Write messages as they are."""
        try:
            for frame in frames:
                if isinstance(frame, str):
                    await self._socket.send_text(frame)
                else:
                    await self._socket.send_bytes(frame)
        except RuntimeError as error:  # what the layers below say when they have closed meanwhile
            raise WebSocketDisconnect(1006) from error
