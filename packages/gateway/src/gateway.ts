import type { Connector } from "@zipml/protocol";
import { mqtt } from "@zipml/protocol/mqtt";
import { type EmbeddedBroker, startBroker } from "./broker/broker.ts";
import type { BrokerOptions } from "./broker/options.ts";
import type { DesiredConfiguration } from "./configurator.ts";
import { type Core, startCore, statusOf, stopCore } from "./core.ts";
import { GatewayError } from "./errors.ts";
import type { TrainedModel } from "./learner.ts";
import { type GatewayOptions, resolveGatewayOptions } from "./options.ts";
import { openParts } from "./parts.ts";
import type { GatewayEvent, GatewayStatus } from "./status.ts";
import { type LinearModel, labelOf, predictRow } from "./train/index.ts";

/** A gateway: takes the frames of a group in, trains on their codes, and publishes the model. */
export interface Gateway extends AsyncDisposable {
  readonly id: string;
  readonly group: string;
  /** The embedded broker, where there is one. */
  readonly broker: EmbeddedBroker | undefined;
  /**
   * Resolves when the gateway is connected and its subscriptions stand.
   *
   * @throws {@link GatewayError} with code `closed` when it is closed before.
   */
  ready(): Promise<void>;
  /**
   * Trains on what is stored now and publishes the model.
   *
   * @throws {@link GatewayError} `rows` below `training.minimum`, `closed`; `TrainingError` of `@zipml/gateway/train`. A
   * model that did not come out is not published: the one before stays.
   */
  train(): Promise<TrainedModel>;
  /** The newest model of this run. */
  model(): TrainedModel | undefined;
  /**
   * Predicts with the newest master model, in full precision.
   *
   * @param row Readings by name, in their units; under `training.lags` those of the rows before too, by names as
   * `temperature@-1`: no rows are remembered here.
   * @returns The target, in its unit; of a model of classes the label.
   * @throws {@link GatewayError} `no-model`; `options` where a feature is missing or not finite.
   */
  predict(row: Readonly<Record<string, number>>): number;
  /**
   * The decision value of a model of classes: the larger label from 0 on; with the loss `logistic` the logarithm of its
   * odds. Of any other model the prediction.
   *
   * @param row As `predict` takes it.
   * @throws As `predict`.
   */
  decide(row: Readonly<Record<string, number>>): number;
  /**
   * Publishes a configuration, retained. Devices answer by `reported` events.
   *
   * @throws {@link GatewayError} `offline` without a connection: nothing is kept for later. The protocol's
   * `ProtocolError` (`shape`, with the path; `id` for the device) for a configuration that can't be.
   * @returns Its version. Versions are seconds since 1970, or one more than the last, so that they rise over restarts.
   */
  configure(configuration: DesiredConfiguration): Promise<number>;
  status(): GatewayStatus;
  /** What happens from now on; ends when the gateway is closed. A reader 1,024 events behind loses its oldest. */
  events(): AsyncIterable<GatewayEvent>;
  /** Sends the last receipts, says goodbye and frees everything. Idempotent. */
  close(): Promise<void>;
}

function modelOf({ learner: { latest } }: Core): LinearModel {
  if (latest === undefined) throw new GatewayError("no-model", "nothing was trained yet");
  return latest.model;
}

function decide(model: LinearModel, row: Readonly<Record<string, number>>): number {
  const values = model.features.map(({ name }) => {
    const value = Object.hasOwn(row, name) ? row[name] : undefined;
    if (value === undefined || !Number.isFinite(value))
      throw new GatewayError(
        "options",
        `feature ${JSON.stringify(name)} is ${value ?? "missing"}: a finite reading is needed`,
      );
    return value;
  });
  return predictRow(model, values);
}

function predict(model: LinearModel, row: Readonly<Record<string, number>>): number {
  const decision = decide(model, row);
  return model.classes === undefined ? decision : labelOf(model, decision);
}

/** A promise that others settle. */
interface Gate {
  readonly opened: Promise<void>;
  open(): void;
  refuse(error: Error): void;
}

function createGate(): Gate {
  let open: () => void = () => undefined;
  let refuse: (error: Error) => void = () => undefined;
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    refuse = reject;
  });
  opened.catch(() => undefined); // nobody need wait for it
  return { opened, open: () => open(), refuse: (error) => refuse(error) };
}

/**
 * Starts a gateway; with `broker`, the embedded broker first. It connects in the background: see {@link Gateway.ready}.
 *
 * @example
 * ```ts
 * await using gateway = await createGateway({ group: "field", broker: {}, directory: "field.gateway" });
 * for await (const event of gateway.events()) if (event.type === "trained") console.log(event.model.weights);
 * ```
 *
 * @param options See {@link GatewayOptions}.
 * @throws {@link GatewayError} with code `options` or `listen`, `LogError` for the directory, `TrainingError`
 * `options`, or the protocol's `ProtocolError` for ids and prefix.
 */
export async function createGateway(
  options: GatewayOptions & { readonly broker: BrokerOptions },
): Promise<Gateway & { readonly broker: EmbeddedBroker }>;
export async function createGateway(options: GatewayOptions): Promise<Gateway>;
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const resolved = resolveGatewayOptions(options);
  const { topics, clock } = resolved;
  const parts = await openParts(resolved); // before anybody can send anything
  const broker =
    options.broker === undefined
      ? undefined
      : await startBroker(options.broker, { topics, clock }).catch(async (error: unknown) => {
          await parts.learner.stop();
          await parts.journal.close();
          throw error;
        });
  const connector: Connector | undefined =
    broker === undefined
      ? options.transport
      : mqtt({ url: "mqtt://embedded", open: broker.connect, protocol: "3.1.1", clock: resolved.clock });
  if (connector === undefined) throw new GatewayError("options", "give either transport or broker");
  const gate = createGate();
  const core = startCore(parts, connector, gate.open);
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    gate.refuse(new GatewayError("closed", "the gateway was closed"));
    closed ??= stopCore(core, async () => broker?.close());
    return closed;
  };
  return {
    id: resolved.id,
    group: resolved.group,
    broker,
    ready: () => gate.opened,
    train: core.learner.train.bind(core.learner),
    model: () => core.learner.latest,
    predict: (row) => predict(modelOf(core), row),
    decide: (row) => decide(modelOf(core), row),
    configure: core.configurator.configure.bind(core.configurator),
    status: () => statusOf(core),
    events: core.hub.events,
    close,
    [Symbol.asyncDispose]: close,
  };
}
