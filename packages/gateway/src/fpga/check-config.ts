import type { AcceleratorConfig, ColumnConstants } from "./accelerator.ts";
import { AcceleratorError, checkWhole } from "./errors.ts";
import { linesPerRow } from "./layouts/shape.ts";
import { checkPlatform } from "./platform.ts";

const refuse = (message: string): never => {
  throw new AcceleratorError("options", message);
};

/** Widths that a layout may have. */
const widths = { pairs: [1, 2, 4, 8], beats: [1, 2, 4, 8, 32] } as const;

function checkLayout({ layout, faithful = false, range }: AcceleratorConfig): void {
  const { kind } = layout;
  if (kind === "pairs" || kind === "beats") {
    const allowed: readonly number[] = widths[kind];
    if (!allowed.includes(layout.bits)) refuse(`${kind} has codes of ${allowed.join(", ")} bits, not ${layout.bits}`);
  }
  if (kind === "weave") checkWhole(layout.bits, "bit planes", 1, 31);
  if (kind === "code") {
    if (layout.draws !== 1 && layout.draws !== 2) refuse(`code carries 1 or 2 draws, not ${layout.draws}`);
    if (layout.draws === 2 && layout.bits === 1)
      refuse("a code of 1 bit has no interval for two draws: take 2 to 8 bits");
    checkWhole(layout.bits, "bits of a code", 1, 8);
    if (faithful) refuse("layout code is not the original's: it has no faithful mode");
  }
  if (range === undefined) return;
  if (!faithful || (kind !== "pairs" && kind !== "beats"))
    refuse("range goes with the hardware's own codes: faithful pairs or beats");
  if (range === "signed" && "bits" in layout && (layout.bits === 1 || layout.bits === 32))
    refuse(`codes of ${layout.bits} bits have no signed range`);
}

function checkBatch({ batch, faithful = false, layout }: AcceleratorConfig): void {
  checkWhole(batch, "batch", 1, 65_536);
  const woven = layout.kind === "weave";
  const isPower = (batch & (batch - 1)) === 0;
  if ((!faithful || woven) && !isPower) refuse(`batch must be a power of two, as its mean is a shift, not ${batch}`);
  if (woven && batch < 8) refuse(`weave works on eight rows at a time: batch must be 8 or more, not ${batch}`);
}

function checkColumns({ centre, shift }: ColumnConstants, features: number, faithful: boolean): void {
  if (faithful) refuse("columns are centred and scaled in the corrected design only");
  for (const [name, values] of [
    ["centre", centre],
    ["shift", shift],
  ] as const) {
    if (values === undefined) continue;
    if (values.length !== features) refuse(`columns.${name} has ${values.length} numbers for ${features} features`);
    const most = name === "centre" ? 65_535 : 31;
    for (const [i, value] of values.entries())
      if (Math.abs(value) > most) refuse(`columns.${name}: feature ${i} has ${value}, beyond ±${most}`);
  }
}

/**
 * Checks a configuration.
 *
 * @throws {@link AcceleratorError} `options`, `platform`, or `capacity` for what the chip can't hold.
 */
export function checkConfig(config: AcceleratorConfig): void {
  const { platform, layout, rows, features, stepShift, copies = 1, columns, faithful = false } = config;
  checkPlatform(platform);
  checkLayout(config);
  checkWhole(rows, "rows", 1, 2 ** 31 - 1);
  checkWhole(features, "features", 1, 2 ** 31 - 1);
  checkWhole(stepShift, "stepShift", 0, 31);
  checkWhole(copies, "copies", 1, 65_536);
  checkBatch(config);
  const most = platform.features[layout.kind];
  if (most === undefined) {
    const known = Object.keys(platform.features).join(", ");
    throw new AcceleratorError("platform", `platform ${platform.name} runs ${known}, not ${layout.kind}`);
  }
  if (features > most) {
    const message = `platform ${platform.name} holds ${most} features of ${layout.kind} on chip, not ${features}`;
    throw new AcceleratorError("capacity", message, { limit: most });
  }
  const lines = linesPerRow(layout, features);
  if (lines > platform.rowFifo) {
    const message = `a row of ${lines} lines does not fit the FIFO of ${platform.rowFifo} that waits for its residual`;
    throw new AcceleratorError("capacity", message, { limit: platform.rowFifo });
  }
  if (columns !== undefined) checkColumns(columns, features, faithful);
}
