/**
 * The ways to the relay beside the plain one. Where a firewall eats datagrams the browser comes over the very
 * port this page came from: ICE over TCP by itself, TURN over TCP or TLS with the pass the server gives out for
 * our seat. Host and port are the page's own, since they are known to work from here.
 */
import { signal } from './connect.svelte';

interface Pass {
  user: string;
  credential: string;
  lasts_s: number;
  tcp: boolean;
}

export interface Routes {
  servers: RTCIceServer[];
  /** When a fresh pass should be asked for: at half its life. */
  staleAt: number;
}

/** A line that takes longer than this to answer begins the call without; the ladder asks again. */
const PATIENCE_MS = 1_500;

/** Asks for them. `null` if there is no answer in time: the call begins with the plain way alone. */
export async function askRoutes(consult: string): Promise<Routes | null> {
  const late = new Promise<null>((done) => setTimeout(() => done(null), PATIENCE_MS));
  const asked = signal.send({ type: 'route', consult }, 'once').then((ok) => routesOf(ok as unknown as Pass, location, Date.now()));
  return Promise.race([asked.catch(() => null), late]);
}

/**
 * TCP, then TLS. No `turn:…?transport=udp`: the relay itself is at that address, and Chromium gives everything
 * that comes from an address of a TURN server to its TURN client, so the plain way by UDP would be lost.
 */
export function routesOf(pass: Pass, page: { hostname: string; port: string }, now: number): Routes {
  const here = `${page.hostname}:${page.port || '443'}`;
  const urls = pass.tcp ? [`turn:${here}?transport=tcp`, `turns:${here}?transport=tcp`] : [];
  return {
    servers: urls.length > 0 ? [{ urls, username: pass.user, credential: pass.credential }] : [],
    staleAt: now + (pass.lasts_s * 1_000) / 2,
  };
}
