/** Whether a group's levels follow its readings, and how readily. */
export interface LevelsOptions {
  /** Publishes a new grid when devices' counts of readings show that it is worth one. Default false. */
  readonly follow?: boolean;
  /** How much above the best possible the variance of a channel's levels may be: 0.1 is ten per cent. Default 0.1. */
  readonly share?: number;
  /** Fewest readings of a channel that decide; 1,000 unless given. */
  readonly minimum?: number;
  /** Shortest time between two new grids, in seconds. Default 3,600. */
  readonly everySeconds?: number;
  /** Most bytes of memory for what devices have counted, as estimated. Default 67,108,864. */
  readonly bytes?: number;
}

/** What the levels of a group are doing. */
export interface LevelsStatus {
  /** Windows of counts that are held, one a device and channel, and bytes that they take, as estimated. */
  readonly windows: number;
  readonly bytes: number;
  /** Epoch of the grid that this run published last, and what became of it. */
  readonly epoch: number | undefined;
  readonly applied: number;
  readonly refused: number;
}

/** A channel's part in a new grid. Variances are of one draw, in the channel's unit squared. */
export interface NewLevels {
  readonly channel: string;
  /** Readings that the levels were chosen on. */
  readonly readings: number;
  /** Readings outside the channel's range, beside them. */
  readonly clipped: number;
  readonly presentVariance: number;
  readonly newVariance: number;
}
