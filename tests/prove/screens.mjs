// The list of screens in all eight looks: zh and en, light and dark, 1440 and 390 px.
import { LOOKS } from '../e2e/support/house.mjs';
import { walk } from '../e2e/support/walk.mjs';

process.exit((await walk(LOOKS)) ? 0 : 1);
