/** 中文是默认。这里汇总所有的键，供类型和测试用；页面上分两批取：base 随第一屏，late 随后面的页面。 */
import { words as base } from './base.zh';
import { words as late } from './late.zh';

export const zh = { ...base, ...late };

export type Key = keyof typeof zh;
export type Words = Record<Key, string>;
/** What an English file owes: the same keys as its Chinese one. */
export type Same<T> = { [K in keyof T]: string };
