import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startBroker } from "./broker.ts";
import { root, runTypeScript } from "./run.ts";

const folder = join(root, "examples");
const examples = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => name.endsWith(".ts"))
      .sort()
  : [];
const limit = 90_000;

describe("examples/", () => {
  it.runIf(existsSync(join(root, "README.md")))("has some", () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  it.each(examples)("%s runs", { timeout: limit }, async (name) => {
    await using broker = await startBroker();
    const env = { BROKER_URL: broker.url };
    const ended = await runTypeScript(join(folder, name), [], { cwd: root, env, timeout: limit - 10_000 });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
  });
});
