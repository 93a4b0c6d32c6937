import { DecodeError, type DecodeErrorCode } from "../errors.ts";
import { riceByKernel, unriceByKernel } from "../kernels/rice.ts";
import { fold, unfold } from "./fold.ts";
import { type CodeLayout, checkVolume } from "./layout.ts";

/** Quotients from here on are escaped: that many zeros, and then the number itself in the channel's width. */
const escapeZeros = 8;
/** Bits of a channel's parameter p: 0 for a channel that stands still, else k = p − 1. */
const parameterBits = 4;
const largestParameter = 15;

/** One channel, ready to be written. */
interface Plan {
  readonly parameter: number;
  readonly bits: number;
}

/** Alphabets up to this size have their numbers counted: then a parameter costs a step a symbol, not a step a code. */
const mostCounted = 256;

/** Bits of `count` different numbers from 0 on at parameter k, from how often each comes. */
function countedBits(k: number, width: number, counts: Uint32Array, count: number): number {
  const escaped = Math.min(escapeZeros << k, count);
  let bits = 0;
  for (let number = 0; number < escaped; number++) bits += (counts[number] as number) * ((number >> k) + 1 + k);
  for (let number = escaped; number < count; number++) bits += (counts[number] as number) * (escapeZeros + width);
  return bits;
}

/** The same of numbers one by one. */
function listedBits(k: number, width: number, folded: Uint16Array, from: number, to: number): number {
  const escaped = escapeZeros << k;
  let bits = 0;
  for (let i = from; i < to; i++) {
    const number = folded[i] as number;
    bits += number < escaped ? (number >> k) + 1 + k : escapeZeros + width;
  }
  return bits;
}

/** All channels folded, one after another, each with its plan. */
class RicePlanner {
  readonly folded: Uint16Array;
  readonly plans: Plan[] = [];
  readonly #codes: Uint16Array;
  readonly #stride: number;
  readonly #counts = new Uint32Array(mostCounted);

  constructor(codes: Uint16Array, { channels }: CodeLayout) {
    this.#codes = codes;
    this.#stride = channels.length;
    this.folded = new Uint16Array(codes.length - channels.length);
    for (const [c, { bits, top }] of channels.entries()) this.plans.push(this.#plan(c, bits, top));
  }

  get rows(): number {
    return this.#codes.length / this.#stride;
  }

  get bytes(): number {
    return Math.ceil(this.plans.reduce((sum, { bits }) => sum + bits, 0) / 8);
  }

  /** Whether any number but 0 came. */
  #fold(channel: number, from: number, top: number): boolean {
    const codes = this.#codes;
    const folded = this.folded;
    const counts = this.#counts;
    const mask = top < mostCounted ? mostCounted - 1 : 0;
    counts.fill(0);
    let before = codes[channel] as number;
    let any = 0;
    for (let i = channel + this.#stride, at = from; i < codes.length; i += this.#stride, at++) {
      const code = codes[i] as number;
      const number = fold(before, code, top);
      folded[at] = number;
      any |= number;
      counts[number & mask] = (counts[number & mask] as number) + 1;
      before = code;
    }
    return any !== 0;
  }

  /** The parameter with the fewest bits; the smallest of equals. */
  #plan(channel: number, width: number, top: number): Plan {
    const from = channel * (this.rows - 1);
    const own = parameterBits + width;
    if (!this.#fold(channel, from, top)) return { parameter: 0, bits: own };
    let parameter = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < Math.min(width, largestParameter); k++) {
      const bits =
        top < mostCounted
          ? countedBits(k, width, this.#counts, top + 1)
          : listedBits(k, width, this.folded, from, from + this.rows - 1);
      if (bits < least) {
        least = bits;
        parameter = k + 1;
      }
    }
    return { parameter, bits: least + own };
  }
}

/**
 * Bytes of a body in coding `rice`, without making it.
 *
 * @param codes rows × channels, at least one row, none above its channel's top code.
 * @param layout Alphabets.
 */
export function riceSize(codes: Uint16Array, layout: CodeLayout): number {
  return new RicePlanner(codes, layout).bytes;
}

/**
 * Codes in coding `rice`: channel by channel a parameter, the first code in the channel's width, and the folded difference
 * of each code from the row before, Rice coded with the parameter that takes the fewest bits. Least significant bits first.
 *
 * @param codes rows × channels, at least one row, none above its channel's top code.
 * @param layout Alphabets.
 * @returns The body, or undefined where it would take `limit` bytes or more; a new array.
 */
export function encodeRice(
  codes: Uint16Array,
  layout: CodeLayout,
  limit: number = Number.POSITIVE_INFINITY,
): Uint8Array<ArrayBuffer> | undefined {
  const body = riceByKernel(codes, layout, limit) ?? encodeRicePlainly(codes, layout, limit);
  return body === "above" ? undefined : body;
}

/** As {@link encodeRice}, in plain TypeScript: what runs where no kernel does, and the oracle of the kernel's tests. */
export function encodeRicePlainly(
  codes: Uint16Array,
  layout: CodeLayout,
  limit: number,
): Uint8Array<ArrayBuffer> | undefined {
  const { folded, plans, rows, bytes } = new RicePlanner(codes, layout);
  if (bytes >= limit) return undefined;
  const writer = new RiceWriter(bytes);
  for (const [c, { bits: width }] of layout.channels.entries()) {
    const { parameter } = plans[c] as Plan;
    writer.start(parameter, codes[c] as number, width);
    if (parameter > 0) writer.numbers(folded, c * (rows - 1), (c + 1) * (rows - 1), parameter - 1, width);
  }
  return writer.finish();
}

/** Writes one channel after another; the state between them is where the bits stand. */
class RiceWriter {
  readonly #bytes: number;
  readonly #out: DataView<ArrayBuffer>;
  #buffer = 0;
  /** At most 7 between numbers, and no number takes more than 24 bits. */
  #held = 0;
  #at = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#out = new DataView(new ArrayBuffer(bytes + 4)); // words are written whole
  }

  start(parameter: number, first: number, width: number): void {
    this.#put(parameter | (first << parameterBits), parameterBits + width);
  }

  #put(value: number, bits: number): void {
    this.#buffer |= value << this.#held;
    this.#held += bits;
    this.#out.setUint32(this.#at, this.#buffer, true);
    this.#at += this.#held >> 3;
    this.#buffer >>>= this.#held & 24;
    this.#held &= 7;
  }

  numbers(folded: Uint16Array, from: number, to: number, k: number, width: number): void {
    const out = this.#out;
    const low = (1 << k) - 1;
    let buffer = this.#buffer;
    let held = this.#held;
    let at = this.#at;
    for (let i = from; i < to; i++) {
      const number = folded[i] as number;
      const quotient = number >> k;
      if (quotient < escapeZeros) {
        buffer |= ((1 | ((number & low) << 1)) << quotient) << held;
        held += quotient + 1 + k;
      } else {
        buffer |= number << (held + escapeZeros);
        held += escapeZeros + width;
      }
      out.setUint32(at, buffer, true);
      at += held >> 3;
      buffer >>>= held & 24;
      held &= 7;
    }
    this.#buffer = buffer;
    this.#held = held;
    this.#at = at;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#out.buffer.slice(0, this.#bytes));
  }
}

/** Reads one channel after another; the state between them is where the bits stand. */
class RiceReader {
  readonly #view: DataView;
  readonly #bits: number;
  #at = 0; // in bits

  constructor(body: Uint8Array) {
    const padded = new Uint8Array(body.length + 4); // words are read whole
    padded.set(body);
    this.#view = new DataView(padded.buffer);
    this.#bits = 8 * body.length;
  }

  /** Parameter and first code. */
  #start(channel: number, width: number, top: number): readonly [parameter: number, first: number] {
    const at = this.#at;
    this.#at += parameterBits + width;
    if (this.#at > this.#bits) throw this.#short(0, channel);
    const word = this.#view.getUint32(at >> 3, true) >>> (at & 7);
    const parameter = word & largestParameter;
    const first = (word >>> parameterBits) & ((1 << width) - 1);
    if (parameter > width)
      throw new DecodeError("range", `channel ${channel}: parameter ${parameter} above ${width}`, at >> 3);
    if (first > top) throw this.#wrong("code", 0, channel, `code ${first} above ${top}`);
    return [parameter, first];
  }

  #short(row: number, channel: number): DecodeError {
    return new DecodeError("length", `row ${row}, channel ${channel}: the body ends within it`, this.#bits >> 3);
  }

  #wrong(code: DecodeErrorCode, row: number, channel: number, what: string): DecodeError {
    return new DecodeError(code, `row ${row}, channel ${channel}: ${what}`, (this.#at - 1) >> 3);
  }

  channel(codes: Uint16Array, channel: number, stride: number, width: number, top: number): void {
    const [parameter, first] = this.#start(channel, width, top);
    codes[channel] = first;
    if (parameter === 0) {
      for (let i = channel + stride; i < codes.length; i += stride) codes[i] = first;
      return;
    }
    const view = this.#view;
    const bits = this.#bits;
    const k = parameter - 1;
    const low = (1 << k) - 1;
    const escapedMask = (1 << width) - 1;
    let before = first;
    let at = this.#at;
    for (let i = channel + stride; i < codes.length; i += stride) {
      if (at >= bits) throw this.#short(Math.floor(i / stride), channel);
      const word = view.getUint32(at >> 3, true) >>> (at & 7); // 25 bits at least, of 24 needed
      const quotient = 31 - Math.clz32((word | 256) & -(word | 256));
      const escaped = quotient === escapeZeros;
      const folded = escaped
        ? (word >>> escapeZeros) & escapedMask
        : (quotient << k) | ((word >>> (quotient + 1)) & low);
      at += escaped ? escapeZeros + width : quotient + 1 + k;
      if (folded > top || (escaped && folded >> k < escapeZeros)) {
        this.#at = Math.min(at, bits);
        if (at > bits) throw this.#short(Math.floor(i / stride), channel);
        const code = folded > top ? "code" : "form";
        throw this.#wrong(code, Math.floor(i / stride), channel, `difference ${folded}, which no encoder writes so`);
      }
      before = unfold(before, folded, top);
      codes[i] = before;
    }
    if (at > bits) throw this.#short(codes.length / stride - 1, channel);
    this.#at = at;
  }

  end(): void {
    const used = (this.#at + 7) >> 3;
    const length = this.#bits >> 3;
    if (used < length) throw new DecodeError("length", `${length - used} bytes after the last code`, used);
    const unused = used * 8 - this.#at;
    if (unused > 0 && this.#view.getUint8(used - 1) >> (8 - unused) !== 0)
      throw new DecodeError("padding", "unused bits of the last byte must be 0", used - 1);
  }
}

/**
 * The reverse of {@link encodeRice}.
 *
 * @param body What a frame of coding `rice` holds.
 * @param rows Number of rows, at least 1.
 * @param layout Alphabets.
 * @returns rows × channels codes; a new array, allocated after rows and length were checked.
 * @throws {@link DecodeError} `range` for too many codes or a parameter that no encoder chooses, `length`, `code`, `form`
 * for an escape without need, `padding`; offsets count from the body's start.
 */
export function decodeRice(body: Uint8Array, rows: number, layout: CodeLayout): Uint16Array {
  const { channels } = layout;
  checkVolume(rows, channels.length);
  const least = channels.reduce((sum, { bits }) => sum + parameterBits + bits, 0);
  if (body.length * 8 < least)
    throw new DecodeError("length", `a body of ${body.length} bytes where ${channels.length} channels start`, 0);
  return unriceByKernel(body, rows * channels.length, layout) ?? decodeRicePlainly(body, rows, layout);
}

/** As {@link decodeRice} after its checks, in plain TypeScript. */
export function decodeRicePlainly(body: Uint8Array, rows: number, { channels }: CodeLayout): Uint16Array {
  const codes = new Uint16Array(rows * channels.length);
  const reader = new RiceReader(body);
  for (const [c, { bits, top }] of channels.entries()) reader.channel(codes, c, channels.length, bits, top);
  reader.end();
  return codes;
}
