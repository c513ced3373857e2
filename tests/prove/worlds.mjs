// Every world of tests/e2e/worlds.mjs, and the table of docs/performance.md.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const REPORT = join(ROOT, 'docs/performance.md');
const child = spawn(process.execPath, [join(ROOT, 'tests/e2e/worlds.mjs'), '--all'], { stdio: ['ignore', 'pipe', 'inherit'] });
let said = '';
child.stdout.on('data', (text) => {
  said += text;
  process.stdout.write(text);
});
const code = await new Promise((done) => child.on('exit', done));
const table = /\| World \|[\s\S]*?\|\n(?!\|)/.exec(said)?.[0].trimEnd();
if (code === 0 && table) {
  const section = `<!-- worlds -->\n${table}\n<!-- /worlds -->`;
  const text = readFileSync(REPORT, 'utf8');
  writeFileSync(REPORT, text.replace(/<!-- worlds -->[\s\S]*<!-- \/worlds -->/, () => section));
}
process.exit(code);
