// The same story on a bad day: the server is killed three times (while it rings, in the middle of the talk, after the
// opinion), the specialist loads the page anew and opens a second tab, the clinic's whole browser is killed. Nobody
// presses anything to come back, nobody ever sits twice, nothing is lost or doubled, and both letters get closed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wayBack } from './support/back.mjs';
import { launch } from './support/browser.mjs';
import { pdf } from './support/files.mjs';
import { writeCamera, writeMicrophone } from './support/media.mjs';
import { CLINIC, DESK, SPECIALIST, api, enter, signIn } from './support/people.mjs';
import { framesDecoded } from './support/probe.mjs';
import { startServer } from './support/server.mjs';
import { must, pause, step, tell, until } from './support/steps.mjs';
import { inOrder, watch } from './support/watch.mjs';
import { CONCLUSION, OTHERS, acceptAtDesk, adoptAndRefer, answerThree, findPatient, moreFrames, photo, pressAnswer, pressCall, signOpinion, speak, writeQuestion } from './support/way.mjs';

const PATIENT = { name: '郑秋水', sex: 'male', birth_date: '1968-03-11', no_id_reason: 'not_at_hand', phone: '19900004417', allergies: ['青霉素'] };
/** A browser writes its cookies to disk every half minute: one that is killed sooner has not signed in. */
const COOKIES_ON_DISK_MS = 31_000;
const SAID = { before: '血压 98/60，请看心电图', during: '正在补液', away: '断线时写的：心率 54', back: '先不要用硝酸甘油', last: '救护车已出发' };

const folder = mkdtempSync(join(tmpdir(), 'causeway-unbroken-'));
const path = (name) => join(folder, name);
let server, here, there, clinic, seen;

const tiles = (page) => page.locator(`${OTHERS}[data-seat]`).count();
const bothSee = (a, b, limit = 25_000) => Promise.all([moreFrames(a, limit), moreFrames(b, limit)]);
const oneEach = async (...pages) => {
  for (const page of pages) await until('one other on the stage', async () => (await tiles(page)) === 1, 8_000);
};
const messages = async (page, consult) => (await api(page, 'GET', `/consults/${consult}/messages`)).body.items.filter((one) => one.kind === 'text').map((one) => one.body);
/** What this page's log of the conversation shows. */
const shown = (page) => page.locator('[role=log] .msg:not(.sys) > p').allInnerTexts();

async function openClinic(profile) {
  here = await launch({ camera: path('clinic.y4m'), microphone: path('clinic.wav'), profile });
  const next = await watch(here.context, 'clinic');
  if (seen) next.events.unshift(...seen.clinic.events), next.faults.push(...seen.clinic.faults);
  return next;
}

async function story() {
  await step('cameras, voices and a paper are made; a server and two browsers start', async () => {
    writeCamera(path('clinic.y4m'), [90, 90, 220]);
    writeCamera(path('specialist.y4m'), [90, 210, 90]);
    writeMicrophone(path('clinic.wav'), { voice: 'cmn', words: '病人胸痛两个小时', speak: 1.5, silent: 1 });
    writeMicrophone(path('specialist.wav'), { voice: 'cmn', words: '先做心电图', speak: 1.2, silent: 1.3 });
    writeFileSync(path('肌钙蛋白.pdf'), pdf());
    server = await startServer();
    const mine = await openClinic();
    there = await launch({ camera: path('specialist.y4m'), microphone: path('specialist.wav') });
    seen = { clinic: mine, specialist: await watch(there.context, 'specialist') };
  });
  clinic = await here.page();
  const specialist = await there.page();
  const desk = await there.page({ fresh: true });
  const began = Date.now();
  await step('three people sign in', async () => {
    await signIn(clinic, server.base, CLINIC);
    await signIn(specialist, server.base, SPECIALIST);
    await signIn(desk, server.base, DESK);
    await clinic.waitForURL('**/today');
  });
  await enter(clinic, PATIENT);
  const { consult } = await step('the clinic asks, and it rings', async () => {
    await findPatient(clinic, 'zqs');
    await writeQuestion(clinic);
    const asked = await pressCall(clinic);
    await specialist.locator('[role=alertdialog]').waitFor();
    return asked;
  });

  await step('the server is killed while it rings: both pages go on ringing by themselves', async () => {
    await server.kill();
    await server.again();
    const at = Date.now();
    await Promise.all([specialist.locator('.app, main').first().waitFor(), isLive(clinic), isLive(specialist)]);
    await specialist.locator('[role=alertdialog]').waitFor();
    must((await specialist.locator('[role=alertdialog]').count()) === 1, 'two cards');
    await clinic.getByText(SPECIALIST.name).first().waitFor();
    return `back ${Date.now() - at} ms after the server`;
  });
  await step('the specialist answers; both see each other', async () => {
    await pressAnswer(specialist);
    await until('frames on both sides', async () => (await framesDecoded(clinic)) > 5 && (await framesDecoded(specialist)) > 5, 20_000);
    await oneEach(clinic, specialist);
  });
  await step('a word and a photograph', async () => {
    await speak(clinic, SAID.before);
    await specialist.getByRole('tab', { name: /聊天/ }).click();
    await specialist.getByRole('log').getByText(SAID.before).waitFor();
  });

  await step('the server is killed with a message and a file on their way: both pages say so', async () => {
    writeFileSync(path('心电图.jpg'), await photo(specialist));
    await specialist.getByRole('tab', { name: /资料/ }).click();
    await speak(clinic, SAID.during);
    await specialist.locator('.side input[type=file]').setInputFiles([path('心电图.jpg'), path('肌钙蛋白.pdf')]);
    await server.kill();
    await speak(clinic, SAID.away);
    const saying = (page) => page.locator('.notice', { hasText: '正在重新连接' }).waitFor({ timeout: 15_000 });
    await Promise.all([saying(clinic), saying(specialist)]);
  });
  await step('it is started again: pictures flow on both sides, without a press', async () => {
    await server.again();
    const at = Date.now();
    await Promise.all([isLive(clinic), isLive(specialist)]);
    await Promise.all([gone(clinic), gone(specialist)]);
    await bothSee(clinic, specialist);
    await oneEach(clinic, specialist);
    return `${Date.now() - at} ms after the server was there`;
  });
  await step('each word and each file is there once, on both sides', async () => {
    await specialist.getByRole('tab', { name: /聊天/ }).click();
    await specialist.getByRole('log').getByText(SAID.away).waitFor({ timeout: 12_000 });
    await until('both files', async () => (await api(clinic, 'GET', `/consults/${consult}/attachments`)).body.items.length === 2, 12_000);
    await same(clinic, specialist, consult, [SAID.before, SAID.during, SAID.away]);
    await clinic.getByRole('tab', { name: /资料/ }).click();
    for (const name of ['心电图.jpg', '肌钙蛋白.pdf']) await clinic.locator('.side .att', { hasText: name }).first().waitFor();
    const kept = (await api(clinic, 'GET', `/consults/${consult}/attachments`)).body.items.map((one) => `${one.name} ${one.id}`);
    must(kept.length === 2 && (await clinic.locator('.side .att:has(.att-name)').count()) === 2, `kept: ${kept}; shown: ${await clinic.locator('.side .att:has(.att-name)').allInnerTexts()}`);
  });

  await step('the specialist loads the page anew in the middle of the call', async () => {
    const at = Date.now();
    await specialist.reload();
    await specialist.locator(OTHERS).first().waitFor();
    await bothSee(clinic, specialist);
    await oneEach(clinic, specialist);
    return `${Date.now() - at} ms until both see each other`;
  });
  await step('a second tab takes nothing away: it says where the call is', () => secondTab(specialist));

  await step('the whole browser of the clinic is killed', async () => {
    await until('its cookies are on its disk', () => Date.now() - began > COOKIES_ON_DISK_MS, COOKIES_ON_DISK_MS, 200);
    await here.kill();
    await specialist.locator(`${OTHERS}.gone`).waitFor({ timeout: 15_000 });
    must((await tiles(specialist)) === 1, 'the seat is not kept');
  });
  await step('started again, its start page leads back into the call by itself', async () => {
    const at = Date.now();
    seen.clinic = await openClinic(here.profile);
    clinic = await here.page();
    const opened = Date.now();
    await clinic.goto(server.base);
    await clinic.waitForURL(`**/consults/${consult}?at=call`);
    await clinic.locator(OTHERS).first().waitFor();
    await bothSee(clinic, specialist);
    await oneEach(clinic, specialist);
    return `${Date.now() - opened} ms after the page was opened, ${Date.now() - at} ms after the program was started`;
  });
  await step('words and files are whole there', async () => {
    await speak(clinic, SAID.back);
    await specialist.getByRole('tab', { name: /聊天/ }).click();
    await specialist.getByRole('log').getByText(SAID.back).waitFor();
    await same(clinic, specialist, consult, [SAID.before, SAID.during, SAID.away, SAID.back]);
    await clinic.getByRole('tab', { name: /资料/ }).click();
    await until('both files', async () => (await clinic.locator('.side .att:has(.att-name)').count()) === 2, 5_000);
  });

  await step('the opinion is signed, and the server is killed at once', async () => {
    await clinic.getByRole('tab', { name: /意见/ }).click();
    await signOpinion(specialist);
    await specialist.locator('.side').getByText('已签名').waitFor();
    await server.kill();
    await pause(1_500);
    await server.again();
    const at = Date.now();
    await clinic.locator('.side').getByText(CONCLUSION).first().waitFor({ timeout: 20_000 });
    await Promise.all([isLive(clinic), isLive(specialist)]);
    await bothSee(clinic, specialist);
    await oneEach(clinic, specialist);
    return `opinion there, both in the call ${Date.now() - at} ms after the server`;
  });
  await step('one word more', async () => {
    await speak(clinic, SAID.last);
    await specialist.getByRole('tab', { name: /聊天/ }).click();
    await specialist.getByRole('log').getByText(SAID.last).waitFor();
    await same(clinic, specialist, consult, Object.values(SAID));
    await clinic.getByRole('tab', { name: /意见/ }).click();
  });
  const up = await step('adopted, referred, accepted with a place and a time', async () => {
    await adoptAndRefer(clinic);
    await answerThree(clinic);
    await clinic.getByRole('button', { name: /提交转诊/ }).click();
    await clinic.waitForURL('**/referrals/ref-**');
    const id = /ref-[\w-]+/.exec(clinic.url())[0];
    await desk.locator('.desk-wl tbody tr', { hasText: PATIENT.name }).waitFor({ timeout: 8_000 });
    await acceptAtDesk(desk, PATIENT.name, id);
    await specialist.waitForURL(/consults\/con-[\w-]+$/);
    return { id };
  });
  const down = await wayBack({ clinic, specialist, desk, up: up.id, patient: PATIENT.name });
  await step('every event was applied once, and they are those of the records', () => count(specialist, consult, up.id, down));
  await step('no page met a fault of its own', () => {
    const faults = [clinic, specialist, desk].flatMap((page) => page.faults);
    must(faults.length === 0, faults.join('\n'));
  });
}

/** The socket of this page is let in. */
const isLive = (page) => until('the line is back', () => page.evaluate(() => !!window.__causeway?.live), 20_000);
const gone = (page) => page.locator('.notice', { hasText: '正在重新连接' }).waitFor({ state: 'detached', timeout: 25_000 });

/** The record, and what each side's page shows of it, are the same words in the same order. */
async function same(one, other, consult, words) {
  const kept = await messages(one, consult);
  must([...kept].sort().join('|') === [...words].sort().join('|'), `the record holds ${kept.join(' | ')}`);
  for (const page of [one, other]) {
    await page.getByRole('tab', { name: /聊天/ }).click();
    await until('the log', async () => (await shown(page)).join('|') === kept.join('|'), 8_000).catch(async () => {
      throw new Error(`shown: ${(await shown(page)).join(' | ')}; kept: ${kept.join(' | ')}`);
    });
  }
}

async function secondTab(specialist) {
  const began = Date.now();
  const marks = [];
  const mark = (what) => marks.push(`${what} ${Date.now() - began}`);
  const second = await there.page();
  await second.goto(`${server.base}/consults`);
  await second.getByRole('region', { name: '正在进行的通话' }).getByRole('link', { name: '去看看' }).click();
  await second.getByText('您正在另一个标签页里通话').waitFor();
  must((await tiles(second)) === 0, 'it sat down unasked');
  await oneEach(clinic, specialist);
  mark('told');
  await second.getByRole('button', { name: '转到这里继续' }).click();
  await specialist.getByText('通话已转到另一个标签页').waitFor();
  mark('taken');
  await bothSee(clinic, second);
  await oneEach(clinic, second);
  mark('seen');
  await specialist.bringToFront();
  await specialist.getByRole('button', { name: '转回这里' }).click();
  await second.getByText('通话已转到另一个标签页').waitFor();
  mark('back');
  await bothSee(clinic, specialist);
  await oneEach(clinic, specialist);
  mark('seen');
  must(second.faults.length === 0, second.faults.join('\n'));
  await second.close();
  mark('closed');
  await oneEach(clinic, specialist);
  return `${marks.join(', ')} ms`;
}

/** What the specialist's page was told of the three records is what the records say, step by step. */
async function count(page, consult, up, down) {
  const told = inOrder(seen.specialist, must);
  const atClinic = inOrder(seen.clinic, must);
  const parts = [];
  const first = [...new Map(seen.specialist.events.map((one) => [one.n, one])).values()].sort((a, b) => a.n - b.n);
  const steps = (await api(page, 'GET', `/consults/${consult}/history`)).body.items.filter((one) => one.to_state && one.from_state !== one.to_state);
  // A ring is told as a ring, and `escalate` changes the referral, not the consult.
  const heard = first.filter((one) => ['consult.state', 'consult.opinion'].includes(one.type) && one.consult === consult)
    .map((one) => (one.type === 'consult.opinion' ? 'give_opinion' : one.action)).filter((action) => action !== 'escalate');
  const want = steps.map((one) => one.action.replace('consult.', '')).filter((action) => action !== 'route_ring');
  must(heard.join() === want.join(), `told of ${heard}; the record says ${want}`);
  parts.push(`the consult's ${want.length} steps: ${want.join(' ')}`);
  for (const id of [up, down]) {
    const history = (await api(page, 'GET', `/referrals/${id}/history`)).body.items.map((one) => one.action.replace('referral.', ''));
    const news = first.filter((one) => one.type === 'referral' && one.referral === id).map((one) => one.action.replace('referral.', ''));
    for (const action of new Set(news)) {
      const [a, b] = [news, history].map((list) => list.filter((one) => one === action).length);
      must(a <= b, `${action} of ${id}: told ${a} times, happened ${b} times`);
    }
    parts.push(`${news.length} of the ${history.length} entries of a referral`);
  }
  const chats = first.filter((one) => one.type === 'chat' && one.message?.kind === 'text').map((one) => one.message.body);
  must([...chats].sort().join() === Object.values(SAID).sort().join(), `told of the words ${chats}`);
  const files = first.filter((one) => one.type === 'file' && one.consult === consult).map((one) => one.attachment);
  must(files.length === 2 && new Set(files).size === 2, `told of ${files.length} files`);
  must(Math.max(seen.specialist.most, seen.clinic.most) === 2, 'more than two in the roster');
  return `specialist ${told} in ${seen.specialist.lives} pages, clinic ${atClinic} in ${seen.clinic.lives}; ${parts.join(', ')}; 5 words, 2 files`;
}

await tell(story, {
  log: () => server?.log(),
  broke: async () => {
    if (!process.env.STORY_PICTURES) return;
    for (const [name, browser] of Object.entries({ here, there })) {
      for (const [i, page] of (browser?.context.pages() ?? []).entries()) await page.screenshot({ path: join(process.env.STORY_PICTURES, `${name}-${i}.png`), timeout: 5_000 }).catch(() => undefined);
    }
  },
  close: [() => Promise.allSettled([here?.close(), there?.close()]), () => server?.stop(), () => rmSync(folder, { recursive: true, force: true })],
});
