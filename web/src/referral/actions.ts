/** Which steps are one press, which need a form, and which come first. Pure. */

const ONE_PRESS = new Set([
  'arrive', 'emergency_arrive', 'no_show', 'acknowledge', 'close', 'complete', 'confirm_cancel', 'patient_already_here',
  'withdraw_cancel', 'resubmit', 'appointment_cancel', 'discard',
]);
/** Steps taken elsewhere on the page, or recorded by looking. */
const ELSEWHERE = new Set(['view', 'submit', 'edit']);
/** The last resort stands below, in red. */
const LATE = ['cancel', 'request_cancel', 'discard', 'reject', 'patient_died', 'enter_in_error'];
/** What the owner of the next step mostly does. */
const FIRST = [
  'accept_and_schedule', 'supply_info', 'arrive', 'emergency_arrive', 'treat', 'discharge', 'acknowledge', 'record_follow_up',
  'schedule', 'resubmit', 'confirm_cancel', 'accept',
];

/** One press that the workflow has no way back from is asked for twice. */
const SURE = new Set([
  'arrive', 'emergency_arrive', 'acknowledge', 'discard', 'close', 'complete', 'confirm_cancel', 'patient_already_here', 'resubmit', 'no_show',
]);
/** The step that takes another one back, where the workflow has one. */
const BACK: Readonly<Record<string, string>> = { accept_and_schedule: 'appointment_cancel', schedule: 'appointment_cancel', request_cancel: 'withdraw_cancel' };

export const needsSure = (action: string): boolean => SURE.has(action);
export const takesBack = (action: string): string | null => BACK[action] ?? null;
export const onePress = (action: string): boolean => ONE_PRESS.has(action);
export const isLate = (action: string): boolean => LATE.includes(action);

/** Open steps in the order of the page: the likely one first, those that end something last. */
export function ordered(open: readonly string[]): string[] {
  const rank = (action: string): number => {
    const late = LATE.indexOf(action);
    if (late >= 0) return 100 + late;
    const first = FIRST.indexOf(action);
    return first >= 0 ? first : 50;
  };
  return open.filter((one) => !ELSEWHERE.has(one)).sort((a, b) => rank(a) - rank(b));
}

/** The one filled button: a likely step, never one that ends something. */
export function primary(open: readonly string[]): string | null {
  const first = ordered(open)[0];
  return first && FIRST.includes(first) ? first : null;
}
