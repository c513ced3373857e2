/**
 * The call of this tab. It outlives the page that shows it: one may look at a patient and come back.
 * Decisions are `machine.ts`; this carries its effects out on the socket, the peer connection and the devices.
 */
import { signal } from './connect.svelte';
import { Devices, type DeviceState, type Kind } from './devices';
import { inDoubt, step, type Call, type Effect, type EndReason, type Input } from './machine';
import { layersOf } from './layers';
import { Peer, type Remote } from './peer';
import type { Joined, Media, Person, Rejoin, Slot, TrackState } from './protocol';
import { UNKNOWN, look, type Line, type SeatLine } from './quality';
import { askRoutes, type Routes } from './routes';
import { probe } from './probe';
import { Sight } from './sight';
import { CommandRefused } from './signal';

/** How often the line is looked at. */
const LOOK_MS = 2_000;
/** How many looks until what we look at is told again. */
const AGAIN = 5;

export interface Entry {
  consult: string;
  /** Who or what the strip on other pages names. */
  title: string;
  video: boolean;
}

class Room {
  call: Call = $state.raw({ at: 'idle' });
  entry: Entry | null = $state.raw(null);
  people: Person[] = $state.raw([]);
  remotes: Remote[] = $state.raw([]);
  /** Participants heard speaking just now. */
  speaking: string[] = $state.raw([]);
  line: Line = $state.raw(UNKNOWN);
  /** How the relay finds everybody's line. */
  lines: Record<string, SeatLine> = $state.raw({});
  devices: Record<Kind, DeviceState> = $state({ mic: 'off', cam: 'off' });
  muted = $state(false);
  /** The doctor wants to be seen; whether she can be is in `devices`. */
  camera = $state(true);
  spare: { source: 'screen' | 'exam'; track: MediaStreamTrack } | null = $state.raw(null);
  own: MediaStreamTrack | null = $state.raw(null);
  /** The browser will not play voices before the page is touched. */
  blocked = $state(false);

  private peer: Peer | null = null;
  private routes: Routes | null = null;
  private media: Devices | null = null;
  private sight: Sight | null = null;
  private looks = 0;
  private ticking: ReturnType<typeof setInterval> | null = null;
  private wakes: ReturnType<typeof setTimeout>[] = [];
  private unhear: (() => void)[] = [];

  get live(): boolean {
    return this.call.at === 'joining' || this.call.at === 'live' || this.call.at === 'rejoining';
  }

  get pid(): string | null {
    return this.call.at === 'live' || this.call.at === 'rejoining' ? this.call.pid : null;
  }

  /** While it still rings: devices are asked for, so that one can speak the moment somebody answers. */
  prepare(entry: Entry): void {
    if (this.live || (this.media && this.entry?.consult === entry.consult)) return;
    this.reset();
    this.open(entry);
  }

  /** Goes in. Whatever is missing, refused or taken, the call begins; it is put right inside. */
  enter(entry: Entry): void {
    if (this.live && this.entry?.consult === entry.consult) return;
    if (this.live) this.leave();
    if (!this.media || this.entry?.consult !== entry.consult) {
      this.reset();
      this.open(entry);
    }
    this.listen(entry.consult);
    this.feed({ is: 'enter', consult: entry.consult, socket: signal.now.state === 'open' });
  }

  leave(): void {
    if (this.live) this.feed({ is: 'leave' });
    else this.close();
  }

  end(because: EndReason): void {
    this.feed({ is: 'ended', because });
  }

  toggleMute(): void {
    this.mute(!this.muted);
  }

  mute(on: boolean): void {
    if (this.devices.mic !== 'ready' && this.devices.mic !== 'off') {
      void this.media?.open('mic');
      return;
    }
    this.muted = on;
    const track = this.media?.tracks.mic;
    if (track) track.enabled = !on;
    this.tell('mic', on);
  }

  toggleCamera(): void {
    this.camera = !this.camera;
    if (this.camera) void this.media?.open('cam');
    else this.media?.close('cam');
  }

  /** Tries a device again that was refused, taken or pulled out. */
  restore(kind: Kind): void {
    if (kind === 'cam') this.camera = true;
    void this.media?.open(kind);
  }

  async share(source: 'screen' | 'exam'): Promise<void> {
    if (this.spare) return this.unshare();
    let stream: MediaStream;
    try {
      stream = source === 'screen'
        ? await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 10 } })
        : await navigator.mediaDevices.getUserMedia({ video: { deviceId: { exact: await this.otherCamera() } } });
    } catch {
      // The doctor closed the browser's question: nothing is shared, nothing is wrong.
      return;
    }
    const track = stream.getVideoTracks()[0];
    if (!track) return;
    track.contentHint = 'detail';
    track.addEventListener('ended', () => void this.unshare());
    this.spare = { source, track };
    await this.peer?.send('spare', track);
    if (this.entry && this.peer) void this.say({ type: 'publish', consult: this.entry.consult, mid: this.peer.midOf('spare'), source });
  }

  async unshare(): Promise<void> {
    const spare = this.spare;
    if (!spare) return;
    this.spare = null;
    spare.track.stop();
    await this.peer?.send('spare', null);
    if (this.entry && this.peer) void this.say({ type: 'unpublish', consult: this.entry.consult, mid: this.peer.midOf('spare') });
  }

  private open(entry: Entry): void {
    this.entry = entry;
    this.camera = entry.video;
    this.media = new Devices((kind, track, state) => this.deviceChanged(kind, track, state));
    void this.media.openAll(entry.video ? ['mic', 'cam'] : ['mic']);
  }

  private async otherCamera(): Promise<string> {
    const mine = this.media?.tracks.cam?.getSettings().deviceId;
    const all = await navigator.mediaDevices.enumerateDevices();
    const other = all.find((d) => d.kind === 'videoinput' && d.deviceId !== mine);
    if (!other) throw new DOMException('no second camera', 'NotFoundError');
    return other.deviceId;
  }

  private feed(input: Input): void {
    const [next, effects] = step(this.call, input, Date.now());
    this.call = next;
    for (const effect of effects) this.perform(effect);
  }

  private perform(effect: Effect): void {
    switch (effect.do) {
      case 'join': void this.join(effect.pid); break;
      case 'restart-ice': void this.restart(effect.relayed); break;
      case 'say-leave': if (this.entry) void this.say({ type: 'leave', consult: this.entry.consult }); break;
      case 'close-all': this.close(); break;
      case 'wake-at': this.wakes.push(setTimeout(() => this.feed({ is: 'wake' }), Math.max(0, effect.when - Date.now()))); break;
    }
  }

  private async join(pid: string | null): Promise<void> {
    const consult = this.entry?.consult;
    if (!consult) return;
    this.peer?.close();
    this.peer = null;
    const call = this.call;
    const routes = await askRoutes(consult);
    // The call may be over, or joined anew, by now.
    if (this.call !== call || this.peer || this.entry?.consult !== consult) return;
    this.routes = routes;
    const peer: Peer = new Peer({
      ice: (state) => this.peer === peer && this.feed({ is: 'ice', state }),
      remotes: (all) => {
        if (this.peer !== peer) return;
        this.remotes = all;
        this.sight?.meets(all);
      },
    }, routes?.servers);
    this.peer = peer;
    probe.pc = peer.pc;
    probe.remotes = () => this.remotes;
    try {
      await Promise.all([peer.send('mic', this.media?.tracks.mic ?? null), peer.send('cam', this.media?.tracks.cam ?? null), peer.send('spare', this.spare?.track ?? null)]);
      const offer = await peer.offer({ restart: false });
      const media = this.mediaNow();
      const ok = (await signal.send({ type: 'join', consult, ...(pid ? { pid } : {}), neg: offer.neg, offer: offer.sdp, media }, 'once')) as unknown as Joined;
      if (this.peer !== peer) return;
      // At once, before anything is waited for: newer states of both may be the very next frames.
      this.seated(ok.roster);
      peer.bind(ok.slots);
      await peer.answer(offer.neg, ok.answer);
      if (this.peer !== peer) return;
      this.feed({ is: 'joined', pid: ok.pid });
      this.sight?.again();
      // Devices may have come or gone while the answer was on its way.
      if (this.mediaNow().mic !== media.mic) this.tell('mic', this.mediaNow().mic !== 'on');
      if (this.mediaNow().cam !== media.cam) this.tell('cam', this.mediaNow().cam !== 'on');
      if (this.spare) void this.say({ type: 'publish', consult, mid: peer.midOf('spare'), source: this.spare.source });
    } catch (fault) {
      if (this.peer !== peer) return;
      const refused = fault instanceof CommandRefused ? fault.refused : null;
      this.feed({ is: 'join-refused', code: refused?.code ?? 'internal', retry: refused?.retry ?? true });
    }
  }

  private async restart(relayed: boolean): Promise<void> {
    const { peer, entry } = this;
    if (!peer || !entry) return;
    try {
      if (!this.routes || Date.now() > this.routes.staleAt) this.routes = (await askRoutes(entry.consult)) ?? this.routes;
      if (this.peer !== peer) return;
      if (this.routes) peer.reroute(this.routes.servers, relayed && this.routes.servers.length > 0);
      const offer = await peer.offer({ restart: true });
      const answer = await signal.negotiate(entry.consult, offer.neg, offer.sdp);
      await peer.answer(offer.neg, answer);
      this.feed({ is: 'restarted', ok: true });
    } catch {
      await peer.giveUp().catch(() => undefined);
      this.feed({ is: 'restarted', ok: false });
    }
  }

  /** A socket that comes back takes the restart of a doubtful media path along: one flight less to a voice. */
  private async restartWithHello(): Promise<Rejoin | null> {
    const { peer, entry, pid } = this;
    if (!peer || !entry || !pid || !inDoubt(this.call)) return null;
    try {
      await peer.giveUp();
      const { neg, sdp } = await peer.offer({ restart: true });
      this.feed({ is: 'restarting' });
      signal.answerTo(entry.consult, neg).then(
        async (answer) => {
          await peer.answer(neg, answer);
          this.feed({ is: 'restarted', ok: true });
        },
        async () => {
          await peer.giveUp().catch(() => undefined);
          this.feed({ is: 'restarted', ok: false });
        },
      );
      return { consult: entry.consult, pid, offer: { neg, sdp, restart: true } };
    } catch {
      return null;
    }
  }

  /** The room has grown beyond our sections: one more offer with more of them. */
  private async grow(audio: number, video: number): Promise<void> {
    const { peer, entry } = this;
    if (!peer || !entry) return;
    peer.grow(audio, video);
    try {
      const offer = await peer.offer({ restart: false });
      await peer.answer(offer.neg, await signal.negotiate(entry.consult, offer.neg, offer.sdp));
    } catch {
      await peer.giveUp().catch(() => undefined);
    }
  }

  private seated(people: Person[]): void {
    this.people = people;
    probe.told?.({ roster: people.map((one) => one.user.id) });
  }

  private listen(consult: string): void {
    const online = (): void => this.feed({ is: 'network-changed' });
    addEventListener('online', online);
    signal.inCall = true;
    signal.rejoin = () => this.restartWithHello();
    this.unhear = [
      () => removeEventListener('online', online),
      () => (signal.inCall = false),
      () => (signal.rejoin = () => Promise.resolve(null)),
      signal.onState(`roster:${consult}`, (full) => this.seated((full['people'] ?? []) as Person[])),
      signal.onState(`slots:${consult}`, (full) => this.peer?.bind((full['slots'] ?? []) as Slot[])),
      signal.onWelcome(({ resumed }) => {
        this.feed({ is: 'socket-up', resumed });
        this.sight?.again();
      }),
      signal.connection.subscribe((now) => {
        if (now.state !== 'lost') return;
        this.feed({ is: 'socket-lost' });
        // Nobody can tell us what is looked at: everything is sent until somebody does.
        void this.peer?.need([]);
      }),
      signal.onNeed((ask) => {
        if (ask.consult !== consult) return;
        // Asked for no section at all: the relay has lost this seat.
        if (ask.audio + ask.video === 0) this.feed({ is: 'forgotten' });
        else void this.grow(ask.audio, ask.video);
      }),
      signal.onPassing((frame) => {
        if (frame.consult !== consult) return;
        if (frame.k === 'speaking') this.speaking = (frame['pids'] ?? []) as string[];
        if (frame.k === 'line') this.heardLine(frame);
        if (frame.k === 'layers') void this.peer?.need(layersOf(frame['layers']));
        // The same person has joined on another tab or machine: the call goes on there.
        if (frame.k === 'moved') this.end('superseded');
        // What this browser sent was far too much: in again after a pause, when whatever it was is closed.
        if (frame.k === 'shown_out') this.end('shown-out');
      }),
      signal.subscribe('consult.state', (event) => {
        if (event.consult === consult && ['cancelled', 'closed', 'entered_in_error', 'expired', 'missed', 'requested'].includes(event.state)) this.end('ended');
      }),
    ];
    this.sight = new Sight((wants) => signal.pass({ consult, k: 'want', wants }));
    this.ticking = setInterval(() => void this.look(), LOOK_MS);
  }

  private heardLine(frame: Record<string, unknown>): void {
    const n = (value: unknown): number => (typeof value === 'number' ? value : 0);
    const line = { lossUp: n(frame['loss_up']), lossDown: n(frame['loss_down']), rttMs: typeof frame['rtt_ms'] === 'number' ? frame['rtt_ms'] : null, share: frame['share'] as SeatLine['share'] };
    this.lines = { ...this.lines, [String(frame['pid'])]: line };
    if (frame['pid'] === this.pid) void this.peer?.arrives(line.lossUp, Date.now());
  }

  private async look(): Promise<void> {
    const { peer } = this;
    if (!peer || this.call.at !== 'live') return;
    if (++this.looks % AGAIN === 0) this.sight?.again();
    const sample = await peer.sample(Date.now());
    if (this.peer !== peer) return;
    this.line = look(this.line, sample, Date.now());
    this.feed({ is: 'bytes', came: sample.bytes > 0 });
    signal.pass({
      consult: this.entry?.consult, k: 'stats', loss: Math.round(sample.lossIn * 1000) / 1000, rtt_ms: sample.rttMs ?? 0,
      down_kbps: sample.downKbps, up_kbps: sample.upKbps, route: sample.route ?? 'udp',
    });
  }

  private deviceChanged(kind: Kind, track: MediaStreamTrack | null, state: DeviceState): void {
    this.devices[kind] = state;
    if (kind === 'cam') this.own = track;
    if (kind === 'mic' && track) track.enabled = !this.muted;
    if (state === 'asking') return;
    void this.peer?.send(kind, track);
    this.tell(kind, this.stateOf(kind) !== 'on');
  }

  private stateOf(kind: Kind): TrackState {
    const state = this.devices[kind];
    if (state === 'ready') return kind === 'mic' && this.muted ? 'off' : 'on';
    return state === 'off' || state === 'asking' ? 'off' : 'none';
  }

  private mediaNow(): Media {
    return { mic: this.stateOf('mic'), cam: this.stateOf('cam'), screen: this.spare ? 'on' : 'off' };
  }

  private tell(track: Kind, on: boolean): void {
    if (this.entry && this.call.at === 'live') void this.say({ type: 'mute', consult: this.entry.consult, track, on });
  }

  /** Said as far as it can be: the machine of the call does not wait for these. */
  private async say(command: Parameters<typeof signal.send>[0]): Promise<void> {
    await signal.send(command).catch(() => undefined);
  }

  private close(): void {
    for (const stop of this.unhear) stop();
    for (const wake of this.wakes) clearTimeout(wake);
    if (this.ticking) clearInterval(this.ticking);
    this.unhear = [];
    this.wakes = [];
    this.spare?.track.stop();
    this.media?.closeAll();
    this.peer?.close();
    this.sight?.close();
    this.spare = this.media = this.peer = this.sight = null;
    this.own = null;
    this.remotes = [];
    this.speaking = [];
  }

  private reset(): void {
    this.close();
    this.people = [];
    this.line = UNKNOWN;
    this.lines = {};
    this.muted = false;
    this.blocked = false;
    this.devices = { mic: 'off', cam: 'off' };
    this.call = { at: 'idle' };
  }
}

export const room = new Room();
