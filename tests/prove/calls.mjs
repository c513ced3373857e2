// How long a ring and a join take, in two real browsers through the real server: thirty calls one after the other in
// the same two pages. Writes its table into docs/performance.md between its marks.
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from '../e2e/support/browser.mjs';
import { writeCamera, writeMicrophone } from '../e2e/support/media.mjs';
import { framesDecoded } from '../e2e/support/probe.mjs';
import { startServer } from '../e2e/support/server.mjs';
import { must, pause, until } from '../e2e/support/steps.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 30);
const REPORT = join(dirname(fileURLToPath(import.meta.url)), '../../docs/performance.md');
const folder = mkdtempSync(join(tmpdir(), 'causeway-prove-'));

async function signIn(page, base, login) {
  await page.goto(`${base}/sign-in`);
  await page.getByLabel('手机号或工号').fill(login);
  await page.getByLabel('密码', { exact: true }).fill('causeway-demo');
  await page.getByRole('button', { name: '登录' }).click();
  await page.waitForURL((url) => !url.pathname.includes('sign-in'));
}

/** Asks the server as the person signed in on this page, with the version it shows now where one is wanted. */
const api = (page, method, path, body) =>
  page.evaluate(async ([how, where, what]) => {
    const headers = { 'X-Causeway': '1', 'Idempotency-Key': crypto.randomUUID(), 'Content-Type': 'application/json' };
    if (where.includes('/actions/')) {
      const seen = await fetch(`/api/v1${where.split('/actions/')[0]}`);
      headers['If-Match'] = seen.headers.get('ETag');
    }
    const answer = await fetch(`/api/v1${where}`, { method: how, headers, body: what ? JSON.stringify(what) : undefined });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${how} ${where}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }, [method, path, body ?? null]);

/** Notes, on the page's own clock, when the ring card is drawn. */
const watchForRing = (page) =>
  page.evaluate(() => {
    window.__rang = null;
    const seen = () => document.querySelector('[role=alertdialog]') && (window.__rang ??= Date.now());
    window.__watch?.disconnect();
    window.__watch = new MutationObserver(seen);
    window.__watch.observe(document.body, { childList: true, subtree: true });
  });

/** Notes when this page's next connection is made, answered and up: what a join is made of. */
const watchJoin = (page) =>
  page.evaluate(() => {
    const before = window.__causeway?.pc;
    const seen = (window.__join = {});
    clearInterval(window.__looking);
    window.__looking = setInterval(() => {
      const pc = window.__causeway?.pc;
      if (!pc || pc === before) return;
      seen.made ??= Date.now();
      if (pc.remoteDescription) seen.answered ??= Date.now();
      if (pc.connectionState === 'connected') seen.connected ??= Date.now();
    }, 4);
  });

async function round(server, clinic, specialist, form) {
  await watchForRing(specialist);
  const draft = await api(clinic, 'POST', '/consults', form);
  const asked = Date.now();
  await api(clinic, 'POST', `/consults/${draft.id}/actions/submit`, {});
  const { answer: rang } = await until('the ring', () => specialist.evaluate(() => window.__rang), 10_000, 10);
  await clinic.goto(`${server.base}/consults/${draft.id}?at=call`);
  await clinic.getByText('许望舟').first().waitFor(); // the caller watches it ring, as people do
  await pause(1_000);
  await Promise.all([watchJoin(clinic), watchJoin(specialist)]);
  const pressed = Date.now();
  await specialist.getByRole('button', { name: '接听', exact: false }).first().click();
  const first = async (page) => (await until('a frame', async () => (await framesDecoded(page)) > 0, 20_000, 5), Date.now());
  const [atClinic, atSpecialist] = await Promise.all([first(clinic), first(specialist)]);
  const parts = await Promise.all([[clinic, atClinic], [specialist, atSpecialist]].map(async ([page, frame]) => {
    const seen = await page.evaluate(() => window.__join);
    return [seen.made - pressed, seen.answered - seen.made, seen.connected - seen.answered, frame - seen.connected];
  }));
  await api(clinic, 'POST', `/consults/${draft.id}/actions/end_without_opinion`, { reason: 'measured' });
  await Promise.all([clinic.goto(`${server.base}/today`), specialist.goto(`${server.base}/consults`)]);
  await pause(300);
  return { ring: rang - asked, join: Math.max(atClinic, atSpecialist) - pressed, clinic: parts[0], specialist: parts[1] };
}

const rank = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(share * values.length) - 1)];

function write(rows) {
  const line = (name, values, wanted) =>
    `| ${name} | ${rank(values, 0.5)} | ${rank(values, 0.95)} | ${Math.max(...values)} | ${wanted} |`;
  const parts = (name, all) => `| ${name} | ${[0, 1, 2, 3].map((i) => rank(all.map((one) => one[i]), 0.5)).join(' | ')} |`;
  const table = [
    '| ms, in two Chromium processes | p50 | p95 | worst | wanted at p95 |',
    '|---|---|---|---|---|',
    line('Ring: question sent to ring card drawn', rows.map((r) => r.ring), 300),
    line('Join: answer pressed to first decoded frame on both sides', rows.map((r) => r.join), 800),
    '',
    'What a join is made of, medians in ms:',
    '',
    '| | answer pressed to connection made | offer sent to answer set | ICE and DTLS | connected to first frame decoded |',
    '|---|---|---|---|---|',
    parts('the specialist, who answers', rows.map((r) => r.specialist)),
    parts('the clinic, who waits', rows.map((r) => r.clinic)),
    '',
    `${rows.length} calls; test build; ${cpus()[0].model.trim()}, ${cpus().length} cores shared by the server and both browsers with their encoders.`,
  ].join('\n');
  const marked = /<!-- calls -->[\s\S]*<!-- \/calls -->/;
  const text = readFileSync(REPORT, 'utf8');
  const section = `<!-- calls -->\n${table}\n<!-- /calls -->`;
  writeFileSync(REPORT, marked.test(text) ? text.replace(marked, section) : `${text.trimEnd()}\n\n## Calls\n\n${section}\n`);
  console.log(table);
}

let server, here, there;
try {
  writeCamera(join(folder, 'a.y4m'), [90, 90, 220]);
  writeCamera(join(folder, 'b.y4m'), [90, 210, 90]);
  writeMicrophone(join(folder, 'a.wav'), { voice: 'cmn', words: '请您看一下', speak: 1.5, silent: 2 });
  writeMicrophone(join(folder, 'b.wav'), { voice: 'en', words: 'please repeat', speak: 1.5, silent: 2 });
  server = await startServer();
  [here, there] = await Promise.all([
    launch({ camera: join(folder, 'a.y4m'), microphone: join(folder, 'a.wav') }),
    launch({ camera: join(folder, 'b.y4m'), microphone: join(folder, 'b.wav') }),
  ]);
  const [clinic, specialist] = [await here.page(), await there.page()];
  await signIn(clinic, server.base, 'lin.qiuyan');
  await signIn(specialist, server.base, 'xu.wangzhou');
  const patient = await api(clinic, 'POST', '/patients', { name: '量时', sex: 'male', birth_date: '1960-05-01', no_id_reason: 'not_at_hand' });
  const departments = await api(clinic, 'GET', '/departments?accepts=consult');
  const to = departments.items.find((one) => one.name === '心血管内科' && one.facility.level === 'tertiary');
  must(to, 'no department to call');
  const form = {
    patient_id: patient.id, to_department: to.id, kind: 'instant', urgency: 'emergency', question: '胸痛两小时，是否立即上转做介入？',
    consent: { method: 'paper', signer: 'patient' },
  };
  await round(server, clinic, specialist, form); // the first pays for caches and permissions
  const rows = [];
  for (let i = 0; i < ROUNDS; i++) {
    rows.push(await round(server, clinic, specialist, form));
    console.log(`call ${i + 1}: ring ${rows[i].ring} ms, join ${rows[i].join} ms`);
  }
  write(rows);
} catch (fault) {
  console.log(String(fault?.stack ?? fault));
  if (server) console.log(`--- the server said\n${server.log().slice(-2_000)}`);
  process.exitCode = 1;
} finally {
  await Promise.allSettled([here?.close(), there?.close()]);
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
