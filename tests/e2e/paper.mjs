// Papers as a doctor prints them: one press, a tab of its own with a PDF, and the words of the record in it; a stranger
// asks what the paper is worth; where the server cannot print, the page says so in words.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './support/browser.mjs';
import { CLINIC, DESK, api, signIn } from './support/people.mjs';
import { startServer } from './support/server.mjs';
import { must, step, sumUp, until } from './support/steps.mjs';

const OUT = join(dirname(fileURLToPath(import.meta.url)), 'out');
const folder = mkdtempSync(join(tmpdir(), 'causeway-paper-'));
const pictures = process.argv.includes('--pictures');
const server = await startServer();
let browser;

/** Presses, and answers with what the new tab was sent. */
async function printed(page, press) {
  answers.length = 0;
  const [tab] = await Promise.all([page.context().waitForEvent('page'), press()]);
  const { answer: sent } = await until('the paper came', () => answers.find((one) => !one.url.includes('ready=') && !one.used));
  sent.used = true;
  must(sent.kind === 'application/pdf', `the tab got ${sent.kind}`);
  await tab.close().catch(() => undefined);
  return sent.url;
}
const answers = [];

/** The words of a paper, read by poppler without gaps. */
async function words(page, url) {
  const bytes = await page.evaluate(async (url) => Array.from(new Uint8Array(await (await fetch(url)).arrayBuffer())), url);
  const path = join(folder, 'paper.pdf');
  writeFileSync(path, Buffer.from(bytes));
  return execFileSync('pdftotext', ['-raw', path, '-'], { encoding: 'utf8' }).replace(/\s+/g, '');
}

try {
  browser = await launch();
  const page = await browser.page();
  const hear = (one) => one.context().on('response', (answer) => {
    if (/letters?\?|opinion\/paper|statistics\/paper/.test(answer.url())) answers.push({ url: answer.url(), kind: answer.headers()['content-type'] ?? '' });
  });
  hear(page);
  await signIn(page, server.base, CLINIC);
  const sent = (await api(page, 'GET', '/referrals?box=mine')).body.items.find((one) => one.submitted_at);
  let code = '';

  await step('the letter opens in a tab of its own and says what the record says', async () => {
    await page.goto(`${server.base}/referrals/${sent.id}`);
    await page.locator('.tl').waitFor();
    const url = await printed(page, () => page.getByRole('button', { name: '打印转出单' }).click());
    const said = await words(page, url);
    must(said.includes(sent.patient.name) && said.includes(sent.no) && said.includes('双向转诊（转出）单'), 'name, number and title are on it');
    code = /核验码([0-9A-Z-]{19})/.exec(said)?.[1] ?? '';
    must(code, 'the code is on it');
  });

  await step('the key prints too, in the language of the screen', async () => {
    await page.locator('h1').click();
    const url = await printed(page, () => page.keyboard.press('o'));
    must(url.includes('lang=zh'), url);
  });

  await step('an opinion and the figures are printed by their own buttons', async () => {
    const all = (await api(page, 'GET', '/consults?box=mine')).body.items;
    const advised = all.find((one) => ['opinion_given', 'closed'].includes(one.state) && one.answer);
    await page.goto(`${server.base}/consults/${advised.id}`);
    const opinion = await words(page, await printed(page, () => page.getByRole('button', { name: '打印会诊意见' }).click()));
    must(opinion.includes(advised.no) && opinion.includes(advised.patient.name), 'the opinion is on it');
    await page.goto(`${server.base}/statistics`);
    await page.locator('.headline.lead .figure').waitFor();
    const figures = await words(page, await printed(page, () => page.getByRole('button', { name: '打印报告' }).click()));
    must(figures.length > 400 && !figures.includes(sent.patient.name), 'the report has figures and no patient');
  });

  await step('a desk at a phone ticks two letters with a thumb and prints them in one', async () => {
    const desk = await browser.page({ fresh: true });
    hear(desk);
    await signIn(desk, server.base, DESK);
    await desk.setViewportSize({ width: 390, height: 844 });
    await desk.goto(`${server.base}/desk?box=in&tab=all`);
    const boxes = desk.locator('.desk-wl tbody .hit');
    await boxes.nth(1).waitFor();
    const target = await boxes.first().boundingBox();
    must(target.width >= 44 && target.height >= 44, `as large as a thumb, not ${target.width} by ${target.height}`);
    await boxes.first().click();
    await boxes.nth(1).click();
    must(new URL(desk.url()).pathname === '/desk', 'ticking does not open the letter');
    const nos = (await desk.locator('.desk-wl tbody .tick:checked').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')))).map((said) => /[A-Z]{2}-\d{4}-\d{6}/.exec(said)[0]);
    const said = await words(desk, await printed(desk, () => desk.getByRole('button', { name: '打印转诊单' }).click()));
    must(nos.length === 2 && nos.every((no) => said.includes(no)), `both letters are in it: ${nos}`);
    await desk.getByRole('button', { name: '选全部' }).click();
    must((await desk.locator('.desk-wl tbody .tick:not(:checked)').count()) === 0, 'all are ticked');
    await desk.close();
  });

  await step('whoever holds the paper learns that it is genuine, and no name', async () => {
    const guest = await browser.page({ fresh: true });
    await guest.goto(`${server.base}/verify#${code}`);
    await guest.locator('dl.facts').waitFor();
    const said = await guest.locator('main').innerText();
    must(said.includes('属实') && said.includes(sent.no) && !said.includes(sent.patient.name), said);
    if (pictures) {
      mkdirSync(OUT, { recursive: true });
      await guest.screenshot({ path: join(OUT, 'verify.png'), fullPage: true });
    }
    await guest.locator('#vf-c').fill('0000-0000-0000-0000');
    await guest.keyboard.press('Enter');
    await guest.getByText('查不到这个码').waitFor();
    await guest.close();
  });

  await step('a paper that cannot be printed is refused in words, with the characters', async () => {
    await page.goto(`${server.base}/referrals/${sent.id}`);
    await page.context().route('**/letter?*ready=true*', (route) =>
      route.fulfill({ status: 422, contentType: 'application/problem+json', body: JSON.stringify({ code: 'no_glyph', status: 422, letters: ['𠮷 (U+20BB7)'] }) }));
    const before = page.context().pages().length;
    await page.getByRole('button', { name: '打印转出单' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    must((await dialog.innerText()).includes('𠮷 (U+20BB7)'), await dialog.innerText());
    if (pictures) await page.screenshot({ path: join(OUT, 'not-printed.png') });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await until('no tab is left over', () => page.context().pages().length === before);
  });
} catch (fault) {
  console.log(String(fault?.stack ?? fault), `\n--- the server said\n${server.log().slice(-1_500)}`);
  process.exitCode = 1;
} finally {
  sumUp();
  await browser?.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
