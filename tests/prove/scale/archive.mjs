// An archive of two years: the stories of a store that the product has filled, told again for other patients at other times
// until there are as many letters as are wanted. Writes the tables as they lie; nothing goes through a door here.
import { hash } from 'node:crypto';
import { person, terms } from './people.mjs';
import { TABLES, chained, compile, readStories } from './stories.mjs';

const DAY = 86_400_000;
const SPAN = 730 * DAY;
/** China has one zone and no summer time. */
const ZONE = 8 * 3_600_000;
const LETTERS_PER_PATIENT = 1.5;
const RANK = 10_000_000_000_000_000n;
const NEVER_DUE = 9_000_000_000_000_000;

function dice(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const hex = (n, width) => n.toString(16).padStart(width, '0');

/** An id as the product draws them (UUIDv7); the number of the thing makes it the only one. */
function idOf(kind, at, thing, part) {
  const noise = Math.imul(thing ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  return `${kind}${hex(at, 12)}7${hex(noise & 0xfff, 3)}${'89ab'[(noise >>> 12) & 3]}${hex((noise >>> 14) & 0xfff, 3)}${hex(thing, 8)}${hex(part, 4)}`;
}

/** When something happens that happened at `at` in the story. */
const when = (story, shift, pace, at) => Math.round(story.begins + shift + (at - story.begins) * pace);

/** Fills `store` until it holds `letters` more referrals; says what it wrote. */
export async function fill(store, vault, letters, now = Date.now()) {
  const { stories, shapes } = readStories(store, vault, now);
  const counters = new Map(store.ask('SELECT name, n FROM counters').map(({ name, n }) => [name, Number(n)]));
  const tales = draw(stories, letters, now, counters);
  const write = new Writer(store, vault, stories, tales, shapes);
  const tables = Object.keys(TABLES).filter((table) => table !== 'journal');
  const all = [...tables, 'journal', 'patients', 'search_terms'];
  const indexes = store.indexes(all);
  const before = sealBase(store);
  counters.set('journal', before.seq + tales.entries);
  counters.set('patients', tales.people.firstNo + tales.people.count - 1);
  await store.load(async (stream) => {
    for (const { name } of indexes) stream.say(`DROP INDEX ${name};\n`);
    for (const { seq, prev, own } of before.links) {
      const [open, shut] = store.name === 'SQLite' ? ["X'", "'"] : ["'\\x", "'"];
      stream.say(`UPDATE journal SET prev_hash = ${open}${prev}${shut}, hash = ${open}${own}${shut} WHERE seq = ${seq};\n`);
    }
    for (const table of tables) await store.table(stream, table, shapes[table], write.rowsOf(table));
    await store.table(stream, 'journal', shapes.journal, write.journal(before));
    const people = ['id', 'home_facility', 'created_by', 'created_at', 'sealed', 'identity_term', 'version', 'updated_at'];
    await store.table(stream, 'patients', people, write.patients());
    await store.sorted(stream, 'search_terms', ['kind', 'term', 'entity_id'], write.terms());
    for (const { sql } of indexes) stream.say(`${sql};\n`);
    for (const [name, n] of counters) stream.say(`INSERT INTO counters (name, n) VALUES ('${name}', ${n}) ON CONFLICT (name) DO UPDATE SET n = excluded.n;\n`);
  });
  store.settle();
  return { letters: tales.letters, entries: tales.entries, patients: tales.people.count, stories: stories.length, states: states(stories, tales) };
}

/** Which story is told for whom and when, in the order of time. */
function draw(stories, letters, now, counters) {
  const random = dice(2393);
  const past = stories.filter((story) => !story.live);
  const live = stories.filter((story) => story.live);
  // What a month leaves open is open in one month of twenty-four.
  const open = live.length / stories.length / 24;
  const drawn = [];
  let told = 0;
  while (told < letters) {
    const one = random() < open ? live[Math.floor(random() * live.length)] : past[Math.floor(random() * past.length)];
    const back = one.live
      ? Math.floor(random() * Math.min(one.slack, 12 * DAY))
      : Math.floor(random() * Math.floor((SPAN - (now - one.begins)) / DAY)) * DAY + Math.floor(random() * 1_200_000);
    // No two take equally long: a figure that is counted by the minute must meet every minute there is.
    drawn.push({ story: stories.indexOf(one), shift: -back, pace: one.live ? 1 : 0.4 + 0.6 * random() });
    told += one.referrals;
  }
  drawn.sort((a, b) => stories[a.story].begins + a.shift - stories[b.story].begins - b.shift);
  const count = drawn.length;
  const tales = {
    count, letters: told, entries: 0, now,
    story: new Uint16Array(count), shift: new Float64Array(count), pace: new Float64Array(count), patient: new Uint32Array(count),
    firstNo: new Uint32Array(count), numbers: [],
    people: { count: 0, firstNo: (counters.get('patients') ?? 0) + 1, tale: [], updated: [] },
  };
  const homes = new Map();
  drawn.forEach(({ story: which, shift, pace }, n) => {
    const story = stories[which];
    tales.story[n] = which;
    tales.shift[n] = shift;
    tales.pace[n] = pace;
    const here = homes.get(story.home) ?? homes.set(story.home, []).get(story.home);
    const known = here.length > 0 && random() > 1 / LETTERS_PER_PATIENT;
    const patient = known ? here[Math.floor(random() * here.length)] : tales.people.count++;
    if (!known) {
      here.push(patient);
      tales.people.tale.push(n);
      tales.people.updated.push(0);
    }
    tales.patient[n] = patient;
    tales.people.updated[patient] = Math.max(tales.people.updated[patient], when(story, shift, pace, story.ends));
    tales.entries += story.journal.length + (known ? 0 : 1);
    tales.firstNo[n] = tales.numbers.length;
    for (const { no, at, consult } of story.series) {
      const year = new Date(when(story, shift, pace, at) + ZONE).getUTCFullYear();
      const way = { UP: 'up', DN: 'down', PR: 'peer' }[no.slice(0, 2)];
      const series = consult ? 'consult' : `referral.${way}.${year}`;
      const number = (counters.get(series) ?? 0) + 1;
      counters.set(series, number);
      const digits = String(number).padStart(6, '0');
      tales.numbers.push(consult ? `C-${digits}` : `${no.slice(0, 2)}-${year}-${digits}`);
    }
  });
  return tales;
}

/** The chain over what the product wrote: it seals while it serves, and it has not served yet. */
function sealBase(store) {
  const names = 'seq, at, actor, facility_id, entity_type, entity_id, action, from_state, to_state, reason_code, payload, request_id';
  let prev = '00'.repeat(32);
  let seq = 0;
  const links = store.ask(`SELECT ${names} FROM journal ORDER BY seq`).map((row) => {
    const fields = [row.actor, row.facility_id, row.entity_type, row.entity_id, row.action, row.from_state, row.to_state, row.reason_code, row.payload, row.request_id];
    const own = link(prev, row.seq, row.at, fields);
    const one = { seq: row.seq, prev, own };
    [prev, seq] = [own, row.seq];
    return one;
  });
  return { links, prev, seq };
}

const room = Buffer.alloc(1 << 20);
/** One link, as src/journal/chain.rs makes it. */
function link(prev, seq, at, fields) {
  room[0] = 1;
  room.write(prev, 1, 'hex');
  room.writeBigInt64BE(BigInt(seq), 33);
  room.writeBigInt64BE(BigInt(at), 41);
  let end = 49;
  for (const field of fields) {
    if (field === null) {
      room[end++] = 0;
      continue;
    }
    room[end++] = 1;
    const length = room.write(field, end + 8);
    room.writeUInt32BE(0, end);
    room.writeUInt32BE(length, end + 4);
    end += 8 + length;
  }
  return hash('sha256', room.subarray(0, end), 'hex');
}

function states(stories, tales) {
  const found = {};
  for (const which of tales.story) {
    for (const { table, row } of stories[which].rows) if (table === 'referrals') found[row.state] = (found[row.state] ?? 0) + 1;
  }
  return found;
}

class Writer {
  constructor(store, vault, stories, tales, shapes) {
    Object.assign(this, { store, vault, stories, tales, shapes });
    this.cut = new Map();
  }

  pattern(story, table) {
    const key = `${story.index ??= this.stories.indexOf(story)} ${table}`;
    let rows = this.cut.get(key);
    if (!rows) {
      const those = table === 'journal' ? story.journal : story.rows.filter((one) => one.table === table);
      this.cut.set(key, (rows = those.map((one) => ({ at: one.row.at, pieces: compile(this.store, story, one), fields: table === 'journal' ? chained(story, one.row) : null }))));
    }
    return rows;
  }

  born(patient) {
    const tale = this.tales.people.tale[patient];
    return Math.round(this.stories[this.tales.story[tale]].begins + this.tales.shift[tale] - 600_000);
  }

  patientId(patient) {
    return idOf('pat-', this.born(patient), patient, 0);
  }

  who(patient) {
    return person(patient, this.tales.people.firstNo + patient);
  }

  /** What fills the holes of one tale; the ids are made when they are asked for. */
  holes(n) {
    const story = this.stories[this.tales.story[n]];
    return { n, story, shift: this.tales.shift[n], pace: this.tales.pace[n], ids: [], patient: this.tales.patient[n], own: null };
  }

  id(holes, part) {
    const { story, shift, pace, n } = holes;
    return (holes.ids[part] ??= part === 0 ? this.patientId(holes.patient) : idOf(story.kinds[part], when(story, shift, pace, story.births[part]), n, part));
  }

  text(pieces, holes) {
    let text = '';
    for (const piece of pieces) text += typeof piece === 'string' ? piece : this.hole(piece, holes);
    return text;
  }

  hole(piece, holes) {
    if (piece.id !== undefined) return this.id(holes, piece.id);
    if (piece.own) return holes.own[piece.own];
    if (piece.no !== undefined) return this.tales.numbers[this.tales.firstNo[holes.n] + piece.no];
    const { story, shift, pace } = holes;
    if (piece.at !== undefined) return when(story, shift, pace, piece.at);
    if (piece.iso !== undefined) return new Date(when(story, shift, pace, piece.iso)).toISOString();
    if (piece.order !== undefined) {
      // Referral::desk_order: a rank, and when an answer is due or, counted down, since when it stands there.
      const rank = piece.order / RANK;
      const at = Number(piece.order % RANK);
      return rank * RANK + BigInt(piece.due ? when(story, shift, pace, at) : NEVER_DUE - when(story, shift, pace, NEVER_DUE - at));
    }
    const plain = piece.snapshot ? this.snapshot(piece.snapshot, holes) : this.text(piece.plain, holes);
    return this.vault.seal(this.text(piece.place, holes), plain);
  }

  snapshot(kept, holes) {
    const who = this.who(holes.patient);
    return JSON.stringify({
      ...kept, id: this.id(holes, 0), record_no: who.recordNo, name: who.name, pinyin: who.shown, sex: who.male ? 'male' : 'female', birth_date: who.born,
      identity_masked: who.masked, phone_tail: who.phone.slice(-4), phone: who.phone,
    });
  }

  *rowsOf(table) {
    for (let n = 0; n < this.tales.count; n++) {
      const rows = this.pattern(this.stories[this.tales.story[n]], table);
      if (rows.length === 0) continue;
      const holes = this.holes(n);
      for (const { pieces } of rows) yield this.text(pieces, holes);
    }
  }

  /** Every entry in the order of time, linked into the chain. */
  *journal(before) {
    const { tales, stories, store } = this;
    const start = tales.now - SPAN - 40 * DAY;
    const keys = new BigUint64Array(tales.entries);
    let n = 0;
    const key = (at, tale, entry) => (BigInt(at - start) << 28n) | BigInt(tale * 64 + entry);
    for (let tale = 0; tale < tales.count; tale++) {
      const story = stories[tales.story[tale]];
      story.journal.forEach(({ row }, entry) => (keys[n++] = key(when(story, tales.shift[tale], tales.pace[tale], row.at), tale, entry)));
    }
    tales.people.tale.forEach((tale, patient) => (keys[n++] = key(this.born(patient), tale, 63)));
    keys.sort();
    let { prev, seq } = before;
    const names = this.shapes.journal;
    // Tales that are under way at the same time; an old one is made out again if it is needed once more.
    const open = new Map();
    for (const packed of keys) {
      const low = Number(packed & 0xfffffffn);
      const entry = low % 64;
      const tale = (low - entry) / 64;
      let holes = open.get(tale);
      if (!holes) {
        if (open.size > 100_000) open.clear();
        open.set(tale, (holes = this.holes(tale)));
      }
      seq += 1;
      if (entry === 63) {
        const row = { seq, at: this.born(holes.patient), actor: holes.story.by, facility_id: holes.story.home, entity_type: 'patient', entity_id: this.id(holes, 0), action: 'patient.create', payload: '{}', prev_hash: prev };
        row.hash = prev = link(prev, seq, row.at, [row.actor, row.facility_id, row.entity_type, row.entity_id, row.action, null, null, null, row.payload, null]);
        yield names.map((name) => store.value(row[name] ?? null, name.endsWith('hash'))).join(store.between);
        continue;
      }
      const { at, pieces, fields } = this.pattern(holes.story, 'journal')[entry];
      const own = link(prev, seq, when(holes.story, holes.shift, holes.pace, at), fields.map((field) => (field === null ? null : this.text(field, holes))));
      holes.own = { seq, prev_hash: prev, hash: own };
      prev = own;
      yield this.text(pieces, holes);
    }
  }

  *patients() {
    const { store, vault, tales } = this;
    for (let patient = 0; patient < tales.people.count; patient++) {
      const who = this.who(patient);
      const story = this.stories[tales.story[tales.people.tale[patient]]];
      const id = this.patientId(patient);
      const sheet = {
        record_no: who.recordNo, name: who.name, sex: who.male ? 'male' : 'female', born: who.born, identity_number: who.identity, identity_masked: who.masked,
        no_identity: null, phone: who.phone, address: null, allergies: patient % 6 === 0 ? ['青霉素'] : [], guardian: null, insurance: 'resident',
      };
      const values = [id, story.home, story.by, this.born(patient), vault.seal(`patients/sealed/${id}`, JSON.stringify(sheet)), vault.term(who.identity, 'identity'), 1, tales.people.updated[patient]];
      yield values.map((value, n) => store.value(value, n === 4)).join(store.between);
    }
  }

  *terms() {
    const { store } = this;
    for (let patient = 0; patient < this.tales.people.count; patient++) {
      const id = this.patientId(patient);
      for (const term of terms(this.vault, this.who(patient))) yield ['patient', term, id].map((one) => store.value(one, false)).join(store.between);
    }
  }
}
