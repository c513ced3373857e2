/** Who is signed in on this screen. `undefined` until the first answer. */
import { ask, get, put, Refused } from './api/client';
import type { Me, Presence, Role } from './api/schema';

export const session: { me: Me | null | undefined } = $state({ me: undefined });

export const is = (role: Role): boolean => session.me?.acting.roles.includes(role) ?? false;

export async function resume(): Promise<void> {
  try {
    session.me = await get<Me>('/session');
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    if (fault.status === 401) session.me = null;
    else throw fault;
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  session.me = (await ask<Me>('POST', '/session', { body: { login, password } })).body;
}

export async function signOut(): Promise<void> {
  const who = session.me?.id;
  await ask<void>('DELETE', '/session');
  if (who) await (await import('./drafts')).wipe(who).catch(() => undefined);
  session.me = null;
  forget();
}

/** Recent searches stay on this machine only as long as whoever searched is signed in. */
export function forget(): void {
  try {
    sessionStorage.clear();
  } catch {
    // Nothing was kept.
  }
}

export async function setPresence(status: Presence): Promise<void> {
  const me = session.me;
  if (!me) return;
  const before = me.presence;
  me.presence = status;
  try {
    await put('/session/presence', { status });
  } catch (fault) {
    me.presence = before;
    throw fault;
  }
}

/** The page a role begins its day on. */
export function home(): string {
  const roles = session.me?.acting.roles ?? [];
  if (roles.includes('rural_doctor')) return '/today';
  if (roles.includes('specialist')) return '/consults';
  if (roles.includes('coordinator')) return '/desk?box=in&tab=decide';
  if (roles.includes('facility_admin') || roles.includes('alliance_admin')) return '/people';
  return '/statistics';
}
