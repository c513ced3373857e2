// The figures, as an administrator and a desk see them: opened, narrowed, looked behind, and saved as a workbook with three
// clicks at most; the seconds it took are printed.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './support/browser.mjs';
import { DESK, api, signIn } from './support/people.mjs';
import { startServer } from './support/server.mjs';
import { must, step, sumUp, until } from './support/steps.mjs';

const OUT = join(dirname(fileURLToPath(import.meta.url)), 'out');
const saved = mkdtempSync(join(tmpdir(), 'causeway-saved-'));
const pictures = process.argv.includes('--pictures');
const server = await startServer();
let browser;
try {
  browser = await launch();
  const session = await browser.browser.newBrowserCDPSession();
  await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: saved, eventsEnabled: true });
  const page = await browser.page();
  let clicks = 0;
  await page.exposeFunction('__clicked', () => (clicks += 1));
  await page.addInitScript(() => addEventListener('click', (event) => event.isTrusted && window.__clicked(), true));
  await signIn(page, server.base, DESK);

  await step('the desk opens the figures and saves the workbook', async () => {
    await until('the journal is counted', async () => (await api(page, 'GET', '/statistics')).body.figures.find((one) => one.key === 'volume').value > 20);
    clicks = 0;
    const began = performance.now();
    await page.locator('a.rail-item[href="/statistics"]').click();
    await page.locator('.headline.lead .figure').waitFor();
    const shown = performance.now() - began;
    await page.locator('.head-tools .btn.primary').click();
    const { answer: file } = await until('the file is there', () => readdirSync(saved).find((name) => name.endsWith('.xlsx')));
    const took = performance.now() - began;
    must(readFileSync(join(saved, file)).subarray(0, 2).toString() === 'PK', 'the file is a workbook');
    must(clicks <= 3, `at most three clicks, these were ${clicks}`);
    console.log(`        ${clicks} clicks; shown after ${(shown / 1000).toFixed(2)} s, saved after ${(took / 1000).toFixed(2)} s`);
  });

  await step('a period, a house and a direction stand in the address and come back with it', async () => {
    await page.getByRole('group', { name: '期间' }).getByRole('button', { name: '年', exact: true }).click();
    await page.waitForURL(/from=\d{4}-01-01/);
    await page.getByLabel('方向').selectOption('up');
    await page.waitForURL(/direction=up/);
    await page.reload();
    await page.locator('.headline.lead .figure').waitFor();
    must((await page.getByLabel('方向').inputValue()) === 'up', 'the direction is still chosen');
    must((await page.getByRole('group', { name: '期间' }).getByRole('button', { name: '年', exact: true }).getAttribute('aria-pressed')) === 'true', 'the year is still chosen');
  });

  await step('every figure has its definition beside it, and its rows behind it without a patient', async () => {
    const rows = await page.locator('.st-figures tbody tr').count();
    must(rows >= 60, `there are ${rows} figures`);
    must((await page.locator('.st-means').allTextContents()).every((text) => text.trim().length > 3), 'each has a definition');
    await page.locator('.headline').nth(1).click();
    await page.getByRole('dialog').locator('tbody tr').first().waitFor();
    const said = await page.getByRole('dialog').innerText();
    must(/UP-\d{4}-\d{6}/.test(said), 'the rows are named by their numbers');
    must(!said.includes('赵长河'), 'no patient stands in them');
    await page.keyboard.press('Escape');
  });

  await step('each chart can be read as a table', async () => {
    for (const table of await page.locator('details.as-table').all()) {
      await table.locator('summary').click();
      must((await table.locator('tbody tr').count()) > 0, 'the table has rows');
      await table.locator('summary').click();
    }
  });

  if (pictures) {
    mkdirSync(OUT, { recursive: true });
    for (const [tongue, theme, width] of [['zh', 'light', 1440], ['en', 'dark', 1440], ['zh', 'dark', 390], ['en', 'light', 390]]) {
      await page.evaluate(([lang, shade]) => (localStorage.setItem('lang', lang), localStorage.setItem('theme', shade)), [tongue, theme]);
      await page.setViewportSize({ width, height: width > 760 ? 900 : 844 });
      await page.goto(`${server.base}/statistics`);
      await page.locator('.headline.lead .figure').waitFor();
      await page.waitForTimeout(600);
      await page.screenshot({ path: join(OUT, `statistics-${width}-${theme}-${tongue}.png`), fullPage: true });
    }
  }
  must(page.faults.length === 0, `the page was quiet: ${page.faults.join('; ')}`);
} catch (fault) {
  console.log(String(fault?.stack ?? fault), `\n--- the server said\n${server.log().slice(-1_500)}`);
  process.exitCode = 1;
} finally {
  sumUp();
  await browser?.close();
  await server.stop();
  rmSync(saved, { recursive: true, force: true });
}
