// Who signs in, and how; and asking the server as the one who is signed in on a page.
export const PASSWORD = 'causeway-demo';
export const CLINIC = { login: 'lin.qiuyan', name: '林秋雁' };
export const SPECIALIST = { login: 'xu.wangzhou', name: '许望舟' };
export const DESK = { login: 'song.zhiwei', name: '宋知微' };
export const HOSPITAL = '云堤市第一人民医院';
export const DEPARTMENT = '心血管内科';

export async function signIn(page, base, who) {
  await page.goto(`${base}/sign-in`);
  await page.locator('form input').first().fill(who.login);
  await page.locator('form input[type=password]').fill(PASSWORD);
  await page.locator('form button[type=submit]').click();
  await page.waitForURL((url) => !url.pathname.includes('sign-in'));
}

export const api = (page, method, url, body, headers = {}) =>
  page.evaluate(async ([how, where, what, more]) => {
    const answer = await fetch(`/api/v1${where}`, {
      method: how,
      headers: { 'X-Causeway': '1', 'Idempotency-Key': crypto.randomUUID(), ...(what ? { 'Content-Type': 'application/json' } : {}), ...more },
      body: what ? JSON.stringify(what) : undefined,
    });
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : null, etag: answer.headers.get('ETag') };
  }, [method, url, body ?? null, headers]);

/** A consult of the clinic that rings at the department, made without the form. */
export async function call(page, more = {}) {
  const { body } = await api(page, 'GET', '/departments?accepts=consult');
  const department = body.items.find((one) => one.name.includes(DEPARTMENT) && one.facility.name === HOSPITAL);
  const made = await api(page, 'POST', '/consults', {
    to_department: department.id, kind: 'instant', urgency: 'emergency', consent: { method: 'paper', signer: 'patient' },
    question: '胸痛 2 小时，心电图 II、III、aVF 导联 ST 段抬高，是否立即上转做介入？路上怎么处理？', chief_complaint: '胸痛 2 小时',
    history: '高血压 10 年，吸烟 30 年', exam: { bp_sys: 98, bp_dia: 60, heart_rate: 54, spo2: 94 }, prelim_diagnoses: [{ code: 'I21.1', text: '急性下壁心肌梗死' }], ...more,
  });
  if (made.status !== 201) throw new Error(`no consult: ${made.status} ${JSON.stringify(made.body)}`);
  const sent = await api(page, 'POST', `/consults/${made.body.id}/actions/submit`, {}, { 'If-Match': made.etag });
  if (sent.status !== 200) throw new Error(`not submitted: ${sent.status} ${JSON.stringify(sent.body)}`);
  return sent.body;
}

/** Someone on file whom the story is about; entered now, invented. */
export async function enter(page, person) {
  const made = await api(page, 'POST', '/patients', person);
  if (made.status !== 201) throw new Error(`not entered: ${made.status} ${JSON.stringify(made.body)}`);
  return made.body;
}
