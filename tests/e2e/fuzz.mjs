// schemathesis, an independent reader of the OpenAPI document, asks everything the document allows as one who is
// signed in: no answer may be a server error, and none may be other than described. `FUZZ_ROLES=all` asks as every role.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PASSWORD } from './support/people.mjs';
import { python } from './support/python.mjs';
import { startServer } from './support/server.mjs';
import { must, step, sumUp } from './support/steps.mjs';

process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
process.removeAllListeners('warning');
const HERE = dirname(fileURLToPath(import.meta.url));
const FOLDER = join(HERE, '../../target/schemathesis');
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 45);
const ALL = process.env.FUZZ_ROLES === 'all';

const DOCTOR = { role: 'rural_doctor', login: 'lin.qiuyan' };
const BINARY = process.env.CAUSEWAY_BIN ?? join(HERE, '../../target/debug/causeway');

/** One person of each role, of those the command line lists: whoever has most to be asked about. */
async function everyRole(server) {
  const env = { ...process.env, CAUSEWAY_DATABASE__URL: `sqlite://${join(server.folder, 'causeway.db')}`, CAUSEWAY_VAULT__KEY_FILE: join(server.folder, 'vault.key') };
  const lines = execFileSync(BINARY, ['user', 'list'], { encoding: 'utf8', env, cwd: server.folder }).split('\n');
  const chosen = [DOCTOR];
  for (const role of ['specialist', 'coordinator', 'facility_admin', 'alliance_admin', 'auditor']) {
    const people = [];
    for (const line of lines.filter((one) => one.includes(`${role} ·`)).slice(0, 8)) {
      const login = line.split(/\s+/)[0];
      const { consults, referrals } = await known(server.base, await signIn(server.base, login));
      people.push({ role, login, records: consults.length + referrals.length });
    }
    chosen.push(...people.sort((one, other) => other.records - one.records).slice(0, 1));
  }
  must(chosen.length === 6, `not every role is in the demo: ${chosen.map((one) => one.role)}`);
  return chosen;
}

/** The tool, of the version in its list. */
const install = () => execFileSync(python(FOLDER, join(HERE, 'support/schemathesis.txt')), [join(FOLDER, 'bin/st'), '--version'], { encoding: 'utf8' }).trim();

const ask = async (base, cookie, path) => {
  const answer = await fetch(`${base}/api/v1${path}`, { headers: { Cookie: cookie } });
  return answer.ok ? answer.json() : { items: [] };
};

async function signIn(base, login) {
  const answer = await fetch(`${base}/api/v1/session`, {
    method: 'POST',
    headers: { 'X-Causeway': '1', 'Content-Type': 'application/json' },
    body: JSON.stringify({ login, password: PASSWORD }),
  });
  must(answer.status === 200, `${login} cannot sign in: ${answer.status}`);
  return answer.headers.get('set-cookie').split(';')[0];
}

/** Ids that are there: an address with a made-up id shows nothing but 404. */
async function known(base, cookie) {
  const ids = async (path) => (await ask(base, cookie, path)).items.map((one) => ({ id: one.id, version: one.version }));
  const consults = [...(await ids('/consults?box=mine')), ...(await ids('/consults?box=waiting')), ...(await ids('/consults?box=today'))];
  const referrals = [...(await ids('/referrals?box=out')), ...(await ids('/referrals?box=in'))];
  const files = [];
  for (const [list, records] of [['consults', consults], ['referrals', referrals]])
    for (const { id } of records.slice(0, 8)) for (const file of await ids(`/${list}/${id}/attachments`)) files.push({ list, id, file: file.id });
  return { consults, referrals, files, patients: await ids('/patients/recent'), departments: await ids('/departments') };
}

/** Runs the tool to its end. Not by `spawnSync`: connections that are kept here would end unseen meanwhile. */
async function toolRuns(args, env) {
  const child = spawn(join(FOLDER, 'bin/python'), [join(FOLDER, 'bin/st'), ...args], { cwd: FOLDER, env: { ...process.env, ...env } });
  const said = { stdout: '', stderr: '' };
  for (const way of ['stdout', 'stderr']) child[way].setEncoding('utf8').on('data', (text) => (said[way] += text));
  const status = await new Promise((done) => child.on('close', done));
  return { status, ...said };
}

/** Doors that end or replace the session that asks: asked in a run of their own, after which nothing else is. */
const ENDING = ['/session', '/session/password', '/sessions/{id}'];
const paths = (flag, all) => all.flatMap((path) => [flag, path]);

async function fuzz(server, { role, login }) {
  const whole = await asked(server, role, login, SECONDS, paths('--exclude-path', ['/socket', ...ENDING]));
  const refused = (whole.answers[401] ?? 0) / Object.values(whole.answers).reduce((sum, count) => sum + count, 0);
  must((whole.answers[200] ?? 0) > 0 && (whole.answers[422] ?? 0) > 0 && refused < 0.01, `hardly asked as somebody signed in: ${JSON.stringify(whole.answers)}`);
  const ending = await asked(server, `${role}-ending`, login, 5, paths('--include-path', ENDING));
  return `${whole.said}; the session's own doors: ${ending.said}`;
}

/** One run of the tool over some of the doors, in a session of its own. */
async function asked(server, role, login, seconds, doors) {
  const cookie = await signIn(server.base, login);
  const around = join(FOLDER, `known-${role}.json`);
  const answers = join(FOLDER, `answers-${role}.json`);
  const found = await known(server.base, cookie);
  writeFileSync(around, JSON.stringify({ cookie, ...found }));
  const args = [
    'run', `${server.base}/api/openapi.json`, '--url', `${server.base}/api/v1`, '--tls-verify=false',
    '--header', `Cookie: ${cookie}`, '--header', 'X-Causeway: 1',
    '--checks', 'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance',
    ...doors, '--phases', 'coverage,fuzzing', '--max-time', String(seconds),
    '--workers', '2', '--request-timeout', '10', '--generation-database', 'none', '--seed', '20260302',
    '--no-color',
  ];
  const ran = await toolRuns(args, { SCHEMATHESIS_HOOKS: join(HERE, 'support/fuzz_hooks.py'), FUZZ_KNOWN: around, FUZZ_ANSWERS: answers });
  writeFileSync(join(FOLDER, `report-${role}.txt`), ran.stdout + ran.stderr);
  // Its own troubles (a strategy that gives up, a connection closed before it was used) end it with 1 too;
  // what counts is that each case that was asked was answered as described.
  const sum = /(\d+) generated, (\d+) passed/.exec(ran.stdout);
  const asRight = sum !== null && Number(sum[1]) > 0 && sum[1] === sum[2] && !/^=+ FAILURES =+$/m.test(ran.stdout);
  if (!asRight) console.log(ran.stdout.slice(0, 20_000), ran.stderr.slice(-2_000));
  must(asRight, `schemathesis ended with ${ran.status} (whole report in target/schemathesis/report-${role}.txt)`);
  must(!/ERROR/.test(server.log()), `the server logged an error:\n${server.log().split('\n').filter((line) => line.includes('ERROR')).slice(0, 5).join('\n')}`);
  const given = JSON.parse(readFileSync(answers, 'utf8'));
  const own = /(\d+) errors?,/.exec(ran.stdout)?.[1] ?? '0';
  const there = `${found.consults.length} consults, ${found.referrals.length} referrals, ${found.files.length} files were there`;
  return { answers: given, said: `${sum[0]}, ${own} troubles of its own; ${there}; answers ${JSON.stringify(given)}` };
}

let server;
try {
  await step('schemathesis is here, as its requirements say', async () => install());
  server = await step('a server with the demo alliance', startServer);
  for (const one of ALL ? await everyRole(server) : [DOCTOR]) await step(`asked as ${one.role}, no answer is a server error or other than described`, () => fuzz(server, one));
} catch (fault) {
  console.error(fault.message);
} finally {
  await server?.stop();
}
process.exit(sumUp() ? 0 : 1);
