/**
 * What the keys do, by place: the table behind `?`. A test reads the pages' sources and holds this
 * table against the keys they really listen to.
 */
import type { Key } from '../i18n/index.svelte';
import type { PageName } from '../router';

export interface KeyPlace {
  name: Key;
  /** Where this part comes first. */
  pages: readonly PageName[];
  /** Who listens: sources below `src`. */
  files: readonly string[];
  /** Names as `keys` knows them, how they are printed, what they do. */
  rows: readonly (readonly [keys: readonly string[], print: string, does: Key])[];
}

export const KEYMAP: readonly KeyPlace[] = [
  {
    name: 'keys.everywhere', pages: [], files: ['App.svelte', 'patients/PatientSearch.svelte', 'call/CallStrip.svelte', 'ui/Toasts.svelte'],
    rows: [
      [['/'], '/', 'keys.search'],
      [['?'], '?', 'keys.help'],
      [['g', 't', 'p', 'c', 'r', 's'], 'G T P C R S', 'keys.go'],
      [[], 'Ctrl ↵', 'keys.primary'],
      [[], 'Esc', 'keys.esc'],
      [['Ctrl+z'], 'Ctrl Z', 'keys.undo'],
      [[], '1 … 9', 'keys.pick'],
      [['Alt+m'], 'Alt M', 'keys.mute.elsewhere'],
    ],
  },
  { name: 'nav.today', pages: ['today', 'patients'], files: ['day/Day.svelte', 'patients/Patients.svelte'], rows: [[['n'], 'N', 'keys.new'], [['Ctrl+Enter'], 'Ctrl ↵', 'keys.start']] },
  {
    name: 'keys.lists', pages: ['consults', 'referrals'], files: ['consult/Consults.svelte', 'referral/Referrals.svelte'],
    rows: [[['j', 'ArrowDown'], 'J ↓', 'keys.next'], [['k', 'ArrowUp'], 'K ↑', 'keys.previous'], [['Enter'], '↵', 'common.open']],
  },
  {
    name: 'nav.desk', pages: ['desk'], files: ['desk/Desk.svelte'],
    rows: [
      [['j', 'ArrowDown'], 'J ↓', 'keys.next'], [['k', 'ArrowUp'], 'K ↑', 'keys.previous'], [['Enter'], '↵', 'common.open'],
      [['a'], 'A', 'rf.act.accept_and_schedule'], [['i'], 'I', 'rf.act.request_info'], [['r'], 'R', 'rf.act.redirect'], [['x'], 'X', 'rf.act.reject'], [['/'], '/', 'keys.search.desk'],
    ],
  },
  { name: 'keys.consult', pages: ['consult-new'], files: ['consult/ConsultNew.svelte'], rows: [[['1'], '1', 'urgency.emergency'], [['2'], '2', 'urgency.urgent'], [['3'], '3', 'urgency.routine'], [['Ctrl+Enter'], 'Ctrl ↵', 'keys.primary']] },
  {
    name: 'keys.ring', pages: [], files: ['call/RingHost.svelte', 'call/DeviceCheck.svelte'],
    rows: [[['Enter'], '↵', 'keys.answer'], [['v'], 'V', 'keys.voice'], [['s'], 'S', 'keys.snooze'], [['f'], 'F', 'keys.forward'], [[], '1 … 4', 'keys.decline']],
  },
  {
    name: 'keys.call', pages: ['consult'], files: ['call/CallPage.svelte'],
    rows: [
      [['m'], 'M', 'keys.mute'], [[], 'Space', 'keys.talk'], [['c'], 'C', 'keys.camera'], [['s'], 'S', 'keys.share'], [['d'], 'D', 'keys.exam'],
      [['h'], 'H', 'keys.photo'], [['t'], 'T', 'keys.chat'], [['o'], 'O', 'keys.opinion'], [['e'], 'E', 'keys.escalate'], [['z'], 'Z', 'keys.enlarge'],
    ],
  },
  { name: 'keys.letter', pages: ['escalate', 'referral-new'], files: ['referral/LetterForm.svelte'], rows: [[['e'], 'E', 'keys.carried'], [['Ctrl+Enter'], 'Ctrl ↵', 'keys.primary']] },
  { name: 'nav.stats', pages: ['statistics'], files: ['stats/Statistics.svelte'], rows: [[['e'], 'E', 'stats.export']] },
  { name: 'keys.paper', pages: ['referral', 'statistics', 'desk'], files: ['paper/PrintButton.svelte'], rows: [[['o'], 'O', 'keys.print']] },
  { name: 'keys.viewer', pages: [], files: ['files/Viewer.svelte'], rows: [[['ArrowLeft', 'ArrowRight'], '← →', 'keys.turn'], [['+', '-'], '+ −', 'keys.zoom']] },
];
