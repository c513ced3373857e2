// Every screen in every state: axe's rules in the light and in the dark, on a desk and on a phone, words in the reader's
// language only, nothing cut, also at 200 %. `make prove` walks the same list in all eight looks.
import { walk } from './support/walk.mjs';

const TWO = [{ lang: 'zh', theme: 'light', width: 1440 }, { lang: 'en', theme: 'dark', width: 390 }];
process.exit((await walk(TWO)) ? 0 : 1);
