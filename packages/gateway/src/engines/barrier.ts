/** Words of shared memory that a {@link Barrier} takes: threads arrived, round, threads asleep, fault. */
export const barrierWords = 4;

/** Looks at the round before a thread goes to sleep: some tens of microseconds, longer than a batch's uneven shares. */
const spins = 2000;

/** Longest sleep before the fault flag is looked at again, in milliseconds. */
const nap = 50;

/**
 * Where all threads of a team meet. A thread that waits looks at shared memory without pause, which takes well under a
 * microsecond where every thread has a core of its own, and goes to sleep where the others take long.
 */
export interface Barrier {
  /** Waits for all. False once {@link Barrier.leave} was called by anyone: then nobody may go on. */
  wait(): boolean;
  /** Whether {@link Barrier.leave} was called: for whoever has nothing to wait for. */
  readonly left: boolean;
  /** Frees all threads that wait or will wait: one has failed. */
  leave(): void;
}

/**
 * @param words {@link barrierWords} of shared memory, 0 at first, the same in all threads.
 * @param threads How many meet.
 */
export function createBarrier(words: Int32Array, threads: number): Barrier {
  const [arrived, round, asleep, fault] = [0, 1, 2, 3];
  const passed = (): boolean => Atomics.load(words, fault) === 0;
  const sleep = (current: number): boolean => {
    Atomics.add(words, asleep, 1);
    while (Atomics.load(words, round) === current && passed()) Atomics.wait(words, round, current, nap);
    Atomics.sub(words, asleep, 1);
    return passed();
  };
  const wait = (): boolean => {
    const current = Atomics.load(words, round);
    if (Atomics.add(words, arrived, 1) === threads - 1) {
      Atomics.store(words, arrived, 0);
      Atomics.add(words, round, 1);
      // Whoever goes to sleep counts itself first and looks at the round again: none is missed.
      if (Atomics.load(words, asleep) > 0) Atomics.notify(words, round);
      return passed();
    }
    for (let spin = 0; spin < spins; spin++) if (Atomics.load(words, round) !== current) return passed();
    return sleep(current);
  };
  const leave = (): void => {
    Atomics.store(words, fault, 1);
    Atomics.notify(words, round);
  };
  return {
    wait,
    leave,
    get left() {
      return !passed();
    },
  };
}
