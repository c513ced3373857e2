"""A specialist on GStreamer's webrtcbin: answers the ring, sends a tone and a picture, counts what it decodes."""

import asyncio
import json
import os
import re
import subprocess
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC

from desk import Desk

SENDS = """
webrtcbin name=peer bundle-policy=max-bundle latency=100
audiotestsrc is-live=true freq=440 volume=0.1 ! audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay pt=111
  ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000,encoding-params=(string)2 ! peer.
videotestsrc is-live=true pattern=blue ! video/x-raw,width=640,height=360,framerate=15/1 ! videoconvert
  ! vp8enc deadline=1 cpu-used=8 keyframe-max-dist=60 target-bitrate=600000 ! rtpvp8pay pt=96 picture-id-mode=15-bit
  ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! peer.
"""
CERTIFICATE = [
    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
    "-subj", "/CN=webrtc", "-keyout", "-", "-out", "-",
]
RECEIVES = {"audio": "OPUS,payload=111,clock-rate=48000,encoding-params=(string)2", "video": "VP8,payload=96,clock-rate=90000"}


PEM = subprocess.run(CERTIFICATE, check=True, capture_output=True, text=True).stdout
PRINT = ["openssl", "x509", "-noout", "-fingerprint", "-sha256"]
FINGERPRINT = subprocess.run(PRINT, input=PEM, check=True, capture_output=True, text=True).stdout.strip().split("=")[1]


def mids(sdp):
    """The first section of each kind: those are the sending ones."""
    kinds, first = None, {}
    for line in sdp.splitlines():
        if line.startswith("m="):
            kinds = line[2:7]
        elif line.startswith("a=mid:"):
            first.setdefault(kinds, line.removeprefix("a=mid:"))
    return {"mic": first["audio"], "cam": first["video"]}


class Peer:
    """The pipeline; what it counts is written by its own threads."""

    def __init__(self, loop):
        self.loop = loop
        self.heard = {"frames": 0, "width": 0, "energy": 0.0}
        self.pipe = Gst.parse_launch(SENDS)
        self.pipe.connect("deep-element-added", self.with_elliptic_curve)
        self.rtc = self.pipe.get_by_name("peer")
        self.rtc.connect("pad-added", self.plays)
        # The server under test is on the loopback, which libnice leaves out. Kept: whoever asks for the agent owns it.
        self.agent = self.rtc.get_property("ice-agent")
        self.agent.emit("add-local-ip-address", "127.0.0.1")
        for at in range(2):
            self.rtc.emit("get-transceiver", at).set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
        for kind in ("audio", "video", "audio", "video"):
            caps = Gst.Caps.from_string(f"application/x-rtp,media={kind},encoding-name={RECEIVES[kind]}")
            self.rtc.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, caps)
        self.pipe.get_bus().add_signal_watch()
        self.pipe.get_bus().connect("message::element", self.level)
        self.pipe.get_bus().connect("message::error", lambda bus, said: print(said.parse_error(), file=sys.stderr))

    def with_elliptic_curve(self, pipe, inside, element):
        """Its own certificate would be RSA, which the relay's DTLS, like WebRTC's rules, does not ask for (RFC 8827, 6.5)."""
        if element.get_factory() and element.get_factory().get_name() == "dtlssrtpdec":
            element.set_property("pem", PEM)

    def plays(self, rtc, pad):
        """Something arrives: it is decoded and counted."""
        if pad.direction != Gst.PadDirection.SRC:
            return
        decoder = Gst.ElementFactory.make("decodebin")
        decoder.connect("pad-added", self.decoded)
        self.pipe.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def decoded(self, decoder, pad):
        caps = pad.get_current_caps().get_structure(0)
        is_video = caps.get_name().startswith("video")
        chain = "fakesink name=end sync=false signal-handoffs=true" if is_video else "audioconvert ! level interval=100000000 ! fakesink sync=false"
        rest = Gst.parse_bin_from_description(chain, True)
        if is_video:
            self.heard["width"] = max(self.heard["width"], caps.get_value("width"))
            rest.get_by_name("end").connect("handoff", self.frame)
        self.pipe.add(rest)
        rest.sync_state_with_parent()
        pad.link(rest.get_static_pad("sink"))

    def frame(self, *_):
        self.heard["frames"] += 1

    def level(self, bus, said):
        """Decibels of a tenth of a second."""
        about = said.get_structure()
        if about.get_name() == "level":
            loudest = max(about.get_value("rms"))
            self.heard["energy"] += 10 ** (loudest / 10) * 0.1

    async def asked(self, name, *words):
        """An action of webrtcbin's that answers by a promise; its reply."""
        done = self.loop.create_future()
        promise = Gst.Promise.new_with_change_func(lambda kept: self.loop.call_soon_threadsafe(done.set_result, kept.get_reply()))
        self.rtc.emit(name, *words, promise)
        return await asyncio.wait_for(done, 20)

    async def offer(self):
        """The offer, set as the local description, once every candidate of it is there."""
        self.pipe.set_state(Gst.State.PLAYING)
        # What a section sends is named in the offer once its first packet is there: without a name and a mid in the
        # packets themselves nobody could tell whose they are.
        while not all(pad.get_current_caps() for pad in self.rtc.sinkpads):
            await asyncio.sleep(0.05)
        reply = await self.asked("create-offer", None)
        await self.asked("set-local-description", reply.get_value("offer"))
        for _ in range(100):
            if self.rtc.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
                break
            await asyncio.sleep(0.05)
        text = self.rtc.get_property("local-description").sdp.as_text()
        # It digests whatever it was given, the key included.
        return re.sub(r"(?m)^(a=fingerprint:sha-256) .*$", rf"\1 {FINGERPRINT}\r", text)

    async def take(self, answer):
        _, sdp = GstSdp.SDPMessage.new_from_text(answer)
        said = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        await self.asked("set-remote-description", said)


async def main(base, login, seconds):
    Gst.init(None)
    threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
    desk = Desk(base, login, os.environ["CAUSEWAY_PROBE_PASSWORD"])
    await desk.open()
    print("waiting", flush=True)
    consult = await desk.answer_ring()
    peer = Peer(asyncio.get_running_loop())
    offer = await peer.offer()
    answer = await desk.sit_down(consult, offer)
    await peer.take(answer)
    await desk.publish(consult, mids(offer))
    await asyncio.sleep(seconds)
    state = peer.rtc.get_property("connection-state").value_nick
    print(json.dumps({**peer.heard, "state": state, "stack": Gst.version_string()}), flush=True)
    peer.pipe.set_state(Gst.State.NULL)
    await desk.close()


asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
