/**
 * A constant that stays in its register. `count` is never negative, which the compiler can't know: a plain constant would be
 * made anew, by three instructions, in every turn of a loop.
 */
@inline
export function held(constant: i32, count: i32): i32 {
  return count < 0 ? 0 : constant;
}

/** {@link held} for a double. */
@inline
export function heldDouble(constant: f64, count: i32): f64 {
  return count < 0 ? 0 : constant;
}
