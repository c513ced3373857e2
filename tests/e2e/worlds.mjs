// A consult between two browsers in the networks that clinics have: by which way the media goes, and how long it
// takes until a picture is decoded. Two worlds in `make test`; `--all` is the table of docs/performance.md.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './support/browser.mjs';
import { writeCamera, writeMicrophone } from './support/media.mjs';
import { CLINIC, SPECIALIST, call, enter, signIn } from './support/people.mjs';
import { framesDecoded, route } from './support/probe.mjs';
import { startServer } from './support/server.mjs';
import { must, pause, step, sumUp, until } from './support/steps.mjs';
import { WORLDS, make, missing, settings, within } from './support/worlds.mjs';

const PATIENT = { name: '柳微澜', sex: 'female', birth_date: '1957-05-20', no_id_reason: 'not_at_hand', phone: '19900006120' };
const [mode, ...names] = process.argv.slice(2);

/** The ways of which each world is expected to take one; the first is what a browser likes best. */
const WANTED = {
  open: ['ICE over udp'], udp: ['ICE over udp'], six: ['ICE over udp'], nat: ['ICE over udp'],
  tcp: ['ICE over tcp', 'TURN over tcp', 'TURN over tls'], natTcp: ['ICE over tcp', 'TURN over tcp', 'TURN over tls'],
  tls: ['TURN over tls'],
  proxy: ['TURN over tls', 'TURN over tcp', 'ICE over tcp'], untrusted: ['ICE over tcp', 'TURN over tcp'],
};

if (mode === '--inside') await inside(names[0], JSON.parse(names[1]));
else await outside(mode === '--all' ? Object.keys(WORLDS) : mode ? [mode, ...names] : ['tcp', 'tls']);

async function outside(chosen) {
  const lack = missing();
  if (lack) {
    // Not a pass: nothing was seen. The suite counts what it is told was counted, and this says nothing of the kind.
    console.log(`SKIPPED, not passed: ${lack}`);
    process.exit(0);
  }
  const rows = [];
  for (const name of chosen) {
    await step(`world: ${WORLDS[name].says}`, async () => {
      const row = await one(name);
      rows.push({ name, ...row });
      must(WANTED[name].includes(row.via), `went by ${row.via}`);
      return `${row.via}, first picture after ${row.first.join(' and ')} ms; TURN offers ${row.offers}`;
    }).catch((fault) => console.log(String(fault?.stack ?? fault).split('\n').slice(0, 6).join('\n')));
  }
  console.log(`\n| World | Way of the media | First picture, clinic and hospital (ms) | TURN answers by |\n|---|---|---|---|`);
  for (const row of rows) console.log(`| ${WORLDS[row.name].says} | ${row.via} | ${row.first.join(', ')} | ${row.offers} |`);
  process.exit(sumUp() ? 0 : 1);
}

/** One world: the server on its far side, and this script again on the near one. */
async function one(name) {
  const world = WORLDS[name];
  const takeDown = make(world);
  let server;
  try {
    const drop = { CAUSEWAY_SERVER__LISTEN: undefined, CAUSEWAY_MEDIA__LISTEN: undefined };
    server = await startServer({ within: within('server'), settings: drop, config: settings(world) });
    const base = `https://${world.host}${world.port === 443 ? '' : `:${world.port}`}`;
    const told = JSON.stringify({ base, authority: join(server.folder, 'certs/ca.crt') });
    const [program, ...words] = [...within('clinic'), process.execPath, fileURLToPath(import.meta.url), '--inside', name, told];
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (text) => (said += text));
    await new Promise((done) => child.on('exit', done));
    const found = /^RESULT (.*)$/m.exec(said);
    if (!found) throw new Error(`no call: ${said}\n--- the server said\n${server.log().slice(-1_500)}`);
    return JSON.parse(found[1]);
  } finally {
    await server?.stop();
    takeDown();
  }
}

async function inside(name, { base, authority }) {
  const world = WORLDS[name];
  const folder = mkdtempSync(join(tmpdir(), 'causeway-world-'));
  const path = (file) => join(folder, file);
  const browsers = [];
  let code = 0;
  try {
    for (const [side, colour, words] of [['clinic', [90, 90, 210], '能看到吗'], ['hospital', [90, 210, 90], '看得到']]) {
      writeCamera(path(`${side}.y4m`), colour);
      writeMicrophone(path(`${side}.wav`), { voice: 'cmn', words, speak: 1.5, silent: 1 });
    }
    const browser = (side) => launch({ camera: path(`${side}.y4m`), microphone: path(`${side}.wav`), authority: world.untrusted ? null : authority, flags: world.flags ?? [] });
    browsers.push(...(await Promise.all([browser('clinic'), browser('hospital')])));
    const pages = await Promise.all(browsers.map((one) => one.page()));
    if (world.untrusted) for (const page of pages) await clickThrough(page);
    const [clinic, hospital] = pages;
    await signIn(clinic, base, CLINIC);
    await signIn(hospital, base, SPECIALIST);
    const consult = await call(clinic, { patient_id: (await enter(clinic, PATIENT)).id });
    await hospital.locator('[role=alertdialog]').waitFor();
    await until('the answer button has the focus', () => hospital.evaluate(() => document.activeElement?.classList.contains('ok')), 5_000);
    await hospital.keyboard.press('Enter');
    await hospital.waitForURL('**at=call**');
    // Both are counted from the moment the second one comes in.
    const began = Date.now();
    await clinic.goto(`${base}/consults/${consult.id}?at=call`);
    const first = await Promise.all(pages.map(async (page) => {
      await until('a picture', async () => (await framesDecoded(page).catch(() => 0)) > 0, 45_000);
      return Date.now() - began;
    }));
    await pause(1_500);
    const ways = await Promise.all(pages.map(route));
    const before = await framesDecoded(clinic);
    await until('pictures go on', async () => (await framesDecoded(clinic)) > before + 5, 10_000);
    console.log(`RESULT ${JSON.stringify({ first, via: ways[0].via, other: ways[1].via, offers: await offers(clinic) })}`);
  } catch (fault) {
    code = 1;
    console.log(String(fault?.stack ?? fault));
  } finally {
    await Promise.allSettled(browsers.map((one) => one.close()));
    rmSync(folder, { recursive: true, force: true });
    process.exit(code);
  }
}

/** What a person does who presses "proceed": the page is taken, and nothing else is. */
async function clickThrough(page) {
  const line = await page.context().newCDPSession(page);
  await line.send('Security.enable');
  await line.send('Security.setIgnoreCertificateErrors', { ignore: true });
}

/** By which ways the TURN server is reached from here, asked one by one with the call's own pass. */
function offers(page) {
  return page.evaluate(async () => {
    const all = window.__causeway.pc.getConfiguration().iceServers.flatMap((one) => one.urls.map((url) => ({ ...one, urls: [url] })));
    const asked = all.map(async (server) => {
      const pc = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: 'relay' });
      pc.addTransceiver('audio');
      const got = new Promise((done) => {
        pc.onicecandidate = ({ candidate }) => candidate?.candidate.includes(' relay ') && done(true);
        setTimeout(() => done(false), 4_000);
      });
      await pc.setLocalDescription();
      const answer = await got;
      pc.close();
      const [scheme] = server.urls[0].split(':');
      return answer ? (scheme === 'turns' ? 'TLS' : 'TCP') : null;
    });
    return (await Promise.all(asked)).filter(Boolean).join(', ') || 'none';
  });
}
