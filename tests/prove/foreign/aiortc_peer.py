"""A specialist on aiortc: answers the ring, sends a tone and a picture, counts what it decodes. Says one line of JSON."""

import asyncio
import fractions
import json
import math
import os
import sys

import aioice.ice
import aiortc
import av
import numpy
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from aiortc.sdp import candidate_from_sdp

from desk import Desk

# The server under test is on the loopback, which aioice leaves out.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


class Tone(AudioStreamTrack):
    """440 Hz at a tenth of full scale."""

    async def recv(self):
        frame = await super().recv()
        at = numpy.arange(frame.samples) + frame.pts
        wave = (3276 * numpy.sin(2 * math.pi * 440 * at / frame.sample_rate)).astype(numpy.int16)
        tone = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        tone.pts, tone.sample_rate, tone.time_base = frame.pts, frame.sample_rate, fractions.Fraction(1, frame.sample_rate)
        return tone


class Blue(VideoStreamTrack):
    """A blue picture."""

    async def recv(self):
        pts, base = await self.next_timestamp()
        picture = numpy.zeros((360, 640, 3), numpy.uint8)
        picture[:, :, 2] = 210
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = pts, base
        return frame


async def count(track, heard):
    """Decodes until the track ends."""
    try:
        while True:
            frame = await track.recv()
            if track.kind == "video":
                heard["frames"] += 1
                heard["width"] = max(heard["width"], frame.width)
            else:
                wave = frame.to_ndarray().astype(numpy.float64) / 32768
                heard["energy"] += float((wave**2).mean()) * frame.samples / frame.sample_rate
    except MediaStreamError:
        pass


async def main(base, login, seconds):
    heard = {"frames": 0, "width": 0, "energy": 0.0}
    desk = Desk(base, login, os.environ["CAUSEWAY_PROBE_PASSWORD"])
    await desk.open()
    print("waiting", flush=True)
    consult = await desk.answer_ring()
    # With its other policies a second section of a kind stays behind on a transport that is closed.
    peer = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(bundlePolicy=aiortc.RTCBundlePolicy.MAX_BUNDLE))
    peer.on("track", lambda track: asyncio.ensure_future(count(track, heard)))
    peer.addTransceiver(Tone(), direction="sendonly")
    peer.addTransceiver(Blue(), direction="sendonly")
    for kind in ("audio", "video", "audio", "video"):
        peer.addTransceiver(kind, direction="recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    answer = await desk.sit_down(consult, peer.localDescription.sdp)
    await peer.setRemoteDescription(aiortc.RTCSessionDescription(answer, "answer"))
    # It takes the candidates of a bundle from its last section; RFC 8843 has them in the first.
    for line in answer.splitlines():
        if line.startswith("a=candidate:"):
            candidate = candidate_from_sdp(line.removeprefix("a=candidate:"))
            candidate.sdpMid = "0"
            await peer.addIceCandidate(candidate)
    mic, cam = peer.getTransceivers()[:2]
    await desk.publish(consult, {"mic": mic.mid, "cam": cam.mid})
    await asyncio.sleep(seconds)
    print(json.dumps({**heard, "state": peer.connectionState, "stack": f"aiortc {aiortc.__version__}"}), flush=True)
    await peer.close()
    await desk.close()


asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
