import {
  type Channel,
  createDeadBand,
  type DeadBandFilter,
  type DeadBands,
  defineGrid,
  defineSchema,
  type Grid,
  type Schema,
  type UniformGridOptions,
  uniformGrid,
} from "@zipml/codec";
import {
  type Clock,
  type Connector,
  checkId,
  createTopics,
  cryptoRandom,
  type RandomSource,
  systemClock,
  type Topics,
} from "@zipml/protocol";
import { checkBirthSize } from "./birth-size.ts";
import type { DeliveryOptions } from "./delivery.ts";
import { DeviceError } from "./errors.ts";
import type { HistogramOptions } from "./histograms.ts";
import { createMemoryOutbox } from "./memory-outbox.ts";
import type { Outbox } from "./outbox.ts";
import type { BatchOptions } from "./sealer.ts";

/** Options of `createDevice`. */
export interface DeviceOptions {
  /** Id of the device, unique in its group: `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`. */
  readonly id: string;
  /** Group that trains one model together; same form as an id. */
  readonly group: string;
  /** Channels of a row, in order: a schema, or the channels that make one. */
  readonly schema: Schema | readonly Channel[];
  /** Where to connect: `mqtt({ url })` or any other connector. */
  readonly transport: Connector;
  /** Widths and draws of the first grid, or the grid itself; a gateway may replace it by `desired`. Default 4 bits, k = 2, targets 8 bits. */
  readonly grid?: Grid | UniformGridOptions;
  /**
   * Thresholds by channel, in its unit, or `{ threshold, resolution }`: a reading is then told as the one told before until it
   * is further than the threshold from that, which takes few bytes in the codings `arithmetic` and `exact`. What arrives is
   * **biased** by up to the threshold, and no estimator corrects for it (see `docs/dead-band.md`). Default: none.
   */
  readonly deadBand?: DeadBands;
  /** When rows become a frame. Default 256 rows, 10,000 ms, 4,096 bytes, whichever comes first. */
  readonly batch?: Partial<BatchOptions>;
  /** How frames are sent. Default a window of 16 frames, 10,000 ms to the resend, 30,000 ms for a send, oldest first. */
  readonly delivery?: Partial<DeliveryOptions>;
  /**
   * Nominal milliseconds between rows. A row pushed without a time is put on the nearest multiple, so that frames carry
   * one interval and not one a row; whole seconds take the fewest bytes, also in a frame of one row. Default 0: times as
   * the clock gives them, in whole milliseconds.
   */
  readonly interval?: number;
  /** Milliseconds between health messages. Default 60,000; 0 turns them off, but for the one at close. */
  readonly healthInterval?: number;
  /**
   * Counts of readings, from which a gateway may fit levels: `everySeconds` from one health message with a feature's counts
   * to the next, one feature a message in turn, while there is a connection. Default 600; 0 turns them off. A feature with
   * fewer than `minimum` readings since its last turn, default 1,000, waits for more.
   */
  readonly levels?: Partial<HistogramOptions>;
  /**
   * Where accepted rows are kept, for this agent alone: `await openSpool({ directory })` of `@zipml/device/spool` keeps them
   * on disk. Default an outbox in memory. The agent closes it.
   */
  readonly outbox?: Outbox;
  /**
   * Bytes of exact rows that are kept in memory beside the frames that they were sealed into, for an outbox with the policy
   * `thin`: frames that were never published are then sealed again under the coarser grid when rows that wait do not make
   * enough room. Default 0: a sealed frame stays as it is.
   */
  readonly keepExact?: number;
  /**
   * Bytes of exact rows that are kept in memory, sent or not, for a gateway that trains by refetching and asks for some of
   * them (see `docs/refetch.md`): the newest that fit. A restart forgets them. Default 0: the device answers that it has none.
   */
  readonly refetchBytes?: number;
  /** A session counter that the device keeps, 0 … 2³² − 1. Default the outbox's own, or 32 random bits where it has none. */
  readonly session?: number;
  /** Time. Default the system's. */
  readonly clock?: Clock;
  /** Source of the session number and of the secret that keys the draws. Default the system's cryptographic one. */
  readonly random?: RandomSource;
  /** Prefix of all topics. Default `zipml/1`. */
  readonly prefix?: string;
  /** What birth says of the software. */
  readonly software?: { readonly name: string; readonly version: string };
}

/** {@link DeviceOptions} with every default in its place. */
export interface ResolvedOptions {
  readonly id: string;
  readonly group: string;
  readonly schema: Schema;
  readonly transport: Connector;
  readonly grid: Grid;
  /** Undefined where every channel is told as it is read. */
  readonly deadBand: DeadBandFilter | undefined;
  readonly batch: BatchOptions;
  readonly delivery: DeliveryOptions;
  readonly interval: number;
  readonly healthInterval: number;
  readonly levels: HistogramOptions;
  readonly outbox: Outbox;
  readonly keepExact: number;
  readonly refetchBytes: number;
  readonly session: number;
  /** 128 random bits, hexadecimal, that nobody else knows: they key the draws. */
  readonly secret: string;
  readonly clock: Clock;
  readonly topics: Topics;
  readonly software: { readonly name: string; readonly version: string };
}

/** What birth says of the software where the user says nothing. */
export const defaultSoftware = Object.freeze({ name: "@zipml/device", version: "0.1.0" });

function within(name: string, value: number, least: number, most: number, whole = true): number {
  if (!(value >= least && value <= most) || (whole && !Number.isInteger(value)))
    throw new DeviceError(
      "options",
      `${name} must be ${whole ? "a whole number " : ""}from ${least} to ${most}, not ${value}`,
    );
  return value;
}

/** Checks the bounds of a batch, whoever asks for it. @throws {@link DeviceError} with code `options`. */
export function checkBatch(batch: BatchOptions): BatchOptions {
  return {
    rows: within("batch.rows", batch.rows, 1, 4096),
    milliseconds: within("batch.milliseconds", batch.milliseconds, 1, 86_400_000, false),
    // with 4,096 rows at irregular times and the envelope, 45,000 just keep a frame below the 65,536 that decoders take
    bytes: within("batch.bytes", batch.bytes, 1, 45_000),
  };
}

function checkDelivery(given: Partial<DeliveryOptions> = {}): DeliveryOptions {
  const {
    window = 16,
    resendAfter = 10_000,
    sendTimeout = 30_000,
    order = "oldest-first",
    waitForGateway = false,
  } = given;
  if (order !== "oldest-first" && order !== "live-first")
    throw new DeviceError("options", `delivery.order must be oldest-first or live-first, not ${String(order)}`);
  return {
    window: within("delivery.window", window, 1, 1000),
    resendAfter: within("delivery.resendAfter", resendAfter, 1, 86_400_000, false),
    sendTimeout: within("delivery.sendTimeout", sendTimeout, 1, 86_400_000, false),
    order,
    waitForGateway,
  };
}

function checkSession(session: number, outbox: Outbox): number {
  within("session", session, 0, 0xffffffff);
  // Its sequences start again at 0: frames would be taken for those that are kept.
  if (outbox.sessions().some((kept) => kept.session === session))
    throw new DeviceError("options", `session ${session} is one that the outbox knows already: each run needs its own`);
  return session;
}

/**
 * Checks options and fills in defaults.
 *
 * @throws {@link DeviceError} with code `options`, the codec's `GridError` and `DeadBandError`, the protocol's `ProtocolError` for ids.
 */
export function resolveOptions(options: DeviceOptions): ResolvedOptions {
  const schema = defineSchema("channels" in options.schema ? options.schema.channels : options.schema);
  const random = options.random ?? cryptoRandom();
  const given = options.grid ?? {};
  const outbox = options.outbox ?? createMemoryOutbox();
  const session = checkSession(options.session ?? outbox.nextSession ?? random(), outbox);
  const grid = "channels" in given ? defineGrid(schema, given) : uniformGrid(schema, given);
  checkBirthSize(schema, grid);
  return {
    id: checkId("device", options.id),
    group: checkId("group", options.group),
    schema,
    transport: options.transport,
    grid,
    deadBand: options.deadBand === undefined ? undefined : createDeadBand(schema, options.deadBand),
    batch: checkBatch({ rows: 256, milliseconds: 10_000, bytes: 4096, ...options.batch }),
    delivery: checkDelivery(options.delivery),
    interval: within("interval", options.interval ?? 0, 0, 86_400_000, false),
    healthInterval: within("healthInterval", options.healthInterval ?? 60_000, 0, 86_400_000, false),
    levels: {
      everySeconds: within("levels.everySeconds", options.levels?.everySeconds ?? 600, 0, 86_400, false),
      minimum: within("levels.minimum", options.levels?.minimum ?? 1000, 1, 1_000_000_000),
    },
    outbox,
    keepExact: within("keepExact", options.keepExact ?? 0, 0, 2 ** 40),
    refetchBytes: within("refetchBytes", options.refetchBytes ?? 0, 0, 2 ** 40),
    session,
    secret: Array.from({ length: 4 }, () => random().toString(16).padStart(8, "0")).join(""),
    clock: options.clock ?? systemClock(),
    topics: createTopics(options.prefix === undefined ? {} : { prefix: options.prefix }),
    software: options.software ?? defaultSoftware,
  };
}
