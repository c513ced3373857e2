/** A week of a department's slots, from a pattern that is typed once. Pure. */

export interface Pattern {
  /** Days of the week, 1 is Monday. */
  days: readonly number[];
  /** `08:30` */
  from: string;
  until: string;
  minutes: number;
  capacity: number;
}

export interface Planned {
  start: string;
  end: string;
  capacity: number;
}

const DAY = 86_400_000;
const SHANGHAI = 8 * 3_600_000;

/** The Monday 00:00 of the alliance's zone, `weeks` from the one of `now`. */
export function monday(now: number, weeks = 0): number {
  const local = now + SHANGHAI;
  const day = Math.floor(local / DAY);
  // 1970-01-01 was a Thursday.
  return (day - ((day + 3) % 7) + weeks * 7) * DAY - SHANGHAI;
}

export function minutesOf(text: string): number | null {
  const found = /^(\d{1,2})[:：](\d{2})$/.exec(text.trim());
  if (!found) return null;
  const at = Number(found[1]) * 60 + Number(found[2]);
  return at <= 24 * 60 && Number(found[2]) < 60 ? at : null;
}

/** The slots of one week; what lies in the past is left out. */
export function week(of: number, pattern: Pattern, now: number): Planned[] {
  const [from, until] = [minutesOf(pattern.from), minutesOf(pattern.until)];
  if (from === null || until === null || until <= from || pattern.minutes < 5 || pattern.capacity < 1) return [];
  const made: Planned[] = [];
  for (const day of [...pattern.days].sort()) {
    for (let at = from; at + pattern.minutes <= until; at += pattern.minutes) {
      const start = of + (day - 1) * DAY + at * 60_000;
      if (start >= now) made.push({ start: new Date(start).toISOString(), end: new Date(start + pattern.minutes * 60_000).toISOString(), capacity: pattern.capacity });
    }
  }
  return made;
}
