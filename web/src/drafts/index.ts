/** What the application needs of drafts, as one piece that comes after the first screen. */
export { begin, end, outbox } from './outbox.svelte';
export { open, wipe } from './shelf';
export { default as Strip } from './UnsentStrip.svelte';
export { default as Page } from './Unsent.svelte';
