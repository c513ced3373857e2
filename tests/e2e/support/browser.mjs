// One Chromium process with a camera and a microphone of its own, driven without Playwright's defaults:
// those keep every page "visible", and a hidden tab is what a ring must reach.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(join(dirname(fileURLToPath(import.meta.url)), '../../../web/package.json'));
const { chromium } = require('playwright-core');
const PROGRAM = process.env.CHROMIUM ?? 'chromium';

export async function launch({ camera, microphone, lang = 'zh', width = 1440, height = 900 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-browser-'));
  const devices = camera
    ? ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${camera}`, `--use-file-for-fake-audio-capture=${microphone}`]
    : [];
  const child = spawn(PROGRAM, [
    '--headless=new', '--no-sandbox', '--no-first-run', '--remote-debugging-port=0', `--user-data-dir=${folder}`,
    '--ignore-certificate-errors', '--disable-features=Translate', '--disable-dev-shm-usage', `--window-size=${width},${height}`,
    ...devices, 'about:blank',
  ], { stdio: ['ignore', 'ignore', 'pipe'] });
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
    localStorage.setItem('lang', tongue);
    localStorage.setItem('causeway_probe', '1');
  }, lang);
  return {
    pid: child.pid,
    browser,
    context,
    /** A page of this browser's one profile, or of a fresh one: someone else at the same PC. */
    async page({ fresh = false } = {}) {
      if (!fresh) return watched(await context.newPage(), width, height);
      const other = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width, height } });
      await other.addInitScript((tongue) => localStorage.setItem('lang', tongue), lang);
      return watched(await other.newPage());
    },
    async close() {
      await browser.close().catch(() => undefined);
      child.kill('SIGTERM');
      await new Promise((done) => (child.exitCode !== null ? done() : child.on('exit', done)));
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function watched(page, width, height) {
  page.faults = [];
  page.on('pageerror', (fault) => page.faults.push(String(fault)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 40[149]/.test(message.text())) page.faults.push(message.text());
  });
  if (width) await page.setViewportSize({ width, height });
  page.setDefaultTimeout(15_000);
  return page;
}
