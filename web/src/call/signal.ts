/**
 * The socket of this tab: one WebSocket for rings, presence, chat, negotiation and everything pushed.
 * What is said and heard is `session.ts`; this file holds the wire: connecting, beating, coming back.
 */
import { get } from '../api/client';
import type { Command, Event, EventOf, EventType, Refused, Rejoin, ServerSays, Time } from './protocol';
import { ACK_MS, Session, uuid7, type Heard, type Kept, type Staying } from './session';

export interface Connection {
  /** `off`: nobody is signed in, or the server told us to stop. */
  state: 'off' | 'connecting' | 'open' | 'lost';
  /** Since when it is so. */
  since: number;
  /** Last measured round trip. */
  ms: number | null;
  /** When the next attempt is made, for the sentence that says so. */
  retryAt: number | null;
}

export interface Welcome {
  /** The server knew this session: seats are as they were. */
  resumed: boolean;
  /** Something may have happened that will not be told: records are to be read anew. */
  gone: boolean;
  now: Time;
}

/** Where a tab's session waits for the page that is loaded next: in the tab's own storage, from unload to load. */
const KEPT = 'session';

export class CommandRefused extends Error {
  readonly refused: Refused;
  constructor(refused: Refused) {
    super(refused.code);
    this.refused = refused;
  }
}

/** Waits before each attempt; from the third on a little chance is added, so that a whole county does not return at once. */
export const RECONNECT_MS = [0, 300, 1_200, 2_700, 4_800, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000] as const;
/** Somebody waits to be heard: whoever is in a call knocks more often. */
const IN_CALL_MS = 2_000;
const SILENT_MS = { visible: 12_000, hidden: 45_000 } as const;
const FIRST_FRAME_MS = 10_000;
const ANSWER_MS = 15_000;
/** Close codes after which coming back is pointless until someone signs in again. */
const STOP_CODES = new Set([4401]);

type Unsubscribe = () => void;

export class Signal {
  private readonly session: Session;
  private readonly url: string;
  private socket: WebSocket | null = null;
  private beat: Worker | null = null;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private heardAt = 0;
  private stopped = true;
  private value: Connection = { state: 'off', since: Date.now(), ms: null, retryAt: null };
  private readonly watchers = new Set<(value: Connection) => void>();
  private readonly listeners = new Map<string, Set<(event: never, at: Time) => void>>();
  private readonly everything = new Set<(event: Event, at: Time, n: number) => void>();
  private readonly stateListeners = new Map<string, Set<(full: Record<string, unknown>) => void>>();
  private readonly lastStates = new Map<string, Record<string, unknown>>();
  private readonly passing = new Set<(frame: Extract<ServerSays, { t: 'eph' }>) => void>();
  private readonly welcomes = new Set<(how: Welcome) => void>();
  private readonly waiting = new Map<number, { done: (ok: Record<string, unknown>) => void; no: (fault: Error) => void }>();
  private readonly offers = new Map<string, { done: (sdp: string) => void; no: (fault: Error) => void }>();
  private readonly needs = new Set<(ask: { consult: string; audio: number; video: number }) => void>();

  constructor(url: string, device: string) {
    this.url = url;
    this.session = new Session(device, () => uuid7(Date.now(), crypto.getRandomValues(new Uint8Array(16))));
  }

  /** A Svelte store: `$connection` in a component. */
  readonly connection = {
    subscribe: (fn: (value: Connection) => void): Unsubscribe => {
      this.watchers.add(fn);
      fn(this.value);
      return () => this.watchers.delete(fn);
    },
  };

  get now(): Connection {
    return this.value;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.tries = 0;
    this.takeUp();
    addEventListener('pagehide', this.putBy);
    this.beat = new Worker(new URL('./beat.ts', import.meta.url), { type: 'module' });
    this.beat.onmessage = this.onBeat;
    addEventListener('online', this.hurry);
    document.addEventListener('visibilitychange', this.hurry);
    (navigator as { connection?: EventTarget }).connection?.addEventListener('change', this.hurry);
    this.connect();
  }

  /** Signing out: what was promised in this person's name is given up. */
  stop(): void {
    this.stopped = true;
    this.beat?.terminate();
    this.beat = null;
    removeEventListener('pagehide', this.putBy);
    removeEventListener('online', this.hurry);
    document.removeEventListener('visibilitychange', this.hurry);
    (navigator as { connection?: EventTarget }).connection?.removeEventListener('change', this.hurry);
    if (this.timer) clearTimeout(this.timer);
    this.drop(4000);
    for (const { no } of this.waiting.values()) no(new Error('signed out'));
    this.waiting.clear();
    this.session.forgetAll();
    this.lastStates.clear();
    this.become({ state: 'off', retryAt: null });
  }

  /** Something to be done, exactly once, however the line behaves. */
  send(what: Command, staying: Staying = 'kept'): Promise<Record<string, unknown>> {
    return new Promise((done, no) => {
      if (staying === 'once' && this.value.state !== 'open') return no(new Error('the line is gone'));
      const { id, say } = this.session.command(what, staying);
      this.waiting.set(id, { done, no });
      if (say) this.say(say);
    });
  }

  /** What may be lost: typing, pointer, figures of the line. */
  pass(frame: object): void {
    if (this.value.state === 'open') this.say({ t: 'eph', ...frame });
  }

  /** One step of negotiation: an offer out, its answer back. */
  negotiate(consult: string, neg: number, sdp: string): Promise<string> {
    if (this.value.state !== 'open') return Promise.reject(new Error('the line is gone'));
    const answer = this.answerTo(consult, neg);
    this.say({ t: 'sig', consult, neg, kind: 'offer', sdp });
    return answer;
  }

  /** The answer to an offer that is on its way, by whichever frame. */
  answerTo(consult: string, neg: number): Promise<string> {
    return new Promise((done, no) => {
      const key = `${consult}/${neg}`;
      const late = setTimeout(() => {
        this.offers.delete(key);
        no(new Error('no answer to the offer'));
      }, ANSWER_MS);
      this.offers.set(key, {
        done: (answer) => (clearTimeout(late), done(answer)),
        no: (fault) => (clearTimeout(late), no(fault)),
      });
    });
  }

  subscribe<T extends EventType>(type: T, fn: (event: EventOf<T>, at: Time) => void): Unsubscribe {
    return add(this.listeners, type, fn as (event: never, at: Time) => void);
  }

  onAny(fn: (event: Event, at: Time, n: number) => void): Unsubscribe {
    this.everything.add(fn);
    return () => this.everything.delete(fn);
  }

  /** Shared state by topic; a listener is told at once what is known already. */
  onState(topic: string, fn: (full: Record<string, unknown>) => void): Unsubscribe {
    const known = this.lastStates.get(topic);
    if (known) fn(known);
    return add(this.stateListeners, topic, fn);
  }

  onPassing(fn: (frame: Extract<ServerSays, { t: 'eph' }>) => void): Unsubscribe {
    this.passing.add(fn);
    return () => this.passing.delete(fn);
  }

  onWelcome(fn: (how: Welcome) => void): Unsubscribe {
    this.welcomes.add(fn);
    return () => this.welcomes.delete(fn);
  }

  /** The room has more voices or pictures than the page has sections for. */
  onNeed(fn: (ask: { consult: string; audio: number; video: number }) => void): Unsubscribe {
    this.needs.add(fn);
    return () => this.needs.delete(fn);
  }

  /** A call goes on in this tab. */
  inCall = false;

  /** The call in this tab may put the restart of its media into the first frame of a new socket. */
  rejoin: () => Promise<Rejoin | null> = () => Promise.resolve(null);

  private connect(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.stopped || this.socket) return;
    this.become({ state: this.value.state === 'off' ? 'connecting' : this.value.state, retryAt: null });
    const socket = new WebSocket(this.url, 'consult.v1');
    this.socket = socket;
    const late = setTimeout(() => this.drop(4000), FIRST_FRAME_MS);
    socket.onopen = () => {
      void this.rejoin().then((join) => {
        if (socket === this.socket) this.say(this.session.hello(join ?? undefined));
      });
    };
    socket.onmessage = (message) => {
      clearTimeout(late);
      if (socket === this.socket && typeof message.data === 'string') this.hear(message.data);
    };
    socket.onclose = (close) => {
      clearTimeout(late);
      if (socket === this.socket) this.cut(close.code);
    };
  }

  private hear(text: string): void {
    this.heardAt = Date.now();
    const { heard, say } = this.session.hear(text);
    for (const frame of say) this.say(frame);
    for (const one of heard) this.tell(one);
  }

  private tell(heard: Heard): void {
    switch (heard.is) {
      case 'welcome':
        this.tries = 0;
        if (!heard.resumed) this.lastStates.clear();
        this.become({ state: 'open', retryAt: null });
        for (const fn of [...this.welcomes]) fn({ resumed: heard.resumed, gone: heard.gone, now: heard.now });
        break;
      case 'event':
        for (const fn of [...this.everything]) fn(heard.event, heard.at, heard.n);
        for (const fn of [...(this.listeners.get(heard.event.type) ?? [])]) (fn as (e: Event, at: Time) => void)(heard.event, heard.at);
        setTimeout(this.sayAck, ACK_MS);
        break;
      case 'state':
        this.lastStates.set(heard.topic, heard.full);
        for (const fn of [...(this.stateListeners.get(heard.topic) ?? [])]) fn(heard.full);
        break;
      case 'done':
        this.waiting.get(heard.id)?.done(heard.ok);
        this.waiting.delete(heard.id);
        break;
      case 'refused':
        this.waiting.get(heard.id)?.no(new CommandRefused(heard.err));
        this.waiting.delete(heard.id);
        break;
      case 'answer': {
        const key = `${heard.consult}/${heard.neg}`;
        this.offers.get(key)?.done(heard.sdp);
        this.offers.delete(key);
        break;
      }
      case 'need':
        for (const fn of [...this.needs]) fn(heard);
        break;
      case 'passing':
        for (const fn of [...this.passing]) fn(heard.frame);
        break;
      case 'pong':
        this.become({ ms: Math.max(0, Date.now() - Date.parse(heard.ts)) });
        break;
      case 'gap':
        this.drop(4000);
        break;
      case 'bye':
        if (heard.action === 'stop') this.turnedAway();
        else setTimeout(() => this.drop(4000), heard.after_ms);
        break;
    }
  }

  /** Signed out from elsewhere: whoever asks the server anything hears so, and the page goes to the door. */
  private turnedAway(): void {
    this.stop();
    void get('/sessions').catch(() => undefined);
  }

  private cut(code: number): void {
    this.socket = null;
    for (const id of this.session.cut()) {
      this.waiting.get(id)?.no(new Error('the line is gone'));
      this.waiting.delete(id);
    }
    for (const { no } of this.offers.values()) no(new Error('the line is gone'));
    this.offers.clear();
    if (this.stopped) return;
    if (STOP_CODES.has(code)) return this.turnedAway();
    const step = Math.min(RECONNECT_MS[Math.min(this.tries, RECONNECT_MS.length - 1)] ?? 5_000, this.inCall ? IN_CALL_MS : 5_000);
    const wait = step + (this.tries >= 2 ? (crypto.getRandomValues(new Uint16Array(1))[0] ?? 0) / 65.536 : 0);
    this.tries += 1;
    this.become({ state: 'lost', ms: null, retryAt: Date.now() + wait });
    this.timer = setTimeout(() => this.connect(), wait);
  }

  private drop(code: number): void {
    const socket = this.socket;
    if (!socket) return;
    socket.onclose = null;
    socket.close(code);
    this.cut(code);
  }

  /** Read once and taken away: a tab that is duplicated must not go on with the session of the first. */
  private takeUp(): void {
    try {
      const text = sessionStorage.getItem(KEPT);
      sessionStorage.removeItem(KEPT);
      if (text) this.session.takeUp(JSON.parse(text) as Kept);
    } catch {
      // Nothing was kept: a new session.
    }
  }

  private readonly putBy = (): void => {
    try {
      const kept = this.session.keep();
      if (kept) sessionStorage.setItem(KEPT, JSON.stringify(kept));
    } catch {
      // Forbidden: the next page begins a new session.
    }
  };

  private readonly onBeat = (): void => {
    if (!this.socket || this.value.state !== 'open') return;
    const limit = SILENT_MS[document.hidden ? 'hidden' : 'visible'];
    if (Date.now() - this.heardAt > limit) return this.drop(4000);
    this.say({ t: 'ping', ts: new Date().toISOString() });
  };

  private readonly sayAck = (): void => {
    const ack = this.session.ack();
    if (ack) this.say(ack);
  };

  /** The network or the eye is back: do not wait out the delay. */
  private readonly hurry = (): void => {
    if (this.stopped) return;
    if (!this.socket) {
      this.tries = 0;
      this.connect();
    } else if (this.value.state === 'open') this.onBeat();
  };

  private say(frame: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  private become(change: Partial<Connection>): void {
    const since = change.state && change.state !== this.value.state ? Date.now() : this.value.since;
    this.value = { ...this.value, ...change, since };
    for (const fn of [...this.watchers]) fn(this.value);
  }
}

function add<F>(table: Map<string, Set<F>>, key: string, fn: F): Unsubscribe {
  const set = table.get(key) ?? new Set<F>();
  table.set(key, set);
  set.add(fn);
  return () => set.delete(fn);
}
