/** A week of duties as a grid of people and days, and back. Pure: no clock, no server. */
import type { Duty } from '../api/schema';

const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** All facilities keep the same time, without summer time. */
const CLINIC = 8 * HOUR;
/** The day begins at eight, the night at eight in the evening. */
const MORNING = 8 * HOUR;
const EVENING = 20 * HOUR;

/** Nobody, or a tier for the whole day, the day hours, the night. */
export const PLANS = ['off', '1', '2', '1d', '1n', '2d', '2n'] as const;
export type Plan = (typeof PLANS)[number];

export interface Grid {
  /** By person, seven days each. */
  cells: Record<string, Plan[]>;
  /** Duties with other hours; sent back as they came. */
  extra: Duty[];
  /** Duties of the week before that reach into this one; not this week's to change. */
  before: Duty[];
}

/** Monday's first moment, clinic time. */
export function monday(at: number): number {
  const days = Math.floor((at + CLINIC) / DAY);
  // Day 0 was a Thursday.
  return (days - ((days + 3) % 7)) * DAY - CLINIC;
}

/** The first moments of the seven days. */
export const daysOf = (from: number): number[] => Array.from({ length: 7 }, (_, n) => from + n * DAY);
export const week = (from: number, by: number): number => from + by * 7 * DAY;

/** The first moment of a day `yyyy-mm-dd` in clinic time, or so much later. */
export const beginOf = (day: string, later: number): string => new Date(Date.parse(`${day}T00:00:00+08:00`) + later).toISOString();

interface Span {
  starts_at: string;
  ends_at: string;
}

/** The last day of a span of whole days, by its first moment; nothing if it begins or ends within one. */
export function lastDayOf(of: Span): number | null {
  const [from, to] = [Date.parse(of.starts_at), Date.parse(of.ends_at)];
  return (from + CLINIC) % DAY === 0 && (to + CLINIC) % DAY === 0 ? to - DAY : null;
}

/** True if the span touches the day that begins at `day`. */
export const isAway = (of: Span, day: number): boolean => Date.parse(of.starts_at) < day + DAY && Date.parse(of.ends_at) > day;

const emptyRow = (): Plan[] => Array.from({ length: 7 }, () => 'off');

/** The two halves of a tier in one cell are the whole day. */
function joined(there: Plan, more: Plan): Plan | null {
  if (there === 'off') return more;
  const [day, night] = [there, more].sort() as [Plan, Plan];
  return day[0] === night[0] && day[1] === 'd' && night[1] === 'n' ? (day[0] as Plan) : null;
}

function planOf(duty: Duty, from: number): { day: number; plan: Plan } | null {
  const start = Date.parse(duty.starts_at) - from;
  const day = Math.floor(start / DAY);
  const at = start - day * DAY;
  const long = Date.parse(duty.ends_at) - from - start;
  const part = at === MORNING && long === DAY ? '' : at === MORNING && long === DAY / 2 ? 'd' : at === EVENING && long === DAY / 2 ? 'n' : null;
  const plan = part === null ? undefined : PLANS.find((one) => one === `${duty.tier}${part}`);
  return plan && day >= 0 && day < 7 ? { day, plan } : null;
}

/** The duties as a grid of these people. */
export function gridOf(duties: readonly Duty[], staff: readonly { id: string }[], from: number): Grid {
  const grid: Grid = { cells: Object.fromEntries(staff.map(({ id }) => [id, emptyRow()])), extra: [], before: [] };
  for (const duty of duties) {
    if (Date.parse(duty.starts_at) < from) {
      grid.before.push(duty);
      continue;
    }
    const row = grid.cells[duty.user];
    const found = planOf(duty, from);
    const plan = row && found ? joined(row[found.day] ?? 'off', found.plan) : null;
    if (row && found && plan) row[found.day] = plan;
    else grid.extra.push(duty);
  }
  return grid;
}

/** The duties of a grid, in the order of the days. */
export function dutiesOf(grid: Grid, from: number): Duty[] {
  const duties = [...grid.extra];
  for (const [user, row] of Object.entries(grid.cells)) {
    row.forEach((plan, day) => {
      if (plan === 'off') return;
      const starts = from + day * DAY + (plan[1] === 'n' ? EVENING : MORNING);
      const ends = starts + (plan[1] ? DAY / 2 : DAY);
      duties.push({ user, tier: Number(plan[0]), starts_at: new Date(starts).toISOString(), ends_at: new Date(ends).toISOString() });
    });
  }
  return duties.sort((a, b) => a.starts_at.localeCompare(b.starts_at) || a.tier - b.tier);
}

/** The same duties a number of weeks later; those of people who left stay behind. */
export function moved(duties: readonly Duty[], staff: readonly { id: string }[], weeks: number): Duty[] {
  const later = (at: string): string => new Date(week(Date.parse(at), weeks)).toISOString();
  return duties.filter((duty) => staff.some((one) => one.id === duty.user)).map((duty) => ({ ...duty, starts_at: later(duty.starts_at), ends_at: later(duty.ends_at) }));
}
