/** People as their administrator sees them; field names are those of the wire. */
import type { Membership, Role } from '../api/schema';

export type Deed = 'edit' | 'roles' | 'password_link' | 'sessions' | 'suspend' | 'reinstate';

export interface Staff {
  id: string;
  login: string;
  name: string;
  pinyin: string;
  title: string;
  phone: string | null;
  standing: 'active' | 'suspended';
  has_password: boolean;
  link_until: string | null;
  sessions: number;
  memberships: Membership[];
  open_actions: Deed[];
  version: number;
}

export interface SessionLine {
  id: string;
  device: string;
  since: string;
  last_seen: string;
  expires_at: string;
  current: boolean;
}

export type Steps = Record<'facility' | 'department' | 'people' | 'rota' | 'consult', boolean>;

/** A role as the form holds it; empty where nothing is chosen. */
export interface RoleDraft {
  facility: string;
  department: string;
  role: Role;
}

export const ROLES: readonly Role[] = ['rural_doctor', 'specialist', 'coordinator', 'facility_admin', 'alliance_admin', 'auditor'];

/** Doctors may belong to a department; a specialist must. */
export const hasDepartment = (role: Role): boolean => role === 'specialist' || role === 'rural_doctor';

export const drafted = (of: Membership): RoleDraft => ({ facility: of.facility.id, department: of.department?.id ?? '', role: of.role });

/** As the server takes it. */
export const sent = (of: RoleDraft): { facility: string; department: string | null; role: Role } => ({
  facility: of.facility,
  department: hasDepartment(of.role) && of.department ? of.department : null,
  role: of.role,
});

/** The token stands behind the #, which no browser sends and no server logs. */
export const welcome = (origin: string, token: string): string => `${origin}/welcome#${token}`;
