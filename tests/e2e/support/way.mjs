// The steps every story shares, each pressed on its real page: asking, answering, writing, adopting, referring, taking.
import { DEPARTMENT, HOSPITAL, api } from './people.mjs';
import { framesDecoded } from './probe.mjs';
import { until } from './steps.mjs';

export const QUESTION = '胸痛 2 小时，心电图 II、III、aVF 导联 ST 段抬高，是否立即上转做介入？路上怎么处理？';
export const PLACE = '急诊楼 1 层抢救室';
export const CONCLUSION = '急性下壁心肌梗死，马上转来做急诊介入。';
/** Everybody in a call but oneself. */
export const OTHERS = '.tile:not(.own)';

/** From the patient's row to the question, ready to be sent. */
export async function findPatient(clinic, typed) {
  const search = clinic.getByRole('combobox').first();
  await search.fill(typed);
  const first = clinic.getByRole('option').first();
  await first.waitFor();
  const found = await first.innerText();
  await search.press('Control+Enter');
  await clinic.waitForURL('**/consults/new?patient=pat-**');
  return found;
}

export async function writeQuestion(clinic) {
  await clinic.getByRole('radio', { name: /急诊/ }).check();
  const whom = clinic.getByRole('combobox', { name: /科室/ });
  await whom.fill(DEPARTMENT);
  await clinic.getByRole('option', { name: new RegExp(HOSPITAL) }).first().click();
  await clinic.getByLabel('想请教什么').fill(QUESTION);
  await clinic.getByRole('radio', { name: /纸质签名/ }).check();
  await clinic.getByRole('radio', { name: /本人/ }).check();
}

/** Gives the consult's id and when the button was pressed. */
export async function pressCall(clinic) {
  const call = clinic.getByRole('button', { name: /^呼叫/ });
  const at = Date.now();
  await call.click();
  await clinic.waitForURL('**/consults/con-**at=call**');
  return { at, consult: /con-[\w-]+/.exec(clinic.url())?.[0] };
}

export async function pressAnswer(specialist) {
  const at = Date.now();
  await specialist.getByRole('button', { name: '接听', exact: false }).first().click();
  await specialist.waitForURL('**/consults/**at=call**');
  return at;
}

/** Pictures go on, or begin anew after the connection was built again. */
export async function moreFrames(page, limit = 15_000) {
  const before = await framesDecoded(page);
  return until('new pictures', async () => {
    const now = await framesDecoded(page).catch(() => 0);
    return now > 0 && (now > before + 3 || now < before);
  }, limit);
}

export async function speak(page, words) {
  await page.getByRole('tab', { name: /聊天/ }).click();
  await page.getByPlaceholder(/写一句/).fill(words);
  await page.getByPlaceholder(/写一句/).press('Enter');
}

export async function signOpinion(specialist) {
  await specialist.getByRole('tab', { name: /意见/ }).click();
  await specialist.getByLabel('结论').fill(CONCLUSION);
  await specialist.locator('#op-d').fill('I21.1 急性下壁心肌梗死');
  await specialist.locator('#op-d').press('Enter');
  await specialist.getByLabel('建议').fill('不要用硝酸甘油\n补液 250 mL，两路静脉');
  await specialist.getByRole('radio', { name: /上转/ }).check();
  await specialist.getByRole('button', { name: '签名并送出' }).click();
  await specialist.getByRole('button', { name: '确认签名' }).click();
}

export async function adoptAndRefer(clinic) {
  await clinic.locator('.side').getByRole('radio', { name: /全部/ }).check();
  await clinic.getByRole('button', { name: '确认并转诊' }).click();
  await clinic.waitForURL('**/escalate');
}

/** The three questions nobody could answer from the consult. */
export async function answerThree(clinic) {
  await clinic.getByRole('group', { name: /为什么转/ }).getByRole('radio').first().check();
  await clinic.getByRole('group', { name: /怎么去/ }).getByRole('radio').first().check();
  await clinic.locator('.letter').getByRole('radio', { name: /纸质签名/ }).check();
  await clinic.locator('.letter').getByRole('radio', { name: /本人/ }).check();
  await clinic.getByLabel(/已核对过敏/).check();
}

export async function acceptAtDesk(desk, patient, referral) {
  await desk.locator('.desk-wl tbody tr', { hasText: patient }).click();
  await desk.locator('.preview').getByText(patient).first().waitFor();
  await desk.locator('.preview').getByRole('button', { name: /接收并安排/ }).first().click();
  const soon = new Date(Date.now() + 8 * 3_600_000 + 2 * 3_600_000).toISOString().slice(0, 16);
  await desk.locator('#ra-w').fill(soon);
  await desk.locator('#ra-l').fill(PLACE);
  await desk.locator('.act-form').getByRole('button', { name: /接收并安排/ }).click();
  await until('the referral is scheduled', async () => (await api(desk, 'GET', `/referrals/${referral}`)).body.state === 'scheduled', 5_000);
}

/** A photo as a camera gives it: the browser that shows it makes it. */
export async function photo(page) {
  const text = await page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 800 });
    const pen = canvas.getContext('2d');
    pen.fillStyle = '#fdeeec';
    pen.fillRect(0, 0, 1280, 800);
    pen.strokeStyle = '#1c2326';
    pen.lineWidth = 3;
    for (const row of [150, 400, 650]) {
      pen.beginPath();
      for (let x = 0; x < 1280; x++) pen.lineTo(x, row - (x % 160 < 12 ? 90 : 8 * Math.sin(x / 14)));
      pen.stroke();
    }
    return canvas.toDataURL('image/jpeg', 0.85).split(',')[1];
  });
  return Buffer.from(text, 'base64');
}
