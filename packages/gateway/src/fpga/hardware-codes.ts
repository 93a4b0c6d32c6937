import type { Stream } from "@zipml/codec";
import type { HardwareRange } from "./accelerator.ts";
import { AcceleratorError } from "./errors.ts";

/** Largest magnitude of a code's number: 2^(Q−1) on [0, 1], 2^(Q−2) on [−1, 1]. */
function largestNumber(bits: number, range: HardwareRange): number {
  if (![1, 2, 4, 8].includes(bits)) throw new AcceleratorError("options", `codes have 1, 2, 4 or 8 bits, not ${bits}`);
  if (range === "signed" && bits === 1) throw new AcceleratorError("options", "codes of 1 bit have no signed range");
  return 2 ** (bits - (range === "unit" ? 1 : 2));
}

/** Levels of the hardware's own codes on either range: 2^(Q−1) + 1, where Q bits could tell 2^Q apart. */
export function hardwareLevels(bits: number): number {
  return 2 ** (bits - 1) + 1;
}

function position(value: number, bits: number, range: HardwareRange): number {
  const low = range === "unit" ? 0 : -1;
  if (!(value >= low && value <= 1))
    throw new AcceleratorError("range", `a ${range} value lies in ${low} to 1, not ${value}`);
  return value * largestNumber(bits, range);
}

/**
 * A value as the authors' host code quantizes it for their hardware: rounded up or down at random without bias on
 * 2^(Q−1) + 1 levels, `signed` as two's complement. Their generator is the C library's; here it is the stream's.
 *
 * @param bits Q: 1 (`unit` only), 2, 4 or 8.
 * @throws {@link AcceleratorError} `options` or `range`.
 */
export function hardwareCode(value: number, bits: number, range: HardwareRange, draws: Stream): number {
  const at = position(value, bits, range);
  const down = Math.floor(at);
  const number = draws.uniform() < at - down ? down + 1 : down;
  return number & (2 ** bits - 1);
}

/** As {@link hardwareCode}, rounded to the nearest, halves to even: the Zynq design's host, which draws nothing. */
export function nearestHardwareCode(value: number, bits: number, range: HardwareRange): number {
  const at = position(value, bits, range);
  const down = Math.floor(at);
  const rest = at - down;
  const up = rest > 0.5 || (rest === 0.5 && down % 2 !== 0);
  return (up ? down + 1 : down) & (2 ** bits - 1);
}

/** The value that a code of the hardware's own stands for. */
export function hardwareValue(code: number, bits: number, range: HardwareRange): number {
  const number = range === "signed" && code >= 2 ** (bits - 1) ? code - 2 ** bits : code;
  return number / largestNumber(bits, range);
}
