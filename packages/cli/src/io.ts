/** A stream of text that a command writes to. */
export interface Output {
  /** Whether a person is looking: progress and colours only then. */
  readonly isTerminal: boolean;
  /** Resolves when the text was taken; a reader that went away is no error. */
  write(text: string): Promise<void>;
}

/** What a command may touch of its process. */
export interface Io {
  /** Standard output: results only. */
  readonly out: Output;
  /** Standard error: progress, warnings and faults. */
  readonly err: Output;
  /** Aborts at the first interrupt or when the reader of standard output is gone. */
  readonly signal: AbortSignal;
}

/** Process-independent outputs for tests and embedding: the text written so far is kept. */
export interface CapturedIo extends Io {
  readonly text: { readonly out: string; readonly err: string };
}

/**
 * An {@link Io} that keeps what is written.
 *
 * @param signal Aborts the command; default never.
 */
export function captureIo(signal: AbortSignal = new AbortController().signal): CapturedIo {
  const text = { out: "", err: "" };
  const output = (name: "out" | "err"): Output => ({
    isTerminal: false,
    write: async (part) => {
      text[name] += part;
    },
  });
  return { out: output("out"), err: output("err"), signal, text };
}
