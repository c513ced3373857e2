// A letter written while the server is gone: the browser is closed and opened again, the server comes back, and there
// is one referral with every word in it. Nobody else at the same PC can read it, and signing out leaves nothing.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from './support/browser.mjs';
import { CLINIC, SPECIALIST, api, enter, signIn } from './support/people.mjs';
import { startServer } from './support/server.mjs';
import { must, pause, step, sumUp, until } from './support/steps.mjs';

const PATIENT = { name: '郑秋水', sex: 'male', birth_date: '1968-03-11', no_id_reason: 'not_at_hand', phone: '19900004417' };
const WORDS = '反复胸闷三天，夜间加重，这里不能做造影';
const profile = mkdtempSync(join(tmpdir(), 'causeway-profile-'));
let server;
let browser;

/** Every file of the browser's profile that holds these words as they are typed. */
function lyingOpen(words) {
  const [utf8, utf16] = [Buffer.from(words), Buffer.from(words, 'utf16le')];
  const walk = (folder) => readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    try {
      if (statSync(path).isDirectory()) return walk(path);
      const bytes = readFileSync(path);
      return bytes.includes(utf8) || bytes.includes(utf16) ? [path] : [];
    } catch {
      return [];
    }
  });
  return walk(profile);
}
/** What lies in the boxes. Asked before the page made them: nothing, and nothing is opened that is not there. */
const boxes = (page) => page.evaluate(async () => {
  const there = await indexedDB.databases();
  if (!there.some((one) => one.name === 'causeway')) return [];
  const look = new Promise((done) => {
    const open = indexedDB.open('causeway');
    open.onerror = () => done([]);
    open.onsuccess = () => {
      try {
        const asked = open.result.transaction('boxes').objectStore('boxes').getAllKeys();
        asked.onsuccess = () => { open.result.close(); done(asked.result); };
      } catch {
        open.result.close();
        done([]);
      }
    };
  });
  return Promise.race([look, new Promise((done) => setTimeout(() => done([]), 2_000))]);
});
const letters = async (page, patient) => (await api(page, 'GET', `/referrals?box=out&patient=${patient}`)).body.items.filter((one) => one.patient.id === patient);
const back = async () => {
  server = await startServer({ keep: true, again: server.folder, settings: { CAUSEWAY_SERVER__LISTEN: `127.0.0.1:${new URL(server.base).port}` } });
};

/** An invented identity number: GB 11643's check digit over a region that does not exist. */
function identity(region, birth, sequence) {
  const body = `${region}${birth}${sequence}`;
  const sum = [...body].reduce((total, digit, at) => total + Number(digit) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][at], 0);
  return body + '10X98765432'[sum % 11];
}

/** Closed as a person closes it; the profile stays. */
async function shut() {
  const cdp = await browser.browser.newBrowserCDPSession();
  await cdp.send('Browser.close').catch(() => undefined);
  await until('the browser is gone', () => { try { process.kill(browser.pid, 0); return false; } catch { return true; } });
}

async function story() {
  await step('a server, and a browser with a profile that outlives it', async () => {
    server = await startServer({ keep: true });
    browser = await launch({ profile });
  });
  let page = await browser.page();
  await step('a page that is left is not put aside whole: what it had open would stay open to it alone', async () => {
    await page.goto(`${server.base}/sign-in`);
    const cached = await page.evaluate(async () => (await fetch(location.href)).headers.get('cache-control'));
    must(cached === 'no-store', `the page may be kept: ${cached}`);
  });
  await signIn(page, server.base, CLINIC);
  const patient = await enter(page, PATIENT);

  await step('a referral is begun: whom, how urgent, where to', async () => {
    await page.goto(`${server.base}/referrals/new?patient=${patient.id}`);
    await page.getByText('加急', { exact: true }).first().click();
    await page.locator('#rn-d').click();
    await page.locator('[role=option]').first().click();
  });
  await step('the server is gone: the letter is begun all the same', async () => {
    await server.stop();
    await page.keyboard.press('Control+Enter');
    await page.locator('section.letter').waitFor();
    await page.getByText('可以接着写').waitFor();
  });
  await step('every part is written, and lies sealed on this machine', async () => {
    await page.locator('section.letter textarea').first().fill(WORDS);
    await page.getByText('口头，有见证').click();
    await page.getByLabel('见证人').fill('宋护士');
    await page.locator('#lf-i').fill('三天来胸闷，休息后缓解');
    await page.locator('#lf-dx').fill('I20.0 不稳定型心绞痛');
    await page.keyboard.press('Enter');
    await until('the draft is on disk', async () => (await boxes(page)).some((key) => key.includes('letter:new')), 10_000);
    await pause(600);
  });
  await step('the browser is closed, and the words are not readable in its profile', async () => {
    await shut();
    const open = lyingOpen(WORDS);
    must(open.length === 0, `readable in ${open.join(', ')}`);
  });
  await step('browser and server again: the writer is still signed in and nothing is retyped', async () => {
    await back();
    browser = await launch({ profile });
    page = await browser.page();
    await page.goto(`${server.base}/referrals/new?patient=${patient.id}`);
    await page.locator('section.letter').waitFor();
    must((await page.locator('section.letter textarea').first().inputValue()) === WORDS, 'the reason is not what was written');
    must((await page.getByLabel('见证人').inputValue()) === '宋护士', 'the witness is gone');
    must((await page.locator('#lf-i').inputValue()).startsWith('三天来胸闷'), 'the history is gone');
  });
  await step('gone again, and the letter is submitted: it waits in the list', async () => {
    await server.stop();
    await page.keyboard.press('Control+Enter');
    await page.waitForURL('**/unsent');
    await page.getByText('转诊单').first().waitFor();
    must((await boxes(page)).some((key) => key.includes(' parcel ')), 'nothing waits on disk');
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/unsent.png` });
  });
  await step('the browser is killed, the server comes back, the browser is opened: one referral', async () => {
    await browser.kill();
    await back();
    browser = await launch({ profile });
    page = await browser.page();
    await page.goto(`${server.base}/today`);
    const { ms } = await until('the referral is there', async () => (await letters(page, patient.id)).some((one) => one.state === 'submitted'), 20_000);
    await pause(2_000);
    const found = await letters(page, patient.id);
    must(found.length === 1, `${found.length} referrals`);
    const letter = (await api(page, 'GET', `/referrals/${found[0].id}`)).body;
    must(letter.reason_text === WORDS && letter.present_illness.startsWith('三天来胸闷'), 'words are missing');
    must(letter.diagnoses[0].code === 'I20.0', 'the diagnosis is missing');
    const consents = (await api(page, 'GET', `/referrals/${found[0].id}/consents`)).body.items;
    must(consents.length === 1 && consents[0].witness === '宋护士', 'the consent is not what was given');
    must((await boxes(page)).length === 0, `still there: ${await boxes(page)}`);
    return `${found[0].no}, ${ms} ms after opening`;
  });

  await step('the server hears a form and its answer is lost: sent again, it is one record', async () => {
    await page.goto(`${server.base}/patients/new`);
    await page.locator('#identity').fill(identity('990102', '19720607', '001'));
    await page.locator('#name').fill('雷声远');
    await page.evaluate(() => {
      const real = window.fetch;
      window.lost = 0;
      window.fetch = async (...asked) => {
        const answer = await real(...asked);
        if (window.lost || asked[1]?.method !== 'POST' || !String(asked[0]).endsWith('/patients')) return answer;
        window.lost = answer.status;
        throw new TypeError('the answer was lost');
      };
    });
    await page.keyboard.press('Control+Enter');
    await page.waitForURL('**/unsent');
    await page.getByText('没有未发送的').waitFor();
    const found = (await api(page, 'GET', `/patients?q=${encodeURIComponent('雷声远')}`)).body.items;
    const lost = await page.evaluate(() => window.lost);
    must(lost === 201 && found.length === 1, `${found.length} patients, the lost answer was ${lost}`);
  });

  await step('somebody else at the same PC sees none of it, and signing out leaves nothing', async () => {
    await page.goto(`${server.base}/consults/new?patient=${patient.id}`);
    await page.locator('#question').fill('别人不该看到的一句话，十个字以上');
    await until('kept', async () => (await boxes(page)).length === 1, 5_000);
    // The session ends without signing out: another person sits down.
    await browser.context.clearCookies();
    await signIn(page, server.base, SPECIALIST);
    await page.goto(`${server.base}/unsent`);
    await page.getByText('没有未发送的').waitFor();
    must((await page.getByText('会诊申请').count()) === 0, 'the other one sees the draft');
    await page.goto(`${server.base}/account`);
    await page.getByRole('button', { name: '退出登录' }).click();
    await page.waitForURL('**/sign-in**');
    must((await boxes(page)).length === 1, 'signing out wiped what is not his');
    await signIn(page, server.base, CLINIC);
    await page.goto(`${server.base}/consults/new?patient=${patient.id}`);
    must((await page.locator('#question').inputValue()).startsWith('别人不该'), 'the writer lost it');
    await page.goto(`${server.base}/account`);
    await page.getByRole('button', { name: '退出登录' }).click();
    await page.waitForURL('**/sign-in**');
    must((await boxes(page)).length === 0, 'signing out left something');
    must(lyingOpen('别人不该看到的一句话').length === 0, 'readable on disk');
  });
  must(page.faults.filter((one) => !one.includes('ERR_')).length === 0, page.faults.join('\n'));
}

let fault = null;
try {
  await story();
} catch (said) {
  fault = said;
  console.error(said);
  if (process.env.SHOTS) await browser?.context.pages().at(-1)?.screenshot({ path: `${process.env.SHOTS}/drafts-fault.png` }).catch(() => undefined);
} finally {
  await browser?.close().catch(() => undefined);
  await server?.stop();
  if (server) rmSync(server.folder, { recursive: true, force: true });
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(sumUp() && !fault ? 0 : 1);
