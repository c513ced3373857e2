/** A letter that is begun while the line is gone: what the form needs of it, before the server knows it. Pure. */
import type { Department, Direction, Me, Patient, ReferralView, Urgency } from '../api/schema';

export interface Begun {
  direction: Direction;
  urgency: Urgency;
  department: Department;
}

export function blankLetter(patient: Patient, begun: Begun, me: Me): ReferralView {
  const { department } = begun;
  return {
    id: '', no: '', state: 'draft', state_since: new Date(0).toISOString(), version: 0, open_actions: ['submit'],
    direction: begun.direction, urgency: begun.urgency,
    from: { facility: me.acting.facility, department: null, user: { id: me.id, name: me.name, title: me.title } },
    to: { facility: department.facility, user: null, department },
    patient, diagnosis: null, requested_service: null, reason_codes: [], transport: { mode: null, eta: null, plate: null, crew: null, phone: null, depart_at: null, arrive_at: null, handover_by: null, state: 'none' }, source_consult_id: null, parent_id: null, chain_id: '',
    attachments: 0, sla_due_at: null, sla_warn_at: null, assigned_to: null, sla_paused: false, deadline_at: null, last: { action: null, at: null }, submitted_at: null, first_viewed_at: null, expires_at: null, appointment: null,
    diagnoses: [], reason_text: null, present_illness: null, past_history: null, treatment_so_far: null, key_results: null,
    allergies_ack: false, infection_flag: false, insurance: null, consent: null, override_reason: null, duplicate_reason: null,
    rehab_plan: null, medications: [], next_visit: null, red_flags: null, outcome: null, legs: [], notes: [], chain: [], opinion: null,
    header_only: false, created_at: new Date(0).toISOString(), created_by: { id: me.id, name: me.name, title: me.title },
    accepted_at: null, arrived_at: null, auto_accepted: false, closed_actions: [], companion: null, end_reason: null, follow_up_due: null,
    missing: [], patient_snapshot: null, plan_ends_at: null, unacknowledged: false, warnings: [],
  };
}
