// The referral desk at work: every step of the workflow that the long story does not press, each pressed once on its
// real page; a colleague, a slot, a bed, a journey, the bulk, two desks at one letter, and the chain as a picture.
import { launch } from './support/browser.mjs';
import { CLINIC, DESK, HOSPITAL, SPECIALIST, api, enter, signIn } from './support/people.mjs';
import { startServer } from './support/server.mjs';
import { must, step, tell, until } from './support/steps.mjs';

const PATIENCE = Number(process.env.STORY_PATIENCE ?? 1);
const HOME = { login: 'miao.qinghe', name: '苗青禾' };
let server, browser;
let pressed = new Set();

const unique = () => String(Math.floor(performance.now() * 1_000)).slice(-4).padStart(4, '0');
/** The day that lies so many days ahead, as it is typed. */
const dayAhead = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
/** Who acted last on a record: on that page it stands as it is, on another it is opened anew. */
const last = new Map();
async function look(page, id) {
  if (last.get(id) !== page || !page.url().endsWith(`/referrals/${id}`)) await page.goto(`${server.base}/referrals/${id}`);
  last.set(id, page);
  await page.locator('.act-panel').first().waitFor();
}
const stateIs = async (page, id, wanted) => {
  const found = (await api(page, 'GET', `/referrals/${id}`)).body;
  must(found.state === wanted, `${id} is ${found.state}, not ${wanted}`);
  return found;
};
/** What is done without pressing, to come to the step that is to be pressed. */
async function quick(page, id, action, body = {}) {
  last.delete(id);
  const { etag } = await api(page, 'GET', `/referrals/${id}`);
  const answer = await api(page, 'POST', `/referrals/${id}/actions/${action}`, body, { 'If-Match': etag });
  must(answer.status === 200, `${action} answered ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}
/** Presses one step on its page: `fill` writes what its form wants, a second question is answered with yes. */
async function press(page, id, label, action, wanted, fill) {
  await look(page, id);
  const panel = page.locator('.act-panel').first();
  await panel.getByRole('button', { name: label, exact: false }).first().click();
  if (fill) {
    await page.locator('.act-form').first().waitFor();
    await fill(page.locator('.act-form').first());
    const answer = page.waitForResponse((one) => one.url().includes(`/actions/${action}`), { timeout: 8_000 * PATIENCE });
    await page.locator('.act-form .actions button').first().click();
    must((await answer).status() === 200, `${action}: ${(await answer).status()} ${await (await answer).text()}`);
  } else {
    const sure = panel.getByRole('button', { name: '确定', exact: true });
    const answer = page.waitForResponse((one) => one.url().includes(`/actions/${action}`), { timeout: 8_000 * PATIENCE });
    await Promise.race([sure.click({ timeout: 4_000 }).catch(() => undefined), answer]);
    must((await answer).status() === 200, `${action}: ${(await answer).status()}`);
  }
  pressed.add(action);
  return stateIs(page, id, wanted);
}
const text = (words) => (form) => form.locator('textarea').first().fill(words);
const outcome = async (form) => {
  await form.getByRole('radio', { name: /好转/ }).check();
  await form.locator('#ra-s').fill('症状缓解');
};
const place = (name) => async (form) => {
  await form.locator('#ra-d').fill(name);
  await form.getByRole('option').first().click();
  const reason = form.getByRole('radio').first();
  if (await reason.count()) await reason.check();
  const agreed = form.getByRole('checkbox');
  if (await agreed.count()) await agreed.check();
};

async function story() {
  server = await step('the server starts with the demo alliance', () => startServer());
  browser = await launch();
  const [clinic, desk, doctor, home] = [await browser.page(), await browser.page({ fresh: true }), await browser.page({ fresh: true }), await browser.page({ fresh: true })];
  await step('clinic, desk, specialist and the clinic\'s own desk sign in', async () => {
    await signIn(clinic, server.base, CLINIC);
    await signIn(desk, server.base, DESK);
    await signIn(doctor, server.base, SPECIALIST);
    await signIn(home, server.base, HOME);
  });
  const { body: all } = await api(clinic, 'GET', '/departments?accepts=referral');
  const cardiology = all.items.find((one) => one.facility.name === HOSPITAL && one.name === '心血管内科');
  let count = 0;
  /** A letter of the clinic at the desk. */
  async function letter({ urgency = 'urgent', service = 'outpatient', send = true } = {}) {
    count += 1;
    const patient = await enter(clinic, { name: `石${'甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未'[count % 18]}`, sex: 'male', birth_date: '1968-03-11', no_id_reason: 'not_at_hand', phone: `1990000${unique()}` });
    const made = await api(clinic, 'POST', '/referrals', {
      patient_id: patient.id, direction: 'up', to_department: cardiology.id, urgency, reason_text: '本院没有这个条件', requested_service: service,
      diagnoses: [{ code: 'I20.9', text: '心绞痛' }], consent: { method: 'paper', signer: 'patient' },
    });
    must(made.status === 201, `no letter: ${JSON.stringify(made.body)}`);
    if (send) await quick(clinic, made.body.id, 'submit');
    return made.body.id;
  }

  await step('the desk takes a letter for itself, and its list shows who', async () => {
    const id = await letter();
    await look(desk, id);
    await desk.getByRole('button', { name: '我来办' }).click();
    await desk.locator('.assign select').filter({ hasText: '宋知微' }).waitFor();
    await desk.goto(`${server.base}/desk?box=in&tab=decide&whose=me`);
    await desk.locator('.desk-wl tbody tr').first().waitFor();
    must((await desk.locator('.desk-wl tbody tr').count()) === 1, 'one letter is mine');
  });
  const slotted = await letter();
  await step('it plans a week of times and counts its beds', async () => {
    await desk.goto(`${server.base}/capacity?department=${cardiology.id}`);
    await desk.getByRole('button', { name: '下一周' }).click();
    await desk.locator('#cap-c').fill('1');
    await desk.getByRole('button', { name: /^排 \d+ 个时段/ }).click();
    await desk.locator('.toast').first().waitFor();
    await desk.locator('.bedrow input').nth(1).fill('1');
    await desk.getByRole('button', { name: '存床位' }).click();
    await desk.getByText('床位已更新').first().waitFor();
  });
  await step('a free slot is taken with the acceptance, and a press takes it back', async () => {
    const taken = await press(desk, slotted, '接收并安排', 'accept_and_schedule', 'scheduled', async (form) => {
      await form.locator('.slot:not([aria-disabled])').first().click();
      must(await form.locator('#ra-w').inputValue(), 'the slot says when');
    });
    must(taken.appointment.slot_id, 'no slot was kept');
    await desk.locator('.toast').getByRole('button').click();
    await desk.getByText('已撤回').first().waitFor();
    pressed.add('appointment_cancel');
    const free = await stateIs(desk, slotted, 'accepted');
    must(!free.appointment, 'the slot was given back');
  });
  await step('given a bed, put off, missed, given a time again, cancelled and taken back', async () => {
    await press(desk, slotted, '安排时间', 'schedule', 'scheduled', (form) => form.locator('fieldset').filter({ hasText: '床位' }).locator('.slot:not([aria-disabled])').first().click());
    await press(desk, slotted, '改时间', 'reschedule', 'scheduled', (form) => form.locator('#ra-l').fill('门诊楼 3 层'));
    await press(desk, slotted, '没有到', 'no_show', 'no_show');
    await press(clinic, slotted, '申请取消', 'request_cancel', 'cancel_requested', text('家属改主意'));
    await press(clinic, slotted, '不取消了', 'withdraw_cancel', 'accepted');
    await press(clinic, slotted, '申请取消', 'request_cancel', 'cancel_requested', text('还是不去了'));
    await press(desk, slotted, '同意取消', 'confirm_cancel', 'cancelled');
  });
  await step('more is asked for and given, sent to another department, and turned elsewhere by the sender', async () => {
    const id = await letter();
    await press(desk, id, '要求补充', 'request_info', 'more_info', text('请补右胸导联'));
    await press(clinic, id, '补充资料', 'supply_info', 'submitted', text('V4R 无抬高'));
    await press(desk, id, '转给', 'redirect', 'submitted', place('神经内科'));
    await press(clinic, id, '改送别处', 'redirect_by_sender', 'submitted', place('呼吸内科'));
    await press(clinic, id, '取消转诊', 'cancel', 'cancelled', text('病人不去了'));
  });
  await step('turned down, sent again, turned down, sent elsewhere, turned down, closed', async () => {
    const id = await letter();
    const no = async (form) => {
      await form.getByRole('radio').first().check();
      await form.locator('textarea').fill('下周再来');
    };
    await press(desk, id, '拒绝', 'reject', 'rejected', no);
    await press(clinic, id, '重新提交', 'resubmit', 'submitted');
    await quick(desk, id, 'reject', { reason_code: 'no_capacity', text: '没有床' });
    await press(clinic, id, '换一家再提交', 'redirect_after_reject', 'submitted', place('神经内科'));
    await quick(desk, id, 'reject', { reason_code: 'no_capacity', text: '没有床' });
    await press(clinic, id, '结案', 'close', 'closed');
  });
  await step('the journey is entered by the desk and seen by the clinic', async () => {
    const id = await letter({ urgency: 'emergency' });
    await look(desk, id);
    await desk.getByRole('button', { name: '填写' }).click();
    await desk.getByRole('radio', { name: '对方来车' }).check();
    await desk.locator('#tr-plate').fill('云A·00001');
    await desk.getByRole('button', { name: '保存' }).click();
    await desk.getByText('转运已存').first().waitFor();
    must((await api(clinic, 'GET', `/referrals/${id}`)).body.transport.plate === '云A·00001', 'the clinic sees the plate');
    await press(desk, id, '急诊已到院', 'emergency_arrive', 'arrived');
    await press(desk, id, '院内转科', 'move_department', 'arrived', place('神经内科'));
  });
  await step('here already, treated, told between, discharged, sent back, taken at home, followed, done', async () => {
    const id = await letter({ service: 'inpatient' });
    await press(desk, id, '接收…', 'accept', 'accepted', (form) => form.locator('#ra-c').fill('0999-555-0120'));
    await quick(clinic, id, 'request_cancel', { reason: '不去了' });
    await press(desk, id, '病人已在院', 'patient_already_here', 'arrived');
    await press(doctor, id, '开始治疗', 'treat', 'in_treatment', (form) => form.locator('#ra-n').fill('Z2026-0001'));
    await press(doctor, id, '写进展', 'interim_note', 'in_treatment', text('已放支架'));
    await look(clinic, id);
    await clinic.getByText('已放支架').first().waitFor();
    await press(doctor, id, '出院', 'discharge', 'discharged', outcome);
    await press(doctor, id, '转回基层', 'refer_back', 'referred_back', async (form) => {
      for (const [field, words] of [['#ra-p', '每天走路'], ['#ra-m', '阿司匹林 100 mg'], ['#ra-x', '两周后'], ['#ra-f', '胸痛']]) await form.locator(field).fill(words);
    });
    await doctor.waitForURL((url) => !url.pathname.endsWith(id), { timeout: 4_000 * PATIENCE });
    const down = new URL(doctor.url()).pathname.split('/').pop();
    const { etag } = await api(doctor, 'GET', `/referrals/${down}`);
    must((await api(doctor, 'PATCH', `/referrals/${down}`, { consent: { method: 'paper', signer: 'patient' } }, { 'If-Match': etag })).status === 200, 'consent');
    await quick(doctor, down, 'submit');
    await quick(clinic, down, 'accept');
    await press(clinic, id, '记随访', 'record_follow_up', 'follow_up', text('血压平稳'));
    await clinic.locator('.story-row').first().waitFor();
    must((await clinic.locator('.story-row a').count()) === 1, 'the chain leads to the way back');
    await press(clinic, id, '随访完成', 'complete', 'closed');
    await press(clinic, down, '已见到病人', 'arrive', 'arrived');
  });
  await step('a result without a stay is written and read, and the next letter begun', async () => {
    const id = await letter();
    await quick(desk, id, 'accept');
    await press(doctor, id, '写结果', 'outcome', 'discharged', outcome);
    await press(clinic, id, '看并确认', 'acknowledge', 'closed');
    await look(clinic, id);
    await clinic.locator('.act-panel').getByRole('button', { name: '再转诊' }).click();
    await place('神经内科')(clinic.locator('.act-form'));
    const next = clinic.waitForResponse((one) => one.url().includes('/actions/refer_on'));
    await clinic.locator('.act-form .actions button').first().click();
    must((await next).status() === 200, `refer_on: ${await (await next).text()}`);
    pressed.add('refer_on');
  });
  await step('a death, an error and a draft that is not wanted', async () => {
    const died = await letter();
    await press(desk, died, '病人已故', 'patient_died', 'closed', async () => undefined);
    const wrong = await letter();
    await press(home, wrong, '录错作废', 'enter_in_error', 'entered_in_error', text('写错了病人'));
    const draft = await letter({ send: false });
    await quick(clinic, draft, 'discard');
  });
  await step('two desks at one letter: the second is told who was first, and when', async () => {
    const id = await letter();
    await look(desk, id);
    await desk.locator('.act-panel').getByRole('button', { name: '拒绝' }).click();
    await desk.locator('.act-form').getByRole('radio').first().check();
    await desk.locator('.act-form textarea').fill('没有床');
    await quick(doctor, id, 'accept');
    const answer = desk.waitForResponse((one) => one.url().includes('/actions/reject'), { timeout: 5_000 * PATIENCE }).catch(() => null);
    await desk.locator('.act-form .actions button').first().click();
    const heard = await answer;
    must(heard?.status() === 412, `the second was answered ${heard?.status()}`);
    must((await heard.json()).by.name === SPECIALIST.name, 'it names the winner');
    await desk.getByText(new RegExp(`${SPECIALIST.name}.*已经办了`)).first().waitFor();
    await stateIs(desk, id, 'accepted');
  });
  await step('several are ticked, printed as one PDF and marked as seen', async () => {
    await letter();
    await letter();
    await desk.goto(`${server.base}/desk?box=in&tab=decide`);
    await desk.locator('.desk-wl tbody tr.unseen').nth(1).waitFor();
    await desk.getByRole('checkbox', { name: '选全部' }).check();
    const came = desk.context().waitForEvent('response', (one) => one.url().includes('/referrals/letters?') && !one.url().includes('ready='));
    const [tab] = await Promise.all([desk.context().waitForEvent('page'), desk.getByRole('button', { name: '打印转诊单' }).click()]);
    must((await came).headers()['content-type'] === 'application/pdf', 'the letters came as one PDF');
    await tab.close().catch(() => undefined);
    await desk.getByRole('button', { name: '标为看过' }).click();
    await desk.getByText(/件标为看过/).first().waitFor();
  });
  await step('a specialist enters their own absence, takes it back and has it again', async () => {
    await doctor.goto(`${server.base}/account`);
    const mine = doctor.locator('section', { has: doctor.locator('#ro-away') });
    await mine.getByText('没有登记请假').waitFor();
    await mine.getByRole('button', { name: '登记请假' }).click();
    await doctor.locator('#aw-from').fill(dayAhead(20));
    await doctor.locator('#aw-to').fill(dayAhead(22));
    await doctor.getByRole('dialog').getByRole('button', { name: '保存' }).click();
    await mine.locator('.away').waitFor();
    const { items } = (await api(doctor, 'GET', '/absences')).body;
    must(items.length === 1 && Date.parse(items[0].ends_at) - Date.parse(items[0].starts_at) === 3 * 86_400_000, `three whole days: ${JSON.stringify(items)}`);
    await mine.locator('.away').getByRole('button').click();
    await mine.getByText('没有登记请假').waitFor();
    await doctor.getByRole('button', { name: '撤销' }).click();
    await mine.locator('.away').waitFor();
  });
  await step('what is urgent is heard at the desk as it is pushed, and not where the bell is off', async () => {
    await desk.addInitScript(() => {
      window.__tones = 0;
      const start = OscillatorNode.prototype.start;
      OscillatorNode.prototype.start = function (...at) {
        window.__tones += 1;
        return start.apply(this, at);
      };
    });
    await desk.goto(`${server.base}/desk?box=in&tab=decide`);
    await desk.locator('.desk-wl tbody tr').first().waitFor();
    const tones = () => desk.evaluate(() => window.__tones);
    const bell = desk.locator('.head-tools button[aria-pressed]').first();
    /** Sends one and waits until its row was pushed; answers with how many tones had been played before. */
    const pushed = async (urgency) => {
      const before = await tones();
      const id = await letter({ urgency });
      const { no } = (await api(clinic, 'GET', `/referrals/${id}`)).body;
      await desk.getByRole('checkbox', { name: new RegExp(no) }).waitFor();
      return before;
    };
    /** A tone begins a moment after its row is drawn. */
    const heard = async (urgency) => {
      const before = await pushed(urgency);
      await until(`${urgency} is heard`, async () => (await tones()) > before, 5_000);
    };
    const silent = async (urgency) => {
      const before = await pushed(urgency);
      await desk.waitForTimeout(1_000);
      must((await tones()) === before, `${urgency} is not heard`);
    };
    // A browser plays nothing before the page was touched: the first press, anywhere, opens the sound.
    await desk.locator('h1').click();
    await desk.getByRole('button', { name: '急件铃声：开' }).waitFor();
    await silent('routine');
    await heard('urgent');
    await heard('emergency');
    await bell.click();
    must((await bell.getAttribute('aria-pressed')) === 'false', 'the bell is off');
    const then = await tones();
    await desk.waitForTimeout(1_300);
    must((await tones()) === then, 'what rings falls silent with the press');
    await silent('emergency');
    await desk.reload();
    await desk.locator('.desk-wl tbody tr').first().waitFor();
    must((await bell.getAttribute('aria-pressed')) === 'false', 'it stays off on this machine');
    await bell.click();
    must((await bell.getAttribute('aria-pressed')) === 'true', 'and is on again with a press');
  });
  const { body: machines } = await api(desk, 'GET', '/meta/state-machines');
  const rows = [...machines.referral.transitions, ...machines.referral.side_effect_actions];
  const people = new Set(rows.filter((row) => row.actors.some((actor) => actor !== 'system')).map((row) => row.action));
  // Pressed by the long story, or recorded by looking.
  for (const elsewhere of ['submit', 'view', 'discard']) people.delete(elsewhere);
  const missing = [...people].filter((action) => !pressed.has(action));
  console.log(`${pressed.size} steps pressed on their pages; not pressed here: ${missing.join(', ') || 'none'}`);
  must(!missing.length, `never pressed: ${missing.join(', ')}`);
}

await tell(story, {
  log: () => server?.log(),
  close: [() => browser?.close(), () => server?.stop()],
});
