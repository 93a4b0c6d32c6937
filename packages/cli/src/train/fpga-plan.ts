import type { trainOptions } from "../config/train-section.ts";
import { CliError } from "../errors.ts";
import type { OptionOrigin, OptionValues } from "../options.ts";

type Values = OptionValues<typeof trainOptions>;
type Origins = ReadonlyMap<keyof typeof trainOptions, OptionOrigin>;
type Layout = NonNullable<Values["layout"]>;

const refuse = (message: string): never => {
  throw new CliError("option", message);
};

/** Widest code whose lanes a card has: 255 intervals of two draws, or 255 codes. */
const widest = { pairs: 9, code: 8 } as const;

const isRaw = (layout: Layout): boolean => layout === "float32" || layout === "weave";

function usualLayout({ scheme, estimator }: Values): Layout {
  if (scheme === "none") return "float32";
  return estimator === "symmetric" || estimator === "naive" ? "code" : "pairs";
}

function usualEstimator(layout: Layout, { samples }: Values, origins: Origins): Values["estimator"] {
  if (isRaw(layout)) return undefined;
  if (layout === "pairs") return "double";
  return origins.has("samples") && samples === 1 ? "naive" : "symmetric";
}

function checkAlone({ platform, layout, planes, engine }: Values): void {
  for (const [name, value] of Object.entries({ platform, layout, planes }))
    if (value !== undefined) refuse(`--${name} goes with --engine fpga, not ${engine ?? "without an engine"}`);
}

function checkCodes(layout: "pairs" | "code", values: Values, origins: Origins): void {
  const { scheme, levels, estimator, samples, bits, grid } = values;
  if (scheme === "none") refuse(`--layout ${layout} holds codes: it can't go with --scheme none`);
  if (estimator === "full") refuse(`--estimator full trains on raw rows: it needs --scheme none, not ${scheme}`);
  if (estimator !== undefined && (layout === "pairs") !== (estimator === "double"))
    refuse(
      `--layout ${layout} runs --estimator ${layout === "pairs" ? "double" : "symmetric or naive"}, not ${estimator}`,
    );
  if (grid !== undefined) return;
  if (scheme !== "count") refuse(`--engine fpga has lanes for draws: it needs --scheme count or none, not ${scheme}`);
  if (levels === "optimal") refuse("--engine fpga has lanes for equal steps: it can't go with --levels optimal");
  if (origins.has("samples") && (samples > 2 || (layout === "pairs" && samples !== 2)))
    refuse(`--layout ${layout} has lanes for ${layout === "pairs" ? "two draws" : "one draw or two"}, not ${samples}`);
  if (bits > widest[layout]) refuse(`--layout ${layout} holds codes of ${widest[layout]} bits at most, not ${bits}`);
}

/**
 * The options with what the emulated card needs filled in: platform, layout, and the estimator that the layout runs.
 *
 * @throws {@link CliError} `option` for what a card does not run.
 */
export function fitToCard(values: Values, origins: Origins): Values {
  if (values.engine !== "fpga") {
    checkAlone(values);
    return values;
  }
  if (values.solver === "closed-form") return values; // it has no engine, and says so
  const { loss, scheme, planes } = values;
  if (loss !== "squares" && loss !== "ls-svm") refuse(`--engine fpga lowers squares, not --loss ${loss}`);
  for (const name of ["l1", "l2", "box", "ball"] as const)
    if (origins.has(name)) refuse(`--engine fpga runs no regularizer: it can't go with --${name}`);
  for (const name of ["model-bits", "gradient-bits"] as const)
    if (values[name] > 0) refuse(`--engine fpga has 32 bits for model and gradient: it can't go with --${name}`);
  const layout = values.layout ?? usualLayout(values);
  if (planes !== undefined && layout !== "weave") refuse(`--planes goes with --layout weave, not ${layout}`);
  if (layout === "pairs" || layout === "code") checkCodes(layout, values, origins);
  else if (scheme !== "none") refuse(`--layout ${layout} holds raw rows: it needs --scheme none, not ${scheme}`);
  const estimator = values.estimator ?? usualEstimator(layout, values, origins);
  return { ...values, layout, estimator, platform: values.platform ?? "harp-v1" };
}

/** What the card makes of the options otherwise than they say. */
export function cardWarnings({ engine, solver, batch, layout }: Values): readonly string[] {
  if (engine !== "fpga" || solver === "closed-form") return [];
  const least = layout === "weave" ? 8 : 1;
  const used = Math.max(least, 2 ** Math.floor(Math.log2(Math.min(batch, 65_536))));
  return used === batch ? [] : [`mini-batches on the card are powers of two: ${used} rows, not ${batch}`];
}
