// A rough day: no camera, no leave for it, a socket that is cut, a page loaded anew in the middle of a sentence, a
// microphone muted, a camera turned off. Through all of it a seat is one tile and the call goes on. The hospital's camera
// is packed in H.264, and after the reload in VP9: what the other stories send is VP8.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from './support/browser.mjs';
import { writeCamera, writeMicrophone } from './support/media.mjs';
import { CLINIC, SPECIALIST, api, call, enter, signIn } from './support/people.mjs';
import { energies, packingOf } from './support/probe.mjs';
import { startServer } from './support/server.mjs';
import { must, pause, step, tell, until } from './support/steps.mjs';
import { OTHERS, moreFrames } from './support/way.mjs';

const PATIENT = { name: '郑秋水', sex: 'male', birth_date: '1968-03-11', no_id_reason: 'not_at_hand', phone: '19900004417' };
const folder = mkdtempSync(join(tmpdir(), 'causeway-rough-'));
let server;
let here;
let there;

/** This browser's camera is sent in H.264, or from the next load on in what `sends` says, whatever our page likes best. */
const sendsOther = () =>
  there.context.addInitScript(() => {
    const before = RTCRtpTransceiver.prototype.setCodecPreferences;
    const name = localStorage.getItem('sends') ?? 'video/H264';
    const fits = (codec) => codec.mimeType === 'video/rtx' || (codec.mimeType === name && !/packetization-mode=0|profile-level-id=4d|profile-id=[1-9]/.test(codec.sdpFmtpLine ?? ''));
    RTCRtpTransceiver.prototype.setCodecPreferences = function (codecs) {
      const isCamera = this.direction === 'sendonly' && codecs.some((codec) => codec.mimeType.startsWith('video/'));
      before.call(this, isCamera ? RTCRtpSender.getCapabilities('video').codecs.filter(fits) : codecs);
    };
  });
const isPackedIn = (page, packing) => until(`pictures in ${packing}`, async () => (await packingOf(page)) === packing, 10_000);

const tiles = (page) => page.locator(OTHERS).count();

async function story() {
  await step('a server, and two browsers: the clinic without a camera', async () => {
    const path = (name) => join(folder, name);
    writeCamera(path('hospital.y4m'), [90, 210, 90]);
    writeMicrophone(path('clinic.wav'), { voice: 'cmn', words: '能听到吗，病人在我旁边', speak: 1.5, silent: 1 });
    writeMicrophone(path('hospital.wav'), { voice: 'cmn', words: '听得到', speak: 1.2, silent: 1.3 });
    server = await startServer();
    [here, there] = await Promise.all([launch({ microphone: path('clinic.wav') }), launch({ camera: path('hospital.y4m'), microphone: path('hospital.wav') })]);
  });
  await sendsOther();
  const clinic = await here.page();
  const specialist = await there.page();
  await step('both sign in', async () => {
    await signIn(clinic, server.base, CLINIC);
    await signIn(specialist, server.base, SPECIALIST);
  });
  const patient = await enter(clinic, PATIENT);
  const consult = await call(clinic, { patient_id: patient.id });
  await step('the specialist answers with the Enter key', async () => {
    await specialist.locator('[role=alertdialog]').waitFor();
    await until('the answer button has the focus', () => specialist.evaluate(() => document.activeElement?.classList.contains('ok')), 3_000);
    await specialist.keyboard.press('Enter');
    await specialist.waitForURL('**at=call**');
  });
  await step('the clinic has neither camera nor microphone and is in the call all the same', async () => {
    await clinic.goto(`${server.base}/consults/${consult.id}?at=call`);
    await moreFrames(clinic);
    await isPackedIn(clinic, 'video/H264');
    await clinic.locator('.notice').waitFor();
    return (await clinic.locator('.notice b').innerText()).trim();
  });
  await step('the specialist sees the seat as a portrait, once', async () => {
    await specialist.locator(`${OTHERS} .orb`).first().waitFor();
    must((await tiles(specialist)) === 1, `${await tiles(specialist)} tiles`);
  });

  await step('a muted microphone sends nothing, and its sign is on the plate', async () => {
    await specialist.locator('.call-head').click();
    await specialist.keyboard.press('m');
    await specialist.getByRole('button', { name: '取消静音' }).waitFor();
    await clinic.locator(`${OTHERS} figcaption use[href="#i-micoff"]`).waitFor();
    await pause(800);
    const before = await energies(clinic);
    await pause(3_000);
    const after = await energies(clinic);
    must(after.heard - before.heard < 0.001, `heard ${after.heard - before.heard} while muted`);
    await specialist.keyboard.press('m');
    await clinic.locator(`${OTHERS} figcaption use[href="#i-mic"]`).waitFor();
    await until('the voice is back', async () => (await energies(clinic)).heard - after.heard > 0.01, 6_000);
  });
  await step('a camera turned off becomes a portrait, and comes back as a picture', async () => {
    await specialist.keyboard.press('c');
    await clinic.locator(`${OTHERS} .orb`).waitFor();
    await specialist.keyboard.press('c');
    await clinic.locator(`${OTHERS} video`).waitFor();
    await moreFrames(clinic);
  });

  await step('the socket is cut for some seconds: the picture does not stop, words come after', async () => {
    const cdp = await specialist.context().newCDPSession(specialist);
    await cdp.send('Network.enable');
    await cdp.send('Network.emulateNetworkConditions', { offline: true, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    const said = `断线时写的 ${Date.now()}`;
    await api(clinic, 'POST', `/consults/${consult.id}/messages`, { body: said, client_msg_id: crypto.randomUUID() });
    await pause(3_000);
    await moreFrames(clinic);
    await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    const at = Date.now();
    await specialist.getByRole('tab', { name: /聊天/ }).click();
    await specialist.getByRole('log').getByText(said).waitFor({ timeout: 10_000 });
    return `there ${Date.now() - at} ms after the line was back`;
  });
  await step('a page loaded anew is back in its seat, and nobody has a twin', async () => {
    await specialist.evaluate(() => localStorage.setItem('sends', 'video/VP9'));
    const at = Date.now();
    await specialist.reload();
    await specialist.locator(OTHERS).waitFor();
    await clinic.locator(`${OTHERS} video`).waitFor();
    await moreFrames(clinic, 20_000);
    await isPackedIn(clinic, 'video/VP9');
    must((await tiles(clinic)) === 1, `${await tiles(clinic)} tiles at the clinic`);
    return `${Date.now() - at} ms until it is seen again`;
  });
  await step('looking something up leaves the call running in its strip', async () => {
    await specialist.evaluate(() => {
      const link = Object.assign(document.createElement('a'), { href: '/consults' });
      document.body.append(link);
      link.click();
    });
    await specialist.getByRole('region', { name: '正在进行的通话' }).waitFor();
    await moreFrames(clinic);
    await specialist.getByRole('link', { name: '回到通话' }).click();
    await specialist.locator(OTHERS).first().waitFor();
  });
  await step('leaving keeps the consult open; the other is told', async () => {
    await specialist.getByRole('button', { name: '结束' }).click();
    await specialist.getByRole('button', { name: '离开通话' }).click();
    await specialist.waitForURL(/consults\/con-[\w-]+$/);
    await until('the seat is empty', async () => (await tiles(clinic)) === 0 || (await clinic.getByText(/等 .* 进来/).count()) > 0, 8_000);
    const { body } = await api(clinic, 'GET', `/consults/${consult.id}`);
    must(['in_progress', 'interrupted'].includes(body.state), `it is ${body.state}`);
    return body.state;
  });
}

await tell(story, {
  log: () => server?.log(),
  close: [() => Promise.allSettled([here?.close(), there?.close()]), () => server?.stop(), () => rmSync(folder, { recursive: true, force: true })],
});
