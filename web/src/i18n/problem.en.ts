import type { problemZh } from './problem.zh';
import type { Same } from './zh';

export const problemEn: Same<typeof problemZh> = {
  'problem.internal': 'This step was not saved, your text is. Try again; if it stays, quote {ref}.',
  'problem.no_line': 'No network just now: this was not sent. Your text is kept, press again when the line is back.',
  'problem.unavailable': 'The server does not answer for the moment. Your text is kept, press again in a while.',
  'problem.sign_in_refused': 'Number or password is wrong. Your administrator can reset a forgotten one.',
  'problem.sign_in_needed': 'The session has ended, please sign in again. Your text is kept.',
  'problem.not_allowed': 'This step is not open to your role. If it is needed, dial the other side’s desk.',
  'problem.not_found': 'This record was not found, or is not your facility’s.',
  'problem.slow_down': 'That was too fast: again in {for}. Your text is kept.',
  'problem.too_large': 'The file is too large, the limit is {limit}. Photograph it or export a smaller one.',
  'problem.invalid_field': 'Some fields are not right yet; each is marked.',

  'field.invalid': 'This is not right yet, please look again.',
  'field.required': 'This is needed.',
};
