import { LinkError } from "../errors.ts";

function check(loss: number, attempts: number): void {
  if (!(loss >= 0 && loss <= 1))
    throw new LinkError("option", `loss must be from 0 to 1, not ${loss}`, { limit: "loss", actual: loss, allowed: 1 });
  if (!Number.isInteger(attempts) || attempts < 1)
    throw new LinkError("option", `attempts must be a whole number from 1, not ${attempts}`, {
      limit: "attempts",
      actual: attempts,
    });
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let at = 0; at < exponent; at++) result *= base;
  return result;
}

/**
 * How often a message is sent on average that is repeated until it arrives or the attempts are used up: (1 − pᵐ) / (1 − p).
 *
 * @param loss Chance p that one attempt is lost, 0 … 1, independent of the others.
 * @param attempts Most attempts m, 1 or more.
 * @throws LinkError code `option`
 */
export function expectedAttempts(loss: number, attempts: number): number {
  check(loss, attempts);
  return loss === 1 ? attempts : (1 - power(loss, attempts)) / (1 - loss);
}

/**
 * The chance that one of the attempts arrives: 1 − pᵐ.
 *
 * @param loss Chance p that one attempt is lost, 0 … 1, independent of the others.
 * @param attempts Most attempts m, 1 or more.
 * @throws LinkError code `option`
 */
export function deliveryChance(loss: number, attempts: number): number {
  check(loss, attempts);
  return 1 - power(loss, attempts);
}
