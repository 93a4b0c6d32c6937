import { expect, test } from "vitest";
import { runCells } from "../../src/engine/run-cells.ts";
import { defineScenario } from "../../src/scenario/check-scenario.ts";
import { input } from "./cells-input.ts";

test("what can't be is refused before any thread is started", async () => {
  const scenario = defineScenario({ ...input, batch: { rows: 400, oversize: "refuse" } });
  await expect(runCells({ scenario }, { workers: 4 })).rejects.toMatchObject({ code: "limit", key: "batch.rows" });
});
