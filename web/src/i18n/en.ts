/** All of English, for the types and the tests. */
import { words as base } from './base.en';
import { words as late } from './late.en';
import type { Words } from './zh';

export const en: Words = { ...base, ...late };
