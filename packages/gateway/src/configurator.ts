import { type Grid, GridError, type Schema, uniformGrid } from "@zipml/codec";
import {
  type Address,
  type Birth,
  type Clock,
  type Desired,
  encodeMessage,
  type Link,
  type Topics,
} from "@zipml/protocol";
import { GatewayError } from "./errors.ts";

/** A configuration that devices are asked to run with. What is left out stays as it is. */
export interface DesiredConfiguration {
  /** One device; default the whole group. What is said to a device comes before what is said to its group. */
  readonly device?: string;
  /** A new grid, under an epoch that was not used before. */
  readonly grid?: Grid;
  /** A coarser grid, under an epoch of its own, for devices whose outbox has the policy `thin` and is nearly full. */
  readonly thin?: Grid;
  /** When frames are sealed. */
  readonly batch?: NonNullable<Desired["batch"]>;
}

/** Widths of the coarser grid that devices are told of beforehand. */
export interface ThinOptions {
  /** Width of a feature's code. */
  readonly bits: number;
  /** Draws of a feature. Default 2. */
  readonly samples?: number;
  /** Width of the target's code. Default 8. */
  readonly targetBits?: number;
}

/** Tells devices what they are asked to run with. */
export interface Configurator {
  /** See `Gateway.configure`. */
  configure(configuration: DesiredConfiguration): Promise<number>;
  /**
   * Puts another grid into what a device, or without one the group, is asked to run with; the rest of that stays.
   *
   * @returns Its version; undefined where the broker did not acknowledge it.
   */
  regrid(device: string | undefined, grid: Grid): Promise<number | undefined>;
  /** What a device, or without one the group, was last asked to run with, as far as that is known. */
  kept(device?: string): Desired | undefined;
  /** A configuration that a broker kept, or that was published just now. */
  follow(address: Address & { readonly kind: "desired" }, message: Desired): void;
  /** A device was born: it is told of its thin grid a second later, unless it knows it. */
  born(device: string, birth: Birth): void;
  stop(): void;
}

/** What a configurator needs from the gateway. */
export interface ConfiguratorPorts {
  readonly clock: Clock;
  readonly topics: Topics;
  readonly group: string;
  readonly link: Pick<Link, "publish">;
  /** Whether anything has come from a device. */
  isKnown(device: string): boolean;
  /** Most devices that something is kept about before anything has come from them: a broker may tell of these first. */
  readonly mostUnknown: number;
  failed(error: unknown): void;
}

/** Milliseconds from a birth to what is told of a thin grid: what the broker keeps for the device has come by then. */
const pace = 1000;
const highestEpoch = 0xffff;

const withoutVersion = ({ version: _, ...content }: Desired): Omit<Desired, "version"> => content;
const sameChannels = (a: Grid, b: Grid): boolean =>
  JSON.stringify({ ...a, epoch: 0 }) === JSON.stringify({ ...b, epoch: 0 });

/**
 * The thin grid of a device, under the highest epoch that it has not used.
 *
 * @param schema Its channels.
 * @param options Widths.
 * @param grids The grids of its session.
 * @returns Undefined where it knows one of these widths.
 */
function thinGridFor(schema: Schema, options: ThinOptions, grids: readonly Grid[]): Grid | undefined {
  const used = new Set(grids.map(({ epoch }) => epoch));
  let epoch = highestEpoch;
  while (used.has(epoch)) epoch -= 1;
  const grid = uniformGrid(schema, { ...options, epoch });
  return grids.some((known) => sameChannels(known, grid)) ? undefined : grid;
}

/**
 * @param ports What it works with.
 * @param thin Widths of the thin grid; undefined where devices are told of none.
 */
export function createConfigurator(ports: ConfiguratorPorts, thin: ThinOptions | undefined): Configurator {
  return new TopicConfigurator(ports, thin);
}

class TopicConfigurator implements Configurator {
  readonly #ports: ConfiguratorPorts;
  readonly #thin: ThinOptions | undefined;
  /** What is kept at the broker: for a device, and under the empty name for the group. */
  readonly #kept = new Map<string, Desired>();
  readonly #births = new Map<string, Birth>();
  readonly #stopping = new AbortController();
  #isWaiting = false;
  #last = 0;

  constructor(ports: ConfiguratorPorts, thin: ThinOptions | undefined) {
    this.#ports = ports;
    this.#thin = thin;
  }

  async configure({ device, grid, thin, batch }: DesiredConfiguration): Promise<number> {
    const kept = this.#kept.get(device ?? "");
    const main = grid ?? kept?.grid; // of what the broker keeps only the last counts: it must not forget these
    const coarse = thin ?? kept?.thin;
    const bounds = { ...kept?.batch, ...batch };
    const version = this.#nextVersion();
    const message = {
      version,
      ...(main === undefined ? {} : { grid: main }),
      ...(coarse === undefined ? {} : { thin: coarse }),
      ...(Object.keys(bounds).length === 0 ? {} : { batch: bounds }),
    };
    if (!(await this.#publish(device, message)))
      throw new GatewayError(
        "offline",
        `configuration ${version} was not published: the broker did not acknowledge it`,
      );
    return version;
  }

  async regrid(device: string | undefined, grid: Grid): Promise<number | undefined> {
    const kept = this.#kept.get(device ?? "");
    const version = this.#nextVersion();
    const message = { ...(kept === undefined ? {} : withoutVersion(kept)), version, grid };
    return (await this.#publish(device, message)) ? version : undefined;
  }

  kept(device = ""): Desired | undefined {
    return this.#kept.get(device);
  }

  follow(address: Address & { readonly kind: "desired" }, message: Desired): void {
    const device = "device" in address ? address.device : undefined;
    this.#last = Math.max(this.#last, message.version);
    const { isKnown, mostUnknown } = this.#ports;
    const name = device ?? "";
    if (name === "" || isKnown(name) || this.#kept.has(name) || this.#kept.size < mostUnknown)
      this.#kept.set(name, message);
  }

  born(device: string, birth: Birth): void {
    if (this.#thin === undefined || !this.#ports.isKnown(device)) return;
    this.#births.set(device, birth);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const { signal } = this.#stopping;
    this.#ports.clock.sleep(pace, signal).then(
      () => {
        this.#isWaiting = false;
        this.#tellAll().catch(this.#ports.failed);
      },
      (error: unknown) => {
        if (!signal.aborted) this.#ports.failed(error);
      },
    );
  }

  stop(): void {
    this.#stopping.abort();
    this.#births.clear();
  }

  async #tellAll(): Promise<void> {
    const births = [...this.#births];
    this.#births.clear();
    for (const [device, birth] of births) await this.#tell(device, birth);
  }

  async #tell(device: string, { schema, grids }: Birth): Promise<void> {
    if (this.#thin === undefined) return;
    try {
      const grid = thinGridFor(schema, this.#thin, grids);
      const kept = this.#kept.get(device);
      if (grid === undefined) return;
      // The broker says it to the device as well as this could: where it was refused, saying it again is no use.
      if (kept?.thin !== undefined && sameChannels(kept.thin, grid)) return;
      const before = kept === undefined ? {} : withoutVersion(kept);
      await this.#publish(device, { ...before, version: this.#nextVersion(), thin: grid });
    } catch (error) {
      if (!(error instanceof GridError)) throw error;
      this.#ports.failed(error); // a schema that the widths don't go with
    }
  }

  /** Seconds since 1970, or one more than the last: versions rise over restarts. */
  #nextVersion(): number {
    this.#last = Math.max(this.#last + 1, Math.floor(this.#ports.clock.now() / 1000));
    return this.#last;
  }

  /** @returns Whether the broker acknowledged it; without a connection it did not, and the next birth is answered. */
  async #publish(device: string | undefined, message: Desired): Promise<boolean> {
    const { group, topics, link } = this.#ports;
    const address =
      device === undefined
        ? ({ kind: "desired", audience: "all", group } as const)
        : ({ kind: "desired", audience: "device", group, device } as const);
    topics.build(address); // an id that can't be is refused here
    encodeMessage("desired", message); // a mistake is the caller's to hear of
    if (!(await link.publish(address, "desired", message))) return false;
    this.follow(address, message);
    return true;
  }
}
