// The two engines as a loader sees them: rows read as they lie, tables written in one stream, indexes made afterwards.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

const MOST = 1 << 30;

/** Rows as plain objects; what is sealed comes as hexadecimal digits. */
const columnsOf = (columns, hex) => columns.map(({ name, bytes }) => (bytes ? `${hex(name)} AS ${name}` : name)).join(', ');

class Stream {
  constructor(program, args, env = {}) {
    this.child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'ignore', 'inherit'] });
    this.ended = once(this.child, 'exit');
    this.held = [];
    this.size = 0;
  }

  /** Holds a text, and says when it is time to wait for [`flush`]. */
  say(text) {
    this.held.push(text);
    return (this.size += text.length) > 1 << 20;
  }

  async flush() {
    const text = this.held.join('');
    this.held = [];
    this.size = 0;
    if (!this.child.stdin.write(text)) await once(this.child.stdin, 'drain');
  }

  async end() {
    await this.flush();
    this.child.stdin.end();
    const [code] = await this.ended;
    if (code !== 0) throw new Error(`the loader ended with ${code}`);
  }
}

export class Sqlite {
  name = 'SQLite';
  constructor(file) {
    this.file = file;
  }
  settings() {
    return { CAUSEWAY_DATABASE__URL: `sqlite://${this.file}?mode=rwc` };
  }
  ask(sql) {
    const said = execFileSync('sqlite3', ['-json', this.file, sql], { encoding: 'utf8', maxBuffer: MOST });
    return said.trim() ? JSON.parse(said) : [];
  }
  columns(table) {
    return this.ask(`SELECT name, type FROM pragma_table_info('${table}')`).map(({ name, type }) => ({ name, bytes: /BYTEA|BLOB/.test(type) }));
  }
  rows(table, columns) {
    return this.ask(`SELECT ${columnsOf(columns, (name) => `hex(${name})`)} FROM ${table}`);
  }
  indexes(tables) {
    return this.ask(`SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN (${tables.map((one) => `'${one}'`)})`);
  }
  /** A value as it is written between others. */
  value(value, bytes) {
    if (value === null || value === undefined || (bytes && value === '')) return 'NULL';
    if (bytes) return `X'${value}'`;
    return typeof value === 'string' ? `'${this.within(value)}'` : String(value);
  }
  /** The marks around a text or bytes that are put together later. */
  around = { text: ["'", "'"], bytes: ["X'", "'"] };
  within(text) {
    return text.replaceAll("'", "''");
  }
  between = ',';

  async load(work) {
    const stream = new Stream('sqlite3', ['-bail', this.file]);
    stream.say('PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-1500000; PRAGMA threads=2; BEGIN;\n');
    await work(stream);
    stream.say('COMMIT;\n');
    await stream.end();
  }
  async table(stream, table, columns, rows) {
    const head = `INSERT INTO ${table} (${columns.join(',')}) VALUES\n(`;
    let held = 0;
    for (const row of rows) {
      stream.say(held === 0 ? head : '),\n(');
      if (stream.say(row)) await stream.flush();
      if (++held === 200) {
        stream.say(');\n');
        held = 0;
      }
    }
    if (held > 0) stream.say(');\n');
  }
  /** Rows that come in any order, put into a table that is kept in order. */
  async sorted(stream, table, columns, rows) {
    stream.say(`CREATE TEMP TABLE unsorted AS SELECT ${columns} FROM ${table} WHERE 0;\n`);
    await this.table(stream, 'unsorted', columns, rows);
    stream.say(`INSERT INTO ${table} (${columns}) SELECT ${columns} FROM unsorted ORDER BY ${columns}; DROP TABLE unsorted;\n`);
  }
  settle() {
    return '';
  }
  size() {
    return Number(this.ask('SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size')[0].n);
  }
}

export class Postgres {
  name = 'PostgreSQL';
  constructor({ bin, port }, database) {
    Object.assign(this, { bin, port, database });
    this.url = `postgres://postgres@127.0.0.1:${port}/${database}`;
  }
  settings() {
    return { CAUSEWAY_DATABASE__URL: this.url };
  }
  run(sql, database = this.database) {
    return execFileSync(`${this.bin}/psql`, ['-XqAt', '-v', 'ON_ERROR_STOP=1', `postgres://postgres@127.0.0.1:${this.port}/${database}`, '-c', sql], { encoding: 'utf8', maxBuffer: MOST });
  }
  ask(sql) {
    return this.run(`SELECT row_to_json(t) FROM (${sql}) t`).split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }
  columns(table) {
    return this.ask(`SELECT column_name AS name, data_type = 'bytea' AS bytes FROM information_schema.columns WHERE table_name = '${table}' AND table_schema = 'public' ORDER BY ordinal_position`);
  }
  rows(table, columns) {
    return this.ask(`SELECT ${columnsOf(columns, (name) => `encode(${name}, 'hex')`)} FROM ${table}`);
  }
  indexes(tables) {
    const made = this.ask(`SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE schemaname = 'public' AND tablename IN (${tables.map((one) => `'${one}'`)}) AND indexname NOT IN (SELECT conname FROM pg_constraint)`);
    return made;
  }
  value(value, bytes) {
    if (value === null || value === undefined || (bytes && value === '')) return '\\N';
    if (bytes) return `\\\\x${value}`;
    return typeof value === 'string' ? this.within(value) : String(value);
  }
  around = { text: ['', ''], bytes: ['\\\\x', ''] };
  within(text) {
    return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r');
  }
  between = '\t';

  async load(work) {
    const stream = new Stream(`${this.bin}/psql`, ['-Xq', '-v', 'ON_ERROR_STOP=1', this.url]);
    stream.say("SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '512MB';\n");
    await work(stream);
    await stream.end();
  }
  async table(stream, table, columns, rows) {
    stream.say(`COPY ${table} (${columns.join(',')}) FROM STDIN;\n`);
    for (const row of rows) {
      stream.say(row);
      if (stream.say('\n')) await stream.flush();
    }
    stream.say('\\.\n');
  }
  async sorted(stream, table, columns, rows) {
    stream.say(`ALTER TABLE ${table} DROP CONSTRAINT ${table}_pkey;\n`);
    await this.table(stream, table, columns, rows);
    stream.say(`ALTER TABLE ${table} ADD PRIMARY KEY (${columns});\n`);
  }
  /** What the engine's own housekeeper does within minutes. */
  settle() {
    this.run('VACUUM (ANALYZE)');
  }
  size() {
    return Number(this.run(`SELECT pg_database_size('${this.database}')`));
  }
}
