import { setImmediate } from "node:timers/promises";
import { createEmulatedCard, type EngineLayout, type FpgaEngine, fpgaEngine, type Platform } from "@zipml/gateway/fpga";
import type { Engine } from "@zipml/gateway/train";
import { systemClock } from "@zipml/protocol";

/** An emulated epoch takes as long as it takes: only a card that hangs is given up. */
const timeout = 24 * 3_600_000;

/** What {@link emulatedEngine} takes. */
export interface EmulatedEngineOptions {
  readonly platform: Platform;
  readonly layout: EngineLayout;
  /** Bit planes of `weave`; default 8. */
  readonly planes?: number | undefined;
  /** Default 4. */
  readonly copies?: number | undefined;
  /** Runs what the card fails at. */
  readonly fallback?: Engine | undefined;
}

/** The engine fpga on an emulated card, which lets others work between rows. */
export function emulatedEngine({ platform, ...options }: EmulatedEngineOptions): FpgaEngine {
  const card = createEmulatedCard({ platform, pause: () => setImmediate() });
  return fpgaEngine({ ...options, card, clock: systemClock(), timeout });
}
