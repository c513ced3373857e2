// Steps of a story: each says what is so, how long it took, and the last line counts them.
const marks = { ok: '  ok  ', no: ' FAIL ' };
let passed = 0;
let failed = 0;
/** A step that has not ended by then never will. */
const LONGEST = 300_000;

/** One step. What it gives is given on; a failure is printed and ends the story, since the rest stands on it. */
export async function step(sentence, deed) {
  const began = performance.now();
  try {
    const gives = await ended(deed());
    passed += 1;
    console.log(`${marks.ok}${String(Math.round(performance.now() - began)).padStart(6)} ms  ${sentence}${said(gives)}`);
    return gives;
  } catch (fault) {
    failed += 1;
    console.log(`${marks.no}${String(Math.round(performance.now() - began)).padStart(6)} ms  ${sentence}`);
    throw fault;
  }
}

function ended(deed) {
  let timer;
  const over = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`not ended within ${LONGEST / 1000} s`)), LONGEST);
  });
  return Promise.race([deed, over]).finally(() => clearTimeout(timer));
}

const said = (gives) => (typeof gives === 'string' ? `: ${gives}` : '');

export function sumUp() {
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0;
}

/**
 * Tells a story to its end and ends the process with what came of it. What broke it is printed with what the server said
 * last, `broke` may look around before anything is closed, and then everything in `close` is, in that order.
 */
export async function tell(story, { log, broke, close }) {
  let good = false;
  try {
    await story();
    good = true;
  } catch (fault) {
    console.log(String(fault?.stack ?? fault).split('\n').slice(0, 12).join('\n'));
    const last = log?.();
    if (last) console.log(`--- the server said\n${last.slice(-3_000)}`);
    await broke?.();
  }
  for (const one of close) await Promise.resolve().then(one).catch((fault) => console.log(`not closed: ${fault}`));
  process.exit(sumUp() && good ? 0 : 1);
}

export function must(truth, sentence) {
  if (!truth) throw new Error(sentence);
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Asks until the answer is true (or not null), and says how long that took. */
export async function until(sentence, ask, limit = 10_000, every = 50) {
  const began = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer) return { answer, ms: Math.round(performance.now() - began) };
    if (performance.now() - began > limit) throw new Error(`not within ${limit} ms: ${sentence}`);
    await pause(every);
  }
}
