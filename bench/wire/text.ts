import sparkplug from "sparkplug-payload";
import { type Candidate, exactRisk, plainExcess, riskOf, type Subject } from "./candidate.ts";
import { cbor } from "./envelope.ts";
import type { Message } from "./series.ts";

/** A batch as one JSON object: the payload that is written first. */
export function jsonText({ values, start, interval }: Message): string {
  if (values.length === 1) return JSON.stringify({ t: start, v: values[0] });
  return JSON.stringify({ t0: start, dt: interval / 1000, v: Array.from(values) });
}

/** SenML (RFC 8428): name and time of the batch once, then a record a reading, its time from the base. */
export function senmlText({ values, start, interval }: Message): string {
  return JSON.stringify(
    Array.from(values, (v, i) => (i === 0 ? { bn: "s1", bt: start, v } : { t: (i * interval) / 1000, v })),
  );
}

const senmlLabels = { name: -2, baseTime: -3, value: 2, time: 6 } as const;

/** The same in CBOR with the labels of RFC 8428, values as float32. */
function senmlCbor({ values, start, interval }: Message): Uint8Array {
  const records = Array.from(values, (value, i) => {
    const labels = senmlLabels;
    const head: [number, unknown][] =
      i === 0
        ? [
            [labels.name, "s1"],
            [labels.baseTime, start],
          ]
        : [[labels.time, (i * interval) / 1000]];
    return new Map<number, unknown>([...head, [labels.value, value]]);
  });
  return cbor.encode(records);
}

const spark = sparkplug.get("spBv1.0");
const sparkplugTopic = "spBv1.0/group-1/DDATA/node-1/device-1";

/** Sparkplug B: a metric a reading, its alias in place of its name. */
function sparkplugMetrics({ values, start, interval, sequence }: Message): Uint8Array {
  return encodeSparkplug(
    start,
    sequence,
    Array.from(values, (value, i) => ({
      alias: 1,
      timestamp: 1000 * start + i * interval,
      type: "Float" as const,
      value,
    })),
  );
}

/** Sparkplug B: one metric that holds all readings of the batch as bytes. */
function sparkplugBytes({ start, sequence }: Message, bytes: Uint8Array): Uint8Array {
  return encodeSparkplug(start, sequence, [{ alias: 1, type: "Bytes", value: bytes }]);
}

type Metrics = NonNullable<Parameters<NonNullable<typeof spark>["encodePayload"]>[0]["metrics"]>;

function encodeSparkplug(start: number, sequence: number, metrics: Metrics): Uint8Array {
  if (spark === null) throw new RangeError("sparkplug-payload knows no spBv1.0");
  return spark.encodePayload({ timestamp: 1000 * start, seq: sequence % 256, metrics });
}

/** JSON, SenML and Sparkplug B. */
export function textCandidates(subject: Subject): readonly Candidate[] {
  const family = "text and metrics";
  const float32 = riskOf([plainExcess(subject, (values) => Float64Array.from(Float32Array.from(values)))]);
  const topic = sparkplugTopic;
  const exact = (way: string, text: (message: Message) => string): Candidate => ({
    way,
    family,
    setting: "exact",
    risk: exactRisk,
    bytes: (message) => Buffer.byteLength(text(message)),
  });
  const floats = (way: string, encode: (message: Message) => Uint8Array, own: { topic?: string } = {}): Candidate => ({
    way,
    family,
    setting: "float32",
    risk: float32,
    bytes: (message) => encode(message).length,
    ...own,
  });
  return [
    exact("JSON", jsonText),
    exact("SenML JSON", senmlText),
    floats("SenML CBOR", senmlCbor),
    floats("Sparkplug B metrics", sparkplugMetrics, { topic }),
    floats("Sparkplug B bytes", (m) => sparkplugBytes(m, new Uint8Array(Float32Array.from(m.values).buffer)), {
      topic,
    }),
  ];
}
