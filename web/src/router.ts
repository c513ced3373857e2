/** Addresses of the pages. Pure: given a path it says which page and with what. */
export type PageName =
  | 'sign-in' | 'home' | 'today' | 'patients' | 'patient-new' | 'patient' | 'consults' | 'consult-new' | 'consult'
  | 'escalate' | 'referrals' | 'referral-new' | 'referral' | 'desk' | 'capacity' | 'overrides' | 'unsent' | 'admin' | 'statistics' | 'account' | 'device' | 'setup' | 'welcome' | 'verify' | 'help' | 'lost';

export interface Match {
  page: PageName;
  id: string | null;
}

const TABLE: [RegExp, PageName][] = [
  [/^\/$/, 'home'],
  [/^\/sign-in$/, 'sign-in'],
  [/^\/today$/, 'today'],
  [/^\/patients$/, 'patients'],
  [/^\/patients\/new$/, 'patient-new'],
  [/^\/patients\/(pat-[\w-]+)$/, 'patient'],
  [/^\/consults$/, 'consults'],
  [/^\/consults\/new$/, 'consult-new'],
  [/^\/consults\/(con-[\w-]+)$/, 'consult'],
  [/^\/consults\/(con-[\w-]+)\/escalate$/, 'escalate'],
  [/^\/referrals$/, 'referrals'],
  [/^\/referrals\/new$/, 'referral-new'],
  [/^\/referrals\/(ref-[\w-]+)$/, 'referral'],
  [/^\/desk$/, 'desk'],
  [/^\/capacity$/, 'capacity'],
  [/^\/overrides$/, 'overrides'],
  [/^\/(?:admin|people)$/, 'admin'],
  [/^\/statistics$/, 'statistics'],
  [/^\/unsent$/, 'unsent'],
  [/^\/account$/, 'account'],
  [/^\/device$/, 'device'],
  [/^\/setup$/, 'setup'],
  [/^\/welcome$/, 'welcome'],
  [/^\/verify$/, 'verify'],
  [/^\/help$/, 'help'],
];

export function match(path: string): Match {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  for (const [shape, page] of TABLE) {
    const found = shape.exec(trimmed);
    if (found) return { page, id: found[1] ?? null };
  }
  return { page: 'lost', id: null };
}
