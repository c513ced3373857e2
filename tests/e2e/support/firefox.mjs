// One Firefox with a camera and a microphone of its own making, driven by Marionette, the protocol it comes with: lines of
// JSON over TCP, each behind its length (https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html).
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './steps.mjs';

export const PROGRAM = process.env.FIREFOX ?? 'firefox-esr';

const PREFS = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  // The server under test is on the loopback, which Firefox leaves out of ICE otherwise.
  'media.peerconnection.ice.loopback': true,
  // It would fetch an H.264 coder from its makers.
  'media.gmp-manager.updateEnabled': false,
  'app.update.enabled': false,
  'app.normandy.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
};

async function freePort() {
  const probe = createServer();
  await new Promise((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  return port;
}

/** Marionette's line: commands go out with a number, answers come back with it. */
class Wire {
  constructor(socket) {
    this.socket = socket;
    this.waiting = new Map();
    this.id = 0;
    this.rest = Buffer.alloc(0);
    socket.on('data', (more) => this.take(more));
    socket.on('close', () => this.waiting.forEach(({ no }) => no(new Error('Firefox has gone'))));
  }

  take(more) {
    this.rest = Buffer.concat([this.rest, more]);
    for (;;) {
      const colon = this.rest.indexOf(':');
      const length = colon < 0 ? NaN : Number(this.rest.subarray(0, colon));
      if (Number.isNaN(length) || this.rest.length < colon + 1 + length) return;
      const said = JSON.parse(this.rest.subarray(colon + 1, colon + 1 + length));
      this.rest = this.rest.subarray(colon + 1 + length);
      // The first line is no answer: it says which protocol this is.
      if (!Array.isArray(said)) continue;
      const [, id, fault, result] = said;
      const waits = this.waiting.get(id);
      this.waiting.delete(id);
      if (fault) waits?.no(new Error(`${fault.error}: ${fault.message}`));
      else waits?.done(result);
    }
  }

  say(command, params = {}) {
    this.id += 1;
    const text = JSON.stringify([0, this.id, command, params]);
    const answer = new Promise((done, no) => this.waiting.set(this.id, { done, no }));
    this.socket.write(`${Buffer.byteLength(text)}:${text}`);
    return answer;
  }
}

/** A page that can be asked what a page of Playwright is asked here: `goto`, `evaluate`, `close`. */
export async function launchFirefox() {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-firefox-'));
  const port = await freePort();
  const prefs = Object.entries({ ...PREFS, 'marionette.port': port }).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
  writeFileSync(join(folder, 'user.js'), prefs.join('\n'));
  const child = spawn(PROGRAM, ['--headless', '--marionette', '--no-remote', '--profile', folder], { env: { ...process.env, HOME: folder }, stdio: 'ignore' });
  const gone = new Promise((done) => child.on('exit', done));
  const { answer: socket } = await until('Firefox listens', () => new Promise((done) => {
    const line = connect(port, '127.0.0.1', () => done(line));
    line.on('error', () => done(null));
  }), 60_000, 200);
  const wire = new Wire(socket);
  const { capabilities } = await wire.say('WebDriver:NewSession', { acceptInsecureCerts: true, timeouts: { script: 60_000, pageLoad: 60_000 } });
  return {
    version: capabilities.browserVersion,
    goto: (url) => wire.say('WebDriver:Navigate', { url }),
    async evaluate(what, value) {
      const script = `const done = arguments[1]; Promise.resolve((${what})(arguments[0])).then((ok) => done({ ok }), (fault) => done({ fault: String(fault) }));`;
      const { value: said } = await wire.say('WebDriver:ExecuteAsyncScript', { script, args: [value ?? null] });
      if (said.fault) throw new Error(said.fault);
      return said.ok;
    },
    async picture(path) {
      const { value } = await wire.say('WebDriver:TakeScreenshot', { full: false });
      writeFileSync(path, Buffer.from(value, 'base64'));
    },
    async close() {
      await wire.say('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => child.kill('SIGKILL'));
      await gone;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
