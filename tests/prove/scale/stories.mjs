// What the product itself wrote, taken as patterns: each story is one patient's chain of letters and consults with all its
// rows, cut where another patient, another time or another number has to stand.

/** The tables of a story, the column that says to which record a row belongs, and where its sealed columns lie. */
export const TABLES = {
  consults: { of: 'id' },
  consult_legs: { of: 'consult_id' },
  rings: { of: 'consult_id' },
  participants: { of: 'consult_id' },
  messages: { of: 'consult_id' },
  opinions: { of: 'consult_id', plain: ['signature'] },
  referrals: { of: 'id' },
  referral_legs: { of: 'referral_id' },
  referral_notes: { of: 'referral_id' },
  consult_referrals: { of: 'consult_id' },
  consents: { of: 'subject_id' },
  patient_shares: { of: 'because' },
  journal: { of: 'entity_id', plain: ['prev_hash', 'hash'] },
};
const OVER = new Set(['closed', 'cancelled', 'expired', 'entered_in_error', 'missed', 'declined']);
const HOUR = 3_600_000;
/** Nothing that waits for a time may come due while it is measured. */
const QUIET = 4 * HOUR;
const ISO = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/;
const ID = /(?:ref|con|leg|msg|opi|cns|par|rng|pat)-[0-9a-f]{32}/;
const NO = /(?:UP|DN|PR)-\d{4}-\d{6,}|C-\d{6,}/;
const CUT = new RegExp(`(${ISO.source}|${ID.source}|${NO.source})`);

/** Reads the stories of a store that the product has filled. */
export function readStories(store, vault, now) {
  const shapes = {};
  const byRecord = new Map();
  for (const [table, { of, plain = [] }] of Object.entries(TABLES)) {
    const columns = store.columns(table);
    shapes[table] = columns.map((column) => column.name);
    for (const row of store.rows(table, columns)) {
      if (!/^(ref|con)-/.test(row[of])) continue;
      const cells = columns.map(({ name, bytes }) => {
        const value = row[name] === '' && bytes ? null : row[name];
        const sealed = bytes && value !== null && !plain.includes(name);
        const place = `${table}/${name}/${row.id}`;
        return { name, bytes, value, place: sealed ? place : null, plain: sealed ? vault.open(place, value) : null };
      });
      const rows = byRecord.get(row[of]) ?? byRecord.set(row[of], []).get(row[of]);
      rows.push({ table, row, cells });
    }
  }
  const attached = new Set(store.ask('SELECT owner_id FROM attachment_links').map((link) => link.owner_id));
  const homes = new Map(store.ask('SELECT id, home_facility, created_by FROM patients').map((one) => [one.id, one]));
  const chains = new Map();
  for (const [id, rows] of byRecord) {
    const head = rows.find((one) => one.table === 'referrals')?.row;
    const consult = rows.find((one) => one.table === 'consults')?.row;
    if (!head && !consult) continue;
    const key = head ? head.chain_id : `alone ${id}`;
    (chains.get(key) ?? chains.set(key, []).get(key)).push(id);
  }
  const stories = [];
  for (const ids of chains.values()) {
    for (const id of [...ids]) {
      const consult = byRecord.get(id).find((one) => one.table === 'referrals')?.row.source_consult_id;
      if (consult) {
        ids.push(consult);
        chains.delete(`alone ${consult}`);
      }
    }
  }
  for (const ids of chains.values()) {
    const rows = [...new Set(ids)].flatMap((id) => byRecord.get(id));
    const story = readStory(rows, homes, now);
    if (story && !ids.some((id) => attached.has(id))) stories.push(story);
  }
  return { stories, shapes };
}

function readStory(rows, homes, now) {
  const records = rows.filter((one) => one.table === 'referrals' || one.table === 'consults').map((one) => one.row);
  if (new Set(records.map((record) => record.patient_id)).size > 1) return null;
  const live = records.some((record) => !OVER.has(record.state));
  if (records.some((record) => 'question' in record && record.state !== 'draft' && !OVER.has(record.state))) return null;
  const times = rows.flatMap(({ cells }) => cells.filter(isTime).map((cell) => cell.value));
  const begins = Math.min(...times);
  const ends = Math.max(...rows.filter((one) => one.table === 'journal').map((one) => one.row.at));
  const waits = records.flatMap((record) => [
    record.deadline_at,
    record.plan_ends_at,
    record.overdue_told === 0 ? record.answer_due_at : null,
    record.warned === 0 ? record.answer_warn_at : null,
  ]).filter((at) => at && at > now);
  const slack = waits.length ? Math.min(...waits) - now - QUIET : Number.POSITIVE_INFINITY;
  if (live && slack < 0) return null;
  // A tale's entries are numbered in six bits when they are put in order (archive.mjs).
  if (rows.filter((one) => one.table === 'journal').length >= 63) return null;
  const patient = homes.get(records[0].patient_id);
  const ids = new Map([[patient.id, 0]]);
  const nos = new Map();
  for (const { row } of rows) if (row.id && !ids.has(row.id)) ids.set(row.id, ids.size);
  for (const record of records) nos.set(record.no, nos.size);
  const births = [...ids.keys()].map((id) => Number.parseInt(id.slice(4, 16), 16));
  return {
    rows, ids, nos, births, begins, ends, live, slack,
    kinds: [...ids.keys()].map((id) => id.slice(0, 4)),
    series: records.map((record) => ({ no: record.no, at: record.created_at, consult: 'question' in record })),
    home: patient.home_facility, by: patient.created_by,
    referrals: records.filter((record) => !('question' in record)).length,
    journal: rows.filter((one) => one.table === 'journal').sort((a, b) => a.row.seq - b.row.seq),
  };
}

function isTime({ name, bytes, value }) {
  return !bytes && typeof value === 'number' && name !== 'desk_order' && value > 1.5e12 && value < 3e12;
}

/** A text as pieces: what stays, which id, which number, which moment. */
function pieces(text, story, within = (part) => part) {
  return text.split(CUT).map((part, n) => {
    if (n % 2 === 0) return within(part);
    if (story.ids.has(part)) return { id: story.ids.get(part) };
    if (story.nos.has(part)) return { no: story.nos.get(part) };
    return ISO.test(part) ? { iso: Date.parse(part) } : part;
  });
}

/** One row as a list of texts and holes, in the words of the engine. */
export function compile(store, story, { table, cells }) {
  const out = [];
  cells.forEach((cell, n) => {
    if (n > 0) out.push(store.between);
    const { name, value, bytes } = cell;
    if (table === 'journal' && name === 'seq') out.push({ own: 'seq' });
    else if (table === 'journal' && (name === 'prev_hash' || name === 'hash')) out.push(store.around.bytes[0], { own: name }, store.around.bytes[1]);
    else if (name === 'desk_order' && value !== null) out.push({ order: BigInt(value), due: cells.some((other) => other.name === 'answer_due_at' && other.value !== null) });
    else if (isTime(cell)) out.push({ at: value });
    else if (cell.place) {
      const place = pieces(cell.place, story);
      const snapshot = name === 'snapshot' ? JSON.parse(cell.plain) : null;
      out.push(store.around.bytes[0], { place, plain: snapshot ? null : pieces(cell.plain, story), snapshot }, store.around.bytes[1]);
    } else if (typeof value === 'string' && !bytes) {
      out.push(store.around.text[0], ...pieces(value, story, (part) => store.within(part)), store.around.text[1]);
    } else out.push(store.value(value, bytes));
  });
  // Texts that follow each other are one.
  return out.flat().reduce((held, piece) => {
    if (typeof piece === 'string' && typeof held.at(-1) === 'string') held[held.length - 1] += piece;
    else if (piece !== '') held.push(piece);
    return held;
  }, []);
}

/** The fields of a journal entry as the chain hashes them (src/journal/chain.rs), with holes. */
export function chained(story, row) {
  const text = (value) => (value === null ? null : pieces(String(value), story));
  return ['actor', 'facility_id', 'entity_type', 'entity_id', 'action', 'from_state', 'to_state', 'reason_code', 'payload', 'request_id'].map((name) => text(row[name]));
}
