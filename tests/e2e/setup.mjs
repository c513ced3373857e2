// A stranger sets an empty production instance up on PostgreSQL, from the operators' page alone: every command is read out
// of the blocks of docs/operations.md and run as it stands there; after the first administrator's link everything is done
// in the browser, with the pages the administrator has. Only the ports differ, since others test here too.
import { execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './support/browser.mjs';
import { writeCamera, writeMicrophone } from './support/media.mjs';
import { DEPARTMENT, HOSPITAL, call, enter } from './support/people.mjs';
import { startPostgres } from './support/postgres.mjs';
import { framesDecoded } from './support/probe.mjs';
import { must, step, sumUp, until } from './support/steps.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const BINARY = process.env.CAUSEWAY_BIN ?? join(ROOT, 'target/debug/causeway');
const GUIDE = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
const CLINIC = '下营镇卫生院';
const PASSWORD = '芦苇丛里的一条小船慢慢划过去了';
/** Nobody is called so. */
const ADMIN = { login: 'gu.chaosheng', name: '顾潮生' };
const RURAL = { login: 'lin.qiuyan', name: '林秋雁', role: 'rural_doctor', facility: CLINIC };
const SPECIALIST = { login: 'xu.wangzhou', name: '许望舟', role: 'specialist', facility: HOSPITAL, department: DEPARTMENT };
const PATIENT = { name: '郑秋水', sex: 'male', birth_date: '1968-03-11', no_id_reason: 'not_at_hand', phone: '19900004417' };

const folder = mkdtempSync(join(tmpdir(), 'causeway-setup-'));
const path = (name) => join(folder, name);
let postgres, server, here, there, env;
let said = '';

/** What the page has to type, block by block. */
function block(name, kind = 'sh') {
  const found = new RegExp(`^\`\`\`${kind} ${name}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(GUIDE);
  must(found, `docs/operations.md has no block "${kind} ${name}"`);
  return found[1];
}

const type = (name) =>
  new Promise((done, no) => {
    execFile('bash', ['-euc', block(name)], { cwd: folder, env }, (fault, out, err) =>
      fault ? no(new Error(`the block "${name}" of docs/operations.md ended with ${fault.code}:\n${out}${err}`)) : done(out));
  });

/** Changes the lines that the page says to change, as a person with an editor does. */
function edit() {
  let text = readFileSync(path('causeway.toml'), 'utf8');
  const set = (section, key, value) => {
    const line = new RegExp(`(^\\[${section}\\]$[\\s\\S]*?)^#?${key} = .*$`, 'm');
    must(line.test(text), `the sample has no ${key} in [${section}]`);
    text = text.replace(line, (_, before) => `${before}${key} = ${value}`);
  };
  let section = '';
  for (const line of block('settings', 'toml').split('\n')) {
    section = /^\[(\w+)\]$/.exec(line)?.[1] ?? section;
    const found = /^(\w+) = (.*)$/.exec(line);
    if (found) set(section, found[1], found[2]);
  }
  set('server', 'listen', '"127.0.0.1:0"');
  set('media', 'listen', '"127.0.0.1:0"');
  writeFileSync(path('causeway.toml'), text);
}

async function start() {
  const from = said.length;
  server = spawn('bash', ['-c', `exec ${block('start').trim()}`], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let ended = null;
  server.on('exit', (code) => (ended = code ?? 'a signal'));
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => (said += text));
  const { answer } = await until('the server serves', () => {
    if (ended !== null) throw new Error(`the server ended with ${ended}:\n${said}`);
    return /Causeway serves\s+(https:\S+)/.exec(said.slice(from))?.[1];
  }, 60_000);
  return answer;
}

async function stop() {
  const gone = new Promise((done) => (server.exitCode === null ? server.on('exit', done) : done()));
  server.kill('SIGTERM');
  await gone;
}

/** One of the administrator's tabs. */
const tab = (page, name) => page.getByRole('tab', { name, exact: true }).click();
const save = (page) => page.getByRole('dialog').getByRole('button', { name: '保存', exact: true }).click();
const field = (page, label) => page.getByRole('dialog').getByLabel(label, { exact: typeof label === 'string' });

async function enterFacility(page, { name, level, phone }) {
  await page.getByRole('button', { name: '添加机构' }).click();
  await field(page, '机构名称').fill(name);
  await field(page, '级别').selectOption({ label: level });
  await field(page, '24 小时电话').fill(phone);
  await save(page);
  await page.getByRole('row', { name: new RegExp(name) }).waitFor();
}

async function enterDepartment(page, { facility, name, phone, scope }) {
  await page.getByRole('button', { name: '添加科室', exact: true }).click();
  await field(page, '所属机构').selectOption({ label: facility });
  await field(page, '科室名称').fill(name);
  await field(page, '科室电话').fill(phone);
  await field(page, /收治范围/).fill(scope);
  await save(page);
  await page.getByRole('listitem').filter({ hasText: scope }).waitFor();
}

/** An administrator enters somebody and reads the link off the screen. */
async function enterPerson(page, who) {
  await page.getByRole('button', { name: '新人员' }).click();
  await page.locator('#pf-n').fill(who.name);
  await page.locator('#pf-l').fill(who.login);
  await page.locator('#pf-r0').selectOption(who.role);
  await page.locator('#pf-f0').selectOption({ label: who.facility });
  if (who.department) await page.locator('#pf-d0').selectOption({ label: who.department });
  await page.locator('button[form=person]').click();
  const field = page.getByLabel('设密码的链接', { exact: true });
  await field.waitFor();
  const link = await field.inputValue();
  must(/\/welcome#[\w-]{43}$/.test(link), `no link: ${link.slice(0, 40)}`);
  await page.keyboard.press('Escape');
  await field.waitFor({ state: 'detached' });
  return link;
}

async function setPassword(page, link, name) {
  await page.goto(link);
  await page.getByRole('heading', { name: new RegExp(name) }).waitFor();
  await page.locator('#we-p').fill(PASSWORD);
  await page.locator('button[type=submit]').click();
  await page.waitForURL((url) => !url.pathname.startsWith('/welcome'));
}

async function story() {
  await step('an empty PostgreSQL, the program in the PATH, the sample beside it', async () => {
    must(/^release:/m.test(readFileSync(join(ROOT, 'Makefile'), 'utf8')) && block('build') === 'make release\n', 'the program is built another way');
    postgres = await startPostgres();
    mkdirSync(path('bin'));
    symlinkSync(BINARY, path('bin/causeway'));
    // Who tests may not become another user: the one behind `sudo -u postgres` comes in by the socket instead.
    writeFileSync(path('bin/sudo'), `#!/bin/sh\nshift 2\nPGHOST=${postgres.folder} PGUSER=postgres exec "$@"\n`, { mode: 0o755 });
    copyFileSync(join(ROOT, 'causeway.sample.toml'), path('causeway.sample.toml'));
    env = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CAUSEWAY_') && !name.startsWith('PG'))),
      PATH: `${path('bin')}:${postgres.bin}:${process.env.PATH}`,
      PGPORT: String(postgres.port),
    };
  });
  await step('role, database and settings, as the page says', async () => {
    await type('database');
    await type('settings');
    edit();
  });
  const base = await step('the first start', start);
  const { link } = await step('the log has the link', async () => {
    const { answer } = await until('the link', () => /Set it up\s+(https:\S+#[\w-]+)/.exec(said)?.[1]);
    must(answer.startsWith(`${base}/setup#`), 'the link leads elsewhere');
    return { toString: () => '', link: answer };
  });

  writeCamera(path('clinic.y4m'), [90, 90, 220]);
  writeCamera(path('hospital.y4m'), [90, 210, 90]);
  writeMicrophone(path('clinic.wav'), { voice: 'cmn', words: '能听到吗，病人在我旁边', speak: 1.5, silent: 1 });
  writeMicrophone(path('hospital.wav'), { voice: 'cmn', words: '听得到', speak: 1.2, silent: 1.3 });
  [here, there] = await Promise.all([
    launch({ camera: path('clinic.y4m'), microphone: path('clinic.wav') }),
    launch({ camera: path('hospital.y4m'), microphone: path('hospital.wav') }),
  ]);
  const admin = await there.page({ fresh: true });
  await step('the administrator sets the hospital up and stands before the first steps', async () => {
    await admin.goto(link);
    await admin.locator('#su-f').fill(HOSPITAL);
    await admin.locator('#su-p').fill('0999-555-0120');
    await admin.locator('#su-n').fill(ADMIN.name);
    await admin.locator('#su-u').fill(ADMIN.login);
    await admin.locator('#su-w').fill(PASSWORD);
    await admin.locator('button[type=submit]').click();
    await admin.getByRole('heading', { name: '头几步' }).waitFor();
  });
  await step('the link is of no use a second time', async () => {
    const other = await there.page({ fresh: true });
    const status = await other.goto(`${base}/sign-in`).then(() => other.evaluate((token) => fetch('/api/v1/setup', {
      method: 'POST', headers: { 'X-Causeway': '1', 'Content-Type': 'application/json' },
      body: JSON.stringify({ token, login: 'somebody', password: 'a boat across the reeds', name: '某人', facility: { name: '别处', level: 'county', phone_24h: '0999-555-0199' } }),
    }).then((answer) => answer.status), link.split('#')[1]));
    must(status === 403, `answered with ${status}`);
    await other.close();
  });
  await step('the clinic and the department, in the pages', async () => {
    await tab(admin, '机构');
    await enterFacility(admin, { name: CLINIC, level: '乡镇卫生院', phone: '0999-555-0110' });
    await tab(admin, '科室');
    await enterDepartment(admin, { facility: HOSPITAL, name: DEPARTMENT, phone: '0999-555-0121', scope: '胸痛、心衰、心律失常' });
  });
  await step('what the terminal enters beside it stands on the page too', async () => {
    await type('places');
    await admin.reload();
    await admin.getByRole('listitem').filter({ hasText: '儿科' }).waitFor();
  });
  const links = await step('two doctors are entered; each gets a link, nobody chooses a password for them', async () => {
    await tab(admin, '人员');
    return { rural: await enterPerson(admin, RURAL), specialist: await enterPerson(admin, SPECIALIST) };
  });
  const [clinic, specialist] = [await here.page(), await there.page()];
  await step('each sets a password in a browser of their own and stands on their first page', async () => {
    await setPassword(clinic, links.rural, RURAL.name);
    await setPassword(specialist, links.specialist, SPECIALIST.name);
    must(new URL(clinic.url()).pathname === '/today' && new URL(specialist.url()).pathname === '/consults', `${clinic.url()} ${specialist.url()}`);
  });
  await step('a link that was used says so', async () => {
    const other = await here.page({ fresh: true });
    await other.goto(links.rural);
    await other.getByText('这条链接用不了了').waitFor();
    await other.close();
  });
  await step('the rota, in the page: last week is filled in, this week takes it over', async () => {
    await tab(admin, '排班');
    await admin.getByRole('combobox', { name: '科室', exact: true }).selectOption({ label: `${HOSPITAL} ${DEPARTMENT}` });
    await admin.getByText('没有排班时，科室里所有医生一起响铃。').waitFor();
    // A duty begins at eight: what covers this Monday's small hours began on Sunday.
    await admin.getByRole('button', { name: '前一周' }).click();
    const row = admin.getByRole('row', { name: SPECIALIST.name });
    const saved = admin.getByText('这一周的排班已保存').last();
    await admin.getByRole('button', { name: '本周' }).waitFor();
    for (let n = 0; n < 7; n += 1) await row.getByRole('combobox').nth(n).selectOption({ label: '一线全天' });
    await admin.getByRole('button', { name: '保存', exact: true }).click();
    await saved.waitFor();
    await admin.getByRole('button', { name: '后一周' }).click();
    await admin.getByRole('button', { name: '本周' }).waitFor({ state: 'detached' });
    await admin.getByRole('button', { name: '照搬上周' }).click();
    await admin.getByText('有改动还没保存').waitFor();
    await admin.getByRole('button', { name: '保存', exact: true }).click();
    await admin.getByText('有改动还没保存').waitFor({ state: 'detached' });
    await admin.reload();
    await admin.getByText('按排班响铃：不在班的医生不响。').waitFor();
    const cells = await row.getByRole('combobox').evaluateAll((all) => all.map((one) => one.value));
    must(cells.length === 7 && cells.every((one) => one === '1'), `after a reload the week reads ${cells}`);
  });
  await step('neither link nor password is in the log', () => {
    for (const secret of [PASSWORD, links.rural.split('#')[1], links.specialist.split('#')[1]]) must(!said.includes(secret), 'a secret is in the log');
  });
  await step('the first consult rings and is answered', async () => {
    await specialist.bringToFront();
    const patient = await enter(clinic, PATIENT);
    const consult = await call(clinic, { patient_id: patient.id });
    await specialist.locator('[role=alertdialog] .btn.ok').click();
    await specialist.waitForURL('**at=call**');
    await clinic.goto(`${base}/consults/${consult.id}?at=call`);
    for (const page of [clinic, specialist]) {
      await page.bringToFront();
      await until('pictures from the other side', async () => (await framesDecoded(page).catch(() => 0)) > 5, 20_000);
    }
  });
  await step('the first steps have ticked themselves off', async () => {
    await tab(admin, '人员');
    await admin.locator('li.person', { hasText: SPECIALIST.name }).waitFor();
    await admin.getByRole('heading', { name: '头几步' }).waitFor({ state: 'detached', timeout: 20_000 });
  });
  await step('a suspended doctor is out of the call and out of the house at once', async () => {
    await admin.bringToFront();
    const row = admin.locator('li.person', { hasText: SPECIALIST.name });
    await row.getByRole('button', { name: /停用/ }).click();
    await admin.getByRole('dialog').getByRole('button', { name: '停用' }).click();
    await row.getByText('已停用').waitFor();
    await specialist.bringToFront();
    await specialist.waitForURL('**/sign-in**', { timeout: 10_000 });
  });
  await step('a copy, taken while the server runs, brings everything back', async () => {
    await type('copy');
    await stop();
    rmSync(path('data'), { recursive: true });
    await type('restore');
    await start();
    must(!/Set it up/.test(said.slice(said.lastIndexOf('Causeway serves'))), 'the house is empty again');
  });
  must(!admin.faults.length, `faults on the administrator's page: ${admin.faults.join('; ')}`);
}

const began = performance.now();
try {
  await story();
} catch (fault) {
  console.error(fault);
} finally {
  await Promise.allSettled([here?.close(), there?.close()]);
  if (server && server.exitCode === null) await stop();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${Math.round((performance.now() - began) / 1000)} s`);
process.exit(sumUp() ? 0 : 1);
