/**
 * One conversation with the server as this tab lives it, without the socket: what was promised, what was
 * heard, what must be said again after the line came back. Pure, so that every cut can be tried in a test.
 *
 * Each event is shown once and in order: only `n = last + 1` is taken, older ones are dropped, a gap asks
 * for a resume. Each command is done once: it keeps its `op` however often it is sent.
 */
import { read, type ClientSays, type Command, type Event, type ParticipantId, type Refused, type Rejoin, type ServerSays, type Time } from './protocol';

/** What the page is to be told. */
export type Heard =
  | { is: 'welcome'; resumed: boolean; reset: boolean; gone: boolean; now: Time; frame: Extract<ServerSays, { t: 'welcome' }> }
  | { is: 'event'; event: Event; n: number; at: Time }
  | { is: 'state'; topic: string; full: Record<string, unknown> }
  | { is: 'answer'; consult: string; neg: number; sdp: string }
  | { is: 'need'; consult: string; audio: number; video: number }
  | { is: 'passing'; consult?: string; k: string; from?: ParticipantId; frame: Extract<ServerSays, { t: 'eph' }> }
  | { is: 'done'; id: number; ok: Record<string, unknown> }
  | { is: 'refused'; id: number; err: Refused }
  | { is: 'pong'; ts: Time; now: Time }
  | { is: 'bye'; action: 'stop' | 'resume' | 'rejoin' | 'move'; code: string; after_ms: number }
  /** A number was skipped: the line must be taken up anew from the last one. */
  | { is: 'gap' };

/** How a command behaves when the line goes: most are said again; an offer is not, it would be stale. */
export type Staying = 'kept' | 'once';

interface Waiting {
  id: number;
  op: string;
  do: Command;
  staying: Staying;
  sent: boolean;
}

/** Events between two acknowledgements, and the time after which even one is acknowledged. */
export const ACK_EVERY = 16;
export const ACK_MS = 2_000;

/** What a tab keeps of its session while it is loaded anew. No clinical text: commands that carry any are not kept. */
export interface Kept {
  sid: string;
  key: string;
  me: string;
  last: number;
  outbox: { op: string; do: Command }[];
}

/** Promises that outlive a reload: answering, leaving, one's own status. Sections of a dead connection do not. */
const LASTING = new Set<Command['type']>(['ring.act', 'leave', 'presence.set']);

export class Session {
  private me: string | null = null;
  private sid: string | null = null;
  private key: string | null = null;
  private last = 0;
  private acked = 0;
  private ids = 0;
  private open = false;
  private readonly outbox: Waiting[] = [];
  private readonly states = new Map<string, { rev: number; full: Record<string, unknown> }>();
  private readonly device: string;
  private readonly newOp: () => string;

  constructor(device: string, newOp: () => string) {
    this.device = device;
    this.newOp = newOp;
  }

  /** The first frame on a new socket. */
  hello(join?: Rejoin): ClientSays {
    this.open = false;
    const resume = this.sid && this.key ? { sid: this.sid, key: this.key, last_n: this.last, ...(join ? { join } : {}) } : undefined;
    return { t: 'hello', v: 1, device: this.device, caps: ['slots', 'restart'], ...(resume ? { resume } : {}) };
  }

  /** Takes a command; gives its id and, if the line is open, the frame to send now. */
  command(what: Command, staying: Staying = 'kept'): { id: number; say: ClientSays | null } {
    const waiting: Waiting = { id: ++this.ids, op: this.newOp(), do: what, staying, sent: this.open };
    this.outbox.push(waiting);
    return { id: waiting.id, say: this.open ? frameOf(waiting) : null };
  }

  /** The socket is gone. Gives the ids of commands that will not be said again. */
  cut(): number[] {
    this.open = false;
    const dropped = this.outbox.filter((w) => w.staying === 'once').map((w) => w.id);
    for (const id of dropped) this.forget(id);
    return dropped;
  }

  /** Reads one frame: what the page is told, and what is said in answer. */
  hear(text: string): { heard: Heard[]; say: ClientSays[] } {
    const frame = read(text);
    if (!frame) return { heard: [], say: [] };
    switch (frame.t) {
      case 'welcome': return this.welcome(frame);
      case 'evt': return this.event(frame);
      case 'state': return this.state(frame);
      case 'res':
        this.forget(frame.id);
        return {
          heard: [frame.err ? { is: 'refused', id: frame.id, err: frame.err } : { is: 'done', id: frame.id, ok: frame.ok ?? {} }],
          say: [],
        };
      case 'sig':
        if (frame.kind === 'answer') return told({ is: 'answer', consult: frame.consult, neg: frame.neg, sdp: frame.sdp });
        if (frame.kind === 'need') return told({ is: 'need', consult: frame.consult, audio: frame.audio, video: frame.video });
        return { heard: [], say: [] };
      case 'eph':
        return told({
          is: 'passing', k: frame.k, frame,
          ...(frame.consult ? { consult: frame.consult } : {}), ...(frame.from ? { from: frame.from } : {}),
        });
      case 'pong':
        return told({ is: 'pong', ts: frame.ts, now: frame.now });
      case 'bye':
        return told({ is: 'bye', action: frame.action, code: frame.code, after_ms: frame.after_ms ?? 0 });
    }
  }

  /** What is due to be acknowledged, if anything is. */
  ack(): ClientSays | null {
    if (!this.open || this.last === this.acked) return null;
    this.acked = this.last;
    return { t: 'ack', n: this.last };
  }

  /** What the same tab goes on with after a reload; null before the first welcome. */
  keep(): Kept | null {
    if (!this.sid || !this.key || !this.me) return null;
    const outbox = this.outbox.filter((w) => w.staying === 'kept' && LASTING.has(w.do.type)).map((w) => ({ op: w.op, do: w.do }));
    return { sid: this.sid, key: this.key, me: this.me, last: this.last, outbox };
  }

  /** Goes on where the page before the reload was. */
  takeUp(kept: Kept): void {
    this.sid = kept.sid;
    this.key = kept.key;
    this.me = kept.me;
    this.last = this.acked = kept.last;
    for (const { op, do: what } of kept.outbox) this.outbox.push({ id: ++this.ids, op, do: what, staying: 'kept', sent: false });
  }

  /** Someone else signs in on this tab: nothing of the last one is said in their name. */
  forgetAll(): void {
    this.sid = this.key = this.me = null;
    this.last = this.acked = 0;
    this.outbox.length = 0;
    this.states.clear();
    this.open = false;
  }

  get waiting(): number {
    return this.outbox.length;
  }

  private welcome(frame: Extract<ServerSays, { t: 'welcome' }>): { heard: Heard[]; say: ClientSays[] } {
    if (this.open) return { heard: [], say: [] };
    this.sid = frame.sid;
    this.key = frame.key;
    this.open = true;
    // Another person's cookie came into this browser meanwhile: nothing of the last one's is gone on with.
    const stranger = this.me !== null && this.me !== frame.me;
    if (stranger) this.outbox.length = 0;
    this.me = frame.me;
    const reset = (frame.reset ?? false) || stranger;
    // The inbox is the person's: even a new session is told what was missed, unless the server says where it begins.
    const from = frame.from ?? (frame.resumed && !reset ? this.last : frame.n);
    // Something may have happened that this page is never told: it was not there, or it is too long ago.
    const gone = reset || from !== this.last;
    this.last = this.acked = from;
    if (!frame.resumed || reset) this.states.clear();
    const say: ClientSays[] = [];
    for (const waiting of this.outbox) {
      waiting.sent = true;
      say.push(frameOf(waiting));
    }
    return { heard: [{ is: 'welcome', resumed: frame.resumed, reset, gone, now: frame.now, frame }], say };
  }

  private event(frame: Extract<ServerSays, { t: 'evt' }>): { heard: Heard[]; say: ClientSays[] } {
    if (frame.n <= this.last) return { heard: [], say: [] };
    if (frame.n > this.last + 1) return told({ is: 'gap' });
    this.last = frame.n;
    const ack = this.last - this.acked >= ACK_EVERY ? this.ack() : null;
    return { heard: [{ is: 'event', event: frame.ev, n: frame.n, at: frame.at }], say: ack ? [ack] : [] };
  }

  private state(frame: Extract<ServerSays, { t: 'state' }>): { heard: Heard[]; say: ClientSays[] } {
    const known = this.states.get(frame.topic);
    if (frame.patch) {
      if (known && frame.rev <= known.rev) return { heard: [], say: [] };
      if (!known || frame.rev !== known.rev + 1) {
        const { say } = this.command({ type: 'sync', topic: frame.topic }, 'once');
        return { heard: [], say: say ? [say] : [] };
      }
    }
    if (known && frame.rev < known.rev) return { heard: [], say: [] };
    const full = frame.full ?? (merged(known?.full ?? {}, frame.patch ?? {}) as Record<string, unknown>);
    this.states.set(frame.topic, { rev: frame.rev, full });
    return told({ is: 'state', topic: frame.topic, full });
  }

  private forget(id: number): void {
    const at = this.outbox.findIndex((w) => w.id === id);
    if (at >= 0) this.outbox.splice(at, 1);
  }
}

const told = (heard: Heard): { heard: Heard[]; say: ClientSays[] } => ({ heard: [heard], say: [] });
const frameOf = (w: Waiting): ClientSays => ({ t: 'cmd', id: w.id, op: w.op, do: w.do });

/** A merge patch (RFC 7396): objects are merged, null takes away, everything else replaces. */
function merged(base: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const out: Record<string, unknown> = typeof base === 'object' && base !== null && !Array.isArray(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else out[key] = merged(out[key], value);
  }
  return out;
}

/** A UUIDv7: commands sort by birth, as every id of the house does. */
export function uuid7(now: number, random: Uint8Array): string {
  const bytes = Array.from(random.slice(0, 16));
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.map((b) => b.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
