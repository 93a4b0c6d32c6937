/**
 * From a CSV file to codes to a model, without any device: what 3 to 8 bits a reading cost and keep on real readings
 * of a wireless sensor network. node --conditions=zipml-source --import tsx examples/train-from-file.ts
 */
import { join } from "node:path";
import { encodeRows, hashSplit, readTable, rowMajor, taskOf } from "@zipml/gateway/data";
import { evaluate, leastSquares, train, weightsOf } from "@zipml/gateway/train";

const file = join(import.meta.dirname, "../packages/cli/data/wsn_multihop/wsn_multihop.csv.gz");
const names = ["temperature", "indoor", "humidity"]; // the features, then the target
const table = await readTable(file, { columns: names });
const split = hashSplit(table.rows, 0.25);
const training = { names, values: rowMajor(table, names, split.train) };
const test = rowMajor(table, names, split.test);
const task = taskOf(names);

const exact = leastSquares(training.values, names.length, task);
console.log(`${split.train.length} rows to train, ${split.test.length} to test, ${table.skipped} skipped`);
console.log("float64, least squares:", evaluate(exact, task, test, names.length).r2.toFixed(4));

for (const bits of [3, 4, 5, 8]) {
  const coded = encodeRows(training, { bits, samples: 2, targetBits: 8, seed: 1 });
  const { model, warnings } = await train({ source: coded.source, task });
  const { r2 } = evaluate(model, task, test, names.length);

  // What rounding to the same bits gives without the correction: one draw a value, used as if it were the value.
  const rounded = encodeRows(training, { bits, samples: 1, targetBits: 8, seed: 1 });
  const naive = await train({ source: rounded.source, task, estimator: "naive" });
  const naiveR2 = evaluate(naive.model, task, test, names.length).r2;

  console.log(`${bits} bits, ${coded.bytes} bytes: R² ${r2.toFixed(4)}, naive ${naiveR2.toFixed(4)}`, ...warnings);
  if (bits === 4) console.log("  ", weightsOf(model));
}
