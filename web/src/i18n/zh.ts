/** 中文是默认。每一大块自己一个文件，这里只汇总；英文同样的键由类型保证。 */
import { consultZh } from './consult.zh';
import { dayZh } from './day.zh';
import { deskZh } from './desk.zh';
import { patientZh } from './patient.zh';
import { problemZh } from './problem.zh';
import { referralZh } from './referral.zh';
import { shellZh } from './shell.zh';

export const zh = {
  ...shellZh,
  ...problemZh,
  ...dayZh,
  ...patientZh,
  ...consultZh,
  ...referralZh,
  ...deskZh,
} as const;

export type Key = keyof typeof zh;
export type Words = Record<Key, string>;
/** What an English file owes: the same keys as its Chinese one. */
export type Same<T> = { [K in keyof T]: string };
