// How long a letter takes, by the keystroke-level model (Card, Moran, Newell): real key events at 0.28 and 0.50 s a key,
// 1.35 s of thought before each thing, on a line of 1.6 Mbit/s and 300 ms. From the first press to "submitted" painted.
// A model, no person: what people need is in the statistics page. Beside it, in the same build, the blank form with
// every field retyped, and the same ways without any pace, which is the machine's own share. Several lanes run at
// once, since most of it is waiting. Every row is kept in docs/entry-rows.csv, the medians in docs/performance.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from '../e2e/support/browser.mjs';
import { Hand, identity } from '../e2e/support/hand.mjs';
import { answered, blankForm, fromConsult, knownPatient, newPatient } from '../e2e/support/letters.mjs';
import { CLINIC, DEPARTMENT, HOSPITAL, SPECIALIST, api, enter, signIn } from '../e2e/support/people.mjs';
import { startServer } from '../e2e/support/server.mjs';
import { must } from '../e2e/support/steps.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 20);
/** The machine alone is measured one after the other, and fewer times: it waits for the line and little else. */
const ALONE = Math.min(ROUNDS, 5);
/** A round that breaks off is kept as broken and gone again; more than these are a fault. */
const MAY_BREAK = 6;
const LANES = Number(process.env.LANES ?? 10);
const LINE = { offline: false, latency: 300, downloadThroughput: 1_600_000 / 8, uploadThroughput: 750_000 / 8 };
const PACES = [['machine alone', 0, 0], ['0.28 s', 0.28, 1.35], ['0.50 s', 0.5, 1.35]];
const WAYS = ['blank form', 'from a consult', 'patient on file', 'new patient'];
const DOCS = join(dirname(fileURLToPath(import.meta.url)), '../../docs');

/** The page's own clock: the first press, and the frame after the confirmation stands there. */
const watch = (page) => page.evaluate(() => {
  const seen = (window.__entry = { first: 0, painted: 0 });
  const begin = (event) => { if (event.isTrusted) seen.first ||= performance.now(); };
  for (const kind of ['keydown', 'pointerdown']) addEventListener(kind, begin, { capture: true });
  const look = new MutationObserver(() => {
    if (seen.painted || !document.body.innerText.includes('已提交，单号')) return;
    look.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => (seen.painted = performance.now())));
  });
  look.observe(document.body, { childList: true, subtree: true, characterData: true });
});

async function lane(n, server, browser, specialist, department) {
  const page = await browser.page({ fresh: true });
  // The hand waits for the page as long as it must; what it waited is in the figure.
  page.setDefaultTimeout(60_000);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Emulation.setFocusEmulationEnabled', { enabled: true });
  await signIn(page, server.base, CLINIC);
  // Its last four are nobody else's: those of the new patients below end in 00.
  const phone = `1990000${9101 + n}`;
  const known = await enter(page, { name: '郑秋水', sex: 'male', birth_date: '1968-03-12', no_id_reason: 'not_at_hand', phone });
  const me = (await api(page, 'GET', '/session')).body.id;
  let met = 0;
  const go = async (way, [pace, key, think]) => {
    await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    met += 1;
    const fresh = { number: identity('990102', `19${50 + n}${String(1 + (met % 12)).padStart(2, '0')}${String(10 + Math.floor(met / 12)).padStart(2, '0')}`, '244'), name: '柳芦花', phone: `199${String(n).padStart(3, '0')}${String(met).padStart(3, '0')}00` };
    const where = way === 'from a consult' ? `/consults/${await answered(page, specialist, known)}` : way === 'blank form' ? '/patients/new?then=referral' : '/referrals/new';
    // The department of the last letter is known to whoever has written one; the blank form knows nothing.
    await page.evaluate(([id, to]) => (to ? localStorage.setItem(`last:${id}`, JSON.stringify([{ department: to, mode: null, service: null }])) : localStorage.removeItem(`last:${id}`)), [me, way === 'blank form' ? null : department]);
    await page.goto(`${server.base}${where}`);
    await page.locator(way === 'from a consult' ? '.side, .cols' : way === 'blank form' ? '#identity' : '[role=combobox]').first().waitFor();
    await cdp.send('Network.emulateNetworkConditions', LINE);
    await watch(page);
    const hand = new Hand(page, { key, think });
    if (way === 'from a consult') await fromConsult(hand, page);
    else if (way === 'patient on file') await knownPatient(hand, page, phone.slice(-4));
    else if (way === 'new patient') await newPatient(hand, page, fresh);
    else await blankForm(hand, page, fresh);
    await page.waitForFunction(() => window.__entry.painted > 0, null, { timeout: 60_000 });
    const { first, painted } = await page.evaluate(() => window.__entry);
    const id = /ref-[\w-]+/.exec(page.url())?.[0];
    await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    const now = await api(page, 'GET', `/referrals/${id}`);
    must(now.body.state === 'submitted', `the letter is ${now.body.state}`);
    const done = await api(page, 'POST', `/referrals/${id}/actions/cancel`, { reason: '量时' }, { 'If-Match': now.etag });
    must(done.status === 200, JSON.stringify(done.body));
    const model = hand.keys * key + hand.thoughts * think + (key ? hand.clicks * 1.7 : 0);
    return { way, pace, keys: hand.keys, clicks: hand.clicks, thoughts: hand.thoughts, model, seconds: (painted - first) / 1_000 };
  };
  /** Where the page stands: what to look at when a round broke off. */
  const stands = () => page.evaluate(() => `${location.pathname}${location.search}, at ${document.activeElement?.outerHTML.slice(0, 160)}, ${document.querySelector('.search-pop')?.textContent ?? 'no list'}`).catch(String);
  return Object.assign(go, { stands });
}

const middle = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
};

function write(rows, broken) {
  const lines = ['| Way | Keys | Clicks | Seconds a key | Median, s | Fastest and slowest, s | The machine alone, s | Share of the blank form |', '|---|---|---|---|---|---|---|---|'];
  for (const [pace] of PACES.slice(1)) {
    const of = (way, at) => rows.filter((one) => one.way === way && one.pace === at);
    const blank = middle(of('blank form', pace).map((one) => one.seconds));
    for (const way of WAYS) {
      const all = of(way, pace);
      const took = all.map((one) => one.seconds);
      const mid = middle(took);
      lines.push(`| ${way} | ${all[0].keys} | ${all[0].clicks} | ${pace.replace(' s', '')} | ${mid.toFixed(1)} | ${Math.min(...took).toFixed(1)} to ${Math.max(...took).toFixed(1)} | ${middle(of(way, PACES[0][0]).map((one) => one.seconds)).toFixed(1)} | ${Math.round((100 * mid) / blank)} % |`);
    }
  }
  lines.push('', `${ROUNDS} rounds each, ${LANES} at once, the machine alone ${ALONE}; ${broken.length === 0 ? 'none broke off' : `${broken.length} broke off and were gone again`}; every row is in [entry-rows.csv](entry-rows.csv). 1.6 Mbit/s, 300 ms; test build; ${cpus()[0].model.trim()}, ${cpus().length} cores.`);
  writeFileSync(join(DOCS, 'entry-rows.csv'), `${['way,pace,keys,clicks,thoughts,model_s,measured_s', ...rows.map((one) => [one.way, one.pace, one.keys, one.clicks, one.thoughts, one.model.toFixed(2), one.seconds.toFixed(3)].join(','))].join('\n')}\n`);
  const table = lines.join('\n');
  const marked = /<!-- entry -->[\s\S]*<!-- \/entry -->/;
  const section = `<!-- entry -->\n${table}\n<!-- /entry -->`;
  const report = join(DOCS, 'performance.md');
  const text = readFileSync(report, 'utf8');
  writeFileSync(report, marked.test(text) ? text.replace(marked, () => section) : `${text.trimEnd()}\n\n## Entry\n\n${section}\n`);
  console.log(table);
}

let server, browser;
try {
  server = await startServer();
  browser = await launch({ flags: ['--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'] });
  const specialist = await browser.page();
  await signIn(specialist, server.base, SPECIALIST);
  const clinic = await browser.page({ fresh: true });
  await signIn(clinic, server.base, CLINIC);
  const { body } = await api(clinic, 'GET', '/departments?accepts=referral');
  const department = body.items.find((one) => one.name === DEPARTMENT && one.facility.name === HOSPITAL).id;
  const lanes = [];
  for (let n = 0; n < LANES; n++) lanes.push(await lane(n, server, browser, specialist, department));
  const rows = [];
  const broken = [];
  for (const pace of PACES) {
    const jobs = WAYS.flatMap((way) => Array.from({ length: pace[1] ? ROUNDS : ALONE }, () => way));
    // Without a pace the machine is what is measured: one after the other.
    const at = pace[1] ? lanes : lanes.slice(0, 1);
    await Promise.all(at.map(async (first) => {
      let run = first;
      for (let way = jobs.shift(); way; way = jobs.shift()) {
        let row;
        try {
          row = await run(way, pace);
        } catch (fault) {
          broken.push(`${way}, ${pace[0]}`);
          console.log(`broke off: ${way}, ${pace[0]}: ${String(fault).split('\n')[0]}; ${await run.stands()}`);
          if (broken.length > MAY_BREAK) throw fault;
          jobs.push(way);
          // What was half written stands in the way of the next letter for the same patient: another hand goes on.
          run = await lane(LANES + broken.length, server, browser, specialist, department);
          continue;
        }
        rows.push(row);
        console.log(`${row.way}, ${row.pace}: ${row.seconds.toFixed(1)} s, ${row.keys} keys, model ${row.model.toFixed(1)} s`);
      }
    }));
  }
  write(rows, broken);
} catch (fault) {
  console.log(String(fault?.stack ?? fault));
  if (server) console.log(`--- the server said\n${server.log().slice(-2_000)}`);
  process.exitCode = 1;
} finally {
  await browser?.close();
  await server?.stop();
}
process.exit();
