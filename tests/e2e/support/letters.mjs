// The three ways to a letter, key by key, as a doctor at a township clinic goes them. What is written is a whole letter:
// reason, coded diagnosis, a summary of twenty characters or more, the way, the consent, the allergies looked at.
import { DEPARTMENT, HOSPITAL, api } from './people.mjs';
import { must, until } from './steps.mjs';

/** Twenty hanzi, typed; what a phrase brings is not counted as typed. */
export const SUMMARY = '反复头晕头痛三月，血压波动大，服药后控制不佳';

/** What is added to a phrase, and to an advice that came from the consult. */
export const MORE = '，伴头晕两周';
export const AGREED = '家属同意住院';

const focusOn = (page, what) => page.waitForFunction((css) => document.activeElement?.matches(css), what);
const OPTION = '.search-pop [role=option]';

/** What the page itself counted, from the request with which the letter was sent. */
export function listen(page) {
  const seen = { entry: null, letter: null };
  page.on('request', (request) => {
    if (request.method() === 'POST' && /\/referrals\/ref-[\w-]+\/actions\/submit$/.test(request.url())) seen.entry = request.postDataJSON().entry;
  });
  return seen;
}

/** Sent means that the server has said so and the page shows the record. */
export async function sent(page) {
  await page.waitForURL('**/referrals/ref-**');
  await page.getByText(/已提交，单号/).first().waitFor();
  const id = /ref-[\w-]+/.exec(page.url())[0];
  const { body } = await api(page, 'GET', `/referrals/${id}`);
  must(body.state === 'submitted', `the letter is ${body.state}`);
  return body;
}

/** A consult with a signed opinion, for the clinic to go on with. */
export async function answered(clinic, specialist, patient) {
  const { body } = await api(clinic, 'GET', '/departments?accepts=consult');
  const to = body.items.find((one) => one.name.includes(DEPARTMENT) && one.facility.name === HOSPITAL);
  let made = await api(clinic, 'POST', '/consults', {
    patient_id: patient.id, to_department: to.id, kind: 'async', urgency: 'urgent', consent: { method: 'paper', signer: 'patient' },
    question: '血压一直降不下来，是否需要住院查继发性高血压？', chief_complaint: '头晕头痛三月', history: '高血压 10 年，父亲有高血压',
    exam: { bp_sys: 182, bp_dia: 104, heart_rate: 82 }, prelim_diagnoses: [{ code: 'I10', text: '高血压' }],
  });
  must(made.status === 201, `no consult: ${JSON.stringify(made.body)}`);
  const step = async (page, action, what) => {
    const now = await api(page, 'GET', `/consults/${made.body.id}`);
    const done = await api(page, 'POST', `/consults/${made.body.id}/actions/${action}`, what, { 'If-Match': now.etag });
    must(done.status === 200, `${action}: ${JSON.stringify(done.body)}`);
  };
  await step(clinic, 'submit', {});
  await step(specialist, 'take', {});
  await step(specialist, 'give_opinion', { conclusion: '难治性高血压，建议住院排查继发性原因', advice: '上转心血管内科，带上近期化验单', diagnoses: [{ code: 'I10', text: '高血压' }], next: 'refer_up' });
  return made.body.id;
}

/** From the consult's page: two clicks, then the three things nobody could answer there. */
export async function fromConsult(hand, page) {
  await hand.think();
  await hand.click(page.getByRole('radio', { name: /全部/ }));
  await hand.click(page.getByRole('button', { name: '确认并转诊' }));
  await page.locator('.letter').waitFor();
  await focusOn(page, '.letter input[type=radio]');
  await hand.think();
  await hand.press('3', 'Enter', 'Enter'); // unclear; the advice stands below it already; past the phrases
  await hand.press('End');
  await hand.write(AGREED);
  await hand.press('Enter');
  await hand.think();
  await hand.press('3', 'Enter'); // by themselves
  await hand.type('1530');
  await hand.press('Enter');
  await hand.think();
  await hand.press('1', 'Enter', 'Enter'); // consent on paper, signed by the patient
  await hand.think();
  await hand.press('Space', 'Control+Enter'); // allergies looked at; send
}

/** A patient who is on file, without a consult: found by the telephone's last four. */
export async function knownPatient(hand, page, tail) {
  await focusOn(page, '[role=combobox]');
  await hand.think();
  await hand.type(tail);
  await hand.press('Enter');
  await urgencyAndPlace(hand, page);
  await hand.think();
  await hand.press('3', 'Enter', '1'); // unclear; the first phrase of the reasons
  await hand.press('Enter');
  await wayConsentPlace(hand);
  await diagnosis(hand, page, 'gxy');
  await hand.think();
  await hand.press('2'); // the phrase with the blood pressure in it
  await hand.type('182');
  await hand.press('End');
  await hand.write(MORE);
  await hand.press('Enter');
  await hand.press('Enter', 'Enter', 'Enter', 'Enter'); // past history, treated so far, results
  await hand.think();
  await hand.press('Space', 'Control+Enter');
}

/** Somebody new: the number into the search, the name and the telephone, then the whole letter by hand. */
export async function newPatient(hand, page, person) {
  await focusOn(page, '[role=combobox]');
  await hand.think();
  await hand.type(person.number);
  await hand.press('Enter');
  await page.waitForURL('**/patients/new**');
  await focusOn(page, '#name');
  await hand.think();
  await hand.write(person.name);
  await hand.press('Enter');
  await hand.think();
  await hand.type(person.phone);
  await hand.press('Control+Enter');
  await urgencyAndPlace(hand, page);
  await hand.think();
  await hand.press('3', 'Enter', '1');
  await hand.press('Enter');
  await wayConsentPlace(hand);
  await diagnosis(hand, page, 'gxy');
  await hand.think();
  await hand.press('Enter');
  await hand.write(SUMMARY);
  await hand.press('Enter');
  await hand.press('Enter', 'Enter', 'Enter', 'Enter');
  await hand.think();
  await hand.press('Space', 'Control+Enter');
}

async function urgencyAndPlace(hand, page) {
  await page.waitForURL('**/referrals/new?patient=**');
  await focusOn(page, '.choice-set input[type=radio]');
  await until('the department of the last letter stands there', async () => (await page.locator('#rn-d').inputValue()) !== '', 5_000);
  await hand.think();
  await hand.press('3', 'Control+Enter'); // routine; the department of the last letter
  await page.locator('.letter').waitFor();
  await focusOn(page, '.letter input[type=radio]');
  await until('the phrases are there', async () => (await page.locator('.phrase').count()) > 0, 5_000);
}

async function wayConsentPlace(hand) {
  await hand.think();
  await hand.press('3', 'Enter', 'Enter'); // by themselves, no time known
  await hand.think();
  await hand.press('1', 'Enter', 'Enter'); // consent on paper, signed by the patient
  await hand.press('Enter'); // the department stays
}

async function diagnosis(hand, page, letters) {
  await hand.think();
  await focusOn(page, '#lf-dx');
  await hand.type(letters);
  await hand.press('Enter');
  await page.locator('.dxs .chip').first().waitFor();
  await hand.press('Enter');
  await hand.think();
  await hand.press('1', 'Enter'); // an outpatient visit
}

/** The blank form: fourteen fields, each typed by hand, nothing carried over, picked from a list or known from before. */
export async function blankForm(hand, page, person) {
  const field = async (css) => {
    // One Tab from field to field, as a plain form would have it; what this form has in between is skipped.
    await page.locator(css).first().waitFor();
    await hand.press('Tab');
    await page.locator(css).first().focus();
    await hand.think();
  };
  await focusOn(page, '#identity');
  await hand.think();
  await hand.type(person.number);
  await field('#name');
  await hand.write(person.name);
  await field('#phone');
  await hand.type(person.phone);
  await field('#address');
  await hand.write('芦湾镇东巷九号');
  await field('#allergies');
  await hand.write('青霉素');
  await hand.press('Control+Enter');
  await page.waitForURL('**/referrals/new?patient=**');
  await focusOn(page, '.choice-set input[type=radio]');
  await hand.think();
  await hand.press('3');
  await field('#rn-d');
  await hand.write(DEPARTMENT);
  await page.locator(OPTION, { hasText: HOSPITAL }).first().waitFor();
  await hand.press('Enter', 'Control+Enter');
  await page.locator('.letter').waitFor();
  await focusOn(page, '.letter input[type=radio]');
  await hand.think();
  await hand.press('3');
  await field('#lf-why');
  await hand.write('请明确病因');
  await field('.letter .way input[type=radio]');
  await hand.press('3');
  await field('.letter .gap-s input[type=radio]');
  await hand.press('1');
  await field('#lf-dx');
  await hand.type('I10 ');
  await hand.write('高血压');
  await hand.press('Enter');
  await page.locator('.dxs .chip').first().waitFor();
  await field('#lf-i');
  await hand.write(SUMMARY);
  await field('#lf-p');
  await hand.write('高血压十年');
  await field('#lf-t');
  await hand.write('口服降压药');
  await field('#lf-r');
  await hand.type('182/104 mmHg');
  await hand.press('Control+Enter');
}
