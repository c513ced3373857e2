// How the gateway stands in an archive of two years: 10 thousand, 100 thousand and a million letters with their journal, on
// SQLite and on PostgreSQL. Fills, folds the statistics, starts the real server, asks it as people do, and writes the table
// of docs/performance.md from what is kept in docs/figures/scale.json. One of them alone, which leaves the others as they
// were measured: `node tests/prove/scale.mjs sqlite 10000`; with SCALE_DRY nothing is kept. What is measured is what
// operators run: the optimised binary, built first if it is not there or is older than its sources.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../e2e/support/postgres.mjs';
import { startServer } from '../e2e/support/server.mjs';
import { fill } from './scale/archive.mjs';
import { measure } from './scale/measure.mjs';
import { Postgres, Sqlite } from './scale/stores.mjs';
import { Vault } from './scale/vault.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const REPORT = join(ROOT, 'docs/performance.md');
const KEPT = join(ROOT, 'docs/figures/scale.json');
const BINARY = process.env.CAUSEWAY_BIN ?? optimised();
const [engine, size] = process.argv.slice(2);
const ENGINES = engine ? [engine] : ['sqlite', 'postgres'];
const SIZES = size ? [Number(size)] : (process.env.SCALE_SIZES ?? '10000,100000,1000000').split(',').map(Number);
const ROUNDS = Number(process.env.SCALE_ROUNDS ?? 60);
const PATTERNS = process.env.SCALE_PATTERNS ?? '500';
const folder = mkdtempSync(join(tmpdir(), 'causeway-scale-'));
const seconds = (since) => Math.round((Date.now() - since) / 1000);

/** The binary as `make release` builds it. */
function optimised() {
  execFileSync('cargo', ['build', '--quiet', '--locked', '--release', '--package', 'causeway'], { cwd: ROOT, stdio: 'inherit' });
  return join(ROOT, 'target/release/causeway');
}

/** One of the binary's own commands on a store. */
function command(home, store, ...words) {
  const env = { ...process.env, CAUSEWAY_ATTACHMENTS__FOLDER: join(home, 'files'), CAUSEWAY_VAULT__KEY_FILE: join(home, 'vault.key'), CAUSEWAY_LOG__FILTER: 'error', ...store.settings() };
  return execFileSync(BINARY, words, { cwd: home, env, encoding: 'utf8' });
}

/** A store that the product has filled with the demo alliance and a month of letters with every outcome. */
async function patterns(kind, cluster) {
  if (kind === 'sqlite' && process.env.SCALE_BASE) return { home: process.env.SCALE_BASE };
  const home = join(folder, kind);
  mkdirSync(home);
  const store = kind === 'sqlite' ? new Sqlite(join(home, 'causeway.db')) : new Postgres(cluster, 'base');
  if (kind !== 'sqlite') new Postgres(cluster, 'postgres').run('CREATE DATABASE base');
  command(home, store, 'seed', '--referrals', PATTERNS);
  return { home, store };
}

/** A fresh copy of it. */
function copy(kind, base, cluster, name) {
  const home = join(folder, name);
  cpSync(base.home, home, { recursive: true });
  if (kind === 'sqlite') return { home, store: new Sqlite(join(home, 'causeway.db')) };
  new Postgres(cluster, 'postgres').run(`CREATE DATABASE ${name} TEMPLATE base`);
  return { home, store: new Postgres(cluster, name) };
}

async function one(kind, base, cluster, letters) {
  const name = `a${letters}`;
  const { home, store } = copy(kind, base, cluster, `${kind}${name}`);
  const firstNo = Number(store.ask("SELECT n FROM counters WHERE name = 'patients'")[0].n) + 1;
  let since = Date.now();
  const wrote = await fill(store, new Vault(join(home, 'vault.key')), letters);
  const filled = seconds(since);
  console.log(`${store.name}, ${letters}: ${wrote.letters} letters, ${wrote.entries} entries, ${wrote.patients} patients in ${filled} s; ${JSON.stringify(wrote.states)}`);
  since = Date.now();
  const said = command(home, store, 'stats', 'rebuild');
  const folded = seconds(since);
  console.log(`${store.name}, ${letters}: ${said.trim()} ${folded} s`);
  store.settle();
  const server = await startServer({ again: home, keep: true, settings: store.settings(), binary: BINARY });
  let rows;
  try {
    rows = await measure(server.base, { patients: wrote.patients, firstNo, rounds: ROUNDS });
  } finally {
    await server.stop();
  }
  const bytes = store.size();
  for (const row of rows) console.log(`  ${row.what}: p50 ${row.p50.toFixed(1)}, p95 ${row.p95.toFixed(1)}, worst ${row.worst.toFixed(1)} ms of ${row.n} (${row.slowest})`);
  if (!process.env.SCALE_KEEP) {
    rmSync(home, { recursive: true, force: true });
    if (kind !== 'sqlite') new Postgres(cluster, 'postgres').run(`DROP DATABASE ${kind}${name}`);
  }
  const { entries, patients } = wrote;
  return { store: store.name, letters, entries, patients, filled, folded, bytes, busy: Math.round(loadavg()[2]), build: build(), rounds: ROUNDS, rows };
}

try {
  for (const kind of ENGINES) {
    const cluster = kind === 'sqlite' ? null : await startPostgres({ open: true, tuned: ['shared_buffers=1GB', 'max_wal_size=2GB', 'wal_level=minimal', 'max_wal_senders=0'] });
    try {
      const base = await patterns(kind, cluster);
      for (const letters of SIZES) {
        const found = await one(kind, base, cluster, letters);
        if (!process.env.SCALE_DRY) keep(found);
      }
    } finally {
      await cluster?.stop();
    }
  }
} finally {
  if (process.env.SCALE_KEEP) console.log(`kept in ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}

/** What the archives say of themselves, each thing once. */
function several(results, what, between = ' or ') {
  const all = [...new Set(results.map((one) => one[what]))].sort((a, b) => a - b);
  return between === ' to ' && all.length > 1 ? `${all[0]} to ${all.at(-1)}` : all.join(between);
}

/** What was measured, in words. */
function build() {
  return BINARY.includes('/release/') ? 'the optimised server that operators run' : "the server's build for tests";
}

/** Puts what was found in the place of what was found before, and writes the table anew. */
function keep(found) {
  const before = existsSync(KEPT) ? JSON.parse(readFileSync(KEPT, 'utf8')) : [];
  const others = before.filter(({ store, letters }) => store !== found.store || letters !== found.letters);
  const all = [...others, found].sort((a, b) => b.store.localeCompare(a.store) || a.letters - b.letters);
  writeFileSync(KEPT, `${JSON.stringify(all, null, 1)}\n`);
  report(all);
}

/** The table of docs/performance.md, as far as it is measured. */
function report(results) {
  const thousand = (n) => n.toLocaleString('en').replaceAll(',', ' ');
  const archives = results.map(({ store, letters, entries, patients, filled, folded, bytes }) =>
    `| ${store} | ${thousand(letters)} | ${thousand(entries)} | ${thousand(patients)} | ${(bytes / 1e9).toFixed(1)} | ${filled} | ${folded} |`);
  const stores = [...new Set(results.map((one) => one.store))];
  const tables = stores.map((store) => {
    const mine = results.filter((one) => one.store === store);
    const ms = (n) => (n < 10 ? n.toFixed(1) : Math.round(n));
    const body = mine[0].rows.map(({ what, wanted }) => {
      const cells = mine.map((one) => one.rows.find((row) => row.what === what));
      const ratio = cells.length > 1 ? (cells.at(-1).p95 / cells[0].p95).toFixed(1) : '';
      return `| ${what} | ${cells.map((row) => `${ms(row.p50)} / ${ms(row.p95)}`).join(' | ')} | ${wanted} | ${ratio} |`;
    });
    const sizes = mine.map((one) => thousand(one.letters)).join(' | ');
    return [`| ${store}, ms at p50 / p95 | ${sizes} | wanted at p95 | p95, largest to smallest |`, `|---|${mine.map(() => '---|').join('')}---|---|`, ...body].join('\n');
  });
  const text = [
    '| Store | Letters | Entries of the journal | Patients | GB | Written in s | Statistics folded anew in s |', '|---|---|---|---|---|---|---|', ...archives, '',
    ...tables.flatMap((table) => [table, '']),
    `${several(results, 'rounds')} requests of each kind, one after the other over HTTPS, ${several(results, 'build')}, ${cpus()[0].model.trim()}, ${cpus().length} cores shared with whoever asks; ${several(results, 'busy', ' to ')} programs wanted to run in the quarter of an hour before.`,
  ].join('\n');
  const section = `<!-- scale -->\n${text}\n<!-- /scale -->`;
  writeFileSync(REPORT, readFileSync(REPORT, 'utf8').replace(/<!-- scale -->[\s\S]*<!-- \/scale -->/, () => section));
}
