import { type Agent, startAgent } from "./agent.ts";
import { DeviceError } from "./errors.ts";
import { type DeviceOptions, resolveOptions } from "./options.ts";
import type { FrameId } from "./outbox.ts";
import type { DeviceEvent, DeviceStatus } from "./status.ts";

/** A device agent: takes readings in, ships them in a few bits, and predicts with what the gateway learns. */
export interface Device extends AsyncDisposable {
  readonly id: string;
  readonly group: string;
  readonly session: number;
  /** The session's start, milliseconds since 1970: what the times of its rows count from. */
  readonly startedAt: number;
  /**
   * Takes a row in. Resolves when the outbox has accepted it; from then on it is quantized, sealed, published and kept
   * until the gateway's receipt covers it.
   *
   * @param row One finite reading a channel, by name, in the channel's unit. A row that lacks a channel is refused whole.
   * @param options `elapsed`: milliseconds from the session's start (`startedAt`), a whole number not below the row's
   * before; default what the clock says.
   * @throws The codec's `ReadingError` (`missing`, `non-finite`), or `DeviceError` (`time`, `outbox-full`, `closed`).
   * A row that was refused is counted, and nothing of it is sent.
   */
  push(row: Readonly<Record<string, number>>, options?: { readonly elapsed?: number }): Promise<void>;
  /**
   * Seals what was accepted and waits until receipts cover all of it, frames in quarantine left out. Rows pushed
   * meanwhile are not waited for.
   *
   * @throws `DeviceError` with code `aborted` when the signal ends the wait, which loses nothing; `closed` when the
   * agent is closed before.
   */
  flush(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Predicts with the newest model that the gateway published for this device, else for its group.
   *
   * A model may have features that look back (`training.lags` of the gateway): `temperature@-1` is the temperature of the
   * row before. They are the rows that `push` accepted last, in their exact readings, `@-1` the newest: `row` is the one
   * that comes after these, so predict for a row before you push it. Predicting adds nothing to them. As many rows are
   * held as the models that came so far need, counted from when the first such model came. A row may also name such a
   * reading itself, `{ "temperature@-1": 21.3 }`, and is then taken at its word.
   *
   * @param row Readings by name, in their units; empty where the model looks at the rows before alone.
   * @returns The target, in its unit; of a model of classes the label.
   * @throws `DeviceError` with code `no-model`, or `history` until enough rows were pushed; the codec's `ReadingError` that
   * names the feature.
   */
  predict(row: Readonly<Record<string, number>>): number;
  /**
   * How sure {@link predict} is of a class: the label is the larger one from 0 on, and with the loss `logistic` this is the
   * logarithm of its odds. Of a model that predicts a number, that number.
   *
   * @param row As `predict` takes it.
   * @throws As `predict`.
   */
  decide(row: Readonly<Record<string, number>>): number;
  /**
   * Sends the frames in quarantine again now, as after a change of its limits or permissions.
   *
   * @returns How many there are.
   */
  retryQuarantined(): number;
  status(): DeviceStatus;
  /** What happens from now on; ends when the agent is closed. A reader 1,024 events behind loses its oldest. */
  events(): AsyncIterable<DeviceEvent>;
  /**
   * Flushes, says goodbye and frees everything. Idempotent.
   *
   * @param options `timeout`: longest wait for receipts, in milliseconds; default 5,000.
   * @returns What no receipt covers yet, also told by a `left` event: lost with an outbox in memory, kept by one on disk.
   */
  close(options?: { readonly timeout?: number }): Promise<Left>;
}

/** Rows and frames without a receipt. */
export interface Left {
  readonly rows: number;
  readonly frames: number;
}

const defaultCloseTimeout = 5000;

/** Does something again and again; ends when the signal aborts. */
async function repeat(agent: Agent, milliseconds: number, signal: AbortSignal, act: () => Promise<void>) {
  if (milliseconds === 0) return;
  const waitOne = (): Promise<boolean> =>
    agent.options.clock.sleep(milliseconds, signal).then(
      () => true,
      () => false, // aborted
    );
  while (await waitOne()) await act();
}

async function reportHealth({ link, health }: Agent): Promise<void> {
  await link.publish("health", health());
}

/** Ships one channel's counts, where there is a connection and something was counted. */
async function shipHistogram({ link, health, histograms, status }: Agent): Promise<void> {
  const histogram = status().state === "online" ? histograms?.take() : undefined;
  if (histogram === undefined) return;
  const arrived = await link.publish("health", { ...health(), histogram });
  histograms?.settle(arrived);
}

/** What a device tells by the clock. */
async function report(agent: Agent, signal: AbortSignal): Promise<void> {
  const { healthInterval, levels } = agent.options;
  await Promise.all([
    repeat(agent, healthInterval, signal, () => reportHealth(agent)),
    repeat(agent, levels.everySeconds * 1000, signal, () => shipHistogram(agent)),
  ]);
}

/** The first frame that rows accepted from now on can get; before it lies all that was accepted so far. */
async function sealAll({ intake, options }: Agent): Promise<FrameId> {
  await intake.seal();
  return { session: options.session, sequence: intake.counts().sequence };
}

async function flush(agent: Agent, given: AbortSignal | undefined, ended: AbortSignal): Promise<void> {
  const end = await sealAll(agent);
  try {
    await agent.drain.wait(end, given === undefined ? ended : AbortSignal.any([given, ended]));
  } catch (cause) {
    if (!ended.aborted || given?.aborted) throw cause;
    throw new DeviceError("closed", "the agent was closed before receipts covered all of it", { cause });
  }
}

async function flushWithin(agent: Agent, timeout: number): Promise<Left> {
  const waiting = new AbortController();
  const timer = new AbortController();
  agent.options.clock.sleep(timeout, timer.signal).then(
    () => waiting.abort(),
    () => undefined, // flushed in time
  );
  try {
    await agent.drain.wait(await sealAll(agent), waiting.signal);
  } catch (error) {
    // Whatever went wrong with the outbox, the connection is still to be closed.
    if (!waiting.signal.aborted) agent.hub.emit({ type: "error", error });
  } finally {
    timer.abort();
  }
  const { rows, frames } = agent.options.outbox.usage();
  if (rows + frames > 0) agent.hub.emit({ type: "left", rows, frames });
  return { rows, frames };
}

async function shutDown(agent: Agent, timeout: number, reporting: Promise<void>): Promise<Left> {
  const { intake, delivery, drops, link, hub, options } = agent;
  intake.stop();
  const left = await flushWithin(agent, timeout);
  delivery.stop();
  drops.stop();
  const last = [
    link.publish("health", agent.health()),
    link.publish("death", { session: options.session, reason: "closed" }),
  ];
  await link.close();
  await Promise.all([...last, reporting]);
  try {
    await options.outbox.close();
  } finally {
    hub.close();
  }
  return left;
}

/**
 * Starts a device agent. It connects in the background; rows may be pushed at once.
 *
 * @example
 * ```ts
 * const transport = mqtt({ url: "mqtts://broker.example" });
 * await using device = createDevice({ id: "mote-1", group: "field", schema, transport });
 * await device.push({ temperature: 21.4, humidity: 48.2 });
 * ```
 *
 * @param options See {@link DeviceOptions}.
 * @throws `DeviceError` with code `options`, the codec's `GridError` or `DeadBandError`, or the protocol's `ProtocolError` (`id`).
 */
export function createDevice(options: DeviceOptions): Device {
  const agent = startAgent(resolveOptions(options));
  const { id, group, session } = agent.options;
  const stopping = new AbortController();
  const ended = new AbortController();
  const reporting = report(agent, stopping.signal);
  let closed: Promise<Left> | undefined;
  const close = (timeout: number): Promise<Left> => {
    stopping.abort();
    closed ??= shutDown(agent, timeout, reporting).finally(() => ended.abort());
    return closed;
  };
  return {
    id,
    group,
    session,
    startedAt: agent.startedAt,
    push: (row, { elapsed } = {}) => agent.intake.push(row, elapsed),
    flush: ({ signal } = {}) => flush(agent, signal, ended.signal),
    predict: agent.models.predict,
    decide: agent.models.decide,
    retryQuarantined: () => agent.delivery.retryQuarantined(),
    status: () => (closed === undefined ? agent.status() : { ...agent.status(), state: "closed" }),
    events: agent.hub.events,
    close: ({ timeout = defaultCloseTimeout } = {}) => close(timeout),
    [Symbol.asyncDispose]: async () => {
      await close(defaultCloseTimeout);
    },
  };
}
