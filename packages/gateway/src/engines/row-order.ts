import type { Stream } from "@zipml/codec";

/** Puts a list in random order, in place (Fisher and Yates). */
export function shuffle(list: Uint32Array, stream: Stream): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(stream.uniform() * (i + 1));
    const other = list[j] as number;
    list[j] = list[i] as number;
    list[i] = other;
  }
}

/** 0 … rows − 1 in random order. */
export function rowOrder(rows: number, stream: Stream): Uint32Array {
  const order = new Uint32Array(rows);
  for (let r = 0; r < rows; r++) order[r] = r;
  shuffle(order, stream);
  return order;
}
