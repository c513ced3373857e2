// What a page shows and applies, watched from its first line of code to its last: nobody sits twice, nothing is said
// twice, and every event of the inbox is applied once.

/** Watches every page of a context from now on. `name` says whose pages they are. */
export async function watch(context, name) {
  const seen = { name, faults: [], events: [], lives: 0, most: 0 };
  await context.exposeBinding('__seen', (source, what) => note(seen, what));
  await context.addInitScript(look);
  return seen;
}

function note(seen, what) {
  if (what.life) seen.lives += 1;
  if (what.event) seen.events.push({ life: what.in, n: what.n, ...what.event });
  if (what.roster && new Set(what.roster).size !== what.roster.length) seen.faults.push(`roster: ${what.roster}`);
  if (what.roster) seen.most = Math.max(seen.most, what.roster.length);
  if (what.twice) seen.faults.push(`${what.where}: ${what.twice}`);
}

/** Runs in the page, before anything else of it. */
function look() {
  if (window !== top) return;
  const life = `${Date.now()}-${Math.random()}`;
  const tell = (what) => window.__seen?.({ in: life, ...what }).catch(() => undefined);
  tell({ life });
  let probe;
  Object.defineProperty(window, '__causeway', {
    get: () => probe,
    set: (next) => {
      probe = next;
      probe.told = (what) => tell(JSON.parse(JSON.stringify(what)));
    },
  });
  const told = new Set();
  const twice = (where, all) => {
    const found = all.find((one, i) => one && all.indexOf(one) !== i);
    if (!found || told.has(where + found)) return;
    told.add(where + found);
    tell({ where, twice: found });
  };
  const texts = (query) => [...document.querySelectorAll(query)].map((node) => node.textContent.trim());
  setInterval(() => {
    twice('tiles', [...document.querySelectorAll('.tile[data-seat]')].map((node) => node.dataset.seat.split('/')[0] + node.querySelector('figcaption')?.textContent.replace(/ · .*/, '')));
    twice('chat', texts('[role=log] .msg:not(.sys) > p'));
    twice('files', texts('.side .atts .att-name'));
  }, 100);
}

/** Each life of a page applies its inbox in order, without a gap, nothing twice. Gives how many events that were. */
export function inOrder(seen, must) {
  const last = new Map();
  for (const one of seen.events) {
    const before = last.get(one.life);
    must(before === undefined || one.n === before + 1, `${seen.name}: event ${one.n} (${one.type}) after ${before}`);
    last.set(one.life, one.n);
  }
  must(seen.faults.length === 0, `${seen.name}: ${seen.faults.join('; ')}`);
  return seen.events.length;
}
