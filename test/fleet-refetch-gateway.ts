import type { GatewayOptions } from "@zipml/gateway";
import { group } from "./fleet.ts";

/** Rows that the device of the test sends: with the last of them training is due. */
export const refetchedRows = 1200;

/** A gateway whose training asks for many rows, over many mini-batches. */
export const refetchingGateway = {
  group,
  training: {
    loss: "hinge",
    estimator: "refetch",
    minimum: 20,
    everyRows: refetchedRows,
    epochs: 4,
    batch: 16,
    refetch: { againSeconds: 0.2 },
  },
  receipts: { delay: 5, gapAfter: 200 },
  log: { segmentBytes: 4096 },
} satisfies Partial<GatewayOptions>;
