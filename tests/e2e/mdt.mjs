// Three people in one consult: two browsers and a colleague on another WebRTC stack, asked in from the call. Names are
// on the tiles, and each hears the two others, each as a source of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from './support/browser.mjs';
import { writeCamera, writeMicrophone } from './support/media.mjs';
import { startNative } from './support/native.mjs';
import { CLINIC, SPECIALIST, api, call, enter, signIn } from './support/people.mjs';
import { colourOf, encodings, energyByName, pictureOf } from './support/probe.mjs';
import { startServer } from './support/server.mjs';
import { must, pause, step, tell, until } from './support/steps.mjs';

const PATIENT = { name: '沈砚池', sex: 'female', birth_date: '1957-09-02', no_id_reason: 'not_at_hand', phone: '19900004418' };
const COLLEAGUE = { login: 'qin.chuandu', name: '秦川渡' };
const OTHER = '.tile:not(.own)';
const PATIENCE = Number(process.env.STORY_PATIENCE ?? 1);
const folder = mkdtempSync(join(tmpdir(), 'causeway-mdt-'));
let server;
let here;
let there;
let native;

const names = (page) => page.locator(`${OTHER} figcaption`).allInnerTexts();
const sees = (page, ...wanted) =>
  until(`tiles of ${wanted.join(', ')}`, async () => {
    const all = await names(page);
    return all.length === wanted.length && wanted.every((name) => all.some((text) => text.includes(name)));
  }, 20_000 * PATIENCE);
const figures = (heard) => Object.entries(heard).map(([name, energy]) => `${name} ${energy.toExponential(1)}`).join(', ');

/** Of each of the two others more is heard than a breath, while the test looks. */
async function hearsBoth(page, ...wanted) {
  const before = await energyByName(page);
  const grown = (now, name) => (now[name] ?? 0) - (before[name] ?? 0);
  await until(`the voices of ${wanted.join(' and ')}`, async () => {
    const now = await energyByName(page);
    return wanted.every((name) => grown(now, name) > 0.005);
  }, 15_000 * PATIENCE, 200);
  const now = await energyByName(page);
  must(Object.keys(now).length === wanted.length, `heard ${figures(now)}`);
  return figures(now);
}

async function story() {
  await step('a server and two browsers', async () => {
    const path = (name) => join(folder, name);
    writeCamera(path('clinic.y4m'), [90, 90, 210]);
    writeCamera(path('hospital.y4m'), [90, 210, 90]);
    writeMicrophone(path('clinic.wav'), { voice: 'cmn', words: '病人在我旁边，请两位老师看一下', speak: 1.4, silent: 0.6 });
    writeMicrophone(path('hospital.wav'), { voice: 'cmn', words: '我请同事一起看', speak: 1.2, silent: 0.8 });
    server = await startServer();
    [here, there] = await Promise.all([
      launch({ camera: path('clinic.y4m'), microphone: path('clinic.wav') }),
      launch({ camera: path('hospital.y4m'), microphone: path('hospital.wav') }),
    ]);
  });
  const clinic = await here.page();
  const specialist = await there.page();
  await signIn(clinic, server.base, CLINIC);
  await signIn(specialist, server.base, SPECIALIST);
  const patient = await enter(clinic, PATIENT);
  const consult = await call(clinic, { patient_id: patient.id });
  await step('two of them are in the call', async () => {
    await specialist.locator('[role=alertdialog]').waitFor();
    await specialist.locator('[role=alertdialog] button.ok').click();
    await specialist.waitForURL('**at=call**');
    await clinic.goto(`${server.base}/consults/${consult.id}?at=call`);
    await sees(clinic, SPECIALIST.name);
    await sees(specialist, CLINIC.name);
  });

  await step('the specialist asks a colleague in, who is rung and answers without a browser', async () => {
    native = startNative(server, COLLEAGUE.login, { seconds: 20 * PATIENCE });
    await until('the colleague waits', () => native.said().includes('Waiting'), 20_000);
    await specialist.getByRole('button', { name: '请同事' }).click();
    const dialog = specialist.getByRole('dialog');
    await dialog.getByText(COLLEAGUE.name).first().waitFor();
    await dialog.getByRole('button', { name: new RegExp(`呼叫.*${COLLEAGUE.name}`) }).click();
    await until('the colleague has joined', () => native.said().includes('Media'), 20_000 * PATIENCE);
  });
  await step('names are on the tiles, once each', async () => {
    await sees(clinic, SPECIALIST.name, COLLEAGUE.name);
    await sees(specialist, CLINIC.name, COLLEAGUE.name);
    return (await names(clinic)).map((text) => text.trim()).join(' | ');
  });
  await step('the clinic hears the two others, each as a source of its own', () => hearsBoth(clinic, SPECIALIST.name, COLLEAGUE.name));
  await step('the specialist hears the two others', () => hearsBoth(specialist, CLINIC.name, COLLEAGUE.name));
  await step("the colleague's picture is blue", async () => {
    const seat = await clinic.locator(OTHER).filter({ hasText: COLLEAGUE.name }).getAttribute('data-seat');
    const { answer } = await until('a picture', () => colourOf(clinic, `[data-seat="${seat}"] video`), 15_000 * PATIENCE);
    must(answer.b > answer.r + 60 && answer.b > answer.g + 40, JSON.stringify(answer));
    return JSON.stringify(answer);
  });
  const wide = (page, name, width) =>
    until(`${name} ${width} wide`, async () => (await pictureOf(page, name))?.width === width, 15_000 * PATIENCE, 200);
  await step('in front a picture is sent large, in the strip small', async () => {
    const first = await wide(specialist, CLINIC.name, 640);
    await specialist.locator(OTHER).filter({ hasText: COLLEAGUE.name }).getByRole('button').click();
    const { ms } = await wide(specialist, CLINIC.name, 320);
    const small = await pictureOf(specialist, CLINIC.name);
    await specialist.locator(OTHER).filter({ hasText: CLINIC.name }).getByRole('button').click();
    const again = await wide(specialist, CLINIC.name, 640);
    return `640 wide after ${first.ms} ms; 320 wide in a tile of ${small.tile} lines, after ${ms} ms; 640 again after ${again.ms} ms`;
  });
  await step('the colleague has heard both, and leaves; the call goes on', async () => {
    const { code, heard } = await native.report();
    must(code === 0, `it ended with ${code}:\n${native.said()}`);
    const voices = heard.filter((one) => one.source === 'mic');
    for (const name of [CLINIC.name, SPECIALIST.name]) {
      const voice = voices.find((one) => one.name === name);
      must(voice && voice.packets > 200 && voice.energy > 0.001, `of ${name}: ${JSON.stringify(voice)}`);
    }
    await sees(clinic, SPECIALIST.name);
    const { body } = await api(clinic, 'GET', `/consults/${consult.id}`);
    must(body.state === 'in_progress', `it is ${body.state}`);
    return voices.map(({ name, packets, energy }) => `${name} ${packets} packets, energy ${energy}`).join('; ');
  });
  await step('a tab that nobody looks at is sent no picture, and the camera stops encoding for it', async () => {
    const front = await there.beside(specialist);
    await front.goto(`${server.base}/today`);
    await front.bringToFront();
    await until('document.hidden', () => specialist.evaluate(() => document.hidden), 5_000);
    await until('the camera rests', async () => Object.values(await encodings(clinic)).every((one) => !one.active), 10_000 * PATIENCE, 200);
    const [unseen, heard, encoded] = [await pictureOf(specialist, CLINIC.name), await energyByName(specialist), await encodings(clinic)];
    await pause(2_500);
    const after = await pictureOf(specialist, CLINIC.name);
    must(after.packets === unseen.packets, `${after.packets - unseen.packets} packets of a picture nobody looks at`);
    must(JSON.stringify(await encodings(clinic)) === JSON.stringify(encoded), `it went on: ${JSON.stringify(await encodings(clinic))}`);
    const grown = (await energyByName(specialist))[CLINIC.name] - heard[CLINIC.name];
    must(grown > 0.005, `the voice stopped: ${grown}`);
    await specialist.bringToFront();
    const at = Date.now();
    await until('a picture', async () => (await pictureOf(specialist, CLINIC.name)).frames > after.frames, 1_500 * PATIENCE, 20);
    await front.close();
    return `a picture again after ${Date.now() - at} ms`;
  });
  must(clinic.faults.length + specialist.faults.length === 0, [...clinic.faults, ...specialist.faults].join('\n'));
}

await tell(story, {
  log: () => server?.log(),
  broke: () => native && console.log(`--- the colleague said\n${native.said()}`),
  close: [() => native?.stop(), () => Promise.allSettled([here?.close(), there?.close()]), () => server?.stop(), () => rmSync(folder, { recursive: true, force: true })],
});
