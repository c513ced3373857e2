// The second half of a story: arrived, treated, discharged, referred back down, followed up at home, both letters
// closed. Every step is pressed on its real page; what the others see of it is pushed to pages that stay open.
import { api } from './people.mjs';
import { must, step, until } from './steps.mjs';

export const OUTCOME = '右冠状动脉置入支架一枚，术后 7 天无胸痛，左室射血分数 55%。';
export const PLAN = '每天步行 20 分钟，每周加 5 分钟；两周一次血压、心率。';
export const MEDICINES = ['阿司匹林 100 mg 每天一次', '替格瑞洛 90 mg 每天两次', '阿托伐他汀 20 mg 每晚一次'];
const NEXT = '两周后卫生院复查';
const FLAGS = '再次胸痛超过 15 分钟、晕厥、黑便';
const VISIT = '家访：血压 126/78，步行 30 分钟无不适，按时服药。';
const RESULT = '康复计划完成，能做家务，继续服药。';

const refOf = (page) => /ref-[\w-]+/.exec(page.url())?.[0];
const stateOf = async (page, id) => (await api(page, 'GET', `/referrals/${id}`)).body.state;
const isAt = (page, id, state) => until(`${id} is ${state}`, async () => (await stateOf(page, id)) === state, 6_000);
/** The panel of what this person may do; a step with a form opens it there. */
const press = (page, verb) => page.locator('.act-panel').getByRole('button', { name: new RegExp(`^${verb}`) }).first().click();
/** What cannot be undone is asked for twice; the answer has the focus. */
const pressSurely = async (page, verb) => {
  await press(page, verb);
  await page.locator('.act-panel').getByRole('button', { name: '确定', exact: true }).first().waitFor();
  await page.keyboard.press('Enter');
};
const confirm = (page, verb) => page.locator('.act-form').getByRole('button', { name: new RegExp(`^${verb}`) }).click();

/** From the list of letters to the letter, as one goes there in the morning. */
async function openLetter(page, box, id) {
  await page.getByRole('link', { name: '转诊', exact: true }).first().click();
  await page.waitForURL(/\/referrals(\?|$)/);
  await page.getByRole('tab', { name: box }).click();
  const row = page.locator(`.rf-wl a[href="/referrals/${id}"]`);
  await row.waitFor();
  await row.click();
  await page.waitForURL(`**/referrals/${id}`);
}

/**
 * `clinic` looks at the letter up; `desk` has its inbox open; `specialist` is anywhere. Ends with both letters closed.
 * Gives the id of the letter down.
 */
export async function wayBack({ clinic, specialist, desk, up, patient, }) {
  await step('the patient arrives: the desk marks it in its inbox', async () => {
    await desk.getByRole('tab', { name: /待到院/ }).click();
    await desk.locator('.desk-wl tbody tr', { hasText: patient }).first().click();
    await desk.locator('.preview').getByText(patient).first().waitFor();
    await pressSurely(desk, '到院');
    await isAt(desk, up, 'arrived');
  });
  await step('the specialist finds the letter among those that came and begins treatment', async () => {
    await openLetter(specialist, /来的|收到|转来/, up);
    await press(specialist, '开始治疗');
    await specialist.getByLabel('住院号').fill('2026-0417');
    await confirm(specialist, '开始治疗');
    await isAt(specialist, up, 'in_treatment');
  });
  await step('a word on the way is at the clinic, pushed', async () => {
    await press(specialist, '写进展');
    await specialist.locator('.act-form textarea').fill('支架手术顺利，已转出监护室。');
    await confirm(specialist, '写进展');
    await clinic.getByText('支架手术顺利').first().waitFor({ timeout: 4_000 });
  });
  await step('discharged with an outcome, which the clinic sees without touching its page', async () => {
    await press(specialist, '出院');
    await specialist.locator('.act-form').getByRole('radio', { name: '好转' }).check();
    await specialist.locator('#ra-s').fill(OUTCOME);
    await confirm(specialist, '出院');
    await isAt(specialist, up, 'discharged');
    await clinic.getByText(OUTCOME).first().waitFor({ timeout: 4_000 });
  });
  const down = await step('referred back down with a plan, medicines, a next visit and what to watch for', async () => {
    await press(specialist, '转回基层');
    await specialist.locator('#ra-p').fill(PLAN);
    await specialist.locator('#ra-m').fill(MEDICINES.join('\n'));
    await specialist.locator('#ra-x').fill(NEXT);
    await specialist.locator('#ra-f').fill(FLAGS);
    await confirm(specialist, '转回基层');
    await until('the letter down is open', () => refOf(specialist) && refOf(specialist) !== up, 6_000);
    return Object.assign({ id: refOf(specialist) }, { toString: () => refOf(specialist) });
  });
  await step('the letter down has what was written once, and goes out after the consent', async () => {
    const letter = specialist.locator('.letter');
    await letter.waitFor();
    must((await letter.locator('#lf-plan').inputValue()) === PLAN, 'the plan was not carried over');
    must((await letter.locator('#lf-meds').inputValue()) === MEDICINES.join('\n'), 'the medicines were not carried over');
    await letter.getByRole('group', { name: /为什么转/ }).getByRole('radio', { name: /回基层继续/ }).check();
    await letter.getByRole('radio', { name: /纸质签名/ }).check();
    await letter.getByRole('radio', { name: /本人/ }).check();
    await specialist.getByLabel(/已核对过敏/).check();
    await specialist.getByRole('button', { name: /提交转诊/ }).click();
    await isAt(specialist, down.id, 'submitted');
  });
  await step('the township doctor finds it, reads the plan and accepts it', async () => {
    await openLetter(clinic, /来的|收到|转来/, down.id);
    await clinic.getByText(PLAN).first().waitFor();
    for (const one of MEDICINES) await clinic.getByText(one).first().waitFor();
    await press(clinic, '接收…');
    await confirm(clinic, '接收');
    await isAt(clinic, down.id, 'accepted');
  });
  await step('the letter up follows by itself', () => isAt(specialist, up, 'follow_up').then(() => 'follow_up'));
  await step('the patient was visited at home; the plan runs', async () => {
    await pressSurely(clinic, '已见到病人');
    await isAt(clinic, down.id, 'arrived');
    await press(clinic, '开始随访计划');
    await confirm(clinic, '开始随访计划');
    await isAt(clinic, down.id, 'in_treatment');
    await press(clinic, '记随访');
    await clinic.locator('.act-form textarea').fill(VISIT);
    await confirm(clinic, '记随访');
    await specialist.getByText(VISIT).first().waitFor({ timeout: 4_000 });
  });
  await step('the follow-up is written into the letter up as well', async () => {
    await clinic.locator(`a[href="/referrals/${up}"]`).first().click();
    await clinic.waitForURL(`**/referrals/${up}`);
    await press(clinic, '记随访');
    await clinic.locator('.act-form textarea').fill(VISIT);
    await confirm(clinic, '记随访');
    await clinic.locator('main').getByText(VISIT).first().waitFor();
  });
  await step('the chain of both letters is on each page', () => chainOnBoth(clinic, specialist, up, down.id));
  await step('the follow-up ends with its result, and the hospital reads it', async () => {
    await clinic.locator(`a[href="/referrals/${down.id}"]`).first().click();
    await clinic.waitForURL(`**/referrals/${down.id}`);
    await press(clinic, '计划完成');
    await clinic.locator('.act-form').getByRole('radio', { name: '好转' }).check();
    await clinic.locator('#ra-s').fill(RESULT);
    await confirm(clinic, '计划完成');
    await isAt(clinic, down.id, 'discharged');
    await specialist.getByText(RESULT).first().waitFor({ timeout: 4_000 });
  });
  await step('the hospital acknowledges: both letters are closed', async () => {
    await pressSurely(specialist, '看并确认');
    await isAt(specialist, down.id, 'closed');
    await isAt(clinic, up, 'closed');
    await clinic.getByText('已结案').first().waitFor({ timeout: 4_000 });
  });
  return down.id;
}

/** Each page names the other letter and leads to it. */
async function chainOnBoth(clinic, specialist, up, down) {
  await clinic.locator(`a[href="/referrals/${down}"]`).first().waitFor();
  await specialist.locator(`a[href="/referrals/${up}"]`).first().waitFor();
  const [one, two] = await Promise.all([api(clinic, 'GET', `/referrals/${up}`), api(specialist, 'GET', `/referrals/${down}`)]);
  must(one.body.chain_id === two.body.chain_id && two.body.parent_id === up, 'they are not one chain');
  for (const view of [one.body, two.body]) must(view.chain.length === 2, `${view.chain.length} letters in the chain`);
  return `${one.body.no} ${one.body.state}, ${two.body.no} ${two.body.state}`;
}
