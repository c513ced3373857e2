// The same questions as in `make test`, as a person of every role, and longer.
process.env.FUZZ_ROLES = 'all';
process.env.FUZZ_SECONDS ??= '120';
await import('../e2e/fuzz.mjs');
