/**
 * The one peer connection of a call. The browser offers once, with all the sections a consult of four will
 * ever need: microphone, camera, a spare for a screen or second camera, and three voices and four pictures
 * to receive. After that joining, muting, sharing and leaving change no SDP: `replaceTrack` on our side,
 * `state slots` on the relay's. Which section carries whom only the slots say; track events say nothing.
 */
import { CAMERA, UPLINK, sent, uplink } from './layers';
import type { Layer, Slot, Source } from './protocol';
import type { IceState } from './machine';
import type { Sample } from './quality';

const VOICES = 3;
const PICTURES = 4;
const SCREEN_BPS = 1_200_000;
const SPARE_FRAMES = 10;
const FIXED = { bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' } as const;

export interface Remote {
  pid: string;
  source: Source;
  track: MediaStreamTrack;
}

export interface PeerEvents {
  ice(state: IceState): void;
  remotes(all: Remote[]): void;
}

export class Peer {
  readonly pc: RTCPeerConnection;
  private neg = 0;
  private readonly mic: RTCRtpTransceiver;
  private readonly cam: RTCRtpTransceiver;
  private readonly spare: RTCRtpTransceiver;
  private readonly events: PeerEvents;
  private slots: readonly Slot[] = [];
  private layers: readonly Layer[] = [];
  private line = UPLINK;
  private before: { at: number; down: number; up: number; got: number; lost: number; frames: number } | null = null;

  constructor(events: PeerEvents, iceServers: RTCIceServer[] = []) {
    this.events = events;
    this.pc = new RTCPeerConnection({ ...FIXED, iceServers });
    this.mic = this.pc.addTransceiver('audio', { direction: 'sendonly' });
    this.cam = this.pc.addTransceiver('video', { direction: 'sendonly', sendEncodings: [...CAMERA] });
    this.spare = this.pc.addTransceiver('video', { direction: 'sendonly', sendEncodings: [{ maxBitrate: SCREEN_BPS, maxFramerate: SPARE_FRAMES }] });
    for (let i = 0; i < VOICES; i++) this.pc.addTransceiver('audio', { direction: 'recvonly' });
    for (let i = 0; i < PICTURES; i++) this.pc.addTransceiver('video', { direction: 'recvonly' });
    for (const one of this.pc.getTransceivers()) prefer(one);
    this.pc.oniceconnectionstatechange = () => this.events.ice(this.pc.iceConnectionState);
  }

  /** Other ways, or a fresh pass for the same, from the next restart on. */
  reroute(iceServers: RTCIceServer[], relayOnly: boolean): void {
    this.pc.setConfiguration({ ...FIXED, iceServers, iceTransportPolicy: relayOnly ? 'relay' : 'all' });
  }

  /** The next offer. It is sent without waiting for candidates: the relay is ICE-lite and needs none of ours. */
  async offer(how: { restart: boolean }): Promise<{ neg: number; sdp: string }> {
    this.neg += 1;
    const neg = this.neg;
    const offer = await this.pc.createOffer(how.restart ? { iceRestart: true } : {});
    await this.pc.setLocalDescription(offer);
    return { neg, sdp: offer.sdp ?? '' };
  }

  /** Takes the relay's answer, unless a newer offer has gone out since. */
  async answer(neg: number, sdp: string): Promise<void> {
    if (neg !== this.neg || this.pc.signalingState !== 'have-local-offer') return;
    await this.pc.setRemoteDescription({ type: 'answer', sdp });
    this.bind(this.slots);
  }

  /** An offer that got no answer is taken back, so that the next one can be made. */
  async giveUp(): Promise<void> {
    if (this.pc.signalingState === 'have-local-offer') await this.pc.setLocalDescription({ type: 'rollback' });
  }

  /** More sections, when the room holds more people than were thought of. */
  grow(audio: number, video: number): void {
    for (let i = 0; i < audio; i++) prefer(this.pc.addTransceiver('audio', { direction: 'recvonly' }));
    for (let i = 0; i < video; i++) prefer(this.pc.addTransceiver('video', { direction: 'recvonly' }));
  }

  /** Who is on which section now. */
  bind(slots: readonly Slot[]): void {
    this.slots = slots;
    const all: Remote[] = [];
    for (const slot of slots) {
      const section = this.pc.getTransceivers().find((one) => one.mid === slot.mid);
      if (slot.pid && slot.source && section) all.push({ pid: slot.pid, source: slot.source, track: section.receiver.track });
    }
    this.events.remotes(all);
  }

  async send(kind: 'mic' | 'cam' | 'spare', track: MediaStreamTrack | null): Promise<void> {
    if (this.pc.signalingState !== 'closed') await this[kind].sender.replaceTrack(track);
  }

  /** Which of our encodings anybody looks at, as far as the relay says. */
  async need(layers: readonly Layer[]): Promise<void> {
    this.layers = layers;
    await this.thin();
  }

  /** What does not arrive of what we send, as the relay finds it. */
  async arrives(loss: number, now: number): Promise<void> {
    const was = this.line.weak;
    this.line = uplink(this.line, loss, now);
    if (this.line.weak !== was) await this.thin();
  }

  private async thin(): Promise<void> {
    for (const { mid, sender } of [this.cam, this.spare]) {
      const now = sender.getParameters();
      const all = now.encodings ?? [];
      const wanted = sent(all.map((one) => one.rid), this.layers.find((one) => one.mid === mid)?.rids, this.line.weak);
      if (all.every((one, i) => (one.active ?? true) === wanted[i])) continue;
      all.forEach((one, i) => (one.active = wanted[i] ?? true));
      // A browser that cannot sends everything, as before.
      await sender.setParameters(now).catch(() => undefined);
    }
  }

  /** The section a shared screen travels on, for `publish`. */
  midOf(kind: 'mic' | 'cam' | 'spare'): string {
    return this[kind].mid ?? '';
  }

  close(): void {
    this.pc.oniceconnectionstatechange = null;
    this.pc.close();
  }

  /** One look at the line. The first gives no rates: there is nothing to compare it with. */
  async sample(now: number): Promise<Sample> {
    const report = await this.pc.getStats();
    const sum = { down: 0, up: 0, got: 0, lost: 0, frames: 0 };
    let height = 0;
    let fps = 0;
    let lossOut = 0;
    let rtt: number | null = null;
    let pair: { localCandidateId?: string } | null = null;
    for (const s of report.values()) {
      if (s.type === 'inbound-rtp') {
        sum.got += s.packetsReceived ?? 0;
        sum.lost += Math.max(0, s.packetsLost ?? 0);
        sum.frames += s.framesDecoded ?? 0;
        height = Math.max(height, s.framesPerSecond ? (s.frameHeight ?? 0) : 0);
        fps = Math.max(fps, s.framesPerSecond ?? 0);
      } else if (s.type === 'remote-inbound-rtp') {
        lossOut = Math.max(lossOut, s.fractionLost ?? 0);
      } else if (s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded') {
        pair = s;
        sum.down = s.bytesReceived ?? 0;
        sum.up = s.bytesSent ?? 0;
        rtt = s.currentRoundTripTime !== undefined ? s.currentRoundTripTime * 1_000 : rtt;
      }
    }
    const local = pair?.localCandidateId ? report.get(pair.localCandidateId) : null;
    const was = this.before;
    this.before = { at: now, ...sum };
    const seconds = was ? Math.max(0.001, (now - was.at) / 1_000) : 0;
    const rate = (a: number, b: number): number => (seconds ? Math.max(0, Math.round(((a - b) * 8) / 1_000 / seconds)) : 0);
    const got = was ? sum.got - was.got : 0;
    const lost = was ? Math.max(0, sum.lost - was.lost) : 0;
    return {
      lossIn: got + lost > 0 ? lost / (got + lost) : 0,
      lossOut,
      rttMs: rtt === null ? null : Math.round(rtt),
      downKbps: rate(sum.down, was?.down ?? 0),
      upKbps: rate(sum.up, was?.up ?? 0),
      height,
      fps: Math.round(fps),
      frames: was ? Math.max(0, sum.frames - was.frames) : 0,
      bytes: was ? Math.max(0, sum.down - was.down) : sum.down,
      route: local ? (local.relayProtocol ?? local.protocol ?? null) : null,
    };
  }
}

/**
 * Opus; VP8 and H.264 with retransmission, and VP9 from whoever sends nothing else: the offer shrinks from 33 to 12 KB, a
 * second on a thin line. The first of them is what we send.
 */
function prefer(section: RTCRtpTransceiver): void {
  const kind = section.receiver.track.kind;
  const more = section.direction === 'recvonly' ? ['video/VP9'] : [];
  const wanted = kind === 'audio' ? ['audio/opus'] : ['video/VP8', 'video/H264', ...more, 'video/rtx'];
  const known = RTCRtpReceiver.getCapabilities?.(kind)?.codecs ?? [];
  const codecs = wanted.flatMap((mime) => known.filter((c) => c.mimeType.toLowerCase() === mime.toLowerCase() && fits(c)));
  try {
    if (codecs.length > 0) section.setCodecPreferences(codecs);
  } catch {
    // An older browser keeps its own order; the relay picks what it knows.
  }
}

/** Of the many H.264 profiles the two that every hospital PC decodes; of VP9 the usual one. */
function fits(codec: RTCRtpCodec): boolean {
  if (codec.mimeType.toLowerCase() === 'video/vp9') return !/profile-id=[1-9]/.test(codec.sdpFmtpLine ?? '');
  if (codec.mimeType.toLowerCase() !== 'video/h264') return true;
  const line = codec.sdpFmtpLine ?? '';
  return line.includes('packetization-mode=1') && /profile-level-id=42(e0|00)1f/i.test(line);
}
