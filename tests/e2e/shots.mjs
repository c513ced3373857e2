// `make shots`: the main screens at 1440 and 390 px in both languages, taken from the real server while a consult
// goes from the day to the desk. Pictures land in tests/e2e/out; look at them. `--keep` renews the README's two.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './support/browser.mjs';
import { dicom, pdf } from './support/files.mjs';
import { writeMicrophone, writeScene } from './support/media.mjs';
import { CLINIC, DESK, SPECIALIST, api, call, enter, signIn } from './support/people.mjs';
import { CLINIC as ROOM, HOSPITAL as OFFICE } from './support/drawn.mjs';
import { startServer } from './support/server.mjs';
import { pause } from './support/steps.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, 'out');
const LOOKS = [[1440, 900, 'zh'], [1440, 900, 'en'], [390, 844, 'zh'], [390, 844, 'en']];
const PATIENT = { name: '赵长河', sex: 'male', birth_date: '1968-03-11', no_id_reason: 'not_at_hand', phone: '19900000147', allergies: ['青霉素'] };
const folder = mkdtempSync(join(tmpdir(), 'causeway-shots-'));
const path = (name) => join(folder, name);
let taken = 0;

/** One screen in all looks. The page is loaded anew for each, as someone with that screen would. */
async function shots(page, name, address, ready, wait = 700) {
  for (const [width, height, lang] of LOOKS) {
    await page.setViewportSize({ width, height });
    await page.evaluate((tongue) => localStorage.setItem('lang', tongue), lang);
    await page.goto(address);
    await page.locator(ready).first().waitFor({ timeout: 15_000 }).catch(() => console.log(`        ${name} ${width} ${lang}: ${ready} is not there`));
    // The first press opens the sound; the bare edge of the page is pressed.
    if (width > 760) await page.mouse.click(width / 2, 4);
    await pause(wait);
    await page.screenshot({ path: join(OUT, `${name}-${width}-${lang}.png`) });
    taken += 1;
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.evaluate(() => localStorage.setItem('lang', 'zh'));
  console.log(`  ${name}`);
}

async function take(server, here, there) {
  const clinic = await here.page();
  const specialist = await there.page();
  const desk = await there.page({ fresh: true });
  const at = (where) => `${server.base}${where}`;
  await clinic.goto(at('/sign-in'));
  await shots(clinic, 'sign-in', at('/sign-in'), 'form');
  await signIn(clinic, server.base, CLINIC);
  await signIn(specialist, server.base, SPECIALIST);
  await signIn(desk, server.base, DESK);
  const patient = await enter(clinic, PATIENT);

  await shots(clinic, 'today', at('/today'), 'h1', 1_200);
  await shots(clinic, 'patient-new', at('/patients/new'), 'form');
  await shots(clinic, 'patient', at(`/patients/${patient.id}`), 'h1', 1_000);
  await shots(clinic, 'consult-new', at(`/consults/new?patient=${patient.id}`), 'form', 1_000);
  await shots(clinic, 'device', at('/device'), '.devcols video', 1_000);

  await clinic.goto(at('/today'));
  let consult = await call(clinic, { patient_id: patient.id });
  await shots(clinic, 'ring-out', at(`/consults/${consult.id}?at=call`), '.tiers li', 800);
  // Four pictures take longer than it rings: the specialist's are of a call of their own.
  await api(clinic, 'POST', `/consults/${consult.id}/actions/cancel`, { reason: 'pictures' }, { 'If-Match': `"${(await api(clinic, 'GET', `/consults/${consult.id}`)).body.version}"` });
  await clinic.goto(at('/today'));
  consult = await call(clinic, { patient_id: patient.id });
  await shots(specialist, 'ring', at('/consults'), '[role=alertdialog]', 600);
  await clinic.goto(at(`/consults/${consult.id}?at=call`));
  await specialist.goto(at('/consults'));
  await specialist.locator('[role=alertdialog] .btn.ok').click();
  await specialist.waitForURL('**at=call**');
  await clinic.locator('.tile:not(.own) video').first().waitFor();
  writeFileSync(path('肌钙蛋白.pdf'), pdf());
  writeFileSync(path('胸部CT.dcm'), dicom());
  await clinic.getByRole('tab', { name: /资料/ }).click();
  await clinic.locator('.side input[type=file]').setInputFiles([path('肌钙蛋白.pdf'), path('胸部CT.dcm')]);
  await api(specialist, 'POST', `/consults/${consult.id}/messages`, { body: 'V3R 到 V5R 右胸导联做了吗？', client_msg_id: crypto.randomUUID() });
  await api(clinic, 'POST', `/consults/${consult.id}/messages`, { body: '正在做，照片马上发。', client_msg_id: crypto.randomUUID() });
  const live = at(`/consults/${consult.id}?at=call`);
  await shots(specialist, 'call', live, '.tile:not(.own) video', 3_500);
  await shots(clinic, 'call-clinic', live, '.tile:not(.own) video', 3_000);
  await specialist.goto(live);
  await specialist.locator('.tile:not(.own) video').first().waitFor();
  await pause(2_500);
  for (const [tab, key] of [['chat', 't'], ['opinion', 'o']]) {
    await specialist.locator('.call-main').click({ position: { x: 200, y: 20 } });
    await specialist.keyboard.press(key);
    await pause(700);
    await specialist.screenshot({ path: join(OUT, `call-${tab}-1440-zh.png`) });
    taken += 1;
  }
  const { version } = (await api(specialist, 'GET', `/consults/${consult.id}`)).body;
  await api(specialist, 'POST', `/consults/${consult.id}/actions/give_opinion`, {
    conclusion: '急性下壁心肌梗死，马上转来做急诊介入。', advice: '不要用硝酸甘油\n补液 250 mL，开通两路静脉\n路上持续心电监护', diagnoses: [{ code: 'I21.1', text: '急性下壁心肌梗死' }], next: 'refer_up',
  }, { 'If-Match': `"${version}"` });
  await specialist.goto(at('/consults'));
  await shots(clinic, 'consult', at(`/consults/${consult.id}`), 'h1', 1_000);
  await shots(clinic, 'escalate', at(`/consults/${consult.id}/escalate`), '.letter', 1_200);
  await shots(specialist, 'consults', at('/consults'), 'h1', 1_000);

  await clinic.goto(at(`/consults/${consult.id}/escalate`));
  await clinic.locator('.letter').getByRole('radio', { name: /纸质签名/ }).check();
  await clinic.locator('.letter').getByRole('radio', { name: /本人/ }).check();
  await clinic.getByRole('group', { name: /为什么转/ }).getByRole('radio').first().check();
  await clinic.getByRole('group', { name: /怎么去/ }).getByRole('radio').first().check();
  await clinic.getByLabel(/已核对过敏/).check();
  await clinic.getByRole('button', { name: /提交转诊/ }).click();
  await clinic.waitForURL('**/referrals/ref-**');
  const referral = /ref-[\w-]+/.exec(clinic.url())[0];
  await shots(desk, 'desk', at('/desk?box=in&tab=decide'), '.desk-wl', 1_500);
  await shots(desk, 'referral', at(`/referrals/${referral}`), 'h1', 1_000);
}

mkdirSync(OUT, { recursive: true });
const server = await startServer();
let here;
let there;
try {
  const painter = await launch();
  const board = await painter.page();
  await writeScene(path('clinic.y4m'), board, ROOM);
  await writeScene(path('hospital.y4m'), board, OFFICE);
  await painter.close();
  writeMicrophone(path('clinic.wav'), { voice: 'cmn', words: '病人胸痛两个小时，心电图已经发过去了', speak: 3, silent: 1 });
  writeMicrophone(path('hospital.wav'), { voice: 'cmn', words: '好的，我看到了', speak: 0.5, silent: 6 });
  [here, there] = await Promise.all([
    launch({ camera: path('clinic.y4m'), microphone: path('clinic.wav') }),
    launch({ camera: path('hospital.y4m'), microphone: path('hospital.wav') }),
  ]);
  await take(server, here, there);
  if (process.argv.includes('--keep')) {
    const kept = join(HERE, '../../docs/pictures');
    mkdirSync(kept, { recursive: true });
    copyFileSync(join(OUT, 'call-1440-en.png'), join(kept, 'call.png'));
    copyFileSync(join(OUT, 'desk-1440-en.png'), join(kept, 'desk.png'));
  }
  console.log(`${taken} pictures in tests/e2e/out`);
} catch (fault) {
  console.log(String(fault?.stack ?? fault), `\n--- the server said\n${server.log().slice(-2_000)}`);
  process.exitCode = 1;
} finally {
  await Promise.allSettled([here?.close(), there?.close()]);
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
