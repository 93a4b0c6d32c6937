import { Gauge, Registry } from "prom-client";
import type { Gateway } from "../gateway.ts";
import type { GatewayStatus } from "../status.ts";

/** One number of a gateway's status. */
interface Figure {
  readonly name: string;
  readonly help: string;
  read(status: GatewayStatus): number;
}

/** The counts live in the gateway and are read as they stand: so all are gauges here, those that only grow too. */
const figures: readonly Figure[] = Object.freeze([
  { name: "zipml_online", help: "1 while connected and subscribed", read: ({ online }) => Number(online) },
  { name: "zipml_frames_received", help: "data messages received", read: ({ ingest }) => ingest.received },
  { name: "zipml_frames_stored", help: "frames stored, each once", read: ({ ingest }) => ingest.stored },
  { name: "zipml_frames_duplicate", help: "frames that were stored before", read: ({ ingest }) => ingest.duplicates },
  { name: "zipml_frames_bad", help: "frames that did not decode", read: ({ ingest }) => ingest.bad },
  {
    name: "zipml_frames_unknown_grid",
    help: "frames whose session or grid epoch was not known when they came",
    read: ({ ingest }) => ingest.unknownGrid,
  },
  { name: "zipml_frames_deferred", help: "frames not taken for want of room", read: ({ ingest }) => ingest.deferred },
  {
    name: "zipml_frames_unusable",
    help: "frames of devices whose readings can't be trained on",
    read: ({ ingest }) => ingest.unusable,
  },
  { name: "zipml_frames_missing", help: "frames missing below the newest stored one", read: ({ missing }) => missing },
  {
    name: "zipml_frames_declared",
    help: "frames that devices declared as dropped by policy",
    read: ({ ingest }) => ingest.declared,
  },
  {
    name: "zipml_control_received",
    help: "births, deaths, health and reported messages received",
    read: ({ control }) => control.received,
  },
  {
    name: "zipml_control_malformed",
    help: "control messages refused: not the CBOR or the shape that they should have",
    read: ({ control }) => control.malformed,
  },
  {
    name: "zipml_control_limited",
    help: "of these refused unread: more bytes than limits.controlRate",
    read: ({ control }) => control.limited,
  },
  {
    name: "zipml_control_unknown",
    help: "of these refused unread: more devices than limits.devices",
    read: ({ control }) => control.unknown,
  },
  {
    name: "zipml_ranges_refused",
    help: "ranges that devices declared as dropped and that were not taken for want of room",
    read: ({ ingest }) => ingest.refusedRanges,
  },
  {
    name: "zipml_grids_refused",
    help: "grids in births that can't be used or would pass a limit",
    read: ({ ingest }) => ingest.refusedGrids,
  },
  { name: "zipml_rows_held", help: "rows held for training", read: ({ rows }) => rows.held },
  { name: "zipml_rows_stored", help: "rows ever stored", read: ({ rows }) => rows.stored },
  { name: "zipml_devices", help: "devices known", read: ({ devices }) => devices.length },
  {
    name: "zipml_devices_online",
    help: "devices connected",
    read: ({ devices }) => devices.filter(({ online }) => online).length,
  },
  {
    name: "zipml_readings_clipped",
    help: "readings clipped to their range and so biased, as the devices' last health messages say",
    read: ({ devices }) => devices.reduce((sum, { clipped }) => sum + clipped, 0),
  },
  {
    name: "zipml_rows_refused",
    help: "rows that devices refused, as their last health messages say",
    read: ({ devices }) => devices.reduce((sum, { refused }) => sum + refused, 0),
  },
  { name: "zipml_model_version", help: "version of the newest model, 0 without one", read: ({ model }) => model ?? 0 },
  {
    name: "zipml_training_rows",
    help: "rows that the newest model was trained on, 0 without one",
    read: ({ training }) => training?.rows ?? 0,
  },
  {
    name: "zipml_training_loss",
    help: "loss of the newest model on these rows, NaN without one",
    read: ({ training }) => training?.loss ?? Number.NaN,
  },
  {
    name: "zipml_training_loss_before",
    help: "loss on these rows of the living model before it was trained on them, NaN without one: it rises with drift",
    read: ({ training }) => training?.before ?? Number.NaN,
  },
  {
    name: "zipml_training_seconds",
    help: "time that the newest model took to train, 0 without one",
    read: ({ training }) => training?.seconds ?? 0,
  },
  {
    name: "zipml_refetch_rows_asked",
    help: "rows that devices were asked for exactly",
    read: ({ refetch }) => refetch.asked,
  },
  {
    name: "zipml_refetch_rows_again",
    help: "rows asked for again, for want of an answer",
    read: ({ refetch }) => refetch.again,
  },
  {
    name: "zipml_refetch_rows_answered",
    help: "rows that devices answered exactly",
    read: ({ refetch }) => refetch.answered,
  },
  { name: "zipml_refetch_rows_gone", help: "rows that devices no longer had", read: ({ refetch }) => refetch.gone },
  {
    name: "zipml_refetch_rows_late",
    help: "rows whose answer was waited for in vain",
    read: ({ refetch }) => refetch.late,
  },
  { name: "zipml_refetch_rows_held", help: "exact rows held", read: ({ refetch }) => refetch.held },
  {
    name: "zipml_refetch_bytes_sent",
    help: "bytes of the commands that asked for rows",
    read: ({ refetch }) => refetch.bytesSent,
  },
  {
    name: "zipml_refetch_bytes_received",
    help: "bytes of the data messages that answered",
    read: ({ refetch }) => refetch.bytesReceived,
  },
  { name: "zipml_bytes_sent", help: "bytes sent on the MQTT stream", read: ({ traffic }) => traffic.sent.bytes },
  {
    name: "zipml_bytes_received",
    help: "bytes received on the MQTT stream",
    read: ({ traffic }) => traffic.received.bytes,
  },
]);

/** A gateway's counters as Prometheus text. */
export interface Metrics {
  /** Media type of the text. */
  readonly contentType: string;
  /** All counters, from one status. */
  text(): Promise<string>;
}

/**
 * The counters that a gateway always tells, for Prometheus.
 *
 * @param gateway The gateway; the label `group` is its group's.
 */
export function createMetrics(gateway: Gateway): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ group: gateway.group });
  const gauges = figures.map(({ name, help }) => new Gauge({ name, help, registers: [registry] }));
  return {
    contentType: registry.contentType,
    text: () => {
      const status = gateway.status();
      for (const [i, { read }] of figures.entries()) gauges[i]?.set(read(status));
      return registry.metrics();
    },
  };
}
