import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { en } from '../i18n/en';
import { needWords } from '../i18n/index.svelte';
import { zh } from '../i18n/zh';
import { Refused } from './client';
import { fieldFaults, sentence } from './problem';

const TABLE = '../src/http/codes.rs';

describe('problems', () => {
  beforeAll(needWords);

  it.runIf(existsSync(TABLE))('have a sentence in both languages for every code the server can send', () => {
    const codes = [...readFileSync(TABLE, 'utf8').matchAll(/^\s+[A-Z_]+ = [A-Z_]+, "([a-z_]+)"/gm)].map((m) => m[1]);
    expect(codes.length).toBeGreaterThan(15);
    for (const code of codes) {
      expect(zh, code).toHaveProperty([`problem.${code}`]);
      expect(en, code).toHaveProperty([`problem.${code}`]);
    }
  });

  it('never show a code alone', () => {
    const said = sentence(new Refused({ code: 'from_the_future', status: 500, request_id: 'abcdef-7f3a' }));
    expect(said).not.toContain('from_the_future');
    expect(said).toContain('7F3A');
  });

  it('say for how long to wait and how large a file may be', () => {
    expect(sentence(new Refused({ code: 'slow_down', status: 429, retry_after_s: 90 }))).toContain('1 分');
    expect(sentence(new Refused({ code: 'too_large', status: 413, limit: 52_428_800 }))).toContain('50 MB');
  });

  it('name the steps that are open when one is closed', () => {
    const said = sentence(new Refused({ code: 'wrong_state', status: 409, open_actions: ['discharge'] }));
    expect(said).toMatch(/可以：\S+/);
  });

  it('put a sentence under the field that is wrong', () => {
    const fault = new Refused({ code: 'invalid_field', status: 422, errors: [{ field: 'question', code: 'too_short' }, { field: '/exam/spo2', code: 'strange' }] });
    expect(fieldFaults(fault)).toEqual({ question: zh['field.question.too_short'], 'exam.spo2': zh['field.invalid'] });
  });
});
