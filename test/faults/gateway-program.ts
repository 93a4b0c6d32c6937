/** A gateway process with a folder. */
import { createGateway } from "@zipml/gateway";
import { mqtt } from "@zipml/protocol/mqtt";
import { createErrorCounts, serveParent, settingsOf } from "./child.ts";
import type { GatewayReport, GatewaySettings, TrainedReport } from "./messages.ts";
import { group, training } from "./readings.ts";

const settings = settingsOf<GatewaySettings>();
const errors = createErrorCounts();
const counts = { refused: 0, unusable: 0 };
const gateway = await createGateway({
  group,
  directory: settings.directory,
  log: { segmentBytes: settings.segmentBytes },
  ...(settings.url === undefined
    ? { broker: settings.broker ?? {} }
    : {
        transport: mqtt({
          url: settings.url,
          keepalive: 2,
          connectTimeout: 2000,
          ackTimeout: 2000,
          backoff: { base: 50, cap: 500 },
        }),
      }),
  publishBits: 0, // the hash is then one of the master model
  training: { ...training, everySeconds: settings.everySeconds, window: settings.window },
  receipts: { delay: 50, gapAfter: 500 },
});

function report(): GatewayReport {
  const { online, ingest, missing, rows, log } = gateway.status();
  return {
    online,
    rows: rows.stored,
    frames: ingest.stored,
    missing,
    duplicates: ingest.duplicates,
    deferred: ingest.deferred,
    damage: log?.damage ?? { stretches: 0, bytes: 0, frames: 0 },
    failing: log?.failing,
    ...counts,
    errors: errors.counts,
    model: gateway.model()?.hash,
    rss: process.memoryUsage().rss,
  };
}

function trained({ version, hash, model }: NonNullable<ReturnType<typeof gateway.model>>): TrainedReport {
  return { version, hash, rows: model.rows, model: JSON.stringify(model) };
}

const watching = (async () => {
  for await (const event of gateway.events()) {
    if (event.type === "error") errors.add(event.error);
    else if (event.type === "refused") {
      counts.refused += 1;
      errors.add(event.reason);
    } else if (event.type === "unusable") {
      counts.unusable += 1;
      errors.add(event.reason);
    }
  }
})();

serveParent({
  report,
  train: async () => trained(await gateway.train()),
  model: () => {
    const model = gateway.model();
    return model === undefined ? undefined : trained(model);
  },
  close: async () => {
    await gateway.close();
    await watching;
  },
});
process.send?.("ready");
