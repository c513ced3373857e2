/** What was typed into a search that found nobody: handed to the entry form in memory, never in an address. */
export const carry: { typed: string } = { typed: '' };
