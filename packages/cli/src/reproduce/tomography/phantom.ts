/** An ellipse of even density in the square [−1, 1]². */
export interface Ellipse {
  /** Added where the ellipse lies. */
  readonly density: number;
  /** Half axes, before turning along x and y. */
  readonly a: number;
  readonly b: number;
  /** Centre. */
  readonly x: number;
  readonly y: number;
  /** Turned by, counter-clockwise, in degrees. */
  readonly turn: number;
}

function ellipse([density, a, b, x, y, turn]: readonly [number, number, number, number, number, number]): Ellipse {
  return { density, a, b, x, y, turn };
}

/** The head phantom of Shepp and Logan (1974) with the densities of Toft (1996), which show more contrast: 0 to 1. */
export const sheppLogan: readonly Ellipse[] = Object.freeze([
  ellipse([1, 0.69, 0.92, 0, 0, 0]),
  ellipse([-0.8, 0.6624, 0.874, 0, -0.0184, 0]),
  ellipse([-0.2, 0.11, 0.31, 0.22, 0, -18]),
  ellipse([-0.2, 0.16, 0.41, -0.22, 0, 18]),
  ellipse([0.1, 0.21, 0.25, 0, 0.35, 0]),
  ellipse([0.1, 0.046, 0.046, 0, 0.1, 0]),
  ellipse([0.1, 0.046, 0.046, 0, -0.1, 0]),
  ellipse([0.1, 0.046, 0.023, -0.08, -0.605, 0]),
  ellipse([0.1, 0.023, 0.023, 0, -0.606, 0]),
  ellipse([0.1, 0.023, 0.046, 0.06, -0.605, 0]),
]);

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Points of a pixel in each direction over which its density is averaged. */
const finer = 4;

/**
 * The ellipses as an image of size × size pixels over [−1, 1]², row by row from the top (y = 1), each pixel the mean of
 * 4 × 4 points.
 */
export function rasterise(ellipses: readonly Ellipse[], size: number): Float64Array {
  const image = new Float64Array(size * size);
  const step = 2 / size / finer;
  for (const { density, a, b, x, y, turn } of ellipses) {
    const [cos, sin] = [Math.cos(radians(turn)), Math.sin(radians(turn))];
    for (let j = 0; j < size * finer; j++)
      for (let i = 0; i < size * finer; i++) {
        const dx = -1 + (i + 0.5) * step - x;
        const dy = 1 - (j + 0.5) * step - y;
        const along = (dx * cos + dy * sin) / a;
        const across = (dy * cos - dx * sin) / b;
        if (along * along + across * across > 1) continue;
        const pixel = Math.floor(j / finer) * size + Math.floor(i / finer);
        image[pixel] = (image[pixel] as number) + density / (finer * finer);
      }
  }
  return image;
}

/**
 * The integral of the ellipses' density along a line, in closed form (Kak and Slaney, section 3.1).
 *
 * @param angle θ: the line is perpendicular to (cos θ, sin θ), in radians.
 * @param offset Its distance from the origin in that direction.
 */
export function lineIntegral(ellipses: readonly Ellipse[], angle: number, offset: number): number {
  let sum = 0;
  for (const { density, a, b, x, y, turn } of ellipses) {
    const tilted = angle - radians(turn);
    const reach = (a * Math.cos(tilted)) ** 2 + (b * Math.sin(tilted)) ** 2;
    const distance = offset - x * Math.cos(angle) - y * Math.sin(angle);
    const inside = reach - distance * distance;
    if (inside > 0) sum += (density * 2 * a * b * Math.sqrt(inside)) / reach;
  }
  return sum;
}
