/** 登录和首页就要用的词，随第一屏到。 */
import { shellZh } from './shell.zh';
import { earlyZh } from './early.zh';
import { stateZh } from './state.zh';
import { dayZh } from './day.zh';

export const words = {
  ...shellZh,
  ...earlyZh,
  ...stateZh,
  ...dayZh,
};
