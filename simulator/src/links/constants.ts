/** A number or table of numbers that a model rests on; its unit stands in the name it is kept under. */
export interface Constant<Value = number> {
  readonly value: Value;
  /** Document, section or file that states it. */
  readonly source: string;
  /** False where no document was at hand that states it: known in the field, or a rough figure. */
  readonly verified: boolean;
}

/** Constants by name, as a manifest lists them. */
export type Constants = Readonly<Record<string, Constant<unknown>>>;

/**
 * A constant that its source states.
 *
 * @param value The number or table, in the unit of its name.
 * @param source Document, section or file.
 */
export function stated<Value>(value: Value, source: string): Constant<Value> {
  return { value, source, verified: true };
}

/**
 * A constant that no document at hand states; a manifest and a report mark it so.
 *
 * @param value The number or table, in the unit of its name.
 * @param source Where it is known from, and why it is rough.
 */
export function unverified<Value>(value: Value, source: string): Constant<Value> {
  return { value, source, verified: false };
}
