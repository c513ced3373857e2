// One Chromium process with a camera and a microphone of its own, driven without Playwright's defaults:
// those keep every page "visible", and a hidden tab is what a ring must reach.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './steps.mjs';

const require = createRequire(join(dirname(fileURLToPath(import.meta.url)), '../../../web/package.json'));
const { chromium } = require('playwright-core');
const PROGRAM = process.env.CHROMIUM ?? 'chromium';

/**
 * `authority` is a PEM file that this profile trusts, or null: then certificates are checked as a hospital's browser
 * checks them; without it any is taken. `flags` are further switches. `profile` is the folder of a browser that was
 * killed: it starts again as its owner left it.
 */
export async function launch({ camera, microphone, profile, lang = 'zh', width = 1440, height = 900, authority, flags = [] } = {}) {
  const folder = profile ?? mkdtempSync(join(tmpdir(), 'causeway-browser-'));
  if (authority) trust(folder, authority);
  const devices = camera
    ? ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${camera}`, `--use-file-for-fake-audio-capture=${microphone}`]
    : [];
  const child = spawn(PROGRAM, [
    '--headless=new', '--no-sandbox', '--no-first-run', '--remote-debugging-port=0', `--user-data-dir=${folder}`,
    ...(authority !== undefined ? [] : ['--ignore-certificate-errors']), '--disable-features=Translate', '--disable-dev-shm-usage', `--window-size=${width},${height}`,
    ...devices, ...flags, 'about:blank',
  ], { stdio: ['ignore', 'ignore', 'pipe'], env: authority !== undefined ? { ...process.env, HOME: folder } : process.env });
  const endpoint = await new Promise((done, no) => {
    let text = '';
    const late = setTimeout(() => no(new Error(`chromium did not start:\n${text}`)), 30_000);
    child.stderr.on('data', (more) => {
      text += more;
      const found = /ws:\/\/\S+/.exec(text);
      if (!found) return;
      clearTimeout(late);
      done(found[0]);
    });
  });
  const browser = await chromium.connectOverCDP(endpoint, { noDefaults: true });
  const context = browser.contexts()[0];
  await context.addInitScript((tongue) => {
    if (!localStorage.getItem('lang')) localStorage.setItem('lang', tongue);
    localStorage.setItem('causeway_probe', '1');
  }, lang);
  return {
    pid: child.pid,
    profile: folder,
    browser,
    context,
    /** A page of this browser's one profile, or of a fresh one: someone else at the same PC. */
    async page({ fresh = false } = {}) {
      if (!fresh) return watched(await context.newPage(), width, height);
      const other = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width, height } });
      await other.addInitScript((tongue) => localStorage.getItem('lang') ?? localStorage.setItem('lang', tongue), lang);
      return watched(await other.newPage());
    },
    /** A second tab of whoever has `page`. */
    beside: async (page) => watched(await page.context().newPage()),
    /** Gone without a word, as by a power cut; the profile stays. */
    async kill() {
      const gone = new Promise((done) => child.on('exit', done));
      child.kill('SIGKILL');
      await gone;
      await browser.close().catch(() => undefined);
    },
    async close() {
      await browser.close().catch(() => undefined);
      child.kill('SIGTERM');
      await new Promise((done) => (child.exitCode !== null ? done() : child.on('exit', done)));
      await until('its folder is gone', () => {
        try {
          rmSync(folder, { recursive: true, force: true });
          return true;
        } catch {
          // Its helpers write for a moment after it has ended.
          return false;
        }
      }, 10_000, 200);
    },
  };
}

/** Chromium on Linux reads whom it trusts beside its own list from the NSS store of its home. */
function trust(home, authority) {
  const store = join(home, '.pki/nssdb');
  mkdirSync(store, { recursive: true });
  execFileSync('certutil', ['-d', `sql:${store}`, '-N', '--empty-password']);
  execFileSync('certutil', ['-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', 'causeway', '-i', authority]);
}

async function watched(page, width, height) {
  page.faults = [];
  page.on('pageerror', (fault) => page.faults.push(String(fault)));
  page.on('console', (message) => {
    // A server that is away is said by the page in words; what the browser's own log says about it is no fault of the page.
    if (message.type() === 'error' && !/^(Failed to load resource|WebSocket connection to)/.test(message.text())) page.faults.push(message.text());
  });
  page.on('response', (answer) => {
    // Before signing in nobody is signed in: that one question is answered with 401, and rightly.
    // A first look is recorded behind the reader's back; whoever decides faster than it is not to be told.
    const path = new URL(answer.url()).pathname;
    if (answer.status() < 400 || answer.status() === 401 || (answer.status() === 412 && path.endsWith('/actions/view'))) return;
    page.faults.push(`${answer.status()} to ${answer.request().method()} ${path}`);
  });
  if (width) await page.setViewportSize({ width, height });
  page.setDefaultTimeout(15_000);
  return page;
}
