import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const files = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
    const path = join(folder, one.name);
    return one.isDirectory() ? files(path) : path.endsWith('.svelte') ? [path] : [];
  });

/** Every field of a component with all its attributes: braces and quotes may hold a `>`. */
function fields(text: string): string[] {
  return [...text.matchAll(/<(textarea|input)\b/g)].map((found) => {
    let [at, depth, quoted] = [found.index + found[0].length, 0, false];
    for (; at < text.length; at += 1) {
      const sign = text[at];
      if (sign === '"' && depth === 0) quoted = !quoted;
      else if (sign === '{' && !quoted) depth += 1;
      else if (sign === '}' && !quoted) depth -= 1;
      else if (sign === '>' && depth === 0 && !quoted) break;
    }
    return text.slice(found.index, at + 1);
  });
}

describe('what is typed', () => {
  // Browsers keep the state of fields for their own session restore, readable on disk, unless told not to.
  it('is never left to the memory of the browser', () => {
    const open = files(join(__dirname, '..')).flatMap((path) =>
      fields(readFileSync(path, 'utf8'))
        .filter((field) => !/\sautocomplete=/.test(field) && !/type="(radio|checkbox|file)"/.test(field))
        .map((field) => `${path.replace(/^.*src\//, '')}: ${field.slice(0, 60)}`),
    );
    expect(open).toEqual([]);
  });
});
