import { describe, expect, it, vi } from 'vitest';

vi.mock('./connect.svelte', () => ({ signal: { send: () => Promise.reject(new Error('no line')) } }));
const { askRoutes, routesOf } = await import('./routes');

const pass = { user: '4711:42', credential: 'c', lasts_s: 600, tcp: true };

describe('the ways to the relay', () => {
  it('go to where the page is, under one pass', () => {
    const routes = routesOf(pass, { hostname: '[2001:db8::1]', port: '8443' }, 1_000);

    expect(routes.servers).toEqual([{
      urls: ['turn:[2001:db8::1]:8443?transport=tcp', 'turns:[2001:db8::1]:8443?transport=tcp'],
      username: '4711:42', credential: 'c',
    }]);
    expect(routes.staleAt).toBe(301_000);
  });

  it('use the port that the address bar leaves out', () => {
    expect(routesOf(pass, { hostname: 'gateway.example', port: '' }, 0).servers[0]?.urls).toContain('turns:gateway.example:443?transport=tcp');
  });

  it('are none where the relay takes no streams', () => {
    expect(routesOf({ ...pass, tcp: false }, { hostname: 'gateway.example', port: '' }, 0).servers).toEqual([]);
  });

  it('are done without when nobody answers', async () => {
    await expect(askRoutes('con-1')).resolves.toBeNull();
  });
});
