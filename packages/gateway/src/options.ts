import { maxLags } from "@zipml/codec";
import {
  type Clock,
  type Connector,
  checkId,
  createTopics,
  maxRanges,
  systemClock,
  type Topics,
} from "@zipml/protocol";
import type { BrokerOptions } from "./broker/options.ts";
import type { ThinOptions } from "./configurator.ts";
import { GatewayError } from "./errors.ts";
import type { TaskChoice } from "./ingest/columns.ts";
import type { ReceiptOptions } from "./ingest/receipts.ts";
import type { RegistryLimits } from "./ingest/registry.ts";
import type { LevelsOptions } from "./levels/options.ts";
import type { LogOptions } from "./log/writer.ts";
import type { RefetchOptions } from "./refetch/refetch.ts";
import { type EstimatorName, resolveTrainOptions, type TrainOptions, usualEstimator } from "./train/index.ts";

/** What a gateway trains, when, and on how much. */
export interface TrainingOptions
  extends TaskChoice,
    Pick<
      TrainOptions,
      | "estimator"
      | "solver"
      | "engine"
      | "epochs"
      | "batch"
      | "step"
      | "schedule"
      | "seed"
      | "modelBits"
      | "gradientBits"
      | "residualBits"
      | "variance"
      | "average"
      | "loss"
      | "degree"
      | "l1"
      | "l2"
      | "box"
      | "ball"
    > {
  /**
   * Whether a training goes on from the model before, which then lives with the stream: `new` on the rows that have come since
   * and in their order by device, each of them read in one training only and in none after, over restarts too; `all` on all
   * rows held. Steps of the schedule `inverse` go on falling, so that all readings count alike; `constant` follows what
   * changes. Default none: every training begins anew on all rows held.
   */
  readonly living?: "new" | "all";
  /** With the estimator `refetch` (loss hinge, grids of scheme `interval`): how devices are asked for exact rows. */
  readonly refetch?: RefetchOptions;
  /** Newest rows that are trained on. Default 1,000,000. */
  readonly window?: number;
  /** Fewest rows that are trained on. Default 100. */
  readonly minimum?: number;
  /** Trains whenever so many rows have come since the last time; 0 not by rows. Default 1,000. */
  readonly everyRows?: number;
  /** Trains whenever so many seconds have passed and rows have come. Default 0: not by time. */
  readonly everySeconds?: number;
}

/** Options of `createGateway`. */
export interface GatewayOptions {
  /** Id of the gateway, unique at its broker. Default the group's. */
  readonly id?: string;
  /** The group it serves. */
  readonly group: string;
  /** An external broker: `mqtt({ url })` or any other connector. Either this or `broker`. */
  readonly transport?: Connector;
  /** Starts an embedded broker. Either this or `transport`. */
  readonly broker?: BrokerOptions;
  /**
   * Folder for what must survive the process: the log of all that came, and checkpoints. Made with mode 0700 unless it
   * is there; one gateway at a time. With it a receipt is sent only when a frame is on the disk, and a gateway that is
   * started again goes on where the last one ended, however that was. Left out, everything is in memory.
   */
  readonly directory?: string;
  /** Bounds of the log. Default segments of 16,777,216 bytes, and 67,108,864 bytes that may wait for the disk. */
  readonly log?: Partial<LogOptions>;
  /** What is trained and when. */
  readonly training?: TrainingOptions;
  /** Width of a published weight, 1 to 16, or 0 for float64. Default 8. */
  readonly publishBits?: number;
  /**
   * `thin`: widths of a coarser grid that every device is told of when it is born, for when its outbox has the policy `thin`
   * and is nearly full. Default none: such a device refuses rows instead.
   */
  readonly grid?: { readonly thin?: ThinOptions };
  /**
   * Whether the group's grid follows its readings: devices count them (their option `levels`), and when levels of least
   * variance would be worth it, a new grid is published to the group. Target channels keep their levels. Default not.
   */
  readonly levels?: LevelsOptions;
  /** Pace of receipts. Default gathered for 200 ms, gaps asked for after 2,000 ms. */
  readonly receipts?: Partial<ReceiptOptions>;
  /** Bounds of what is kept about devices. */
  readonly limits?: Partial<RegistryLimits>;
  /** Prefix of all topics. Default `zipml/1`. */
  readonly prefix?: string;
  /** Time. Default the system's. */
  readonly clock?: Clock;
}

/** {@link GatewayOptions} with every default in its place. */
export interface ResolvedGatewayOptions {
  readonly id: string;
  readonly group: string;
  readonly directory: string | undefined;
  readonly log: LogOptions;
  readonly training: ResolvedTraining;
  readonly window: number;
  readonly minimum: number;
  readonly everyRows: number;
  readonly everySeconds: number;
  readonly publishBits: number;
  readonly thin: ThinOptions | undefined;
  readonly refetch: Required<RefetchOptions>;
  readonly levels: Required<LevelsOptions>;
  readonly receipts: ReceiptOptions;
  readonly limits: RegistryLimits;
  readonly topics: Topics;
  readonly clock: Clock;
  /** When this run of the gateway began, ms since 1970: what tells its presence from an earlier run's. */
  readonly startedAt: number;
}

/** {@link TrainingOptions} whose loss, degree and estimator are settled. */
export type ResolvedTraining = TrainingOptions & { readonly estimator: EstimatorName };

/** What would fail at the first training fails here. @throws `TrainingError` `options` */
function resolveTraining(training: TrainingOptions = {}): ResolvedTraining {
  const objective = resolveTrainOptions(training);
  const { living, solver, lags = 0 } = training;
  if (training.estimator === "refetch" && lags > 0)
    throw new GatewayError(
      "options",
      'training.lags makes rows of several, which the estimator "refetch" can\'t ask for',
    );
  if (living !== undefined && living !== "new" && living !== "all")
    throw new GatewayError("options", `training.living must be new or all, not ${JSON.stringify(living)}`);
  if (living !== undefined && solver === "closed-form")
    throw new GatewayError(
      "options",
      "training.living goes on from a model, and the closed form from none: the solver is sgd",
    );
  return { ...training, estimator: training.estimator ?? usualEstimator(objective), degree: objective.degree };
}

function within(name: string, value: number, least: number, most: number, whole = true): number {
  if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
    const kind = whole ? "a whole number " : "";
    throw new GatewayError("options", `${name} must be ${kind}from ${least} to ${most}, not ${value}`);
  }
  return value;
}

const most = 1_000_000_000;

/** Rows under the thin grid must be of use to the group's training. */
function checkThin(thin: ThinOptions | undefined, estimator: EstimatorName, draws: number): ThinOptions | undefined {
  if (thin === undefined) return undefined;
  const { bits, samples = 2, targetBits = 8 } = thin;
  if (estimator === "refetch")
    throw new GatewayError("options", "grid.thin has scheme count, which is no use to refetch: it needs interval");
  within("grid.thin.bits", bits, 1, 16);
  within("grid.thin.samples", samples, 1, Math.min(15, 2 ** bits - 1));
  within("grid.thin.targetBits", targetBits, 1, 16);
  if (estimator === "naive" ? samples !== 1 : samples < draws)
    throw new GatewayError(
      "options",
      `grid.thin.samples ${samples} is no use to ${estimator}: it needs ${estimator === "naive" ? "exactly one" : `${draws} or more`}`,
    );
  return { bits, samples, targetBits };
}

function checkLags({ lags = 0, features, target }: TrainingOptions): void {
  within("training.lags", lags, 0, maxLags);
  if (lags === 0 && target !== undefined && features?.includes(target))
    throw new GatewayError(
      "options",
      `training.features holds the target ${JSON.stringify(target)}, which training.lags alone makes a feature`,
    );
}

function resolveRefetch({
  seconds = 30,
  againSeconds = 5,
  bytes = 67_108_864,
}: RefetchOptions = {}): Required<RefetchOptions> {
  return {
    seconds: within("training.refetch.seconds", seconds, 0.001, 86_400, false),
    againSeconds: within("training.refetch.againSeconds", againSeconds, 0.001, 86_400, false),
    bytes: within("training.refetch.bytes", bytes, 65_536, 1_000_000_000_000),
  };
}

function resolveLevels(levels: LevelsOptions = {}): Required<LevelsOptions> {
  return {
    follow: levels.follow ?? false,
    share: within("levels.share", levels.share ?? 0.1, 0, 1000, false),
    minimum: within("levels.minimum", levels.minimum ?? 1000, 1, most),
    everySeconds: within("levels.everySeconds", levels.everySeconds ?? 3600, 1, most, false),
    bytes: within("levels.bytes", levels.bytes ?? 67_108_864, 65_536, 1_000_000_000_000),
  };
}

/**
 * Checks options and fills in defaults.
 *
 * @throws {@link GatewayError} with code `options`, `TrainingError` `options` for those of training, or the protocol's
 * `ProtocolError` for ids and prefix.
 */
export function resolveGatewayOptions(options: GatewayOptions): ResolvedGatewayOptions {
  const clock = options.clock ?? systemClock();
  const { receipts = {}, limits = {}, log = {} } = options;
  if ((options.transport === undefined) === (options.broker === undefined))
    throw new GatewayError("options", "give either transport (an external broker) or broker (the embedded one)");
  const training = resolveTraining(options.training);
  checkLags(training);
  if (training.estimator === "full")
    throw new GatewayError("options", 'training.estimator "full" reads raw rows; what arrives is codes');
  return {
    id: checkId("gateway", options.id ?? options.group),
    group: checkId("group", options.group),
    directory: options.directory,
    log: {
      segmentBytes: within("log.segmentBytes", log.segmentBytes ?? 16_777_216, 1024, most),
      pendingBytes: within("log.pendingBytes", log.pendingBytes ?? 67_108_864, 1, most),
    },
    training,
    refetch: resolveRefetch(training.refetch),
    window: within("training.window", training.window ?? 1_000_000, 1, most),
    minimum: within("training.minimum", training.minimum ?? 100, 2, most),
    everyRows: within("training.everyRows", training.everyRows ?? 1000, 0, most),
    everySeconds: within("training.everySeconds", training.everySeconds ?? 0, 0, most, false),
    thin: checkThin(options.grid?.thin, training.estimator, (training.degree ?? 1) + 1),
    levels: resolveLevels(options.levels),
    publishBits: within("publishBits", options.publishBits ?? 8, 0, 16),
    receipts: {
      delay: within("receipts.delay", receipts.delay ?? 200, 0, 60_000, false),
      gapAfter: within("receipts.gapAfter", receipts.gapAfter ?? 2000, 1, 3_600_000, false),
    },
    limits: {
      devices: within("limits.devices", limits.devices ?? 10_000, 1, 1_000_000),
      sessions: within("limits.sessions", limits.sessions ?? 64, 1, 65_536),
      retired: within("limits.retired", limits.retired ?? 1024, 0, 1_000_000),
      grids: within("limits.grids", limits.grids ?? 256, 1, 65_536),
      ranges: within("limits.ranges", limits.ranges ?? maxRanges, 1, maxRanges),
      parked: within("limits.parked", limits.parked ?? 64, 0, 65_536),
      parkedBytes: within("limits.parkedBytes", limits.parkedBytes ?? 67_108_864, 0, most),
      deviceBytes: within("limits.deviceBytes", limits.deviceBytes ?? 67_108_864, 1, most),
      gridBytes: within("limits.gridBytes", limits.gridBytes ?? 536_870_912, 1, 1_000_000_000_000),
      controlRate: within("limits.controlRate", limits.controlRate ?? 131_072, 1, most),
      controlBurst: within("limits.controlBurst", limits.controlBurst ?? 4_194_304, 1024, most),
    },
    topics: createTopics(options.prefix === undefined ? {} : { prefix: options.prefix }),
    clock,
    startedAt: Math.round(clock.now()),
  };
}
