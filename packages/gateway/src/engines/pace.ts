/** How long a stretch is to take, in seconds, some hundred times what it takes to hand it out; and one that is a trial. */
const stretchSeconds = 0.04;
const trialSeconds = 0.01;

/** Mini-batches of a stretch of which nothing is known yet. */
const firstStretch = 64;

/** Seconds, after the first stretch, in which compilers improve on what runs: rates say little, and nothing is tried. */
const warmSeconds = 0.2;

/** A size that is this much faster than the one in use takes its place. */
const gain = 1.05;

/** Stretches between two trials, at first and most: each trial without a gain doubles them. */
const [early, late] = [2, 64];

/**
 * How many of a team's members share the next mini-batches. Members wait for each other in each of them, so where other
 * programs, or the host of a virtual machine, take one processor away, a team can be slower than one member alone. Any
 * number comes to the same model, and so the fastest is found by trying: now and then half as many members take a short
 * stretch, or twice as many, and at once where those in use were slower than fewer are known to be.
 */
export interface Pace {
  /** Who take the next stretch: members 0 … this − 1. */
  readonly members: number;
  /** Mini-batches of the next stretch where so many are left: 1 … left. */
  stretch(left: number): number;
  /** What a stretch by {@link Pace.members} came to, which may change them. */
  record(batches: number, seconds: number): void;
}

/** @param most The whole team, with which it begins. */
export function createPace(most: number): Pace {
  return new MeasuredPace(most);
}

/** The whole team, half of it and so on down to one member. */
function sizesOf(most: number): readonly number[] {
  return most === 1 ? [1] : [most, ...sizesOf(Math.ceil(most / 2))];
}

class MeasuredPace implements Pace {
  readonly #sizes: readonly number[];
  /** Mini-batches a second of each size, when last seen. */
  readonly #rates: (number | undefined)[] = [];
  /** Place in the sizes of the one in use, and of the one that is tried instead. */
  #used = 0;
  #tried: number | undefined;
  /** Whether the next trial is of fewer members. */
  #fewer = true;
  #wait = early;
  #since = 0;
  #warming = warmSeconds;

  constructor(most: number) {
    this.#sizes = sizesOf(most);
  }

  get members(): number {
    return this.#sizes[this.#tried ?? this.#used] as number;
  }

  stretch(left: number): number {
    const rate = this.#rates[this.#used];
    const seconds = this.#tried === undefined ? stretchSeconds : trialSeconds;
    const wanted = rate === undefined ? firstStretch : Math.max(1, rate * seconds);
    return Math.ceil(left / Math.ceil(left / wanted));
  }

  record(batches: number, seconds: number): void {
    const rate = batches / Math.max(seconds, Number.EPSILON);
    if (this.#warming > 0) this.#warm(rate, seconds);
    else if (this.#tried === undefined) this.#follow(rate);
    else this.#judge(this.#tried, rate);
  }

  #warm(rate: number, seconds: number): void {
    if (this.#rates[this.#used] !== undefined) this.#warming -= seconds;
    this.#rates[this.#used] = rate;
  }

  #follow(rate: number): void {
    const usual = this.#rates[this.#used] ?? rate;
    this.#rates[this.#used] = (usual + rate) / 2;
    this.#since += 1;
    const behind = rate < (this.#rates[this.#used + 1] ?? 0);
    if (behind || this.#since >= this.#wait) this.#try(behind || this.#fewer);
  }

  #try(fewer: boolean): void {
    const [next, other] = fewer ? [this.#used + 1, this.#used - 1] : [this.#used - 1, this.#used + 1];
    const has = (place: number): boolean => this.#sizes[place] !== undefined;
    this.#tried = [next, other].find(has);
    this.#since = 0;
  }

  #judge(tried: number, rate: number): void {
    const better = rate > gain * (this.#rates[this.#used] as number);
    const wasFewer = tried > this.#used;
    this.#tried = undefined;
    this.#rates[tried] = rate;
    if (better) this.#used = tried;
    // What was a gain is followed further; what was none is left for the other direction.
    this.#fewer = better === wasFewer;
    this.#wait = better ? early : Math.min(2 * this.#wait, late);
  }
}
