import { DecodeError, defineGrid, type Grid, maxChannels } from "@zipml/codec";
import { judgeLevels, type LevelDrift } from "@zipml/codec/levels";
import type { Birth, Clock, Desired, Health, Reported } from "@zipml/protocol";
import type { Configurator } from "../configurator.ts";
import { GatewayError } from "../errors.ts";
import type { Registry } from "../ingest/registry.ts";
import type { Task } from "../train/index.ts";
import { type Asked, createAsked, nextAfter } from "./asked.ts";
import { type Cohort, cohortOf, type Member, presentLevels, shapeOf } from "./cohort.ts";
import { nextEpoch } from "./epochs.ts";
import type { LevelsOptions, LevelsStatus, NewLevels } from "./options.ts";
import { createWindows, type Windows } from "./windows.ts";

/** Follows the readings of a group with its levels. */
export interface LevelFollower {
  born(device: string, birth: Birth): void;
  health(device: string, message: Health): void;
  reported(device: string, message: Reported): void;
  status(): LevelsStatus;
  stop(): void;
}

/** What a follower needs from the gateway. */
export interface FollowerPorts {
  readonly clock: Clock;
  readonly registry: Pick<Registry, "get" | "session" | "all">;
  readonly configurator: Pick<Configurator, "kept" | "regrid">;
  task(): Task | undefined;
  /** A new grid was published. */
  published(epoch: number, channels: readonly NewLevels[]): void;
  /** Counts of a device that are none. */
  refused(device: string, error: DecodeError): void;
  failed(error: unknown): void;
}

/** Milliseconds from counts that came to the verdict on them: those of many devices come together. */
const pace = 1000;
/** Channels that are judged before others get their turn. */
const atOnce = 16;
/** Devices that are told of a grid before their broker has acknowledged it to others. */
const toldAtOnce = 256;
/** Milliseconds that a version, which counts seconds, may lie ahead of the clock and still tell when it was made. */
const leeway = 60_000;

/**
 * When a grid was last asked for, as retained configurations tell, ms on the clock; −∞ where none does.
 *
 * @param kept Of the group and of devices.
 * @param latest Versions after this time, ms, tell nothing.
 */
function lastTold(kept: readonly (Desired | undefined)[], latest: number): number {
  const byEpoch = new Map<number, number>();
  for (const desired of kept) {
    if (desired?.grid === undefined) continue;
    const { version, grid } = desired;
    // Devices that were told one by one have versions one after another, ahead of the clock: the first tells when.
    byEpoch.set(grid.epoch, Math.min(version * 1000, byEpoch.get(grid.epoch) ?? Number.POSITIVE_INFINITY));
  }
  return [...byEpoch.values()].reduce(
    (last, at) => (at > latest ? last : Math.max(last, at)),
    Number.NEGATIVE_INFINITY,
  );
}

/** A verdict on one channel. */
interface Judged extends NewLevels {
  readonly index: number;
  readonly drift: LevelDrift;
}

/**
 * @param ports What it works with.
 * @param options How readily it follows.
 */
export function createLevelFollower(ports: FollowerPorts, options: Required<LevelsOptions>): LevelFollower {
  return new GroupFollower(ports, options);
}

class GroupFollower implements LevelFollower {
  readonly #ports: FollowerPorts;
  readonly #options: Required<LevelsOptions>;
  readonly #windows: Windows;
  /** What each device said last that it has in force. */
  readonly #inForce = new Map<string, { readonly session: number; readonly epoch: number }>();
  /** Channels of which counts have come since they were judged; when full, any may be: names come from devices. */
  readonly #fresh = new Set<string>();
  readonly #stopping = new AbortController();
  #isWaiting = false;
  #asked: Asked | undefined;
  /** Highest epoch that was ever tried, also without an acknowledgement. */
  #tried = 0;

  constructor(ports: FollowerPorts, options: Required<LevelsOptions>) {
    this.#ports = ports;
    this.#options = options;
    this.#windows = createWindows(options.bytes);
  }

  born(device: string, { session, grids }: Birth): void {
    const epoch = grids.at(-1)?.epoch;
    if (epoch === undefined || this.#ports.registry.get(device) === undefined) return;
    this.#inForce.set(device, { session, epoch });
  }

  health(device: string, { session, histogram }: Health): void {
    const known = this.#inForce.get(device);
    // Kept by a broker from a session before: the readings may have been of another schema.
    if (histogram === undefined || known === undefined || known.session !== session) return;
    const schema = this.#memberOf(device)?.schema;
    const channel = schema?.channels.find(({ name }) => name === histogram.channel);
    if (channel === undefined || channel.role !== "feature") return;
    const { channel: name, ...counted } = histogram;
    const [low, high] = channel.range;
    if (high === low) return;
    try {
      if (!this.#windows.put(device, name, { ...counted, session, low, high })) return;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#ports.refused(device, error);
      return;
    }
    if (this.#fresh.size < maxChannels) this.#fresh.add(name);
    this.#arm();
  }

  reported(device: string, message: Reported): void {
    const asked = this.#asked;
    const record = this.#ports.registry.get(device);
    if (asked === undefined || record === undefined) return;
    const session = this.#ports.registry.session(record, message.session);
    const { epoch } = asked.grid;
    const knowsEpoch = session !== undefined && (session.decoders.has(epoch) || session.refused.has(epoch));
    asked.answer(device, message, knowsEpoch);
    if (asked.collided) this.#arm();
  }

  status(): LevelsStatus {
    const { size, bytes } = this.#windows;
    const asked = this.#asked;
    return {
      windows: size,
      bytes,
      epoch: asked?.grid.epoch,
      applied: asked?.applied ?? 0,
      refused: asked?.refused ?? 0,
    };
  }

  stop(): void {
    this.#stopping.abort();
  }

  #memberOf(device: string): Member | undefined {
    const { registry } = this.#ports;
    const record = registry.get(device);
    const known = this.#inForce.get(device);
    if (record === undefined || known === undefined) return undefined;
    const decoder = registry.session(record, known.session)?.decoders.get(known.epoch);
    return decoder === undefined ? undefined : { device, ...decoder };
  }

  /** Judges soon, but not before another grid may be published. */
  #arm(): void {
    const { signal } = this.#stopping;
    if (this.#isWaiting || signal.aborted) return;
    this.#isWaiting = true;
    const { clock } = this.#ports;
    clock.sleep(Math.max(pace, this.#earliest() - clock.now()), signal).then(
      () => this.#run(),
      (error: unknown) => {
        if (!signal.aborted) this.#ports.failed(error);
      },
    );
  }

  async #run(): Promise<void> {
    let isLater = false;
    try {
      isLater = await this.#judge();
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#ports.failed(error);
    }
    this.#isWaiting = false;
    if (isLater || this.#fresh.size > 0) this.#arm();
  }

  /** When another grid may be published: a restart does not begin anew, as versions tell when the last one was. */
  #earliest(): number {
    const { configurator, clock } = this.#ports;
    const milliseconds = this.#options.everySeconds * 1000;
    const kept = [undefined, ...this.#inForce.keys()].map((device) => configurator.kept(device));
    const before = lastTold(kept, clock.now() + leeway) + milliseconds;
    return Math.max(before, this.#asked === undefined ? before : nextAfter(this.#asked, milliseconds));
  }

  /** @returns Whether it is to be done later, as somebody has published a grid meanwhile. */
  async #judge(): Promise<boolean> {
    if (this.#earliest() > this.#ports.clock.now()) return true;
    const fresh = [...this.#fresh];
    const isFull = fresh.length >= maxChannels;
    this.#fresh.clear();
    const members = [...this.#inForce.keys()].flatMap((device) => this.#memberOf(device) ?? []);
    const cohort = cohortOf(members);
    if (cohort === undefined) return false;
    const present = this.#present(cohort);
    const asked = this.#asked;
    const isRetry = asked?.collided === true && !asked.isRetry && asked.grid === present;
    const all = cohort.schema.channels.map(({ name }) => name);
    const some = isFull ? all : fresh;
    const isDue = isRetry || (await this.#judged(cohort, present, some)).some(({ drift }) => drift.refit);
    if (!isDue) return false;
    // It is some time to the next one: whatever is worth it comes along.
    const judged = await this.#judged(cohort, present, all);
    await this.#publish(cohort, present, judged, isRetry);
    return false;
  }

  /** What devices were asked for last, whether or not they have it yet; else what most of them have. */
  #present(cohort: Cohort): Grid {
    const shape = shapeOf(cohort.grid);
    const asked = this.#asked;
    const kept = this.#ports.configurator.kept();
    const grid = asked !== undefined && asked.version >= (kept?.version ?? 0) ? asked.grid : kept?.grid;
    return grid !== undefined && shapeOf(grid) === shape ? grid : cohort.grid;
  }

  async #judged({ schema, devices }: Cohort, present: Grid, names: readonly string[]): Promise<Judged[]> {
    const { share, minimum } = this.#options;
    const target = this.#ports.task()?.target.name;
    const verdicts: Judged[] = [];
    for (const [i, name] of names.entries()) {
      if (i > 0 && i % atOnce === 0) await this.#ports.clock.sleep(0, this.#stopping.signal);
      const index = schema.channels.findIndex((channel) => channel.name === name);
      const channel = schema.channels[index];
      const levels = presentLevels(present, index);
      if (channel === undefined || channel.role !== "feature" || name === target || levels === undefined) continue;
      const [low, high] = channel.range;
      const merged = this.#windows.merged(name, devices, low, high);
      if (merged === undefined) continue;
      const { histogram, clipped } = merged;
      const drift = judgeLevels(histogram, levels, { share, minimum });
      const { presentVariance, newVariance, readings } = drift;
      verdicts.push({ channel: name, index, drift, readings, clipped, presentVariance, newVariance });
    }
    return verdicts;
  }

  async #publish(cohort: Cohort, present: Grid, judged: readonly Judged[], isRetry: boolean): Promise<void> {
    const { configurator, clock, published } = this.#ports;
    const changed = judged.filter(({ drift }) => drift.refit);
    const levels = new Map(changed.map(({ index, drift }) => [index, drift.levels]));
    const grid = this.#gridOf(cohort, present, levels);
    this.#tried = grid.epoch;
    // What is said to a device comes before what is said to its group: one with a grid of its own is told itself.
    // Where others are in the group, whose channels may be different ones, each of these is.
    const isAll = cohort.devices.length === this.#inForce.size;
    const own = cohort.devices.filter((device) => !isAll || configurator.kept(device)?.grid !== undefined);
    const audience = isAll ? [undefined, ...own] : own;
    const told: number[] = [];
    for (let i = 0; i < audience.length; i += toldAtOnce) {
      const some = audience.slice(i, i + toldAtOnce).map((device) => configurator.regrid(device, grid));
      for (const version of await Promise.all(some)) if (version !== undefined) told.push(version);
    }
    if (told.length === 0) return; // without a connection: the next counts bring it here again
    this.#asked = createAsked({ grid, at: clock.now(), isRetry }, told, this.#asked);
    published(
      grid.epoch,
      changed.map(({ index: _index, drift: _drift, ...rest }) => rest),
    );
  }

  /** @throws `GatewayError` `limit` where no epoch is left; `GridError` where levels can't be told apart any more. */
  #gridOf({ schema, devices }: Cohort, present: Grid, levels: ReadonlyMap<number, Float64Array>): Grid {
    const { registry, configurator } = this.#ports;
    const kept = [configurator.kept(), ...devices.map((device) => configurator.kept(device))];
    const others = kept.flatMap((desired) => [desired?.grid?.epoch ?? 0, desired?.thin?.epoch ?? 0]);
    const epoch = nextEpoch(present.epoch, registry.all(), [...others, this.#tried]);
    if (epoch === undefined)
      throw new GatewayError("limit", "no grid epoch is left for new levels: devices need to be started again");
    const channels = present.channels.map((channel, index) => {
      const points = levels.get(index);
      return points === undefined ? channel : { ...channel, levels: { kind: "points" as const, points: [...points] } };
    });
    return defineGrid(schema, { ...present, epoch, channels });
  }
}
