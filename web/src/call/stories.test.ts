/**
 * Stories of one tab over a hostile wire: the real `Session` and the real `Call` machine against a server in few
 * words. After every frame the wire may cut, duplicate, delay or let the next frame overtake. Chance is seeded:
 * what fails once fails always.
 */
import { describe, expect, it } from 'vitest';
import { step, type Call, type Effect, type Input } from './machine';
import { Session } from './session';

type Fault = 'none' | 'cut-after' | 'cut-before' | 'duplicate' | 'delay' | 'overtaken';
const FAULTS: readonly Fault[] = ['cut-after', 'cut-before', 'duplicate', 'delay', 'overtaken'];
type Deed = 'say' | 'enter' | 'leave' | 'happens' | 'restart' | 'forgotten' | 'ice-lost' | 'turn' | 'offer';

interface Flying { text: string; fault: Fault; hold: number }
interface Frame { t: string; [more: string]: unknown }

/** Mulberry32: small, seeded, good enough to choose by. */
function dice(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

class Pipe {
  readonly flying: Flying[] = [];

  put(text: string, fault: Fault): void {
    const one: Flying = { text, fault, hold: fault === 'delay' ? 7 : fault === 'overtaken' ? 12 : 0 };
    const last = this.flying.at(-1);
    const overtakes = last?.fault === 'overtaken';
    const all = fault === 'duplicate' ? [one, { ...one, fault: 'none' as const }] : [one];
    this.flying.splice(this.flying.length - (overtakes ? 1 : 0), 0, ...all);
    if (overtakes && last) Object.assign(last, { fault: 'none', hold: 0 });
  }

  get ready(): boolean {
    return this.flying[0]?.hold === 0;
  }

  turn(): void {
    const first = this.flying[0];
    if (first) first.hold = Math.max(0, first.hold - 1);
  }
}

/** The server as `docs/protocol.md` has it: an inbox, answers by key, one seat. */
class Server {
  inbox: string[] = [];
  done = new Map<string, number>();
  answers = new Map<string, object>();
  seat = false;
  newestNeg = 0;
  stale = 0;
  private sessions = new Set<string>();
  private drawn = 0;
  private sent = 0;

  restart(): void {
    this.sessions.clear();
    if (this.seat) this.inbox.push('everybody left');
    this.seat = false;
  }

  hear(frame: Frame): Frame[] {
    switch (frame.t) {
      case 'hello': {
        const resume = frame['resume'] as { sid: string; last_n: number } | undefined;
        const resumed = resume !== undefined && this.sessions.has(resume.sid);
        const sid = resumed ? resume.sid : `sid-${++this.drawn}`;
        this.sessions.add(sid);
        this.sent = resume?.last_n ?? this.inbox.length;
        return [{ t: 'welcome', sid, key: 'k', resumed, me: 'usr-1', n: this.inbox.length, from: this.sent, now: '2026-11-22T06:42:18.250Z' }];
      }
      case 'cmd': return [{ t: 'res', id: frame['id'], ok: this.once(frame['op'] as string, frame['do'] as Frame & { type: string }) }];
      case 'sig': {
        const neg = frame['neg'] as number;
        if (neg <= this.newestNeg) {
          this.stale += 1;
          return [];
        }
        this.newestNeg = neg;
        return [{ t: 'sig', consult: 'con-1', neg, kind: this.seat ? 'answer' : 'need', sdp: 'v=0', audio: 0, video: 0 }];
      }
      default: return [];
    }
  }

  /** What the inbox holds beyond what was sent on this line. */
  letters(): Frame[] {
    const out = this.inbox.slice(this.sent).map((action, i) => ({ t: 'evt', n: this.sent + i + 1, at: '2026-11-22T06:42:18.250Z', ev: { type: 'other', action } }));
    this.sent = this.inbox.length;
    return out;
  }

  private once(op: string, what: { type: string }): object {
    const before = this.answers.get(op);
    if (before) return before;
    this.done.set(op, (this.done.get(op) ?? 0) + 1);
    if (what.type === 'join') this.seat = true;
    if (what.type === 'leave') this.seat = false;
    this.inbox.push(`${what.type} ${op}`);
    const answer = what.type === 'join' ? { pid: 'par-1' } : { message: op };
    this.answers.set(op, answer);
    return answer;
  }
}

/** One tab: what `signal.ts` and `room.svelte.ts` do around the two machines, without socket, camera and timer. */
class Tab {
  now = 0;
  shown: number[] = [];
  answered = new Map<number, string[]>();
  call: Call = { at: 'idle' };
  line = false;
  wantsIn = false;
  frames = 0;
  cuts = 0;
  largest = 0;
  neg = 0;
  answeredNeg = 0;
  private readonly session: Session;
  private readonly server: Server;
  private readonly faults: Fault[];
  private up = new Pipe();
  private down = new Pipe();
  private ops = 0;
  private joins = new Set<number>();
  private wakes: number[] = [];
  private leaving: number | null = null;

  constructor(server: Server, faults: readonly Fault[]) {
    this.server = server;
    this.faults = [...faults];
    this.session = new Session('dev-1', () => `op-${++this.ops}`);
  }

  /** What there is to do now, in a fixed order. */
  chores(): (() => void)[] {
    const out: (() => void)[] = [];
    if (!this.line) out.push(() => this.connect());
    if (this.up.ready) out.push(() => this.arrives(this.up, (text) => this.answer(this.server.hear(JSON.parse(text) as Frame))));
    if (this.down.ready) out.push(() => this.arrives(this.down, (text) => this.hears(text)));
    if (this.wakes.some((when) => when <= this.now)) {
      out.push(() => {
        this.wakes = this.wakes.filter((when) => when > this.now);
        this.feed({ is: 'wake' });
      });
    }
    if (this.line && this.session['open' as never]) {
      const letters = this.server.inbox.length > this.told;
      if (letters) out.push(() => this.answer(this.server.letters()));
    }
    return out;
  }

  get told(): number {
    return this.server['sent' as never] as number;
  }

  get busy(): boolean {
    return this.up.flying.length + this.down.flying.length > 0 || this.wakes.length > 0;
  }

  get waiting(): number {
    return this.session.waiting;
  }

  turn(choice: number): void {
    this.now += 50;
    const chores = this.chores();
    chores[Math.floor(choice * chores.length)]?.();
    this.up.turn();
    this.down.turn();
    this.largest = Math.max(this.largest, this.session.waiting);
  }

  quiet(): void {
    this.faults.length = 0;
  }

  cut(): void {
    if (!this.line) return;
    this.cuts += 1;
    this.line = false;
    this.up = new Pipe();
    this.down = new Pipe();
    for (const id of this.session.cut()) {
      // A join that is given up is a refusal to be tried again, as `room.svelte.ts` tells the machine.
      if (this.joins.delete(id)) this.feed({ is: 'join-refused', code: 'internal', retry: true });
    }
    this.feed({ is: 'socket-lost' });
  }

  enter(): void {
    // Two commands about one seat are never under way at once here: on this wire they might change places.
    if (this.leaving !== null) return;
    this.wantsIn = true;
    this.feed({ is: 'enter', consult: 'con-1', socket: this.open });
  }

  leave(): void {
    this.wantsIn = false;
    this.feed({ is: 'leave' });
  }

  say(): void {
    const { say } = this.session.command({ type: 'chat.send', consult: 'con-1', text: '…' });
    if (say) this.send(say);
  }

  offer(): void {
    if (this.call.at !== 'live' || !this.open) return;
    this.send({ t: 'sig', consult: 'con-1', neg: ++this.neg, kind: 'offer', sdp: 'v=0' });
  }

  feed(input: Input): void {
    const [next, effects] = step(this.call, input, this.now);
    this.call = next;
    for (const effect of effects) this.carryOut(effect);
  }

  private get open(): boolean {
    return this.line && (this.session['open' as never] as boolean);
  }

  private connect(): void {
    this.line = true;
    this.send(this.session.hello());
  }

  private carryOut(effect: Effect): void {
    if (effect.do === 'wake-at') this.wakes.push(effect.when);
    if (effect.do === 'restart-ice') this.offer();
    if (effect.do === 'join') {
      const { id, say } = this.session.command(
        { type: 'join', consult: 'con-1', neg: ++this.neg, offer: 'v=0', media: { mic: 'on', cam: 'none', screen: 'off' }, ...(effect.pid ? { pid: effect.pid } : {}) }, 'once');
      this.joins.add(id);
      if (say) this.send(say);
    }
    if (effect.do === 'say-leave') {
      this.joins.clear();
      const { id, say } = this.session.command({ type: 'leave', consult: 'con-1' });
      this.leaving = id;
      if (say) this.send(say);
    }
  }

  private send(frame: object): void {
    this.frames += 1;
    this.up.put(JSON.stringify(frame), this.faults.shift() ?? 'none');
  }

  private answer(frames: Frame[]): void {
    for (const frame of frames) {
      this.frames += 1;
      this.down.put(JSON.stringify(frame), this.faults.shift() ?? 'none');
    }
  }

  private arrives(pipe: Pipe, take: (text: string) => void): void {
    const one = pipe.flying.shift();
    if (!one) return;
    if (one.fault !== 'cut-before') take(one.text);
    if (one.fault === 'cut-before' || one.fault === 'cut-after') this.cut();
  }

  private hears(text: string): void {
    const { heard, say } = this.session.hear(text);
    for (const frame of say) this.send(frame);
    for (const one of heard) {
      switch (one.is) {
        case 'welcome':
          this.feed({ is: 'socket-up', resumed: one.resumed });
          break;
        case 'event':
          this.shown.push(one.n);
          expect((one.event as unknown as { action: string }).action).toBe(this.server.inbox[one.n - 1]);
          break;
        case 'done':
          this.answered.set(one.id, [...(this.answered.get(one.id) ?? []), JSON.stringify(one.ok)]);
          if (one.id === this.leaving) this.leaving = null;
          if (this.joins.delete(one.id)) this.feed({ is: 'joined', pid: one.ok['pid'] as string });
          break;
        case 'need':
          this.feed({ is: 'forgotten' });
          break;
        case 'answer':
          // An answer to an older offer is passed over.
          if (one.neg === this.neg) this.answeredNeg = one.neg;
          break;
        case 'gap':
          this.cut();
          break;
        default:
      }
    }
  }
}

const PATIENCE = 5_000;

function tell(deeds: readonly Deed[], faults: readonly Fault[], chance: () => number): Tab {
  const server = new Server();
  const tab = new Tab(server, faults);
  for (const deed of deeds) {
    switch (deed) {
      case 'say': tab.say(); break;
      case 'enter': tab.enter(); break;
      case 'leave': if (tab.call.at !== 'idle' && tab.call.at !== 'over') tab.leave(); break;
      case 'happens': server.inbox.push(`step ${server.inbox.length}`); break;
      case 'restart': tab.cut(); server.restart(); break;
      case 'forgotten': if (tab.call.at === 'live') { server.seat = false; tab.feed({ is: 'forgotten' }); } break;
      case 'ice-lost': tab.feed({ is: 'ice', state: 'failed' }); break;
      case 'offer': tab.offer(); break;
      case 'turn': tab.turn(chance()); break;
    }
    inOrder(tab);
  }
  tab.quiet();
  let turns = 0;
  while (tab.busy || tab.chores().length > 0) {
    if (++turns > PATIENCE) throw new Error(`the story turns in a circle: ${JSON.stringify(tab.call)}`);
    tab.turn(chance());
    inOrder(tab);
  }
  allIsWell(tab, server);
  return tab;
}

/** Each event once, in order, without a gap from the first one on. */
function inOrder(tab: Tab): void {
  const at = tab.shown.length - 1;
  if (at > 0 && tab.shown[at] !== (tab.shown[at - 1] ?? 0) + 1) throw new Error(`shown ${tab.shown.slice(-3).join(', ')}`);
}

function allIsWell(tab: Tab, server: Server): void {
  expect(tab.line).toBe(true);
  expect(tab.waiting).toBe(0);
  if (tab.shown.length > 0) expect(tab.shown.at(-1)).toBe(server.inbox.length);
  expect([...server.done.values()].every((times) => times === 1)).toBe(true);
  for (const answers of tab.answered.values()) expect(new Set(answers).size).toBe(1);
  expect(tab.call.at).toBe(tab.wantsIn ? 'live' : tab.call.at === 'idle' ? 'idle' : 'over');
  if (tab.wantsIn) expect(server.seat).toBe(true);
}

const WAY: readonly Deed[] = [
  'turn', 'turn', 'turn', 'happens', 'say', 'enter', ...turns(20), 'say', 'happens', 'offer', ...turns(20), 'offer', 'happens', 'say', ...turns(20),
];
function turns(n: number): Deed[] {
  return Array.from({ length: n }, () => 'turn');
}

describe('a tab over a hostile wire', () => {
  it('comes through every fault at every frame, and every two cuts', () => {
    const { frames } = tell(WAY, [], dice(1));
    const plan = (at: readonly number[], fault: Fault): Fault[] => Array.from({ length: frames }, (_, i) => (at.includes(i) ? fault : 'none'));
    let cases = 0;
    for (let first = 0; first < frames; first += 1) {
      for (const fault of FAULTS) {
        tell(WAY, plan([first], fault), dice(1));
        cases += 1;
        for (let second = first + 1; second < frames; second += 1) {
          tell(WAY, plan([first, second], fault), dice(1));
          cases += 1;
        }
      }
    }
    console.info(`call machine: a story of ${frames} frames, ${cases} cases: every fault at every frame, every two of a kind`);
  }, 60_000);

  it('shows each event once and is back in its seat, whatever happens', () => {
    const stories = 3_000;
    let [frames, cuts, largest] = [0, 0, 0];
    for (let seed = 1; seed <= stories; seed += 1) {
      const chance = dice(seed);
      const pick = <T,>(all: readonly T[]): T => all[Math.floor(chance() * all.length)] as T;
      const deeds: Deed[] = Array.from({ length: 30 + Math.floor(chance() * 120) }, () =>
        chance() < 0.75 ? 'turn' : pick(['say', 'say', 'enter', 'enter', 'leave', 'happens', 'happens', 'restart', 'forgotten', 'ice-lost', 'offer']));
      const faults: Fault[] = Array.from({ length: Math.floor(chance() * 80) }, () => (chance() < 0.5 ? 'none' : pick(FAULTS)));
      try {
        const tab = tell(deeds, faults, chance);
        frames += tab.frames;
        cuts += tab.cuts;
        largest = Math.max(largest, tab.largest);
      } catch (fault) {
        throw new Error(`seed ${seed}: ${String(fault)}\n${deeds.filter((d) => d !== 'turn').join(' ')}\n${faults.filter((f) => f !== 'none').join(' ')}`);
      }
    }
    expect(largest).toBeLessThan(64);
    console.info(`call machine: ${stories} stories, ${frames} frames, ${cuts} cuts, at most ${largest} commands waiting`);
  }, 60_000);
});
