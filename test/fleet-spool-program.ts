/**
 * A device on a spool, made to be killed: `URL FOLDER`. It waits for a line `FIRST COUNT [finish]`, pushes the numbers
 * FIRST, … and prints each as soon as its push has resolved; with `finish` it then waits for receipts and ends by itself.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createDevice } from "@zipml/device";
import { openSpool } from "@zipml/device/spool";
import { mqtt } from "@zipml/protocol/mqtt";
import { group } from "./fleet.ts";
import { numbered } from "./fleet-spool-numbers.ts";

const [url = "", folder = ""] = process.argv.slice(2);
const [told] = await once(process.stdin, "data");
process.stdin.destroy();
const [first = "0", count = "0", finish] = String(told).trim().split(" ");
const device = createDevice({
  id: "killed",
  group,
  ...numbered,
  transport: mqtt({ url, protocol: "3.1.1", backoff: { base: 10, cap: 50 } }),
  outbox: await openSpool({ directory: folder }),
  batch: { rows: 8, milliseconds: 20 },
  delivery: { window: 4, resendAfter: 300 },
});
const say = (line: string): void => {
  process.stdout.write(`${line}\n`); // synchronous on a pipe: what is said survives the process
};
say("open");
const together = 30; // not a whole frame, so that some rows always wait
for (let i = 0; i < Number(count); i += together) {
  const numbers = Array.from({ length: together }, (_, n) => Number(first) + i + n);
  await Promise.all(
    numbers.map(async (number) => {
      await device.push({ number, copy: number }, { elapsed: i });
      say(String(number));
    }),
  );
  await sleep(1);
}
if (finish === "finish") {
  await device.flush();
  await device.close();
  say("done");
} else await sleep(60_000);
