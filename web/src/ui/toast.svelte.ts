/** Short words at the foot of the screen. Eight seconds when there is something to undo. */
export interface Toast {
  id: number;
  text: string;
  kind: 'ok' | 'bad';
  undo?: () => void;
}

export const toasts: { items: Toast[] } = $state({ items: [] });
let last = 0;

export function say(text: string, how: { kind?: 'ok' | 'bad'; undo?: () => void } = {}): void {
  last += 1;
  const toast: Toast = { id: last, text, kind: how.kind ?? 'ok' };
  if (how.undo) toast.undo = how.undo;
  toasts.items = [...toasts.items.slice(-2), toast];
}

export function unsay(id: number): void {
  toasts.items = toasts.items.filter((one) => one.id !== id);
}
