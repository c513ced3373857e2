import { describe, expect, it } from 'vitest';
import type { ServerSays } from './protocol';
import { ACK_EVERY, Session, uuid7 } from './session';

const NOW = '2026-11-22T06:42:18.250Z';
const welcome = (more: object = {}): string =>
  JSON.stringify({ t: 'welcome', sid: 's', key: 'k', resumed: false, me: 'usr-1', n: 10, hb_ms: 5000, lease_ms: 60000, limits: {}, node: 'one', now: NOW, ...more });
const event = (n: number): string =>
  JSON.stringify({ t: 'evt', n, at: NOW, ev: { type: 'consult.state', consult: 'con-1', action: 'accept', state: 'accepted' } });
const say = (frame: object): string => JSON.stringify(frame satisfies object as ServerSays);

function tab(): Session {
  let n = 0;
  return new Session('dev-1', () => `op-${++n}`);
}
function open(): Session {
  const session = tab();
  session.hello();
  session.hear(welcome());
  return session;
}
const numbers = (session: Session, ...texts: string[]): number[] =>
  texts.flatMap((text) => session.hear(text).heard).flatMap((h) => (h.is === 'event' ? [h.n] : []));

describe('events', () => {
  it('are shown once and in order, however often they are delivered', () => {
    expect(numbers(open(), event(11), event(11), event(12), event(11), event(13))).toEqual([11, 12, 13]);
  });

  it('with a number missing ask for a resume and are not shown', () => {
    const { heard } = open().hear(event(13));

    expect(heard).toEqual([{ is: 'gap' }]);
  });

  it('are taken up from the last one after a cut', () => {
    const session = open();
    numbers(session, event(11), event(12));
    session.cut();

    expect(session.hello()).toMatchObject({ resume: { sid: 's', key: 'k', last_n: 12 } });
    session.hear(welcome({ resumed: true, n: 14 }));
    expect(numbers(session, event(13), event(14))).toEqual([13, 14]);
  });

  it('go on where they were left, even if the server has forgotten the session', () => {
    const session = open();
    session.cut();
    session.hello();
    session.hear(welcome({ n: 12, from: 10 }));

    expect(numbers(session, event(11), event(12))).toEqual([11, 12]);
  });

  it('start anew when too much was missed', () => {
    const session = open();
    session.cut();
    session.hello();
    session.hear(welcome({ resumed: true, reset: true, n: 30, from: 30 }));

    expect(numbers(session, event(31))).toEqual([31]);
  });

  it('go on in a new session where the server says so', () => {
    const session = open();
    numbers(session, event(11));
    session.cut();
    session.hello();
    const { heard } = session.hear(welcome({ n: 13, from: 11 }));

    expect(heard).toMatchObject([{ is: 'welcome', resumed: false, gone: false }]);
    expect(numbers(session, event(11), event(12), event(13))).toEqual([12, 13]);
  });

  it('go on after a reload, with what was promised', () => {
    const before = open();
    numbers(before, event(11), event(12));
    before.command({ type: 'leave', consult: 'con-1' });
    before.command({ type: 'mute', consult: 'con-1', track: 'mic', on: true });
    const after = tab();
    after.takeUp(before.keep()!);

    expect(after.hello()).toMatchObject({ resume: { sid: 's', key: 'k', last_n: 12 } });
    expect(after.hear(welcome({ resumed: true, n: 13, from: 12 })).say).toMatchObject([{ t: 'cmd', op: 'op-1', do: { type: 'leave' } }]);
    expect(numbers(after, event(12), event(13))).toEqual([13]);
  });

  it('of one person are not gone on with by another', () => {
    const session = open();
    session.command({ type: 'leave', consult: 'con-1' });
    session.cut();
    session.hello();
    const { heard, say } = session.hear(welcome({ me: 'usr-2', n: 3 }));

    expect(heard).toMatchObject([{ reset: true, gone: true }]);
    expect(say).toEqual([]);
    expect(numbers(session, event(4))).toEqual([4]);
  });

  it('are acknowledged in one go after sixteen', () => {
    const session = open();
    const said = Array.from({ length: ACK_EVERY }, (_, i) => session.hear(event(11 + i)).say).flat();

    expect(said).toEqual([{ t: 'ack', n: 10 + ACK_EVERY }]);
    expect(session.ack()).toBeNull();
  });
});

describe('commands', () => {
  it('given before the line is there are said after the welcome', () => {
    const session = tab();
    session.hello();
    expect(session.command({ type: 'presence.set', status: 'busy' }).say).toBeNull();

    expect(session.hear(welcome()).say).toMatchObject([{ t: 'cmd', op: 'op-1' }]);
  });

  it('unanswered at a cut are said again under the same key', () => {
    const session = open();
    const first = session.command({ type: 'chat.send', consult: 'con-1', text: '…' }).say;
    session.cut();
    session.hello();

    expect(session.hear(welcome({ resumed: true })).say).toEqual([first]);
  });

  it('answered are not said again', () => {
    const session = open();
    const { id } = session.command({ type: 'leave', consult: 'con-1' });
    session.hear(say({ t: 'res', id, ok: {} }));
    session.cut();
    session.hello();

    expect(session.hear(welcome({ resumed: true })).say).toEqual([]);
  });

  it('that would be stale are given up at a cut', () => {
    const session = open();
    const { id } = session.command({ type: 'join', consult: 'con-1', neg: 1, offer: 'v=0', media: { mic: 'on', cam: 'none', screen: 'off' } }, 'once');

    expect(session.cut()).toEqual([id]);
    expect(session.waiting).toBe(0);
  });
});

describe('shared state', () => {
  const topic = 'presence';

  it('is merged from patches in order', () => {
    const session = open();
    session.hear(say({ t: 'state', topic, rev: 1, full: { users: { a: 'available', b: 'busy' } } }));
    const { heard } = session.hear(say({ t: 'state', topic, rev: 2, patch: { users: { a: 'off', b: null } } }));

    expect(heard).toEqual([{ is: 'state', topic, full: { users: { a: 'off' } } }]);
  });

  it('with a patch missing is asked for whole', () => {
    const session = open();
    session.hear(say({ t: 'state', topic, rev: 1, full: {} }));

    expect(session.hear(say({ t: 'state', topic, rev: 3, patch: { x: 1 } })).say).toMatchObject([{ do: { type: 'sync', topic } }]);
  });
});

it('an operation key is a UUIDv7 of its time', () => {
  const key = uuid7(Date.parse(NOW), new Uint8Array(16).fill(0xff));

  expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7fff-bfff-f{12}$/);
  expect(Number.parseInt(key.slice(0, 13).replace('-', ''), 16)).toBe(Date.parse(NOW));
});
