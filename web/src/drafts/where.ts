/** What a draft is of, by its name, and where its form is. Pure. */
export type DraftKind = 'patient' | 'consult' | 'referral' | 'opinion' | 'step';

export function whereIs(name: string): { kind: DraftKind; href: string } | null {
  if (name === 'patient') return { kind: 'patient', href: '/patients/new' };
  const [kind, id = '', more = ''] = name.split(':');
  if (kind === 'consult') return { kind: 'consult', href: `/consults/new?patient=${id}` };
  if (kind === 'letter' && id === 'new') return { kind: 'referral', href: `/referrals/new?patient=${more}` };
  if (kind === 'letter') return { kind: 'referral', href: `/referrals/${id}` };
  if (kind === 'opinion') return { kind: 'opinion', href: `/consults/${id}` };
  if (kind === 'act') return { kind: 'step', href: `/referrals/${id}?do=${more}` };
  return null;
}
