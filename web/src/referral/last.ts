/**
 * What a doctor chose last: the department a letter went to, how the patient went there and what was asked for.
 * Kept on this machine per person; no patient, no words.
 */
import type { Service, Transport } from '../api/schema';
import { session } from '../session.svelte';

export interface Last {
  department: string;
  mode: Transport['mode'] | null;
  service: Service | null;
}

const name = (): string => `last:${session.me?.id ?? ''}`;

function all(): Last[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(name()) ?? '[]');
    return Array.isArray(kept) ? (kept as Last[]) : [];
  } catch {
    return [];
  }
}

/** The last letter to this department, or to any. */
export const lastOf = (department?: string): Last | null => all().find((one) => !department || one.department === department) ?? null;

export function keepLast(one: Last): void {
  if (!one.department) return;
  try {
    localStorage.setItem(name(), JSON.stringify([one, ...all().filter((other) => other.department !== one.department)].slice(0, 8)));
  } catch {
    // Private mode: nothing is filled in next time.
  }
}
