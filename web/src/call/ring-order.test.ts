import { describe, expect, it } from 'vitest';
import type { Department, Ring } from '../api/schema';
import { rows } from './ring-order';

const NOW = Date.parse('2026-11-22T06:00:00Z');
const ring = (id: string, state: Ring['state'], start: number, end: number): Ring => ({
  id, user: { id, name: id, title: '' }, tier: 1, state, started_at: new Date(NOW + start * 1000).toISOString(), expires_at: new Date(NOW + end * 1000).toISOString(),
});
const ORDER: Pick<Department, 'ring_order'> = {
  ring_order: [
    { tier: 1, seconds: 45, people: [{ id: 'xu', name: 'xu', title: '', presence: 'available' }] },
    { tier: 2, seconds: 45, people: [{ id: 'qin', name: 'qin', title: '', presence: 'busy' }, { id: 'gone', name: 'gone', title: '', presence: 'off' }] },
  ],
};

describe('the order of ringing', () => {
  it('counts the seconds of who rings and of who comes next', () => {
    expect(rows([ring('xu', 'ringing', -14, 31)], ORDER, false, NOW)).toMatchObject([
      { key: 'xu', state: 'ringing', seconds: 31 },
      { key: 'qin', state: 'next', seconds: 31 },
    ]);
  });

  it('shows who cannot, and that the next rings', () => {
    const both = [ring('xu', 'declined', -20, 25), ring('qin', 'ringing', -1, 44)];

    expect(rows(both, ORDER, false, NOW).map((r) => r.state)).toEqual(['declined', 'ringing']);
  });

  it('leaves nobody ringing once nobody answered', () => {
    expect(rows([ring('xu', 'ringing', -90, -45)], ORDER, true, NOW).map((r) => r.state)).toEqual(['expired']);
  });
});
