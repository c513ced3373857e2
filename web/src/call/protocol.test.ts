import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { read, type Command, type Event } from './protocol';

const FOLDER = join(__dirname, '../../../tests/fixtures/signal');
const golden = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') }));

/** Every command and event of the types; the compiler refuses a missing or a strange one. */
const COMMANDS: Record<Command['type'], true> = {
  'presence.set': true, 'presence.watch': true, 'ring.start': true, 'ring.act': true, join: true, route: true, leave: true, publish: true,
  unpublish: true, mute: true, 'chat.send': true, 'still.request': true, 'refer.open': true, 'report.close': true, sync: true,
};
const EVENTS: Record<Event['type'], true> = {
  ring: true, 'ring.state': true, 'consult.state': true, 'consult.opinion': true, 'person.joined': true, 'person.left': true,
  chat: true, file: true, still: true, referral: true,
};

describe('the golden messages', () => {
  it.each(golden.filter((g) => g.name.startsWith('server-')))('$name is read and says the same again', ({ text }) => {
    const frame = read(text);

    expect(frame).not.toBeNull();
    expect(JSON.parse(JSON.stringify(frame))).toEqual(JSON.parse(text));
  });

  it.each(golden)('$name is named for what it holds', ({ name, text }) => {
    const frame = JSON.parse(text);
    const inner = frame.do?.type ?? frame.ev?.type;

    expect(name).toMatch(new RegExp(`^(client|server)-${frame.t}${inner ? `-${inner.replace('.', '\\.')}` : ''}[-.]`));
  });

  it('hold every command and every event this page knows, and no other', () => {
    const frames = golden.map((g) => JSON.parse(g.text));
    const known = (record: object) => Object.keys(record).sort();

    expect([...new Set(frames.filter((f) => f.do).map((f) => f.do.type))].sort()).toEqual(known(COMMANDS));
    expect([...new Set(frames.filter((f) => f.ev).map((f) => f.ev.type))].sort()).toEqual(known(EVENTS));
  });

  it('stay below the largest frame the server takes', () => {
    for (const { text } of golden) expect(text.length).toBeLessThan(65_536);
  });
});

describe('a frame this page does not understand', () => {
  it.each(['', 'null', '[]', '{"t":"weather"}', '{"t":"evt","n":"1"}', '{"t":"state"'])('is skipped: %s', (text) => {
    expect(read(text)).toBeNull();
  });
});
