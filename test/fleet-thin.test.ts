import { createMemoryOutbox } from "@zipml/device";
import { describeThinning } from "./fleet-thin-suite.ts";

describeThinning("memory", async () => createMemoryOutbox({ capacity: 16_000, policy: "thin" }), 32, false);
