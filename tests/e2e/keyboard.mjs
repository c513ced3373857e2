// The story by keyboard alone: sign in, find, ask, call, answer, chat, opinion, acknowledge, escalate, accept. Real key
// events in two browsers, no mouse; each stop of Tab must be seen. And no key acts while an input method is composing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from './support/browser.mjs';
import { writeCamera, writeMicrophone } from './support/media.mjs';
import { CLINIC, DEPARTMENT, DESK, PASSWORD, SPECIALIST, api, enter } from './support/people.mjs';
import { startServer } from './support/server.mjs';
import { must, pause, step, tell, until } from './support/steps.mjs';

const PATIENT = { name: '郑秋水', sex: 'male', birth_date: '1968-03-11', no_id_reason: 'not_at_hand', phone: '19900004417', allergies: ['青霉素'] };
const PLACE = '急诊楼 1 层抢救室';
const folder = mkdtempSync(join(tmpdir(), 'causeway-keys-'));
let server, here, there;
let pressed = 0;
let stops = 0;

async function press(page, ...keys) {
  for (const key of keys) {
    await page.keyboard.press(key);
    pressed += 1;
  }
}
async function write(page, text) {
  await page.keyboard.type(text);
  pressed += [...text].length;
}

/** What has the focus: its name, and whether one can see that it has it. */
const focused = (page) => page.evaluate(() => {
  const on = document.activeElement;
  if (!on || on === document.body) return { name: '', seen: true, group: '' };
  const words = (node) => (node?.textContent ?? '').replace(/\s+/g, ' ').trim();
  const name = on.getAttribute('aria-label') || words(on.labels?.[0]) || words(on) || on.getAttribute('placeholder') || on.id;
  const ring = (node) => {
    const style = node && getComputedStyle(node);
    return !!style && ((style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow.includes('0px 0px 0px'));
  };
  // A field may pass its ring on to the frame it stands in; a skip link and the page's own heading scroll into view.
  const seen = [on, on.closest('label'), on.closest('.dxs'), on.closest('tr')].some(ring) || on.id === 'main';
  return { name, seen, group: words(on.closest('fieldset')?.querySelector('legend')), tag: on.tagName.toLowerCase() };
});

/** Tab, until what has the focus is meant; each stop on the way has to be seen. */
async function tabTo(page, meant, { group = /(?:)/, limit = 60, key = 'Tab' } = {}) {
  const passed = [];
  for (let i = 0; i <= limit; i++) {
    const now = await focused(page);
    if (i > 0) {
      stops += 1;
      must(now.seen, `the focus cannot be seen on ${now.tag} "${now.name}"`);
    }
    if (now.name && meant.test(now.name) && group.test(now.group)) return now;
    passed.push(now.name.slice(0, 14));
    await press(page, key);
  }
  throw new Error(`Tab never came to ${meant}: ${passed.join(' | ')}`);
}

async function signIn(page, who) {
  await page.goto(`${server.base}/sign-in`);
  await page.locator('form').waitFor();
  await until('the first field has the focus', async () => (await focused(page)).tag === 'input', 5_000);
  await write(page, who.login);
  await press(page, 'Tab');
  await write(page, PASSWORD);
  await press(page, 'Enter');
  await page.waitForURL((url) => !url.pathname.includes('sign-in'));
}

async function story() {
  await step('a server and two browsers', async () => {
    const path = (name) => join(folder, name);
    writeCamera(path('a.y4m'), [90, 90, 220]);
    writeCamera(path('b.y4m'), [90, 210, 90]);
    writeMicrophone(path('a.wav'), { voice: 'cmn', words: '请您看一下', speak: 1, silent: 2 });
    server = await startServer();
    [here, there] = await Promise.all([
      launch({ camera: path('a.y4m'), microphone: path('a.wav') }), launch({ camera: path('b.y4m'), microphone: path('a.wav') }),
    ]);
  });
  const clinic = await here.page();
  const specialist = await there.page();
  const desk = await here.page({ fresh: true });
  for (const page of [clinic, specialist, desk]) {
    await page.addInitScript(() => {
      window.__mouse = 0;
      for (const kind of ['pointerdown', 'mousedown', 'touchstart']) addEventListener(kind, () => (window.__mouse += 1), true);
    });
  }
  await step('all three sign in', async () => {
    await signIn(desk, DESK);
    await signIn(specialist, SPECIALIST);
    await clinic.bringToFront();
    await signIn(clinic, CLINIC);
  });
  await enter(clinic, PATIENT);

  await step('no key acts while a pinyin is being composed', () => composing(clinic));
  await step('? shows the keys of this page, Escape gives the focus back', async () => {
    await press(clinic, 'Escape');
    await tabTo(clinic, /^新病人/);
    await press(clinic, '?');
    await clinic.getByRole('dialog').waitFor();
    const shown = await clinic.getByRole('dialog').innerText();
    for (const key of ['N', '/', 'G', 'Esc']) must(shown.includes(key), `${key} is not in the table`);
    await press(clinic, 'Escape');
    await clinic.getByRole('dialog').waitFor({ state: 'detached' });
    must(/新病人/.test((await focused(clinic)).name), 'the focus was not given back');
  });

  await step('the clinic finds the patient and starts', async () => {
    await press(clinic, '/');
    await write(clinic, 'zqs');
    await clinic.getByRole('option').first().waitFor();
    await press(clinic, 'Control+Enter');
    await clinic.waitForURL('**/consults/new?patient=pat-**');
    await clinic.locator('form .choice').first().waitFor();
  });
  await step('urgency, department, question and consent', async () => {
    await clinic.evaluate(() => document.activeElement?.blur());
    await press(clinic, '1');
    await tabTo(clinic, /科室|department/i);
    await write(clinic, DEPARTMENT);
    await clinic.getByRole('option').first().waitFor();
    await press(clinic, 'Enter');
    await tabTo(clinic, /想请教/);
    await write(clinic, '胸痛 2 小时，ST 段抬高，是否立即上转？');
    await tabTo(clinic, /纸质/);
    await press(clinic, 'Space');
    await tabTo(clinic, /本人/);
    await press(clinic, 'Space', 'Control+Enter');
    await clinic.waitForURL('**/consults/con-**at=call**');
  });
  await step('the specialist answers with Enter', async () => {
    await specialist.bringToFront();
    await specialist.locator('[role=alertdialog]').waitFor();
    await until('the answer button has the focus', async () => /接听/.test((await focused(specialist)).name), 5_000);
    must((await focused(specialist)).seen, 'its focus cannot be seen');
    await press(specialist, 'Enter');
    await specialist.waitForURL('**at=call**');
    await clinic.locator('.tile:not(.own) video').first().waitFor();
    await specialist.locator('.tile:not(.own) video').first().waitFor();
  });
  await step('they write to each other', async () => {
    await clinic.bringToFront();
    await press(clinic, 't');
    await tabTo(clinic, /写一句|聊天.*写|message/i);
    await write(clinic, '血压 98/60');
    await press(clinic, 'Enter');
    await specialist.bringToFront();
    await press(specialist, 't');
    await specialist.getByRole('log').getByText('血压 98/60').waitFor();
    await press(specialist, 'm');
    await specialist.getByRole('button', { name: '取消静音' }).waitFor();
    await press(specialist, 'm');
  });
  await step('the specialist signs the opinion', async () => {
    await press(specialist, 'o');
    await tabTo(specialist, /结论/);
    await write(specialist, '急性下壁心肌梗死，马上转来。m');
    must((await specialist.getByRole('button', { name: '静音', exact: true }).count()) === 1, 'a letter in a field muted the microphone');
    await tabTo(specialist, /诊断/);
    await write(specialist, 'I21.1 急性下壁心肌梗死');
    await press(specialist, 'Enter');
    await tabTo(specialist, /建议/);
    await write(specialist, '不要用硝酸甘油');
    await tabTo(specialist, /(?:)/, { group: /下一步/ });
    await press(specialist, '2', 'Control+Enter');
    await specialist.getByRole('button', { name: '确认签名' }).waitFor();
    await press(specialist, 'Control+Enter');
    await specialist.locator('.side').getByText('已签名').waitFor();
  });
  await step('the clinic adopts it and goes on to the referral', async () => {
    await clinic.bringToFront();
    // Leave the field first: a letter in it would be written.
    await tabTo(clinic, /聊天/, { key: 'Shift+Tab' });
    await press(clinic, 'o');
    await clinic.locator('.side').getByText('马上转来').waitFor();
    await tabTo(clinic, /全部/);
    await press(clinic, 'Space');
    await tabTo(clinic, /确认并转诊/);
    await press(clinic, 'Enter');
    await clinic.waitForURL('**/escalate');
    await clinic.locator('.letter').waitFor();
  });
  await step('the referral goes out', async () => {
    await tabTo(clinic, /(?:)/, { group: /为什么转/ });
    await press(clinic, '1');
    await tabTo(clinic, /(?:)/, { group: /怎么去/ });
    await press(clinic, '1');
    await tabTo(clinic, /纸质/);
    await press(clinic, 'Space');
    await tabTo(clinic, /本人/);
    await press(clinic, 'Space');
    await tabTo(clinic, /已核对过敏/);
    await press(clinic, 'Space', 'Control+Enter');
    await clinic.waitForURL('**/referrals/ref-**');
  });
  const referral = /ref-[\w-]+/.exec(clinic.url())[0];
  await step('the desk walks to it and accepts with a place and a time', async () => {
    await desk.bringToFront();
    const row = desk.locator('.desk-wl tbody tr', { hasText: PATIENT.name });
    await row.waitFor();
    await press(desk, ...Array.from({ length: 12 }, () => 'k'));
    for (let i = 0; i < 20 && (await row.getAttribute('aria-selected')) !== 'true'; i++) await press(desk, 'j');
    must((await focused(desk)).seen, 'the row in focus cannot be seen');
    await desk.locator('.preview').getByText(PATIENT.name).first().waitFor();
    await press(desk, 'a');
    await desk.locator('.act-form').waitFor();
    await tabTo(desk, /地点/);
    await press(desk, 'Control+a');
    await write(desk, PLACE);
    await press(desk, 'Control+Enter');
    await until('it is scheduled', async () => (await api(desk, 'GET', `/referrals/${referral}`)).body.state === 'scheduled', 8_000);
  });
  await step('no mouse was touched, and no page met a fault', async () => {
    const all = [clinic, specialist, desk];
    for (const page of all) must((await page.evaluate(() => window.__mouse)) === 0, 'a mouse was used');
    must(all.every((page) => page.faults.length === 0), all.flatMap((page) => page.faults).join('\n'));
    return `${pressed} keys, ${stops} stops of Tab, all of them seen`;
  });
}

/** An input method has the keys while it composes: 229 is all a page is told, and its Enter ends the pinyin. */
async function composing(page) {
  const cdp = await page.context().newCDPSession(page);
  const process = (type) => cdp.send('Input.dispatchKeyEvent', { type, key: 'Process', windowsVirtualKeyCode: 229, nativeVirtualKeyCode: 229 });
  await until('the search has the focus', async () => (await focused(page)).tag === 'input', 5_000);
  await cdp.send('Input.imeSetComposition', { text: 'zqs', selectionStart: 3, selectionEnd: 3 });
  await process('rawKeyDown');
  await process('keyUp');
  const before = page.url();
  // What older builds send: the key's own name, but composing; and 229 with a name.
  await page.evaluate(() => {
    for (const key of ['Enter', 'n', '?', 'g', '1']) {
      for (const how of [{ isComposing: true }, { keyCode: 229 }]) {
        for (const target of [document.activeElement, document.body]) target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...how }));
      }
    }
    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, isComposing: true, bubbles: true, cancelable: true }));
  });
  await pause(300);
  must(page.url() === before, `a composing key led to ${page.url()}`);
  must((await page.getByRole('dialog').count()) === 0, 'a composing key opened a dialog');
  await cdp.send('Input.imeSetComposition', { text: '', selectionStart: 0, selectionEnd: 0 });
  // In a field a letter is a letter.
  await write(page, 'n?');
  must(page.url() === before && (await page.getByRole('dialog').count()) === 0, 'a letter in a field acted');
  await press(page, 'Backspace', 'Backspace');
  await cdp.detach();
}

await tell(story, {
  log: () => server?.log(),
  close: [() => Promise.allSettled([here?.close(), there?.close()]), () => server?.stop(), () => rmSync(folder, { recursive: true, force: true })],
});
