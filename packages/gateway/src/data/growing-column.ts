/** Numbers appended one by one, at 8 bytes each. */
export interface GrowingColumn {
  push(value: number): void;
  /** A view of what was appended; no longer valid after the next push. */
  values(): Float64Array;
}

/** An empty column that doubles its room when full. */
export function createGrowingColumn(): GrowingColumn {
  let room = new Float64Array(1024);
  let length = 0;
  return {
    push: (value) => {
      if (length === room.length) {
        const larger = new Float64Array(2 * length);
        larger.set(room);
        room = larger;
      }
      room[length++] = value;
    },
    values: () => room.subarray(0, length),
  };
}
