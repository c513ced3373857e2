// Asks the real server as people at their desks do, one request after the other, and keeps every time.
import { Agent, request } from 'node:https';
import { performance } from 'node:perf_hooks';
import { person } from './people.mjs';

const PASSWORD = 'causeway-demo';
const DAY = 86_400_000;

class Browser {
  constructor(base) {
    this.base = base;
    this.agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  }
  async signIn(login) {
    await this.ask('POST', '/session', { login, password: PASSWORD });
    return this;
  }
  /** The answer and the milliseconds to its last byte. */
  ask(method, path, body) {
    return new Promise((done, no) => {
      const begun = performance.now();
      const headers = { 'X-Causeway': '1', Origin: this.base, ...(this.cookie ? { Cookie: this.cookie } : {}), ...(body ? { 'Content-Type': 'application/json' } : {}) };
      const asked = request(`${this.base}/api/v1${path}`, { method, agent: this.agent, headers }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => {
          const ms = performance.now() - begun;
          const bytes = Buffer.concat(parts);
          if (answer.statusCode >= 300) return no(new Error(`${method} ${path}: ${answer.statusCode} ${bytes.toString().slice(0, 300)}`));
          const cookie = answer.headers['set-cookie']?.[0];
          if (cookie) this.cookie = cookie.split(';')[0];
          done({ ms, bytes, json: () => JSON.parse(bytes) });
        });
      });
      asked.on('error', no);
      asked.end(body && JSON.stringify(body));
    });
  }
}

export function quantile(times, share) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}

const WANTED = { 'statistics page': 200, 'desk inbox': 50, 'patient search': 50, 'letter as PDF': 300, 'ICD search': 50 };

/** Every figure of one archive: `[{ what, n, p50, p95, worst, wanted }]`. */
export async function measure(base, { patients, firstNo, rounds }) {
  const desk = await new Browser(base).signIn('song.zhiwei');
  const rural = await new Browser(base).signIn('lin.qiuyan');
  const clinic = await new Browser(base).signIn('miao.qinghe');
  const rows = [];
  const list = async (what, of, asks) => {
    const times = [];
    const slow = [];
    // Each of them once before: what a server that was just started has not read yet is not what a desk waits for all day.
    for (const [who, path] of asks.slice(0, 12)) await who.ask('GET', path);
    for (const [who, path] of asks) {
      const { ms } = await who.ask('GET', path);
      times.push(ms);
      slow.push([ms, path.replace(/q=[^&]*/, 'q=…')]);
    }
    slow.sort((a, b) => b[0] - a[0]);
    rows.push({ what, of, n: times.length, p50: quantile(times, 0.5), p95: quantile(times, 0.95), worst: slow[0][0], slowest: slow[0][1], wanted: WANTED[of] });
  };
  const several = (n, make) => Array.from({ length: n }, (_, i) => make(i));

  const day = (back) => new Date(Date.now() - back * DAY).toISOString().slice(0, 10);
  const periods = [[30, 0], [31, 1], [90, 0], [365, 0], [700, 5], [120, 90], [400, 40]];
  await list('statistics page', 'statistics page', several(rounds, (i) => {
    const [from, to] = periods[i % periods.length];
    return [desk, `/statistics?from=${day(from + (i % 9))}&to=${day(to - 1)}`];
  }));
  const tabs = ['decide', 'booked', 'here', 'back', 'done'];
  await list('desk inbox, the largest house', 'desk inbox', several(rounds, (i) => [desk, `/referrals?box=in&tab=${tabs[i % tabs.length]}`]));
  await list('desk outbox, a clinic', 'desk inbox', several(rounds, (i) => [clinic, `/referrals?box=out&tab=${tabs[i % tabs.length]}`]));
  const pages = [];
  for (const tab of ['done', 'decide']) {
    let next = null;
    for (let n = 0; n < rounds / 4; n++) {
      const path = `/referrals?box=in&tab=${tab}${next ? `&cursor=${encodeURIComponent(next)}` : ''}`;
      pages.push([desk, path]);
      next = (await desk.ask('GET', path)).json().next;
      if (!next) break;
    }
  }
  await list('desk inbox, page after page', 'desk inbox', pages);
  const someone = (i) => person((i * 7919 + 13) % patients, firstNo + ((i * 7919 + 13) % patients));
  const searches = {
    name: (who) => who.name,
    surname: (who) => who.name[0],
    pinyin: (who) => who.letters.slice(0, 7),
    initials: (who) => who.initials,
    'phone tail': (who) => who.phone.slice(-4),
    'record number': (who) => who.recordNo,
  };
  for (const [kind, typed] of Object.entries(searches)) {
    await list(`patient search by ${kind}`, 'patient search', several(rounds, (i) => [i % 2 ? rural : desk, `/patients?q=${encodeURIComponent(typed(someone(i)))}`]));
  }
  for (const kind of ['name', 'surname', 'initials']) {
    await list(`desk search by ${kind}`, 'desk inbox', several(rounds, (i) => [desk, `/referrals?box=in&q=${encodeURIComponent(searches[kind](someone(i)))}`]));
  }
  const letters = [];
  let next = null;
  while (letters.length < rounds) {
    const page = (await desk.ask('GET', `/referrals?box=in&tab=done&limit=200${next ? `&cursor=${encodeURIComponent(next)}` : ''}`)).json();
    letters.push(...page.items.filter((item) => item.state === 'closed').map((item) => item.id));
    next = page.next;
    if (!next) break;
  }
  await list('letter as PDF', 'letter as PDF', letters.slice(0, rounds).map((id) => [desk, `/referrals/${id}/letter`]));
  await list('ICD search', 'ICD search', several(rounds, (i) => [rural, `/codes/icd10?q=${encodeURIComponent(['心', 'gxy', 'I21', 'fei', '脑梗', 'J4'][i % 6])}`]));
  return rows;
}
