/** The little of Markdown which docs/doctors.*.md uses: headings, paragraphs, numbered steps, one table, bold. Pure. */
export type Span = { bold: boolean; text: string };
export type Block =
  | { is: 'title' | 'head' | 'text'; spans: Span[] }
  | { is: 'steps'; items: Span[][] }
  | { is: 'table'; head: Span[][]; rows: Span[][][] };

export const spans = (text: string): Span[] =>
  text.split('**').map((part, i) => ({ bold: i % 2 === 1, text: part })).filter((one) => one.text);

const cells = (line: string): Span[][] => line.slice(1, -1).split('|').map((cell) => spans(cell.trim()));

export function blocks(text: string): Block[] {
  const found: Block[] = [];
  for (const part of text.trim().split(/\n{2,}/)) {
    const lines = part.split('\n');
    const first = lines[0] ?? '';
    if (first.startsWith('# ')) found.push({ is: 'title', spans: spans(first.slice(2)) });
    else if (first.startsWith('## ')) found.push({ is: 'head', spans: spans(first.slice(3)) });
    else if (/^\d+\. /.test(first)) found.push({ is: 'steps', items: lines.map((line) => spans(line.replace(/^\d+\. /, ''))) });
    else if (first.startsWith('|')) found.push({ is: 'table', head: cells(first), rows: lines.slice(2).map(cells) });
    else found.push({ is: 'text', spans: spans(lines.join(' ')) });
  }
  return found;
}
