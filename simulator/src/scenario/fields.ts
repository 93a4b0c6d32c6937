import { z } from "zod";

/**
 * A whole number.
 *
 * @param about What it is, with its unit: the description in the JSON schema.
 * @param least Smallest that is allowed.
 * @param most Largest that is allowed.
 */
export function whole(about: string, least: number, most: number): z.ZodNumber {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.number(error).int(error).min(least, error).max(most, error).meta({ description: about });
}

/**
 * A number within bounds, both of which are allowed.
 *
 * @param about What it is, with its unit.
 * @param least Smallest that is allowed.
 * @param most Largest that is allowed.
 */
export function amount(about: string, least: number, most: number): z.ZodNumber {
  const error = `must be a number from ${least} to ${most}`;
  return z.number(error).min(least, error).max(most, error).meta({ description: about });
}

/**
 * A number above 0.
 *
 * @param about What it is, with its unit.
 * @param most Largest that is allowed.
 */
export function positive(about: string, most: number): z.ZodNumber {
  const error = `must be a number above 0, at most ${most}`;
  return z.number(error).positive(error).max(most, error).meta({ description: about });
}

/**
 * One of some values.
 *
 * @param about What it is.
 * @param values What is allowed.
 */
export function choice<const Values extends readonly [string | number, ...(string | number)[]]>(
  about: string,
  values: Values,
): z.ZodLiteral<Values[number]> {
  return z.literal([...values], `must be one of ${values.join(", ")}`).meta({ description: about });
}

/**
 * Yes or no.
 *
 * @param about What it is.
 */
export function flag(about: string): z.ZodBoolean {
  return z.boolean("must be true or false").meta({ description: about });
}

/**
 * Some text.
 *
 * @param about What it is.
 * @param longest Most characters.
 */
export function text(about: string, longest = 256): z.ZodString {
  const error = `must be 1 to ${longest} characters of text`;
  return z.string(error).min(1, error).max(longest, error).meta({ description: about });
}
