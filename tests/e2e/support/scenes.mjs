// Every screen and its states, once. The axe pass, the check of words and the pictures walk this one list: whoever adds
// a page adds a line. `who` looks at it, `at` is its address, `ready` is there once it is drawn, `stage` leads from the
// address to the scene, `under` is what is done to the line meanwhile.
import { readFileSync } from 'node:fs';
import { hush, meet, ring } from './house.mjs';
import { pause } from './steps.mjs';

/** What somebody is told who sent far too much. */
const SHOWN_OUT = JSON.parse(readFileSync(new URL('../../fixtures/signal/server-eph-shown_out.json', import.meta.url), 'utf8'));

const press = (...names) => async (page) => {
  for (const name of names) await page.keyboard.press(name);
  await pause(250);
};
const cut = async (page) => {
  await page.evaluate(() => window.__cut());
  await page.locator('.notice').waitFor();
  await pause(1_500);
};
/** Nothing is answered any more; what was asked before is heard out first, for an answer says that the line is there. */
const off = async (page) => {
  await page.route('**/api/v1/**', (route) => route.abort());
  await pause(600);
  await page.evaluate(() => dispatchEvent(new Event('offline')));
};
const inCall = (house) => `/consults/${house.live.id}?at=call`;

/** The four states every list and record has besides being full. */
const states = (scene, ...wanted) => wanted.map((state) => ({
  ...scene, name: `${scene.name}-${state}`, under: state,
  ready: { loading: '.skels:not(.waiting)', error: '[role=alert] button', empty: '.empty' }[state] ?? scene.ready,
  then: state === 'offline' ? '.line.off' : undefined,
  stage: state === 'offline' ? off : state === 'loading' ? () => pause(1_400) : undefined,
}));

const today = { name: 'today', who: 'clinic', at: () => '/today', ready: '.todo' };
const patients = { name: 'patients', who: 'clinic', at: () => '/patients', ready: '.ptrow' };
const patient = { name: 'patient', who: 'clinic', at: ({ ids }) => `/patients/${ids.patient}`, ready: 'h1' };
const consults = { name: 'consults', who: 'specialist', at: () => '/consults', ready: '.cs-wl tbody tr' };
const consult = { name: 'consult', who: 'clinic', at: ({ ids }) => `/consults/${ids.answered}`, ready: '.tl' };
const referrals = { name: 'referrals', who: 'clinic', at: () => '/referrals', ready: 'h1' };
const referral = { name: 'referral', who: 'clinic', at: ({ ids }) => `/referrals/${ids.sent}`, ready: '.tl' };
const desk = { name: 'desk', who: 'desk', at: () => '/desk?box=in&tab=decide', ready: '.preview .panel' };
const statistics = { name: 'statistics', who: 'admin', at: () => '/statistics', ready: '.heads', calm: 900 };
const rota = { name: 'admin-rota', who: 'admin', at: () => '/admin?tab=rota', ready: '.admin table' };
const hooks = { name: 'admin-hooks', who: 'admin', at: () => '/admin?tab=hooks', ready: '.admin .item' };
const tokens = { name: 'admin-tokens', who: 'admin', at: () => '/admin?tab=tokens', ready: '.admin .item' };
const live = { who: 'specialist', before: meet, at: inCall, ready: '.tile:not(.own) video', calm: 1_200 };

export const SCENES = [
  { name: 'sign-in', who: 'guest', at: () => '/sign-in', ready: 'form' },
  { name: 'sign-in-refused', who: 'guest', at: () => '/sign-in', ready: 'form', stage: async (page) => {
    await page.locator('form input').first().fill('nobody');
    await page.locator('form input[type=password]').fill('wrong-one');
    await page.locator('form button[type=submit]').click();
    await page.locator('[role=alert]').waitFor();
  } },
  { name: 'setup', who: 'guest', at: () => '/setup#token=none', ready: 'h1' },
  { name: 'verify', who: 'guest', at: () => '/verify#0000-0000-0000-0000', ready: '.empty' },
  { name: 'verify-genuine', who: 'guest', at: () => '/verify', ready: 'form', stage: async (page) => {
    const told = { standing: 'genuine', kind: 'out', no: 'UP-2026-000318', date: '2026-11-21T06:52:00Z', from: '芦湾镇卫生院', to: '云堤市第一人民医院', initials: 'Z. C. H.', printed_at: '2026-11-21T06:57:00Z' };
    await page.route('**/papers/check', (route) => route.fulfill({ json: told }));
    await page.locator('#vf-c').fill('K7QM-04XN-8R2D-PW5T');
    await page.keyboard.press('Enter');
    await page.locator('dl.facts').waitFor();
    await page.unroute('**/papers/check');
  } },
  { name: 'lost', who: 'clinic', at: () => '/nowhere', ready: 'h1' },
  today,
  ...states(today, 'empty', 'loading', 'error', 'offline'),
  { ...today, name: 'today-search', stage: async (page, { ids }) => {
    await page.getByRole('combobox').first().pressSequentially(ids.name.slice(0, 1));
    await page.getByRole('option').first().waitFor();
  } },
  { ...today, name: 'keys', stage: async (page) => {
    await page.locator('h1').click();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
  } },
  patients,
  ...states(patients, 'empty', 'loading', 'error'),
  { name: 'patient-new', who: 'clinic', at: () => '/patients/new', ready: 'form' },
  { name: 'patient-new-calendar', who: 'clinic', at: () => '/patients/new', ready: 'form', stage: async (page) => {
    await page.locator('#birth').fill('19680311');
    await page.locator('#birth').press('Alt+ArrowDown');
    await page.getByRole('grid').waitFor();
  } },
  { name: 'patient-new-wrong', who: 'clinic', at: () => '/patients/new', ready: 'form', stage: async (page) => {
    await page.locator('form input').first().fill('99010219680311041');
    await press('Control+Enter')(page);
  } },
  patient,
  ...states(patient, 'loading', 'error'),
  { ...patient, name: 'patient-merge', lang: 'zh', stage: async (page) => {
    await page.getByRole('button', { name: '找另一份' }).click();
    await page.getByRole('combobox').first().pressSequentially('P-00000');
    await page.getByRole('combobox').first().pressSequentially('3');
    await page.getByRole('option').first().click();
    await page.getByRole('dialog').waitFor();
  } },
  { name: 'consult-new', who: 'clinic', at: ({ ids }) => `/consults/new?patient=${ids.patient}`, ready: 'form .choice' },
  { name: 'consult-new-whom', who: 'clinic', at: ({ ids }) => `/consults/new?patient=${ids.patient}`, ready: 'form .choice', stage: async (page) => {
    await page.locator('#dept').focus();
    await page.getByRole('option').first().waitFor();
  } },
  { name: 'consult-new-undo', who: 'clinic', lang: 'zh', frozen: true, at: ({ ids }) => `/consults/new?patient=${ids.patient}`, ready: 'form .choice', stage: async (page) => {
    await page.locator('#question').fill('写了一半，又想重写');
    await page.getByRole('button', { name: '不要草稿，重写' }).click();
    await page.locator('.toast').waitFor();
  } },
  { name: 'consult-new-sign', who: 'clinic', lang: 'zh', at: ({ ids }) => `/consults/new?patient=${ids.patient}`, ready: 'form .choice', stage: async (page) => {
    await page.getByRole('radio', { name: /屏上签名/ }).check();
    await page.getByRole('radio', { name: /本人/ }).check();
    await page.getByRole('button', { name: /签名$/ }).last().click();
    await page.getByRole('dialog').waitFor();
    await pause(500);
  } },
  consults,
  ...states(consults, 'empty', 'loading', 'error', 'offline'),
  { name: 'consults-clinic', who: 'clinic', at: () => '/consults', ready: '.cs-wl tbody tr' },
  consult,
  ...states(consult, 'loading', 'error'),
  { name: 'consult-asked', who: 'specialist', at: ({ ids }) => `/consults/${ids.asked}`, ready: '.tl' },
  { name: 'escalate', who: 'clinic', at: ({ ids }) => `/consults/${ids.advised}/escalate`, ready: '.letter' },
  { name: 'escalate-codes', who: 'clinic', at: ({ ids }) => `/consults/${ids.advised}/escalate`, ready: '.phrase', stage: async (page) => {
    await press('e')(page);
    await page.locator('#lf-dx').pressSequentially('gxy');
    await page.locator('.search-pop .dx').first().waitFor();
  } },
  { name: 'escalate-phrases', who: 'clinic', lang: 'zh', at: ({ ids }) => `/consults/${ids.advised}/escalate`, ready: '.phrase', stage: async (page) => {
    await page.getByRole('button', { name: '改常用语' }).first().click();
    await page.getByRole('dialog').waitFor();
  } },
  referrals,
  ...states(referrals, 'empty', 'loading', 'error'),
  { name: 'referral-new', who: 'clinic', at: ({ ids }) => `/referrals/new?patient=${ids.patient}`, ready: 'h1' },
  { name: 'referral-new-whom', who: 'clinic', at: ({ ids }) => `/referrals/new?patient=${ids.patient}`, ready: '.choice', stage: async (page) => {
    await page.locator('#rn-d').focus();
    await page.getByRole('option').first().waitFor();
  } },
  { name: 'referral-new-free', who: 'clinic', at: ({ ids }) => `/referrals/new?patient=${ids.patient}`, ready: '.choice', stage: async (page) => {
    await page.locator('#rn-d').fill('心血管');
    await page.getByRole('option').first().click();
    await page.locator('.field .rowx').first().waitFor();
  } },
  referral,
  ...states(referral, 'loading', 'error'),
  { name: 'referral-down', who: 'clinic', at: ({ ids }) => `/referrals/${ids.down}`, ready: '.tl' },
  { ...referral, name: 'referral-story', at: ({ ids }) => `/referrals/${ids.story}`, ready: '.story-row a' },
  { ...patient, name: 'patient-story', at: ({ ids }) => `/patients/${ids.moved}`, ready: '.story-row a' },
  desk,
  ...states(desk, 'empty', 'loading', 'error', 'offline'),
  ...[['book', /接收并安排/], ['ask', /要求补充/], ['redirect', /转给/], ['reject', /拒绝/]].map(([name, button]) => ({
    ...desk, name: `desk-${name}`, lang: 'zh', stage: async (page) => {
      await page.locator('.preview').getByRole('button', { name: button }).first().click();
      await page.locator('.act-form').waitFor();
    } })),
  { ...desk, name: 'desk-bulk', stage: async (page) => {
    await page.locator('.desk-wl tbody input[type=checkbox]').first().check();
    await page.locator('.desk-wl tbody input[type=checkbox]').nth(1).check();
    await page.locator('.bulk').waitFor();
  } },
  { name: 'desk-capacity', who: 'desk', at: () => '/capacity', ready: '.week li' },
  { name: 'referral-transport', who: 'desk', lang: 'zh', at: ({ ids }) => `/referrals/${ids.decide}`, ready: '.tl', stage: async (page) => {
    await page.getByRole('button', { name: '填写' }).click();
    await page.locator('#tr-eta').waitFor();
  } },
  { name: 'admin-promises', who: 'admin', at: () => '/admin?tab=promises', ready: '#ap-urgent_minutes' },
  { name: 'referral-desk', who: 'desk', at: ({ ids }) => `/referrals/${ids.decide}`, ready: '.tl' },
  { name: 'help', who: 'clinic', at: () => '/help', ready: '.help table' },
  { name: 'account', who: 'clinic', at: () => '/account', ready: '.seg' },
  ...[statistics, ...states(statistics, 'loading', 'error', 'offline')],
  { name: 'overrides', who: 'admin', at: () => '/overrides', ready: 'h1' },
  { name: 'admin-facilities', who: 'admin', at: () => '/admin?tab=facilities', ready: '.admin table' },
  { name: 'admin-departments', who: 'admin', at: () => '/admin?tab=departments', ready: '.admin .panel' },
  rota,
  ...states(rota, 'empty', 'loading', 'error', 'offline'),
  { ...rota, name: 'admin-rota-away', at: ({ ids }) => `/admin?tab=rota&department=${ids.ward}`, ready: '.admin .item.away' },
  { ...rota, name: 'admin-rota-away-new', lang: 'zh', stage: async (page) => {
    await page.getByRole('button', { name: '登记请假' }).click();
    await page.locator('#aw-to').waitFor();
  } },
  { name: 'admin-import', who: 'admin', at: () => '/admin?tab=import', ready: '.admin h1' },
  { name: 'admin-import-wrong', who: 'admin', at: () => '/admin?tab=import', ready: '.admin h1', stage: async (page) => {
    const text = '机构名称,级别,24小时电话\n溪口镇卫生院,乡镇卫生院,0999-555-0141\n东坡村卫生室,诊所,\n';
    await page.locator('input[type=file]').setInputFiles({ name: '1.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
    await page.locator('.admin [role=alert], .admin table, .admin .error').first().waitFor();
  } },
  { name: 'admin-import-people', who: 'admin', at: () => '/admin?tab=import', ready: '.admin h1', stage: async (page) => {
    await page.locator('.seg button, .seg label').nth(2).click();
  } },
  { name: 'admin-relations', who: 'admin', at: () => '/admin?tab=relations', ready: '.admin .item' },
  { name: 'admin-relations-changed', who: 'admin', lang: 'zh', at: () => '/admin?tab=relations', ready: '.admin .item', stage: async (page) => {
    await page.locator('.admin .item select').first().selectOption('none');
  } },
  hooks,
  ...states(hooks, 'empty', 'loading', 'error', 'offline'),
  { ...hooks, name: 'admin-hooks-log', stage: async (page) => {
    await page.locator('.admin .item .actions button').nth(1).click();
    await page.getByRole('dialog').locator('li').first().waitFor();
  } },
  { ...hooks, name: 'admin-hooks-new', stage: async (page) => {
    await page.locator('.admin .btn.primary').first().click();
    await page.getByRole('dialog').waitFor();
  } },
  tokens,
  ...states(tokens, 'empty', 'loading', 'error', 'offline'),
  { ...tokens, name: 'admin-tokens-new', stage: async (page) => {
    await page.locator('.head .btn.primary, .admin .btn.primary').first().click();
    await page.getByRole('dialog').waitFor();
  } },
  { name: 'account-password', who: 'clinic', at: () => '/account', ready: '.seg', stage: async (page) => {
    await page.getByRole('button', { name: /改密码|Change password/ }).click();
    await page.locator('input[autocomplete=new-password]').fill('too short');
  } },
  { name: 'account-away', who: 'clinic', lang: 'zh', at: () => '/account', ready: '#ro-away', stage: async (page) => {
    await page.getByRole('button', { name: '登记请假' }).click();
    await page.locator('#aw-to').waitFor();
  } },
  { name: 'account-admin', who: 'admin', at: () => '/account', ready: 'h1' },
  { name: 'device', who: 'clinic', at: () => '/device', ready: '.devcols video', calm: 800 },

  { name: 'ring-out', who: 'clinic', before: ring, at: ({ ringing }) => `/consults/${ringing.id}?at=call`, ready: '.tiers li' },
  { name: 'ring', who: 'specialist', before: ring, at: () => '/consults', ready: '[role=alertdialog]' },
  { name: 'ring-decline', who: 'specialist', before: ring, at: () => '/consults', ready: '[role=alertdialog]', after: hush },

  { ...live, name: 'call' },
  ...[['files', /资料/], ['chat', /聊天/], ['opinion', /意见/]].map(([name, tab]) => ({ ...live, name: `call-${name}`, lang: 'zh', stage: async (page) => {
    await page.getByRole('tab', { name: tab }).click();
    await pause(300);
  } })),
  { ...live, name: 'call-end', lang: 'zh', stage: async (page) => {
    await page.getByRole('button', { name: '结束' }).click();
    await page.getByRole('dialog').waitFor();
  } },
  { ...live, name: 'call-clinic', who: 'clinic' },
  { ...live, name: 'call-line', who: 'clinic', lang: 'zh', stage: async (page) => {
    await page.locator('.call-head button').first().click();
    await pause(300);
  } },
  { ...live, name: 'call-reconnecting', under: 'cut', stage: cut },
  { ...live, name: 'call-shown-out', stage: async (page, house) => {
    await page.evaluate((frame) => window.__hear(frame), { ...SHOWN_OUT, consult: house.live.id });
    await page.locator('.empty-call').waitFor();
  } },
  { name: 'call-strip', who: 'specialist', before: meet, at: inCall, ready: '.tile:not(.own) video', stage: async (page) => {
    await page.evaluate(() => {
      const link = Object.assign(document.createElement('a'), { href: '/consults' });
      document.body.append(link);
      link.click();
      link.remove();
    });
    await page.locator('.cs-wl tbody tr').first().waitFor();
  }, after: hush },
];

const EMPTY = JSON.stringify({ items: [], next: null, counts: {} });
const BROKEN = JSON.stringify({ code: 'internal', status: 500, title: 'Internal', request_id: '0190-7f3a' });
const STAYS = /\/api\/v1\/(session|meta|socket)/;

/** Does to the line what the scene wants; gives back the way to undo it. */
async function under(page, state) {
  if (state === 'offline') return () => page.unroute('**/api/v1/**');
  if (!state || state === 'cut') return async () => undefined;
  const answer = async (route) => {
    const request = route.request();
    if (request.method() !== 'GET' || STAYS.test(request.url())) return route.continue();
    if (state === 'loading') return undefined;
    if (state === 'error') return route.fulfill({ status: 500, contentType: 'application/problem+json', body: BROKEN });
    // A list is empty; a single record stays what it is.
    if (/\/(con|ref|pat)-[\w-]+$/.test(new URL(request.url()).pathname)) return route.continue();
    return route.fulfill({ status: 200, contentType: 'application/json', body: EMPTY });
  };
  await page.route('**/api/v1/**', answer);
  return () => page.unroute('**/api/v1/**', answer);
}

/** Leads to the scene, hands it over, and clears up behind it. */
export async function play(house, scene, deed) {
  const page = house.pages[scene.who];
  await scene.before?.(house);
  await page.bringToFront();
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.evaluate((tongue) => localStorage.setItem('lang', tongue), scene.lang ?? 'zh');
  const back = await under(page, scene.under);
  try {
    await page.goto(house.at(scene.at(house)), { waitUntil: 'commit' });
    await page.locator(scene.ready).first().waitFor({ timeout: 15_000 });
    await scene.stage?.(page, house);
    if (scene.then) await page.locator(scene.then).first().waitFor({ timeout: 5_000 });
    await pause(scene.calm ?? 250);
    return await deed(page);
  } finally {
    await back();
    await scene.after?.(house);
  }
}
