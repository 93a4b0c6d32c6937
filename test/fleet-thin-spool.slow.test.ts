import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSpool } from "@zipml/device/spool";
import { afterAll, beforeAll } from "vitest";
import { describeThinning } from "./fleet-thin-suite.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zipml-thin-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describeThinning(
  "spool",
  (name) => openSpool({ directory: join(folder, name), capacity: 65_536, policy: "thin" }),
  128,
  true,
);
