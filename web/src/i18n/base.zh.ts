/** 登录和首页就要用的词，随第一屏到。 */
import { shellZh } from './shell.zh';
import { problemZh } from './problem.zh';
import { stateZh } from './state.zh';
import { dayZh } from './day.zh';

export const words = {
  ...shellZh,
  ...problemZh,
  ...stateZh,
  ...dayZh,
};
