// A consult between our page in Chromium and a client that is not Chromium: Firefox with the same page, and two WebRTC stacks
// without a browser, aiortc and GStreamer. Each sends a voice and a picture and decodes the other's. The table is in
// docs/performance.md.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from '../e2e/support/browser.mjs';
import { launchFirefox } from '../e2e/support/firefox.mjs';
import { CLINIC, PASSWORD, SPECIALIST, api, call, enter, signIn } from '../e2e/support/people.mjs';
import { encodings, energies, framesDecoded } from '../e2e/support/probe.mjs';
import { python } from '../e2e/support/python.mjs';
import { startServer } from '../e2e/support/server.mjs';
import { must, pause, step, sumUp, until } from '../e2e/support/steps.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const REPORT = join(HERE, '../../docs/performance.md');
const SECONDS = 12;
const PATIENT = { name: '沈砚池', sex: 'female', birth_date: '1957-09-02', no_id_reason: 'not_at_hand', phone: '19900004418' };
const ANSWER = '[role=alertdialog] button.ok';

/** The specialist in Firefox: rings, answers, and says at the end what was decoded. */
async function firefox(server) {
  const page = await launchFirefox();
  await page.goto(`${server.base}/sign-in`);
  const status = await page.evaluate(async ([login, password]) => {
    localStorage.setItem('lang', 'zh');
    localStorage.setItem('causeway_probe', '1');
    const headers = { 'X-Causeway': '1', 'Content-Type': 'application/json' };
    return (await fetch('/api/v1/session', { method: 'POST', headers, body: JSON.stringify({ login, password }) })).status;
  }, [SPECIALIST.login, PASSWORD]);
  must(status === 200, `not signed in: ${status}`);
  await page.goto(`${server.base}/today`);
  return {
    async found() {
      await until('it rings', () => page.evaluate((at) => !!document.querySelector(at), ANSWER), 20_000);
      await page.evaluate((at) => document.querySelector(at).click(), ANSWER);
      await until('a picture', async () => (await framesDecoded(page)) > 0, 20_000);
      await pause(SECONDS * 1000);
      const width = await page.evaluate(() => document.querySelector('.tile:not(.own) video').videoWidth);
      return { frames: await framesDecoded(page), width, energy: (await energies(page)).heard, stack: `Firefox ${page.version}` };
    },
    page,
    close: () => page.close(),
  };
}

/**
 * Simulcast in both directions: each page shows the other large, and then in a tile so low that half the height fills it.
 * What comes in between is the browser's own: it begins with the small one.
 */
async function simulcast(clinic, other) {
  const ways = [];
  for (const [name, page, sender] of [['Firefox to Chromium', clinic, other], ['Chromium to Firefox', other, clinic]]) {
    const seen = [];
    const width = () => page.evaluate(() => document.querySelector('.tiles > .tile video')?.videoWidth ?? 0);
    await until(`${name}: a picture`, async () => (await width()) > 0, 40_000, 200);
    for (const [height, wanted] of [['', 640], ['150px', 320]]) {
      await page.evaluate((limit) => (document.querySelector('.tiles > .tile').style.maxHeight = limit), height);
      await until(`${name}: a picture ${wanted} wide`, async () => (await width()) === wanted, 40_000, 200);
      await pause(3_000);
      const before = await encodings(sender);
      await pause(1_500);
      const sent = Object.entries(await encodings(sender)).filter(([rid, one]) => one.frames > (before[rid]?.frames ?? 0)).map(([rid]) => rid);
      seen.push(`${wanted} (sent: ${sent.join(', ')})`);
    }
    ways.push(`${name} ${seen.join(', then ')}`);
    await page.evaluate(() => (document.querySelector('.tiles > .tile').style.maxHeight = ''));
  }
  return ways.join('; ');
}

/** The specialist as a program: it says "waiting", and at the end one line of JSON. */
const program = (interpreter, script, packages) => async (server) => {
  const env = { ...process.env, CAUSEWAY_PROBE_PASSWORD: PASSWORD, ...(packages ? { PYTHONPATH: packages } : {}) };
  const child = spawn(interpreter, [join(HERE, 'foreign', script), server.base, SPECIALIST.login, String(SECONDS)], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const way of [child.stdout, child.stderr]) way.setEncoding('utf8').on('data', (text) => (said += text));
  const gone = new Promise((done) => child.on('exit', done));
  await until('it waits to be called', () => said.includes('waiting') || child.exitCode !== null, 30_000);
  return {
    async found() {
      must((await gone) === 0, `it ended with ${child.exitCode}:\n${said}`);
      return JSON.parse(said.split('\n').findLast((line) => line.startsWith('{')));
    },
    async close() {
      if (child.exitCode === null) child.kill('SIGTERM');
      await gone;
    },
  };
};

/** One consult of the clinic with whoever `start` lets wait for it. */
async function consult(server, clinic, patient, start) {
  const other = await start(server);
  try {
    const made = await call(clinic, { patient_id: patient.id });
    const waits = other.found();
    await clinic.goto(`${server.base}/consults/${made.id}?at=call`);
    await Promise.race([until('a picture at the clinic', async () => (await framesDecoded(clinic)) > 0, 30_000), waits]);
    const sizes = other.page ? await simulcast(clinic, other.page) : '';
    const [before, since] = [await framesDecoded(clinic), Date.now()];
    await pause((SECONDS - 4) * 1000);
    const mine = { frames: await framesDecoded(clinic), energy: (await energies(clinic)).heard };
    const rate = ((mine.frames - before) * 1000) / (Date.now() - since);
    const theirs = await waits;
    must(theirs.frames > 5 * SECONDS && theirs.width >= 160, `it decoded ${theirs.frames} pictures, ${theirs.width} wide`);
    must(theirs.energy > 0.001, `it heard ${theirs.energy}`);
    must(rate > 5 && mine.energy > 0.001, `the clinic saw ${rate} pictures a second and heard ${mine.energy}`);
    const seen = await api(clinic, 'GET', `/consults/${made.id}`);
    must(seen.body.state === 'in_progress' || seen.body.state === 'interrupted', `the consult is ${seen.body.state}`);
    await api(clinic, 'POST', `/consults/${made.id}/actions/end_without_opinion`, { reason: '试线' }, { 'If-Match': seen.etag });
    return { theirs, mine: { ...mine, rate }, sizes };
  } finally {
    await other.close();
  }
}

const has = (interpreter, ...words) => spawnSync(interpreter, words, { stdio: 'ignore' }).status === 0;
const GST = "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst; Gst.init(None); assert Gst.ElementFactory.find('webrtcbin') and Gst.ElementFactory.find('nicesrc')";
const rows = [];
let server;
let browser;
try {
  const own = await step('aiortc is here, as its list says', async () => python(join(HERE, '../../target/foreign'), join(HERE, 'foreign/requirements.txt')));
  server = await step('a server', startServer);
  browser = await launch({ flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
  const clinic = await browser.page();
  await signIn(clinic, server.base, CLINIC);
  const patient = await enter(clinic, PATIENT);
  const packages = spawnSync(own, ['-c', "import sysconfig; print(sysconfig.get_path('platlib'))"], { encoding: 'utf8' }).stdout.trim();
  const CLIENTS = [
    ['Firefox', 'our page', has(process.env.FIREFOX ?? 'firefox-esr', '--version'), firefox],
    ['aiortc', 'a program', true, program(own, 'aiortc_peer.py')],
    ['GStreamer', 'a program, webrtcbin', has('/usr/bin/python3', '-c', GST), program('/usr/bin/python3', 'gstreamer_peer.py', packages)],
  ];
  for (const [name, what, there, start] of CLIENTS) {
    if (!there) {
      console.log(`  skipped  ${name} is not installed`);
      rows.push(`| ${name} | ${what} | not installed, skipped | | | | |`);
      continue;
    }
    await step(`${name} and Chromium see and hear each other`, async () => {
      const { theirs, mine, sizes } = await consult(server, clinic, patient, start);
      rows.push(`| ${theirs.stack} | ${what} | ${theirs.frames}, ${theirs.width} wide | ${theirs.energy.toPrecision(2)} | ${mine.rate.toFixed(1)} | ${mine.energy.toPrecision(2)} | ${sizes || 'one encoding sent'} |`);
      return rows.at(-1);
    });
  }
  const faults = clinic.faults;
  must(faults.length === 0, faults.join('\n'));
  const table = ['| Client | Way | Pictures it decoded | Energy it heard | Pictures a second in Chromium | Energy in Chromium | Wide large and small |', '|---|---|---|---|---|---|---|', ...rows].join('\n');
  const section = `<!-- foreign -->\n${table}\n\n${SECONDS} s each; energy as W3C webrtc-stats counts it. Safari: not tested.\n<!-- /foreign -->`;
  writeFileSync(REPORT, readFileSync(REPORT, 'utf8').replace(/<!-- foreign -->[\s\S]*<!-- \/foreign -->/, () => section));
} catch (fault) {
  console.log(fault.stack ?? fault);
  if (server) console.log(`--- the server said\n${server.log().slice(-1_500)}`);
} finally {
  await browser?.close();
  await server?.stop();
}
process.exit(sumUp() ? 0 : 1);
