import type { earlyZh } from './early.zh';
import type { Same } from './zh';

export const earlyEn: Same<typeof earlyZh> = {
  'problem.internal': 'This step was not saved, your text is. Try again; if it stays, quote {ref}.',
  'problem.read.internal': 'This could not be fetched just now; what you wrote is safe. Try again; if it stays, quote {ref}.',
  'problem.read.no_line': 'No network just now: this is not here yet. It is fetched again when the line is back.',
  'problem.read.unavailable': 'The server does not answer for the moment: this is not here yet. Try again in a while.',
  'problem.no_line': 'No network just now: this was not sent. Your text is kept, press again when the line is back.',
  'problem.unavailable': 'The server does not answer for the moment. Your text is kept, press again in a while.',
  'problem.sign_in_refused': 'Number or password is wrong. Your administrator can reset a forgotten one.',
  'problem.not_signed_in': 'The session has ended, please sign in again. Your text is kept.',
  'problem.slow_down': 'That was too fast: again in {for}. Your text is kept.',
  'problem.wrong_origin': 'This page was not opened from here. Come in again through the sign-in page.',
  'problem.not_found': 'This record was not found, or is not your facility\'s.',
};
