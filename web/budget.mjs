// First load in gzip: index.html, its script and styles, everything they import at once, and the
// chunk of the page that opens after it. A township line of 1 Mbit/s carries 60 KB in half a second.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT = 60 * 1024;
const START_PAGES = ['src/auth/SignIn.svelte', 'src/day/Day.svelte'];

const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'));
const seen = new Set();
const files = new Set(['index.html', 'theme.js']);
function take(key) {
  if (seen.has(key)) return;
  seen.add(key);
  const chunk = manifest[key];
  if (!chunk) throw new Error(`the build has no ${key}`);
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const next of chunk.imports ?? []) take(next);
}
const sum = () => [...files].reduce((n, f) => n + gzipSync(readFileSync(`dist/${f}`), { level: 9 }).length, 0);

take('index.html');
const shell = sum();
let worst = shell;
const base = [...files];
for (const page of START_PAGES) {
  files.clear();
  seen.clear();
  base.forEach((f) => files.add(f));
  take('index.html');
  take(page);
  const size = sum();
  worst = Math.max(worst, size);
  console.log(`${(size / 1024).toFixed(1).padStart(6)} KB gz  shell + ${page}`);
}
console.log(`${(shell / 1024).toFixed(1).padStart(6)} KB gz  shell alone; limit ${LIMIT / 1024} KB`);
if (worst > LIMIT) {
  console.error('The first load is over its budget: load something later, or leave it out.');
  process.exit(1);
}
