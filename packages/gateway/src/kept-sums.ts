import type { Quantizer } from "@zipml/codec";
import { createMoments, type KeptMoments, type MomentSummary } from "./train/index.ts";

/** Rows of codes under one grid. */
export interface KeptRows {
  readonly rows: number;
  readonly quantizer: Quantizer;
  /** rows × columns codes. */
  readonly codes: Uint16Array;
}

/**
 * Sums over the rows of a window, kept while they come and go: whole numbers, so that they are the same whatever the order,
 * and the same as a pass over the rows would find.
 */
export interface KeptSums {
  add(rows: KeptRows): void;
  /** Takes out rows that were added. */
  remove(rows: KeptRows): void;
  /** Moments under each of these grids as they are now; undefined unless all of them are kept. */
  of(quantizers: readonly Quantizer[]): readonly KeptMoments[] | undefined;
}

/** Most columns whose products of pairs are kept: beyond, they would cost more than the rest of taking a row in. */
const mostProducts = 32;
/** A frame is added before older rows leave. */
const mostFrameRows = 65_535;

/** Codes on equal steps have whole sums, as long as those of a whole window stay below 2⁵³. */
function isKept({ grid, channels }: Quantizer, window: number): boolean {
  const most = channels.reduce((largest, { top }) => Math.max(largest, top * top), 0);
  const isWhole = grid.scheme === "count" && channels.every(({ even }) => even);
  return isWhole && (window + mostFrameRows) * most <= Number.MAX_SAFE_INTEGER;
}

/** Rows added at once: the products are read and written once for so many. */
const strip = 4;

/** Sums over the codes of one grid, without the checks that decoding has made. */
class GridSums {
  readonly #quantizer: Quantizer;
  readonly #size: number;
  readonly #sums: Float64Array;
  /** Of all pairs of columns, or of each with itself. */
  readonly #products: Float64Array;
  readonly #spreads: Float64Array;
  /** u(k − u) of each code. */
  readonly #tables: readonly Uint8Array[];
  readonly #x: Float64Array;
  rows = 0;

  constructor(quantizer: Quantizer) {
    const { channels } = quantizer;
    this.#quantizer = quantizer;
    this.#size = channels.length;
    this.#sums = new Float64Array(this.#size);
    this.#products = new Float64Array(this.#size <= mostProducts ? this.#size ** 2 : this.#size);
    this.#spreads = new Float64Array(this.#size);
    this.#tables = channels.map(({ top, samples: k }) =>
      Uint8Array.from({ length: k > 1 ? top + 1 : 0 }, (_, code) => (code % k) * (k - (code % k))),
    );
    this.#x = new Float64Array(strip * this.#size);
  }

  /** Adds rows, or takes them out where the sign is −1. */
  add({ codes, rows }: KeptRows, sign: 1 | -1): void {
    const full = strip * this.#size;
    for (let at = 0; at < codes.length; at += full) {
      const count = Math.min(full, codes.length - at);
      if (count < full) this.#x.fill(0); // a code of 0 adds nothing to any sum
      for (let i = 0; i < count; i++) this.#x[i] = codes[at + i] as number;
      this.#addStrip(sign);
    }
    this.rows += sign * rows;
  }

  summary(): MomentSummary {
    const whole = createMoments(this.#quantizer, { products: this.#products.length > this.#size });
    const { rows } = this;
    const [sums, products, spreads] = [this.#sums, this.#products, this.#spreads];
    whole.merge({ sums: () => ({ ...whole.sums(), rows, sums, products, spreads }) });
    return whole.summary();
  }

  #addStrip(sign: 1 | -1): void {
    const [x, n, sums, products] = [this.#x, this.#size, this.#sums, this.#products];
    const stride = products.length > n ? n : 0;
    for (let i = 0; i < n; i++) {
      const a = x[i] as number;
      const b = x[n + i] as number;
      const c = x[2 * n + i] as number;
      const d = x[3 * n + i] as number;
      sums[i] = (sums[i] as number) + sign * (a + b + c + d);
      this.#addSpreads(i, sign, a, b, c, d);
      const last = stride > 0 ? n : i + 1;
      const at = i * stride;
      for (let j = i; j < last; j++)
        products[at + j] =
          (products[at + j] as number) +
          sign *
            (a * (x[j] as number) +
              b * (x[n + j] as number) +
              c * (x[2 * n + j] as number) +
              d * (x[3 * n + j] as number));
    }
  }

  #addSpreads(i: number, sign: 1 | -1, a: number, b: number, c: number, d: number): void {
    const table = this.#tables[i] as Uint8Array;
    if (table.length === 0) return;
    const sum = (table[a] as number) + (table[b] as number) + (table[c] as number) + (table[d] as number);
    this.#spreads[i] = (this.#spreads[i] as number) + sign * sum;
  }
}

/** @param window Most rows that are held at a time. */
export function createKeptSums(window: number): KeptSums {
  const grids = new Map<Quantizer, GridSums>();
  return {
    add: (rows) => {
      const { quantizer } = rows;
      if (!isKept(quantizer, window)) return;
      const sums = grids.get(quantizer) ?? new GridSums(quantizer);
      grids.set(quantizer, sums);
      sums.add(rows, 1);
    },
    remove: (rows) => {
      const sums = grids.get(rows.quantizer);
      sums?.add(rows, -1);
      if (sums?.rows === 0) grids.delete(rows.quantizer);
    },
    of: (quantizers) => {
      const kept = quantizers.flatMap((quantizer) => {
        const sums = grids.get(quantizer);
        return sums === undefined ? [] : [{ quantizer, summary: sums.summary() }];
      });
      return kept.length === quantizers.length ? kept : undefined;
    },
  };
}
