/** What the server answers under `/statistics`. */
export type Unit = 'count' | 'share' | 'each' | 'minutes' | 'seconds' | 'bytes';

export interface Told {
  value: number | null;
  n: number | null;
  of: number | null;
  /** Not told: between one and four, and of another house. */
  hidden: boolean;
  /** Not told: fewer than six to take the middle of. */
  few: boolean;
}

export interface Figure extends Told {
  key: string;
  unit: Unit;
  behind: string | null;
  behind_of: string | null;
  before: Told | null;
}

export interface Heading {
  key: string;
  n: number | null;
}

export interface Point {
  from: string;
  up: number | null;
  down: number | null;
  peer: number | null;
}

export interface Statistics {
  period: { from: string; to: string };
  against: 'before' | 'year';
  past: { from: string; to: string };
  scope: string;
  own_house: boolean;
  counted: { seq: number; at: string | null };
  oldest_waiting_minutes: number | null;
  figures: Figure[];
  headings: Record<string, Heading[]>;
  trend: { by: 'day' | 'month'; points: Point[] };
  names: { facilities: Record<string, string>; departments: Record<string, string> };
  may: { all: boolean; facilities: string[]; departments: string[]; own: boolean };
}

export interface Meaning {
  key: string;
  zh: { name: string; definition: string };
  en: { name: string; definition: string };
}

export interface Row {
  id: string;
  no: string | null;
  kind: 'referral' | 'consult' | 'export';
  from: string | null;
  to: string | null;
  direction: string;
  urgency: string;
  state: string;
  sent_at: string | null;
  day: string;
  value: string;
  n: number;
}
