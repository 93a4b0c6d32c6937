import { readFile } from "node:fs/promises";
import {
  type BrokerOptions,
  createGateway,
  type Gateway,
  type GatewayEvent,
  type GatewayOptions,
} from "@zipml/gateway";
import { fileError } from "@zipml/gateway/data";
import type { MetricsServer } from "@zipml/gateway/metrics";
import { connectorOf } from "../connector.ts";
import { describeError } from "../describe-error.ts";
import { isOpenToOthers } from "../enroll/secret-file.ts";
import { readUsersFile } from "../enroll/users-file.ts";
import { CliError } from "../errors.ts";
import type { OptionValues } from "../options.ts";
import type { gatewayOptions } from "./options.ts";

type Values = OptionValues<typeof gatewayOptions>;

async function pem(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause: unknown) => {
    throw fileError(file, cause);
  });
}

async function brokerOf(values: Values): Promise<BrokerOptions> {
  const { "broker-cert": cert, "broker-key": key, "broker-ca": ca, "websocket-port": websocketPort } = values;
  if ((cert === undefined) !== (key === undefined))
    throw new CliError("option", "--broker-cert and --broker-key go together");
  if (ca !== undefined && cert === undefined) throw new CliError("option", "--broker-ca needs --broker-cert");
  const { users, "broker-directory": directory } = values;
  const tls =
    cert === undefined || key === undefined
      ? undefined
      : { cert: await pem(cert), key: await pem(key), ...(ca === undefined ? {} : { ca: await pem(ca) }) };
  return {
    port: values.port,
    host: values.host,
    ...(websocketPort === undefined ? {} : { websocketPort }),
    ...(tls === undefined ? {} : { tls }),
    ...(values["allow-plaintext"] === true ? { allowPlaintext: true } : {}),
    ...(values["allow-anonymous"] === true ? { allowAnonymous: true } : {}),
    ...(users === undefined ? {} : { users: await readUsersFile(users) }),
    ...(directory === undefined ? {} : { directory }),
  };
}

/** Takes certificates and users anew at every SIGHUP, until told to leave off. */
function reloadOnHangup(values: Values, { broker }: Gateway, warn: (line: string) => Promise<void>): () => void {
  if (broker === undefined) return () => undefined;
  const reload = async (): Promise<void> => {
    const { tls, users } = await brokerOf(values);
    broker.reload({ ...(tls === undefined ? {} : { tls }), ...(users === undefined ? {} : { users }) });
    await warn("certificates and users were read again");
  };
  const hangup = (): void => {
    reload().catch((error: unknown) => warn(`nothing was changed: ${describeError(error) ?? String(error)}`));
  };
  process.on("SIGHUP", hangup);
  return () => process.off("SIGHUP", hangup);
}

function thinOf(values: Values): Pick<GatewayOptions, "grid"> {
  const { "thin-bits": bits, "thin-samples": samples, "thin-target-bits": targetBits } = values;
  return bits === undefined ? {} : { grid: { thin: { bits, samples, targetBits } } };
}

function levelsOf(values: Values): Pick<GatewayOptions, "levels" | "limits"> {
  const { "levels-share": percent, "levels-minimum": minimum, "levels-every": everySeconds } = values;
  const { "follow-levels": follow = false, "keep-grids": grids } = values;
  return {
    levels: { follow, share: percent / 100, minimum, everySeconds },
    ...(grids === undefined ? {} : { limits: { grids } }),
  };
}

/** Serves the counters where that was asked for. */
async function metricsOf(values: Values, gateway: Gateway): Promise<MetricsServer | undefined> {
  const { "metrics-port": port, "metrics-host": host } = values;
  if (port === undefined) return undefined;
  const { serveMetrics } = await import("@zipml/gateway/metrics"); // only now: most gateways start without
  return serveMetrics(gateway, { port, ...(host === undefined ? {} : { host }) });
}

async function optionsOf(values: Values): Promise<GatewayOptions> {
  const { url, target, features, prefix } = values;
  return {
    ...(values.id === undefined ? {} : { id: values.id }),
    group: values.group,
    ...(url === undefined ? { broker: await brokerOf(values) } : { transport: await connectorOf({ ...values, url }) }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(values.directory === undefined ? {} : { directory: values.directory }),
    ...thinOf(values),
    ...levelsOf(values),
    publishBits: values["publish-bits"],
    training: {
      ...(target === undefined ? {} : { target }),
      ...(features === undefined ? {} : { features }),
      lags: values.lags,
      estimator: values.estimator,
      loss: values.loss,
      degree: values.degree,
      l1: values.l1,
      l2: values.l2,
      box: values.box,
      ball: values.ball,
      average: values.average,
      step: values.step,
      schedule: values.schedule,
      ...(values.living === undefined ? {} : { living: values.living }),
      solver: values.solver,
      epochs: values.epochs,
      batch: values.batch,
      seed: values.seed,
      window: values.window,
      minimum: values.minimum,
      everyRows: values["every-rows"],
      everySeconds: values["every-seconds"],
    },
  };
}

/**
 * Runs a gateway until the signal ends it.
 *
 * @param values The command's options.
 * @param started Told once, when the broker listens or the connection is being made; with the address of the counters,
 * where they are served.
 * @param happened Told of every event, in order.
 * @param warn Told what the operator should know beside them.
 * @param signal Ends it; what was received is receipted first.
 */
export async function serve(
  values: Values,
  started: (gateway: Gateway, metricsUrl: string | undefined) => Promise<void>,
  happened: (event: GatewayEvent) => Promise<void>,
  warn: (line: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (values["metrics-host"] !== undefined && values["metrics-port"] === undefined)
    throw new CliError("option", "--metrics-host needs --metrics-port");
  await using gateway = await createGateway(await optionsOf(values));
  await using metrics = await metricsOf(values, gateway);
  const key = values["broker-key"];
  if (key !== undefined && values.url === undefined && (await isOpenToOthers(key)))
    await warn(`warning: ${key} can be read by others: chmod 600 ${key}`);
  const watch = async (): Promise<void> => {
    for await (const event of gateway.events()) await happened(event);
  };
  const watching = watch();
  await started(gateway, metrics?.url);
  const leaveOff = reloadOnHangup(values, gateway, warn);
  if (!signal.aborted)
    await Promise.race([
      new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true })),
      watching, // a watcher that fails ends the command
    ]);
  leaveOff();
  await gateway.close();
  await watching;
}
