import { describe, expect, it } from 'vitest';
import { match } from './router';

describe('addresses', () => {
  it('lead to their page with the id of the record', () => {
    expect(match('/today')).toEqual({ page: 'today', id: null });
    expect(match('/patients/new')).toEqual({ page: 'patient-new', id: null });
    expect(match('/patients/pat-0190-ab')).toEqual({ page: 'patient', id: 'pat-0190-ab' });
    expect(match('/consults/con-1/escalate')).toEqual({ page: 'escalate', id: 'con-1' });
    expect(match('/desk/')).toEqual({ page: 'desk', id: null });
  });

  it('end on the lost page when nothing fits', () => {
    expect(match('/patients/new/x').page).toBe('lost');
    expect(match('/referrals/../secret').page).toBe('lost');
  });
});
