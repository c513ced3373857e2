// Two desks at one letter and a form sent twice, a thousand times each, on both stores; and the table of docs/performance.md.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const REPORT = join(ROOT, 'docs/performance.md');
const RUNS = process.env.OFFICE_RACES ?? '1000';

function run(words) {
  return new Promise((done, no) => {
    const child = spawn('cargo', words, { cwd: ROOT, env: { ...process.env, OFFICE_RACES: RUNS }, stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
      process.stdout.write(text);
    });
    child.on('exit', (code) => (code === 0 ? done(said) : no(new Error(`cargo ${words.join(' ')} ended with ${code}`))));
  });
}

const began = Date.now();
const said = [
  await run(['test', '--locked', '--test', 'it', '--', '--nocapture', 'office::of_two', 'office::a_form']),
  await run(['xtask', 'postgres', 'office::of_two', 'office::a_form', '--nocapture']),
].join('\n');
const lines = [...said.matchAll(/office: (\d+) (letters accepted by two desks at once|forms sent twice at once) on (\w+): (.+)/g)];
if (lines.length < 2) throw new Error('no race was run');
const rows = lines.map(([, n, what, store, how]) => `| ${what} | ${store} | ${n} | ${how} |`);
const table = ['| What | Store | Times | Came of it |', '|---|---|---|---|', ...rows].join('\n');
const text = readFileSync(REPORT, 'utf8');
const section = `<!-- office -->\n${table}\n<!-- /office -->`;
writeFileSync(REPORT, text.replace(/<!-- office -->[\s\S]*<!-- \/office -->/, () => section));
console.log(`${rows.length} races of ${RUNS}, ${Math.round((Date.now() - began) / 1000)} s`);
