"""A person's line to the server, for participants that are no browser of ours: signing in, `consult.v1`, sitting down."""

import asyncio
import http.client
import json
import ssl
import urllib.parse
import uuid

from websockets.asyncio.client import connect


class Desk:
    """One person signed in at `base`; whoever signs the server's certificate is the caller's affair."""

    def __init__(self, base, login, password):
        self.base = urllib.parse.urlsplit(base)
        self.trust = ssl._create_unverified_context()
        line = http.client.HTTPSConnection(self.base.netloc, context=self.trust)
        body = json.dumps({"login": login, "password": password})
        line.request("POST", "/api/v1/session", body, {"X-Causeway": "1", "Content-Type": "application/json"})
        answer = line.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{login} cannot sign in: {answer.status}")
        self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        self.waiting = {}
        self.rings = asyncio.Queue()
        self.number = 0

    async def open(self):
        """Comes in, and keeps listening."""
        headers = {"Cookie": self.cookie}
        self.line = await connect(
            f"wss://{self.base.netloc}/api/v1/socket", ssl=self.trust, subprotocols=["consult.v1"],
            origin=f"https://{self.base.netloc}", additional_headers=headers, compression=None,
        )
        await self.say({"t": "hello", "v": 1, "device": str(uuid.uuid4()), "caps": []})
        self.tasks = [asyncio.create_task(self.listen()), asyncio.create_task(self.beat())]

    async def say(self, frame):
        await self.line.send(json.dumps(frame))

    async def beat(self):
        while True:
            await asyncio.sleep(5)
            await self.say({"t": "ping", "ts": "2026-01-01T00:00:00Z"})

    async def listen(self):
        async for text in self.line:
            frame = json.loads(text)
            if frame["t"] == "res" and frame["id"] in self.waiting:
                self.waiting.pop(frame["id"]).set_result(frame)
            elif frame["t"] == "state" and frame["topic"] == "rings":
                for ring in frame["full"]["rings"]:
                    self.rings.put_nowait(ring)

    async def do(self, what):
        """A command and its answer."""
        self.number += 1
        self.waiting[self.number] = asyncio.get_running_loop().create_future()
        waits = self.waiting[self.number]
        await self.say({"t": "cmd", "id": self.number, "op": str(uuid.uuid4()), "do": what})
        answer = await asyncio.wait_for(waits, 20)
        if "err" in answer:
            raise SystemExit(f"{what['type']} was refused: {answer['err']}")
        return answer["ok"]

    async def answer_ring(self):
        """Waits until somebody calls, and takes the call; the consult."""
        ring = await asyncio.wait_for(self.rings.get(), 60)
        await self.do({"type": "ring.act", "ring": ring["ring"], "action": "accept"})
        return ring["consult"]

    async def sit_down(self, consult, offer):
        """Joins with microphone and camera; the relay's answer."""
        media = {"mic": "on", "cam": "on", "screen": "off"}
        return (await self.do({"type": "join", "consult": consult, "neg": 1, "offer": offer, "media": media}))["answer"]

    async def publish(self, consult, mids):
        """Says which section carries what."""
        for source, mid in mids.items():
            await self.do({"type": "publish", "consult": consult, "mid": mid, "source": source})

    async def close(self):
        for task in self.tasks:
            task.cancel()
        await self.line.close()
