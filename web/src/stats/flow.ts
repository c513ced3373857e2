/** Ribbons from those who send to those who are asked. Pure: numbers in, shapes out. */
export interface Way {
  from: string;
  to: string;
  n: number;
}
export interface Block {
  key: string;
  n: number;
  y: number;
  height: number;
}
export interface Ribbon extends Way {
  path: string;
}
export interface Drawing {
  left: Block[];
  right: Block[];
  ribbons: Ribbon[];
  height: number;
}

/** Everything after the largest `most` goes under one key. */
function gathered(ways: Way[], side: 'from' | 'to', most: number, rest: string): { order: string[]; of: (key: string) => string } {
  const sums = new Map<string, number>();
  for (const way of ways) sums.set(way[side], (sums.get(way[side]) ?? 0) + way.n);
  const sorted = [...sums].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([key]) => key);
  // One left over is named: "others 1" says less than its name.
  if (sorted.length <= most + 1) return { order: sorted, of: (key) => key };
  const kept = new Set(sorted.slice(0, most));
  return { order: [...sorted.slice(0, most), rest], of: (key) => (kept.has(key) ? key : rest) };
}

export function draw(ways: Way[], width: { left: number; right: number; x1: number; x2: number }, most = 8, rest = '*'): Drawing {
  const from = gathered(ways, 'from', most, rest);
  const to = gathered(ways, 'to', most, rest);
  const joined = new Map<string, Way>();
  for (const way of ways) {
    const one = { from: from.of(way.from), to: to.of(way.to), n: way.n };
    const before = joined.get(`${one.from}>${one.to}`);
    if (before) before.n += one.n;
    else joined.set(`${one.from}>${one.to}`, one);
  }
  const all = [...joined.values()];
  const total = all.reduce((sum, way) => sum + way.n, 0);
  const rows = Math.max(from.order.length, to.order.length);
  const gap = 12;
  const height = Math.max(120, rows * 30);
  const scale = total > 0 ? (height - gap * (rows - 1)) / total : 0;
  const place = (order: string[], side: 'from' | 'to'): Map<string, Block> => {
    const blocks = new Map<string, Block>();
    let y = 0;
    for (const key of order) {
      const n = all.filter((way) => way[side] === key).reduce((sum, way) => sum + way.n, 0);
      const tall = Math.max(n * scale, 1.5);
      blocks.set(key, { key, n, y, height: tall });
      // A name needs a line of its own, however thin its block is.
      y += Math.max(tall + gap, 22);
    }
    return blocks;
  };
  const left = place(from.order, 'from');
  const right = place(to.order, 'to');
  const outOf = new Map([...left].map(([key, block]) => [key, block.y]));
  const into = new Map([...right].map(([key, block]) => [key, block.y]));
  const { x1, x2 } = width;
  const mid = (x1 + x2) / 2;
  const ribbons: Ribbon[] = [];
  for (const key of from.order) {
    for (const other of to.order) {
      const way = joined.get(`${key}>${other}`);
      if (!way) continue;
      const tall = way.n * scale;
      const a = outOf.get(key) ?? 0;
      const b = into.get(other) ?? 0;
      outOf.set(key, a + tall);
      into.set(other, b + tall);
      const at = (n: number): string => n.toFixed(1);
      const path = `M${x1} ${at(a)}C${mid} ${at(a)} ${mid} ${at(b)} ${x2} ${at(b)}V${at(b + tall)}C${mid} ${at(b + tall)} ${mid} ${at(a + tall)} ${x1} ${at(a + tall)}Z`;
      ribbons.push({ ...way, path });
    }
  }
  const end = (blocks: Map<string, Block>): number => Math.max(0, ...[...blocks.values()].map((one) => one.y + Math.max(one.height, 16)));
  return { left: [...left.values()], right: [...right.values()], ribbons, height: Math.ceil(Math.max(end(left), end(right))) };
}
