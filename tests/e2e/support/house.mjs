// A furnished house to look at: the demo alliance, two browsers with drawn cameras, everybody signed in, and the ids of
// records worth seeing. What the axe pass and the pictures walk through is listed in scenes.mjs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from './browser.mjs';
import { CLINIC as ROOM, HOSPITAL as OFFICE } from './drawn.mjs';
import { writeMicrophone, writeScene } from './media.mjs';
import { CLINIC, DEPARTMENT, DESK, SPECIALIST, api, call, signIn } from './people.mjs';
import { startServer } from './server.mjs';
import { until } from './steps.mjs';

export const ADMIN = { login: 'gu.chaosheng', name: '顾潮生' };

export async function openHouse() {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-house-'));
  const path = (name) => join(folder, name);
  const server = await startServer();
  const painter = await launch();
  const board = await painter.page();
  await writeScene(path('clinic.y4m'), board, ROOM);
  await writeScene(path('hospital.y4m'), board, OFFICE);
  await painter.close();
  writeMicrophone(path('clinic.wav'), { voice: 'cmn', words: '病人胸痛两个小时，心电图已经发过去了', speak: 3, silent: 1 });
  writeMicrophone(path('hospital.wav'), { voice: 'cmn', words: '好的，我看到了', speak: 0.5, silent: 6 });
  const [here, there] = await Promise.all([
    launch({ camera: path('clinic.y4m'), microphone: path('clinic.wav') }),
    launch({ camera: path('hospital.y4m'), microphone: path('hospital.wav') }),
  ]);
  const pages = {
    clinic: await here.page(),
    specialist: await there.page(),
    desk: await there.page({ fresh: true }),
    admin: await there.page({ fresh: true }),
    guest: await there.page({ fresh: true }),
  };
  // Whose page stands in which browser: a browser brings one page to the front at a time.
  const lanes = { clinic: 'here', specialist: 'there', desk: 'there', admin: 'there', guest: 'there' };
  const house = {
    server, pages, lanes, folder, here, there, ids: {}, said: {},
    at: (where) => `${server.base}${where}`,
    async close() {
      await Promise.allSettled([here.close(), there.close()]);
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (const [who, page] of Object.entries(pages)) house.said[who] = await listen(page);
  // A line that can be cut: the socket is closed, and a new one finds nobody.
  await pages.specialist.addInitScript(() => {
    const Real = window.WebSocket;
    const open = new Set();
    window.WebSocket = class extends Real {
      constructor(...at) {
        super(...(window.__gone ? ['wss://127.0.0.1:9/'] : at));
        open.add(this);
      }
    };
    window.__cut = () => {
      window.__gone = true;
      for (const one of open) one.close();
    };
    // As if the server had said it.
    window.__hear = (frame) => {
      for (const one of open) one.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }));
    };
  });
  await Promise.all([
    signIn(pages.clinic, server.base, CLINIC),
    signIn(pages.desk, server.base, DESK),
    signIn(pages.specialist, server.base, SPECIALIST),
    signIn(pages.admin, server.base, ADMIN),
  ]);
  await pages.guest.goto(house.at('/sign-in'));
  house.ids = { ...(await worthSeeing(pages)), ...(await furnish(pages.admin)) };
  return house;
}

/** What the demo has none of: an address that is told and was not reached, a token, somebody who is away. */
async function furnish(admin) {
  const made = async (where, what) => {
    const { status, body } = await api(admin, 'POST', where, what);
    if (status !== 201) throw new Error(`${where} answered ${status} ${JSON.stringify(body)}`);
    return body;
  };
  const { acting } = (await api(admin, 'GET', '/session')).body;
  const { hook } = await made('/admin/hooks', { facility: acting.facility.id, url: 'https://his.hospital.example/causeway', events: ['ring', 'urgent_referral'] });
  await made(`/admin/hooks/${hook.id}/test`, {});
  const people = (await api(admin, 'GET', '/admin/people')).body.items;
  const doctor = people.find((one) => one.login === SPECIALIST.login);
  await made('/admin/tokens', { name: '医院信息系统', user: doctor.id, scopes: ['read:consults', 'write:referrals'], days: 90 });
  // Away from today on, in a department whose doctors nobody rings here.
  const departments = (await api(admin, 'GET', '/admin/departments')).body.items.filter((one) => !one.name.includes(DEPARTMENT));
  for (const { id } of departments) {
    const week = (await api(admin, 'GET', `/admin/departments/${id}/rota?from=${new Date().toISOString()}`)).body;
    if (!week.staff.length) continue;
    const days = (n) => new Date(Math.floor((Date.now() + 8 * 3_600_000) / 86_400_000) * 86_400_000 - 8 * 3_600_000 + n * 86_400_000).toISOString();
    await made('/absences', { user: week.staff[0].id, starts_at: days(0), ends_at: days(3) });
    return { ward: id };
  }
  throw new Error('no department has doctors');
}

/** Records of the demo by what they show. */
async function worthSeeing({ clinic, desk, specialist }) {
  const items = async (page, where) => (await api(page, 'GET', where)).body.items;
  const patients = await items(clinic, '/patients/recent');
  const consults = await items(clinic, '/consults?box=mine');
  const waiting = await items(specialist, '/consults?box=waiting');
  const sent = await items(clinic, '/referrals?box=mine');
  const inbox = await items(desk, '/referrals?box=in&tab=decide');
  const state = (list, ...states) => list.find((one) => states.includes(one.state))?.id ?? list[0].id;
  const seen = (await Promise.all(patients.map((one) => items(clinic, `/consults?box=patient&patient=${one.id}`)))).flat();
  const answered = seen.find((one) => one.opinion && one.urgency === 'emergency') ?? seen.find((one) => one.opinion) ?? seen[0];
  const advised = seen.find((one) => one.opinion?.next === 'refer_up' && one.id !== answered.id) ?? answered;
  return {
    patient: answered.patient.id,
    name: answered.patient.name,
    asked: waiting[0].id,
    answered: answered.id,
    advised: advised.id,
    draft: state(consults, 'draft'),
    sent: state(sent, 'in_treatment', 'scheduled'),
    story: sent.find((one) => one.state === 'follow_up')?.id ?? sent[0].id,
    moved: (sent.find((one) => one.state === 'follow_up') ?? sent[0]).patient.id,
    down: sent.find((one) => one.direction === 'down')?.id ?? sent[0].id,
    decide: inbox.find((one) => one.urgency !== 'emergency')?.id ?? inbox[0].id,
  };
}

/** A consult that rings at the specialist; the one before is taken back. */
export async function ring(house) {
  await hush(house);
  await house.pages.clinic.goto(house.at('/today'));
  house.ringing = await call(house.pages.clinic, { patient_id: house.ids.patient });
  return house.ringing;
}

/** Nobody rings and nobody is in a call. */
export async function hush(house) {
  const { clinic } = house.pages;
  for (const id of [house.ringing?.id, house.live?.id].filter(Boolean)) {
    const { body, etag } = await api(clinic, 'GET', `/consults/${id}`);
    const way = ['cancel', 'end_without_opinion'].find((one) => body.open_actions.includes(one));
    if (way) await api(clinic, 'POST', `/consults/${id}/actions/${way}`, { reason: '看完了' }, { 'If-Match': etag });
  }
  house.ringing = house.live = undefined;
}

/** Both sides in a call, with papers and words on the table. Stays as it is when it is there already. */
export async function meet(house) {
  if (house.live) return house.live;
  const { clinic, specialist } = house.pages;
  const consult = await ring(house);
  await clinic.goto(house.at(`/consults/${consult.id}?at=call`));
  await specialist.bringToFront();
  await specialist.goto(house.at('/consults'));
  await specialist.locator('[role=alertdialog] .btn.ok').click();
  await specialist.waitForURL('**at=call**');
  await clinic.locator('.tile:not(.own) video').first().waitFor();
  for (const [page, body] of [[specialist, 'V3R 到 V5R 右胸导联做了吗？'], [clinic, '正在做，照片马上发。']]) {
    await api(page, 'POST', `/consults/${consult.id}/messages`, { body, client_msg_id: crypto.randomUUID() });
  }
  house.live = consult;
  house.ringing = undefined;
  return consult;
}

/**
 * Everything the server ever said to a page: names, questions, places. Whatever else is on the screen is ours. The page
 * itself listens, since what comes out of a cache is nobody else's to hear.
 */
async function listen(page) {
  const data = new Set();
  const strings = (value) => {
    // A page may show a line of a text, or the department of "hospital department".
    if (typeof value === 'string') for (const one of [value, ...value.split(/\s+/)]) (/\p{Script=Han}/u.test(one) || (one === value && one.length > 3)) && data.add(one);
    else if (Array.isArray(value)) value.forEach(strings);
    else if (value && typeof value === 'object') Object.values(value).forEach(strings);
  };
  await page.exposeFunction('__heard', (text) => {
    try {
      strings(JSON.parse(text));
    } catch {
      // Not for reading.
    }
  });
  await page.addInitScript(() => {
    const ask = window.fetch;
    window.fetch = async (...how) => {
      const answer = await ask(...how);
      if ((answer.headers.get('content-type') ?? '').includes('json')) answer.clone().text().then(window.__heard, () => undefined);
      return answer;
    };
  });
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => {
    try {
      strings(JSON.parse(String(payload)));
    } catch {
      // Not for reading.
    }
  }));
  return data;
}

export const LOOKS = ['zh', 'en'].flatMap((lang) => ['light', 'dark'].flatMap((theme) => [1440, 390].map((width) => ({ lang, theme, width }))));

/** Another look without loading the page anew: as if another window of ours had been told. */
export async function setLook(page, { lang, theme, width }) {
  await page.setViewportSize({ width, height: width > 760 ? 900 : 844 });
  await page.evaluate(([tongue, colours]) => {
    for (const [key, value] of [['lang', tongue], ['theme', colours]]) {
      localStorage.setItem(key, value);
      dispatchEvent(new StorageEvent('storage', { key, newValue: value }));
    }
  }, [lang, theme]);
  await until('the look', () => page.evaluate(([tongue, colours]) =>
    document.documentElement.lang.startsWith(tongue) && document.documentElement.dataset.theme === colours, [lang, theme]), 5_000, 20);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
