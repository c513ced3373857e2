// A referral entered in under a minute, counted: real key events, by the script and by the page's own measure. From a
// consult, for a patient on file, and for somebody new; a card reader's burst; and an input method that is never taken
// for a key.
import { launch } from './support/browser.mjs';
import { Hand, identity } from './support/hand.mjs';
import { AGREED, MORE, answered, fromConsult, knownPatient, listen, newPatient, sent, SUMMARY } from './support/letters.mjs';
import { CLINIC, DEPARTMENT, HOSPITAL, SPECIALIST, api, enter, signIn } from './support/people.mjs';
import { startServer } from './support/server.mjs';
import { must, step, tell, until } from './support/steps.mjs';

const NUMBER = identity('990102', '19680312', '123');
const NEW = { number: identity('990102', '19710607', '244'), name: '柳芦花', phone: '19900002750' };
const KNOWN = { name: '郑秋水', sex: 'male', birth_date: '1968-03-12', identity_number: NUMBER, phone: '19900004417', allergies: ['青霉素'] };
const BUDGET = { from_consult: [45, 2], known_patient: [60, 2], new_patient: [160, 2] };
let server, browser;

/** The page's own count agrees with the script's, and both keep the budget. */
function within(path, hand, told, before = { keys: 0, clicks: 0 }) {
  const [keys, clicks] = BUDGET[path];
  must(told?.path === path, `the page took it for ${told?.path}`);
  must(hand.keys <= keys && hand.clicks <= clicks, `${hand.keys} keys and ${hand.clicks} clicks; at most ${keys} and ${clicks}`);
  must(told.keys === hand.keys - before.keys && told.clicks === hand.clicks - before.clicks, `the page counted ${told.keys} keys and ${told.clicks} clicks, the script ${hand.keys - before.keys} and ${hand.clicks - before.clicks}`);
  must(told.active_ms <= told.wall_ms && told.edited > 0, `${JSON.stringify(told)}`);
  return `${hand.keys} keys of ${keys}, ${hand.clicks} clicks; the page says ${JSON.stringify(told)}`;
}

async function story() {
  server = await startServer();
  browser = await launch();
  const page = await browser.page();
  const specialist = await browser.page({ fresh: true });
  await signIn(page, server.base, CLINIC);
  await signIn(specialist, server.base, SPECIALIST);
  const patient = await enter(page, KNOWN);
  const seen = listen(page);
  const consult = await answered(page, specialist, patient);
  // A tab in the background types no Chinese.
  await page.bringToFront();

  await step('from a consult: at most 45 keys and 2 clicks', async () => {
    await page.goto(`${server.base}/consults/${consult}`);
    await page.getByRole('radio', { name: /全部/ }).waitFor();
    const hand = new Hand(page);
    await fromConsult(hand, page);
    const letter = await sent(page);
    must(letter.source_consult_id === consult && letter.diagnoses[0]?.code === 'I10' && letter.consent && letter.allergies_ack, 'the letter is not whole');
    must(/住院/.test(letter.reason_text + letter.present_illness) && letter.key_results?.includes('182/104') && letter.reason_text.endsWith(AGREED), 'what the consult knew is not in it');
    return within('from_consult', hand, seen.entry, { keys: 0, clicks: 2 });
  });
  await step('a patient on file: at most 60 keys', async () => {
    // The letter before is ended, or this one would be a second one to the same department.
    await cancel(page);
    await page.goto(`${server.base}/referrals/new`);
    const hand = new Hand(page);
    await knownPatient(hand, page, '4417');
    const letter = await sent(page);
    whole(letter);
    must(letter.patient.id === patient.id && letter.present_illness.includes('血压最高182mmHg') && letter.present_illness.endsWith(MORE), `the gap was not filled in: ${letter.present_illness}`);
    return within('known_patient', hand, seen.entry);
  });
  await step('somebody new: at most 160 keys, twenty characters of them typed', async () => {
    await page.goto(`${server.base}/referrals/new`);
    const hand = new Hand(page);
    await newPatient(hand, page, NEW);
    const letter = await sent(page);
    whole(letter);
    must(letter.patient.name === NEW.name && letter.patient.birth_date === '1971-06-07' && letter.patient.sex === 'female', 'the number did not give sex and birth date');
    must(letter.present_illness === SUMMARY && [...SUMMARY].filter((c) => c >= '一').length >= 20, `${letter.present_illness}`);
    return within('new_patient', hand, seen.entry);
  });
  await step('a diagnosis written before comes first, by three letters', async () => {
    const { body } = await api(page, 'GET', '/codes/icd10?q=gxy');
    must(body.items[0].code === 'I10' && body.items[0].favourite, JSON.stringify(body.items.slice(0, 2)));
    const most = (await api(page, 'GET', '/codes/icd10?q=')).body.items;
    // What was written in the demo's consults counts as well.
    must(most.slice(0, 5).some((one) => one.code === 'I10' && one.favourite), `what is used is not offered first: ${JSON.stringify(most.slice(0, 5))}`);
  });
  await step('Enter is quicker than the lists: what is taken is what all the letters find, not the first of them', async () => {
    await page.clock.install();
    await page.goto(`${server.base}/consults/new?patient=${patient.id}`);
    await page.locator('summary', { hasText: '诊断' }).click();
    await quickly(page, '/codes/icd10', '', page.locator('#dx'), 'gxy', async (answer) => {
      await page.keyboard.press('Enter');
      await answer({ items: [] });
    });
    await page.locator('.dxs .chip', { hasText: 'I10' }).waitFor();

    const { body } = await api(page, 'GET', `/patients?q=${NEW.phone}`);
    must(body.items[0]?.name === NEW.name, JSON.stringify(body));
    await page.goto(`${server.base}/today`);
    await quickly(page, '/patients', '44', page.getByRole('combobox').first(), '4417', async (answer) => {
      await answer(body);
      await page.getByRole('option', { name: NEW.name }).waitFor();
      await page.keyboard.press('Enter');
    });
    await page.waitForURL(`**/consults/new?patient=${patient.id}**`);
  });
  await step('a card reader finds its field, wherever it types', async () => {
    await page.goto(`${server.base}/patients/new?then=referral`);
    const number = identity('990102', '19800229', '017');
    // On a machine that is busy elsewhere a reader may come out as slow as a hand: the card is then read again.
    for (let tries = 0; tries < 4 && (await page.locator('#identity').inputValue()) !== number; tries++) {
      await page.locator('#name').fill('');
      await page.keyboard.type(`${number}`, { delay: 1 });
      await page.keyboard.press('Enter');
    }
    must((await page.locator('#identity').inputValue()) === number, 'the number is not in its field');
    must((await page.locator('#name').inputValue()) === '', 'it stayed in the name');
    await page.getByText('校验通过').waitFor();
  });
  await step('a line pasted from a list fills number, name and telephone; who is on file is shown before the name is typed', async () => {
    await page.reload();
    await page.locator('#identity').waitFor();
    await page.evaluate((text) => {
      const clip = new DataTransfer();
      clip.setData('text', text);
      document.querySelector('#identity').dispatchEvent(new ClipboardEvent('paste', { clipboardData: clip, bubbles: true, cancelable: true }));
    }, `姓名：郑秋水 公民身份号码 ${NUMBER.replace(/X$/, 'ｘ')}`);
    must((await page.locator('#identity').inputValue()) === NUMBER && (await page.locator('#name').inputValue()) === '郑秋水', 'it was not read');
    await page.locator('aside').getByText('同身份证号').waitFor();
  });
  await step('an old number of fifteen digits is offered in its new form, and only taken on a press', async () => {
    await page.locator('#identity').fill('990102680312123');
    const offer = page.getByRole('button', { name: /换成 9901021968/ });
    await offer.waitFor();
    must((await page.locator('#identity').inputValue()) === '990102680312123', 'it was changed silently');
    await offer.click();
    await page.getByText('校验通过').waitFor();
  });
  await step('somebody unconscious is entered with nothing known, and merged into their record once they have a name; undone with one press', async () => {
    await page.goto(`${server.base}/patients/new`);
    await page.getByRole('button', { name: '昏迷 / 身份不明' }).click();
    for (const field of ['#name', '#phone']) await page.locator(field).fill('');
    await page.getByRole('button', { name: '只保存' }).click();
    await page.waitForURL('**/patients/pat-**');
    await page.getByRole('heading', { name: /^身份不明/ }).first().waitFor();
    const unknown = /pat-[\w-]+/.exec(page.url())[0];
    await page.getByRole('button', { name: '找另一份' }).click();
    const search = page.getByRole('combobox').first();
    await search.pressSequentially('4417');
    await page.getByRole('option').first().waitFor();
    await search.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: new RegExp(KNOWN.name) }).waitFor();
    must(await dialog.getByRole('radio', { name: new RegExp(KNOWN.name) }).isChecked(), 'the record with papers is not the one that is kept');
    await dialog.getByRole('button', { name: '合并' }).click();
    await page.waitForURL(`**/patients/${patient.id}`);
    must((await api(page, 'GET', `/patients/${unknown}`)).body.merged_into === patient.id, 'it was not merged');
    await page.getByRole('button', { name: '撤销合并' }).click();
    await until('they are two again', async () => (await api(page, 'GET', `/patients/${unknown}`)).body.merged_into === null);
  });
  await step('no page met a fault', async () => must(page.faults.length === 0, page.faults.join('\n')));
}

/** Types into a field that asks this path; the answer to `first` comes when all is typed and no timer has run since. */
async function quickly(page, path, first, field, all, then) {
  let asked;
  const held = new Promise((resolve) => (asked = resolve));
  await page.route((url) => url.pathname.endsWith(path) && (url.searchParams.get('q') ?? '') === first, asked, { times: 1 });
  await field.focus();
  await page.keyboard.type(first);
  const route = await held;
  await page.clock.pauseAt(Date.now() + 1_000);
  await page.keyboard.type(all.slice(first.length));
  await then((json) => route.fulfill({ json }).then(() => page.waitForTimeout(100)));
  await page.clock.resume();
}
function whole(letter) {
  must(letter.reason_codes.length && letter.reason_text && letter.diagnoses[0]?.code === 'I10' && letter.requested_service && letter.transport?.mode && letter.consent && letter.allergies_ack, `the letter is not whole: ${JSON.stringify(letter)}`);
  must(letter.to.department.name === DEPARTMENT && letter.to.facility.name === HOSPITAL, 'it goes somewhere else');
  must([...letter.present_illness].filter((c) => c >= '一').length >= 20, letter.present_illness);
}
async function cancel(page) {
  const id = /ref-[\w-]+/.exec(page.url())[0];
  const now = await api(page, 'GET', `/referrals/${id}`);
  const done = await api(page, 'POST', `/referrals/${id}/actions/cancel`, { reason: '重新写一张' }, { 'If-Match': now.etag });
  must(done.status === 200, JSON.stringify(done.body));
  await until('it is cancelled', async () => (await api(page, 'GET', `/referrals/${id}`)).body.state === 'cancelled');
}

await tell(story, {
  log: () => server?.log(),
  broke: async () => {
    if (!process.env.SHOT || !browser) return;
    for (const [i, one] of browser.browser.contexts().flatMap((c) => c.pages()).entries()) await one.screenshot({ path: `${process.env.SHOT}-${i}.png`, fullPage: true }).catch(() => undefined);
  },
  close: [() => browser?.close(), () => server?.stop()],
});
