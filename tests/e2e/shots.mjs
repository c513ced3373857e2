// `make shots`: every screen of scenes.mjs in eight looks (zh and en, light and dark, 1440 and 390 px), taken from the
// real server, and one contact sheet a look. They land in tests/e2e/out: look at them. `--only=<words>` takes some of
// the screens, `--look=zh-light-1440` one of the looks, `--keep` renews the README's pictures.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LOOKS, openHouse, setLook } from './support/house.mjs';
import { SCENES, play } from './support/scenes.mjs';
import { pause } from './support/steps.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, 'out');
const KEPT = { call: 'call-en-light-1440', desk: 'desk-zh-light-1440', today: 'today-en-light-1440', phone: 'ring-zh-dark-390' };
const option = (name) => process.argv.find((one) => one.startsWith(`--${name}=`))?.split('=')[1];
const nameOf = ({ lang, theme, width }) => `${lang}-${theme}-${width}`;
const only = new RegExp(option('only') ?? '.');
const looks = LOOKS.filter((look) => nameOf(look).includes(option('look') ?? ''));
const scenes = SCENES.filter((scene) => only.test(scene.name));

async function take(house) {
  let taken = 0;
  const missed = [];
  for (const scene of scenes) {
    await play(house, scene, async (page) => {
      for (const look of looks) {
        await setLook(page, look);
        await pause(120);
        await page.screenshot({ path: join(OUT, `${scene.name}-${nameOf(look)}.png`) });
        taken += 1;
      }
    }).catch((fault) => missed.push(`${scene.name}: ${String(fault).split('\n')[0]}`));
    console.log(`  ${scene.name}`);
  }
  return { taken, missed };
}

/** All pictures of one look on one page, labelled. */
async function sheet(browser, look) {
  const wide = look.width > 760;
  const cells = scenes.map((scene) => `<figure><img src="${scene.name}-${nameOf(look)}.png" alt=""><figcaption>${scene.name}</figcaption></figure>`).join('');
  const html = join(OUT, `sheet-${nameOf(look)}.html`);
  writeFileSync(html, `<!doctype html><meta charset="utf-8"><title>${nameOf(look)}</title><style>body{margin:24px;background:#8a9499;font:14px sans-serif;width:${wide ? 2200 : 2000}px}
h1{font-size:20px}main{display:grid;grid-template-columns:repeat(${wide ? 5 : 10},1fr);gap:16px}figure{margin:0}img{width:100%;display:block;border:1px solid #555}figcaption{padding:4px 0}</style>
<h1>Causeway · ${nameOf(look)} · ${scenes.length}</h1><main>${cells}</main>`);
  const page = await browser.page();
  await page.setViewportSize({ width: wide ? 2248 : 2048, height: 1200 });
  await page.goto(pathToFileURL(html).href);
  await page.screenshot({ path: html.replace('.html', '.png'), fullPage: true });
  await page.close();
}

mkdirSync(OUT, { recursive: true });
const house = await openHouse();
try {
  const { taken, missed } = await take(house);
  for (const look of looks) await sheet(house.here, look);
  if (process.argv.includes('--keep')) {
    mkdirSync(join(HERE, '../../docs/pictures'), { recursive: true });
    for (const [name, from] of Object.entries(KEPT)) copyFileSync(join(OUT, `${from}.png`), join(HERE, '../../docs/pictures', `${name}.png`));
  }
  for (const one of missed) console.log(` FAIL  ${one}`);
  console.log(`${taken} pictures and ${looks.length} contact sheets in tests/e2e/out`);
  process.exitCode = missed.length ? 1 : 0;
} finally {
  await house.close();
}
