// Every row of the consult's table that a person can trigger, pressed on its page by somebody who may: what is open
// is offered, its form asks for what it needs, and the history names the step and who took it. What is not pressed
// here by ring or in the call is pressed in story.mjs.
import { readFileSync } from 'node:fs';
import { launch } from '../e2e/support/browser.mjs';
import { CLINIC, DESK, SPECIALIST, api, signIn } from '../e2e/support/people.mjs';
import { startServer } from '../e2e/support/server.mjs';
import { must, step, tell, until } from '../e2e/support/steps.mjs';

const TABLE = JSON.parse(readFileSync(new URL('../fixtures/state_machines.json', import.meta.url))).consult;
const WORDS = Object.fromEntries([...readFileSync(new URL('../../web/src/i18n/consult.zh.ts', import.meta.url), 'utf8').matchAll(/'(cs\.act\.\w+)': '([^']+)'/g)].map((one) => [one[1], one[2]]));
const PATIENCE = Number(process.env.STORY_PATIENCE ?? 1);
const PEOPLE = {
  lin: { ...CLINIC, parts: ['requester'] },
  // Her second tab.
  tab: { ...CLINIC, parts: ['requester'] },
  miao: { login: 'miao.qinghe', name: '苗青禾', parts: ['requester_admin'] },
  xu: { ...SPECIALIST, parts: ['target_doctor'] },
  qin: { login: 'qin.chuandu', name: '秦川渡', parts: ['target_doctor'] },
  // Only rings: what rings there waits for nobody else.
  zhou: { login: 'zhou.yanzhi', name: '周砚之', parts: [] },
  song: { ...DESK, parts: ['target_desk', 'alliance_dispatcher'] },
  yan: { login: 'yan.jibai', name: '严既白', parts: ['chair'] },
};
const OPINION = { conclusion: '考虑稳定型心绞痛', advice: '门诊随诊', diagnoses: [{ text: '心绞痛' }], next: 'treat_here' };
/** Row and part of everything a person may do, and how often each was pressed. */
const pressed = new Map([...TABLE.transitions, ...TABLE.side_effect_actions].flatMap((row) => row.actors.filter((one) => one !== 'system').map((one) => [`${row.id} ${one}`, 0])));

let server;
let browser;
const pages = {};
let departments;

const items = async (page, where) => (await api(page, 'GET', where)).body.items;
const at = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
const local = (minutes) => new Date(Date.now() + (minutes + 480) * 60_000).toISOString().slice(0, 16);
const look = async (who, id) => (await api(pages[who], 'GET', `/consults/${id}`)).body;

/** A step taken behind the page, to bring a consult where it is to be pressed. */
async function does(who, id, action, body = {}) {
  const { etag } = await api(pages[who], 'GET', `/consults/${id}`);
  const { status, body: said } = await api(pages[who], 'POST', `/consults/${id}/actions/${action}`, body, { 'If-Match': etag });
  must(status === 200, `${who} ${action}: ${status} ${JSON.stringify(said)}`);
  return said;
}
let patient;
async function asked(kind = 'async') {
  const made = await api(pages.lin, 'POST', '/consults', {
    patient_id: patient, to_department: departments[0].id, kind, urgency: 'urgent', consent: { method: 'paper', signer: 'patient' },
    question: '反复胸闷三个月，活动后明显，是否需要造影？', prelim_diagnoses: [{ text: '冠心病' }],
  });
  must(made.status === 201, `not begun: ${JSON.stringify(made.body)}`);
  await does('lin', made.body.id, 'submit');
  return made.body.id;
}
/** Consults in each state that a person can act on, brought there by the people who can. */
const IN = {
  draft: async () => (await api(pages.lin, 'POST', '/consults', { patient_id: patient, to_department: departments[0].id, kind: 'async', urgency: 'routine', question: '先写一半' })).body.id,
  requested: () => asked('scheduled'),
  queued: () => asked('async'),
  ringing: () => asked('instant'),
  declined: async () => {
    const id = await asked('async');
    await does('xu', id, 'refuse', { reason_code: 'busy' });
    return id;
  },
  accepted: async () => {
    const id = await asked('async');
    await does('xu', id, 'take');
    return id;
  },
  scheduled: async () => {
    const id = await asked('scheduled');
    await does('lin', id, 'schedule', { start: at(2), end: at(32), chair: yanId, invitees: [yanId] });
    return id;
  },
  alone: async () => {
    const id = await asked('scheduled');
    await does('lin', id, 'schedule', { start: at(2), end: at(32) });
    return id;
  },
  in_progress: async () => {
    const id = await IN.alone();
    await does('xu', id, 'start');
    return id;
  },
  board: async () => {
    const id = await IN.scheduled();
    await does('yan', id, 'start');
    return id;
  },
  opinion_given: async () => {
    const id = await IN.accepted();
    await does('xu', id, 'give_opinion', OPINION);
    return id;
  },
  board_given: async () => {
    const id = await IN.board();
    await does('yan', id, 'give_opinion', OPINION);
    return id;
  },
  closed: async () => {
    const id = await IN.opinion_given();
    await does('lin', id, 'acknowledge', { adopted: 'full' });
    return id;
  },
  board_closed: async () => {
    const id = await IN.board_given();
    await does('lin', id, 'acknowledge', { adopted: 'full' });
    return id;
  },
};
let yanId;

/** To another page of the same visit, as by a link. */
async function open(page, where) {
  await page.evaluate((href) => {
    const link = Object.assign(document.createElement('a'), { href });
    document.body.append(link);
    link.click();
    link.remove();
  }, where);
}

async function pickDepartment(page, one) {
  await page.locator('#act-d').fill(one.name);
  await page.getByRole('option', { name: new RegExp(one.facility.name) }).first().click();
}
async function fillTimes(page, minutes) {
  await page.locator('#act-s').fill(local(minutes));
  await page.locator('#act-s').press('Tab');
  await page.locator('#act-e').fill(local(minutes + 30));
}
const reason = (page) => page.locator('#act-r').fill('已电话沟通');
const coded = (page) => page.locator('.act-form').getByRole('radio').first().check();
const FORMS = {
  refuse: coded, decline: coded, cancel: reason, end_without_opinion: reason, enter_in_error: reason,
  redirect: (page) => pickDepartment(page, departments[1]), transfer: (page) => pickDepartment(page, departments[1]),
  schedule: (page) => fillTimes(page, 60), reschedule: (page) => fillTimes(page, 90), to_async: () => undefined, release: () => undefined,
};

async function sign(page, amend) {
  if (amend) await page.getByRole('button', { name: '出新版', exact: true }).click();
  await page.getByLabel('结论').fill('不典型心绞痛，先做平板试验');
  if (!amend) {
    await page.locator('#op-d').fill('I20.9 心绞痛');
    await page.locator('#op-d').press('Enter');
    await page.getByRole('radio', { name: /就地治疗/ }).check();
  } else await page.getByRole('radio', { name: /有新结果/ }).check();
  await page.getByLabel('建议').fill('门诊平板试验，两周后再约');
  await page.getByRole('button', { name: '签名并送出' }).click();
  await page.getByRole('button', { name: '确认签名' }).click();
}
const OTHERS = {
  give_opinion: (page) => sign(page, false),
  amend_opinion: (page) => sign(page, true),
  acknowledge: async (page) => {
    await page.getByRole('radio', { name: '部分' }).check();
    await page.locator('#ack-why').fill('病人要求先保守');
    await page.getByRole('button', { name: /^(只确认，不转诊|确认意见)$/ }).click();
  },
  // The letter is the asking side's: the specialist begins it for them.
  escalate: (page) => (page === pages.tab ? page.getByRole('link', { name: WORDS['cs.act.escalate'], exact: true }) : page.getByRole('button', { name: '替对方起草转诊单' })).click(),
};

/** Presses `action` on the page of the consult, and looks into its history for it. */
async function press(who, action, where) {
  const id = await IN[where]();
  const page = pages[who];
  const before = await look(who, id);
  await open(page, `/consults/${id}`);
  await page.getByText(before.no).first().waitFor();
  if (OTHERS[action]) await OTHERS[action](page);
  else {
    await page.locator('.cpcols aside').getByRole('button', { name: WORDS[`cs.act.${action}`], exact: true }).first().click();
    if (FORMS[action]) {
      await FORMS[action](page);
      await page.locator('.act-form .actions button').first().click();
    }
  }
  await taken(who, id, action, before.state);
}

/** The step stands in the history under this person's name; counted for every part they play. */
async function taken(who, id, action, from) {
  const { answer } = await until(`${who} ${action} from ${from}`, async () =>
    (await items(pages[who], `/consults/${id}/history`)).find((one) => one.action === action && one.from_state === from && one.actor?.name === PEOPLE[who].name), 8_000 * PATIENCE, 60);
  const rows = [...TABLE.transitions, ...TABLE.side_effect_actions].filter((row) => row.action === action && row.from.includes(from));
  for (const row of rows) for (const part of PEOPLE[who].parts) if (pressed.has(`${row.id} ${part}`)) pressed.set(`${row.id} ${part}`, pressed.get(`${row.id} ${part}`) + 1);
  return answer;
}

const PRESSES = {
  tab: [['cancel', 'queued'], ['redial', 'declined'], ['redirect', 'declined'], ['to_async', 'declined'], ['schedule', 'queued'], ['reschedule', 'scheduled'], ['cancel', 'scheduled'],
    ['start', 'alone'], ['acknowledge', 'opinion_given'], ['end_without_opinion', 'in_progress'], ['escalate', 'closed']],
  miao: [['redial', 'declined'], ['redirect', 'queued'], ['cancel', 'draft'], ['enter_in_error', 'closed']],
  xu: [['refuse', 'requested'], ['accept', 'ringing'], ['take', 'queued'], ['decline', 'ringing'], ['schedule', 'accepted'], ['start', 'alone'], ['release', 'accepted'], ['transfer', 'accepted']],
  qin: [['give_opinion', 'accepted'], ['amend_opinion', 'opinion_given'], ['amend_opinion', 'closed'], ['end_without_opinion', 'accepted'], ['escalate', 'in_progress']],
  song: [['refuse', 'queued'], ['decline', 'ringing'], ['redial', 'declined'], ['redirect', 'declined'], ['schedule', 'requested'], ['reschedule', 'scheduled'], ['cancel', 'scheduled'], ['transfer', 'ringing'], ['enter_in_error', 'queued']],
  yan: [['reschedule', 'scheduled'], ['cancel', 'scheduled'], ['start', 'scheduled'], ['give_opinion', 'board'], ['amend_opinion', 'board_given'], ['amend_opinion', 'board_closed']],
};

async function story() {
  await step('a server, one browser, seven people', async () => {
    server = await startServer();
    browser = await launch({ flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
    for (const who of Object.keys(PEOPLE)) pages[who] = who === 'tab' ? null : await browser.page({ fresh: true });
    pages.tab = await browser.beside(pages.lin);
    await Promise.all(Object.entries(pages).filter(([who]) => who !== 'tab').map(([who, page]) => signIn(page, server.base, PEOPLE[who])));
    await pages.tab.goto(`${server.base}/today`);
    patient = (await items(pages.lin, '/patients/recent'))[0].id;
    const all = await items(pages.lin, '/departments?accepts=consult');
    departments = ['心血管内科', '呼吸内科'].map((name) => all.find((one) => one.name === name && one.facility.name === '云堤市第一人民医院'));
    yanId = (await api(pages.yan, 'GET', '/session')).body.id;
    // Whoever has something else to press is not to be covered by a call.
    for (const who of ['xu', 'qin', 'song']) must((await api(pages[who], 'PUT', '/session/presence', { status: 'busy' })).status < 300, 'not busy');
  });
  await Promise.all([
    ...Object.entries(PRESSES).filter(([who]) => who !== 'qin').map(([who, list]) => lane(who, list)),
    brokenOff().then(() => Promise.all([written(), lane('qin', PRESSES.qin)])),
  ]);
  await step('every row that a person can trigger was pressed', () => {
    const missing = [...pressed].filter(([, times]) => times === 0).map(([row]) => row);
    const rows = new Set([...pressed].filter(([, times]) => times > 0).map(([row]) => row.split(' ')[0]));
    const wanted = new Set([...pressed.keys()].map((row) => row.split(' ')[0]));
    must(missing.length === 0, `not pressed: ${missing.join(', ')}`);
    return `${rows.size} of ${wanted.size} rows, ${pressed.size - missing.length} of ${pressed.size} pairs of a row and who may`;
  });
  await step('no page met a fault of its own', () => {
    const faults = Object.values(pages).flatMap((page) => page.faults);
    must(faults.length === 0, faults.join('\n'));
  });
}

const lane = (who, list) => step(`${PEOPLE[who].name} presses ${list.length}`, async () => {
  const took = [];
  for (const [action, where] of list) {
    const began = Date.now();
    await press(who, action, where).catch((fault) => {
      throw new Error(`${who} ${action} in ${where}: ${fault.message.split('\n').slice(0, 4).join(' ')}`);
    });
    took.push(`${action} ${Date.now() - began}`);
  }
  return took.join(', ');
});

/** The request itself, for an agreed time: sent, and the time chosen with a chair from another department. */
const written = () => step('the clinic asks for a time, with several disciplines and a chair', async () => {
  const page = pages.lin;
  await open(page, `/consults/new?patient=${patient}&department=${departments[0].id}`);
  await page.getByRole('radio', { name: /择期|常规|平诊|不急/ }).check();
  await page.getByLabel('想请教什么').fill('反复晕厥两次，动态心电图已做，几个科室能否一起看？');
  await page.getByRole('radio', { name: /纸质签名/ }).check();
  await page.getByRole('radio', { name: /本人/ }).check();
  await page.getByRole('button', { name: '约时间' }).click();
  await page.waitForURL('**/consults/con-**do=schedule**');
  const id = /con-[\w-]+/.exec(page.url())[0];
  await taken('lin', id, 'submit', 'draft');
  await fillTimes(page, 10);
  await page.getByRole('checkbox', { name: /多学科/ }).check();
  await page.locator('#act-i').fill('心脏外科');
  await page.getByRole('option', { name: /^心脏外科/ }).first().click();
  await page.getByRole('checkbox', { name: new RegExp(PEOPLE.yan.name) }).check();
  await page.getByRole('radio', { name: new RegExp(PEOPLE.yan.name) }).check();
  await page.locator('.act-form .actions button').first().click();
  await taken('lin', id, 'schedule', 'requested');
  const agreed = await look('lin', id);
  must(agreed.kind === 'mdt' && agreed.chair.name === PEOPLE.yan.name && agreed.invited.length === 1, JSON.stringify(agreed));
  await page.getByText(`主持：${PEOPLE.yan.name}`).waitFor();
});

/** A call that broke off: each side calls the other back, and each answers by coming back. */
const brokenOff = () => step('a call breaks off: each side rings the other back, and coming back is the answer', async () => {
  const id = await IN.alone();
  await does('qin', id, 'start');
  const call = (who) => pages[who].locator('.dock');
  const leave = async (who) => {
    await pages[who].getByRole('button', { name: '结束' }).click();
    await pages[who].getByRole('dialog').getByRole('button', { name: /离开/ }).click();
    await pages[who].locator('.cpcols').waitFor();
  };
  const back = async (who, other) => {
    await open(pages[who], `/consults/${id}`);
    await pages[who].locator('.cpcols aside').getByRole('button', { name: WORDS['cs.act.redial'], exact: true }).click();
    await taken(who, id, 'redial', 'interrupted');
    await pages[other].locator('[role=alertdialog]').getByText('请您进入').waitFor();
    must((await pages[other].locator('[role=alertdialog]').getByText('30 秒后').count()) === 0, 'there is nobody else to ask first');
    await pages[other].locator('[role=alertdialog] button.ok').click();
    await taken(other, id, 'rejoin', 'interrupted');
    await call(other).waitFor();
  };
  await open(pages.lin, `/consults/${id}?at=call`);
  await call('lin').waitFor();
  await until('the clinic sits there', async () => (await items(pages.lin, `/consults/${id}/history`)).length > 0);
  await leave('lin');
  await until('it broke off', async () => (await look('lin', id)).state === 'interrupted');
  await back('lin', 'qin');
  await leave('lin');
  await leave('qin');
  await until('it broke off again', async () => (await look('lin', id)).state === 'interrupted');
  await back('qin', 'lin');
  await leave('lin');
  await leave('qin');
});

await tell(story, {
  log: () => server?.log(),
  broke: async () => {
    for (const [who, page] of Object.entries(pages)) console.log(who, page.url(), page.faults.slice(0, 2));
    if (process.env.SHOTS) for (const [who, page] of Object.entries(pages)) await page.screenshot({ path: `${process.env.SHOTS}/${who}.png`, timeout: 5_000 }).catch(() => undefined);
  },
  close: [() => browser?.close(), () => server?.stop()],
});
