// Programs of PyPI, each in an environment of its own under `target`, of the versions in a list that has every file's hash.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './steps.mjs';

/** The environment's Python, with what `requirements` lists; installed once for each list. */
export function python(folder, requirements) {
  const program = join(folder, 'bin/python');
  const wanted = readFileSync(requirements, 'utf8');
  const mark = join(folder, 'installed.txt');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return program;
  mkdirSync(folder, { recursive: true });
  execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
  const got = spawnSync(program, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '-r', requirements], { encoding: 'utf8' });
  must(got.status === 0, `PyPI does not give what ${requirements} lists: ${got.stderr.trim().split('\n').at(-1)}`);
  writeFileSync(mark, wanted);
  return program;
}
