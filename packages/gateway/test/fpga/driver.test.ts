import { describe, expect, it } from "vitest";
import { type Card, cardIdentity, checksum, control, register, status } from "../../src/fpga/card.ts";
import { openDriver } from "../../src/fpga/driver.ts";
import { createEmulatedCard } from "../../src/fpga/emulated-card.ts";
import { createAccelerator } from "../../src/fpga/emulator.ts";
import { toFixed } from "../../src/fpga/fixed-point.ts";
import { encodeCodeLines } from "../../src/fpga/layouts/lines.ts";
import { platformNamed } from "../../src/fpga/platform.ts";
import { clock } from "./rows.ts";

const platform = platformNamed("harp-v1");
const layout = { kind: "code", bits: 4, draws: 2 } as const;
const [rows, features] = [40, 7];
const codes = Uint8Array.from({ length: rows * features }, (_, i) => (i * 7) % 15);
const labels = Int32Array.from({ length: rows }, (_, r) => toFixed(Math.sin(r)));
const lines = encodeCodeLines(layout, { features, codes, labels });
const config = { platform, layout, rows, features, batch: 8, stepShift: 3 };

describe("driver of a card", () => {
  it("gives the model and the counters that the accelerator itself gives, epoch by epoch", async () => {
    const accelerator = createAccelerator(config);
    accelerator.load(lines);
    const driver = openDriver(createEmulatedCard({ platform }), { config, lines }, { clock });
    let model: Int32Array = new Int32Array(features);
    for (let epoch = 0; epoch < 3; epoch++) {
      const counted = accelerator.runEpoch(epoch);
      const run = await driver.run(epoch, 3, model);
      model = run.model;
      expect(model).toEqual(accelerator.readModel());
      const { cycles, bytesRead, bytesWritten, stalls, wraps, modelledSeconds } = counted;
      const linesPerRow = accelerator.shape.linesPerRow;
      expect(run.counters).toEqual({ cycles, bytesRead, bytesWritten, stalls, wraps, modelledSeconds, linesPerRow });
    }
    expect(driver.mended).toEqual([]);
  });

  it("tells what the card refuses: too many features, a layout that it lacks, buffers beyond its memory", async () => {
    const tiny = { ...platform, features: { code: 3 } };
    const run = (card: Card) => openDriver(card, { config, lines }, { clock }).run(0, 3, new Int32Array(features));
    await expect(run(createEmulatedCard({ platform: tiny }))).rejects.toMatchObject({ code: "capacity", epoch: 0 });
    const other = { ...platform, features: { pairs: 100 } };
    await expect(run(createEmulatedCard({ platform: other }))).rejects.toMatchObject({ code: "configuration" });
    expect(() => run(createEmulatedCard({ platform, memory: 64 }))).toThrow(
      expect.objectContaining({ code: "memory" }),
    );
  });

  it("works with no other card than one of this kind and version", () => {
    const card = createEmulatedCard({ platform });
    for (const address of [register.identity, register.version]) {
      const odd: Card = {
        ...card,
        platform,
        write: (at, value) => card.write(at, value),
        allocate: (words) => card.allocate(words),
        release: () => card.release(),
        interrupt: () => card.interrupt(),
        read: (at) => (at === address ? 2 : card.read(at)),
      };
      expect(() => openDriver(odd, { config, lines }, { clock })).toThrow(expect.objectContaining({ code: "card" }));
    }
  });

  it("is busy between start and interrupt, ignores a second start, and reads registers that hold nothing as 0", async () => {
    const card = createEmulatedCard({ platform });
    openDriver(card, { config, lines }, { clock });
    expect([card.read(register.identity), card.read(0x1000)]).toEqual([cardIdentity, 0]);
    card.write(register.control, control.start);
    card.write(register.control, control.start);
    expect(card.read(register.status)).toBe(status.busy);
    await card.interrupt();
    expect(card.read(register.status)).toBe(status.done);
    card.write(register.control, control.reset);
    expect(card.read(register.status)).toBe(0);
  });

  it("sums words so that any flipped bit and any exchange of neighbours shows", () => {
    const sums = checksum(lines).join();
    for (const word of [0, 17, lines.length - 1])
      for (const bit of [0, 13, 31]) {
        const other = lines.slice();
        other[word] = ((other[word] as number) ^ (1 << bit)) >>> 0;
        expect(checksum(other).join()).not.toBe(sums);
      }
    const swapped = lines.slice();
    [swapped[0], swapped[1]] = [swapped[1] as number, swapped[0] as number];
    expect(checksum(swapped).join()).not.toBe(sums);
  });
});
