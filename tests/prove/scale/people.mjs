// Patients that nobody is, drawn by their number: names, identity numbers of a region that does not exist, and the words
// they are found by, as src/patients/terms.rs has them.
const SURNAMES = '赵zhao 钱qian 孙sun 李li 周zhou 吴wu 郑zheng 王wang 冯feng 陈chen 卫wei 蒋jiang 韩han 杨yang 朱zhu 秦qin 许xu 何he 吕lv 张zhang 孔kong 曹cao 严yan 金jin 魏wei 陶tao 姜jiang 谢xie 苏su 潘pan 葛ge 范fan 彭peng 鲁lu 马ma 苗miao 方fang 袁yuan 柳liu 唐tang 薛xue 雷lei 贺he 倪ni 汤tang 罗luo 郝hao 安an 常chang 丁ding'.split(' ').map(read);
const GIVEN = '望wang 秋qiu 砚yan 溪xi 舟zhou 澜lan 棠tang 禾he 宁ning 舒shu 白bai 川chuan 渡du 雁yan 微wei 潮chao 枝zhi 归gui 桥qiao 苇wei 岚lan 芷zhi 蘅heng 槐huai 梧wu 榆yu 松song 帆fan 汀ting 湄mei 桂gui 芬fen 福fu 英ying 春chun 冬dong 明ming 德de 玉yu 兰lan'.split(' ').map(read);
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const DAY = 86_400_000;

function read(one) {
  return { hanzi: one[0], pinyin: one.slice(1) };
}

const whole = (letters) => Array.from({ length: Math.max(0, letters.length - 1) }, (_, n) => letters.slice(0, n + 2));
const capital = (word) => word[0].toUpperCase() + word.slice(1);

/** The person with this number. The demo's people have other identity numbers. */
export function person(number, recordNo) {
  const parts = [SURNAMES[(number * 31) % SURNAMES.length], GIVEN[(number * 7 + (number >> 9)) % GIVEN.length], GIVEN[(number * 13 + (number >> 5)) % GIVEN.length]];
  const name = parts.map((part) => part.hanzi).join('');
  const male = number % 2 === 0;
  const born = new Date(Date.UTC(1938, 0, 1) + ((number * 7919) % 24_000) * DAY).toISOString().slice(0, 10);
  const turn = Math.floor(number / 24_000);
  const body = `990199${born.replaceAll('-', '')}${String(500 + turn * 2 + (male ? 1 : 0)).padStart(3, '0')}`;
  const identity = body + '10X98765432'[WEIGHTS.reduce((sum, weight, n) => sum + weight * Number(body[n]), 0) % 11];
  const phone = `1990000${String((number * 37) % 10_000).padStart(4, '0')}`;
  const [surname, ...given] = parts.map((part) => part.pinyin);
  return {
    name, male, born, identity, phone,
    masked: `${identity.slice(0, 6)}********${identity.slice(14)}`,
    recordNo: `P-${String(recordNo).padStart(6, '0')}`,
    letters: surname + given.join(''),
    initials: parts.map((part) => part.pinyin[0]).join(''),
    shown: `${capital(surname)} ${capital(given.join(''))}`,
  };
}

/** The terms under which somebody is found. */
export function terms(vault, who) {
  const { name, letters, initials, phone, identity } = who;
  const shared = new Set([name[0], name.slice(0, 2), name, name.slice(1), ...whole(letters), ...whole(initials), phone, phone.slice(-4), identity.slice(-4).toLowerCase()]);
  const own = new Set([identity.toLowerCase(), who.recordNo.toLowerCase(), who.recordNo.slice(2).replace(/^0+/, '')]);
  for (const word of own) shared.delete(word);
  return [...[...shared].map((word) => vault.sharedTerm(word)), ...[...own].map((word) => vault.term(word))];
}
