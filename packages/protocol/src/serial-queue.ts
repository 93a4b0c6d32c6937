/** Runs tasks one after another, in the order they were handed in. */
export interface SerialQueue {
  /** Resolves or rejects as the task does; a task that fails does not stop the ones behind it. */
  run<T>(task: () => Promise<T>): Promise<T>;
  /** Resolves when all tasks handed in so far are done. */
  idle(): Promise<void>;
}

/** An empty queue. */
export function createSerialQueue(): SerialQueue {
  let last: Promise<void> = Promise.resolve();
  return {
    run: (task) => {
      const result = last.then(task);
      last = result.then(
        () => undefined,
        () => undefined, // the caller of run has the error
      );
      return result;
    },
    idle: () => last,
  };
}
