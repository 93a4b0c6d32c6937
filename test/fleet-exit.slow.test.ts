import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root, runTypeScript } from "./run.ts";

const program = join(root, "test/fleet-exit-program.ts");

describe("fleet: the end", () => {
  it.each(["devices-first", "gateway-first"])("leaves no timer, socket or listener behind, %s", async (order) => {
    const { code, stdout, stderr } = await runTypeScript(program, [order], { timeout: 25_000 });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({ rows: 60, awake: [] });
  });
});
