import { AcceleratorError } from "./errors.ts";

/**
 * How a row lies in memory.
 *
 * - `pairs`: the paper's line, two independent draws of Q bits side by side for every feature (equation 6).
 * - `code`: one code a feature, base and count in b bits; the datapath forms mean and correction from it.
 * - `float32`: the same line with one float32 a feature, the baseline.
 * - `beats`: the Zynq design's 64-bit stream with a single draw.
 * - `weave`: MLWeaving's bit planes, any precision from one copy.
 */
export type LayoutName = "pairs" | "code" | "float32" | "beats" | "weave";

/** All names of {@link LayoutName}. */
export const layoutNames: readonly LayoutName[] = Object.freeze(["pairs", "code", "float32", "beats", "weave"]);

/** A card, or the programmable half of a chip, as plain data: a user's own is an object of the same shape. */
export interface Platform {
  readonly name: string;
  /** Clock of the datapath in Hz. */
  readonly clock: number;
  /** Bytes a second that memory delivers. */
  readonly bandwidth: number;
  /** Bits of a line (512) or a beat (64): what is delivered and unpacked at once. */
  readonly lineBits: 512 | 64;
  /** Cycles from a request to its first line, when the channel is idle. */
  readonly latency: number;
  /** Lines that one request asks for. */
  readonly burst: number;
  /** Lines asked for and not yet taken by the datapath, at most: the reorder buffer. */
  readonly reorderDepth: number;
  /** Lines that wait for their row's residual, at most; a row must fit. */
  readonly rowFifo: number;
  /** Features that the lanes take in a cycle, at most; a line of more takes several cycles. Bit planes are taken whole. */
  readonly lanes: number;
  /** The largest number of features for each layout that the platform runs; a layout without an entry is not run. */
  readonly features: Readonly<Partial<Record<LayoutName, number>>>;
  /** What the chip has: hard multipliers of 18 × 18 bits or more; blocks of RAM, so many words deep at their widest port. */
  readonly budget: {
    readonly multipliers: number;
    readonly blocks: number;
    readonly blockWidth: number;
    readonly blockDepth: number;
  };
  /** Names of the fields above whose figures are assumed and come from no source; `zipml` prints them so. */
  readonly assumed: readonly string[];
}

/**
 * Xeon+FPGA, first generation (Kara et al., FCCM 2017). Clock and bandwidth are in no source of the authors': they are the
 * values with which the throughput formula gives the ratios that they report.
 */
const harpV1: Platform = {
  name: "harp-v1",
  clock: 200e6,
  bandwidth: 6.5e9,
  lineBits: 512,
  latency: 100,
  burst: 1,
  reorderDepth: 256,
  rowFifo: 1024,
  lanes: 128,
  features: { pairs: 8192, code: 8192, float32: 8192, weave: 8192 },
  budget: { multipliers: 512, blocks: 2560, blockWidth: 40, blockDepth: 512 },
  assumed: ["clock", "bandwidth", "latency", "rowFifo", "features.code", "features.weave", "budget"],
};

/** The authors' design for a Zynq 7020 on a PYNQ board: 64-bit stream at 100 MHz, one beat a cycle. */
const zynqPynq: Platform = {
  name: "zynq-pynq",
  clock: 100e6,
  bandwidth: 0.8e9,
  lineBits: 64,
  latency: 30,
  burst: 16,
  reorderDepth: 64,
  rowFifo: 4096,
  lanes: 64,
  features: { beats: 4096 },
  budget: { multipliers: 220, blocks: 140, blockWidth: 72, blockDepth: 512 },
  assumed: ["latency", "burst", "reorderDepth", "rowFifo"],
};

/** Xeon+FPGA, second generation, with an Arria 10: the card of MLWeaving. */
const arria10HarpV2: Platform = {
  name: "arria10-harp-v2",
  clock: 200e6,
  bandwidth: 15e9,
  lineBits: 512,
  latency: 120,
  burst: 1,
  reorderDepth: 512,
  rowFifo: 1024,
  lanes: 128,
  features: { pairs: 8192, code: 8192, float32: 8192, weave: 32_768 },
  budget: { multipliers: 3036, blocks: 2713, blockWidth: 40, blockDepth: 512 },
  assumed: [
    "clock",
    "bandwidth",
    "latency",
    "reorderDepth",
    "rowFifo",
    "features.pairs",
    "features.code",
    "features.float32",
    "budget",
  ],
};

/** The platforms that come with the package. */
export const platforms: readonly Platform[] = Object.freeze([harpV1, zynqPynq, arria10HarpV2]);

/**
 * The platform of that name.
 *
 * @throws {@link AcceleratorError} `platform` for a name that none of {@link platforms} has.
 */
export function platformNamed(name: string): Platform {
  const found = platforms.find((platform) => platform.name === name);
  if (found !== undefined) return found;
  const names = platforms.map((platform) => platform.name).join(", ");
  throw new AcceleratorError("platform", `platform must be one of ${names}, or described by its figures, not ${name}`);
}

/** Fields that count something, with the least and the most that each may be. */
const counts = [
  ["latency", 0, 1e6],
  ["burst", 1, 4096],
  ["reorderDepth", 1, 65_536],
  ["rowFifo", 1, 65_536],
  ["lanes", 16, 1024],
] as const;

const budgetFields = ["multipliers", "blocks", "blockWidth", "blockDepth"] as const;

/**
 * Checks a user's own platform, which may come from a file: nothing of its type is taken for granted.
 *
 * @throws {@link AcceleratorError} `platform` that names the field.
 */
export function checkPlatform(platform: Platform): void {
  const { name, clock, bandwidth, lineBits, burst, reorderDepth, lanes, features, budget, assumed } = platform;
  const refuse = (message: string): never => {
    throw new AcceleratorError("platform", `platform ${String(name)}: ${message}`);
  };
  const checkCount = (field: string, value: unknown, least: number, most: number): void => {
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
      refuse(`${field} must be a whole number from ${least} to ${most}, not ${String(value)}`);
  };
  if (typeof name !== "string" || name === "") refuse("name must be a text");
  for (const [field, value] of Object.entries({ clock, bandwidth }))
    if (!(typeof value === "number" && value >= 1 && value <= 1e12))
      refuse(`${field} must be a number from 1 to 1e12, not ${String(value)}`);
  for (const [field, least, most] of counts) checkCount(field, platform[field], least, most);
  if (lineBits !== 512 && lineBits !== 64) refuse(`lineBits must be 512 or 64, not ${String(lineBits)}`);
  if (burst > reorderDepth) refuse(`a burst of ${burst} lines does not fit a reorder buffer of ${reorderDepth}`);
  if (lanes % 16 !== 0) refuse(`lanes must be a multiple of 16, not ${lanes}`);
  if (typeof features !== "object" || features === null)
    refuse("features must name a layout or more with a limit each");
  for (const [layout, most] of Object.entries(features)) {
    if (!(layoutNames as readonly string[]).includes(layout)) refuse(`features has no layout ${layout}`);
    checkCount(`features.${layout}`, most, 1, 65_536);
  }
  if (typeof budget !== "object" || budget === null) refuse(`budget must have ${budgetFields.join(", ")}`);
  for (const field of budgetFields) checkCount(`budget.${field}`, budget[field], 1, 1e9);
  if (!Array.isArray(assumed) || !assumed.every((field) => typeof field === "string"))
    refuse("assumed must be a list of names of fields, which may be empty");
}
