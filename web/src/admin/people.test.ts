import { describe, expect, it } from 'vitest';
import { sent, welcome } from './people';

describe('a role on its way', () => {
  it('leaves out a department that its kind does not have', () => {
    expect(sent({ facility: 'fac-1', department: 'dep-1', role: 'coordinator' })).toEqual({ facility: 'fac-1', department: null, role: 'coordinator' });
    expect(sent({ facility: 'fac-1', department: 'dep-1', role: 'specialist' }).department).toBe('dep-1');
    expect(sent({ facility: 'fac-1', department: '', role: 'rural_doctor' }).department).toBeNull();
  });
});

describe('a link', () => {
  it('carries its token where no server sees it', () => {
    const link = new URL(welcome('https://gateway.example', 'abc'));
    expect([link.pathname, link.search, link.hash]).toEqual(['/welcome', '', '#abc']);
  });
});
