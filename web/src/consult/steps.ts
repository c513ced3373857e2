/**
 * How a step of a consult is offered on its page. What is open the server says (`open_actions`); here is only
 * where its form stands and what has to be asked before it is done. Pure.
 */

/** Steps with a form or a page of their own elsewhere; coming in and coming back are the call's. */
export const ELSEWHERE: ReadonlySet<string> = new Set(['give_opinion', 'amend_opinion', 'acknowledge', 'escalate', 'accept', 'join', 'rejoin']);

/** Steps that are asked about first: what they need, and what they bring about. */
export const FORMS: ReadonlySet<string> = new Set([
  'decline', 'refuse', 'cancel', 'end_without_opinion', 'enter_in_error', 'redirect', 'transfer', 'schedule', 'reschedule', 'to_async', 'release',
]);

/** What nobody can take back. */
export const FINAL: ReadonlySet<string> = new Set(['cancel', 'end_without_opinion', 'enter_in_error']);

/** Drawn as something to think about. */
export const QUIET: ReadonlySet<string> = new Set(['cancel', 'enter_in_error', 'end_without_opinion', 'refuse', 'decline']);

/** Steps after which one goes into the call. */
export const INTO_CALL: ReadonlySet<string> = new Set(['redial', 'start', 'take', 'accept']);
