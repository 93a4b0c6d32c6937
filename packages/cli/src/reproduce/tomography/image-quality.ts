/** Largest value of an image, to which both figures refer. */
const peak = 1;

/** Mean square difference of two images. */
function meanSquare(image: Float64Array, truth: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += ((image[i] as number) - (truth[i] as number)) ** 2;
  return sum / truth.length;
}

/** Peak signal-to-noise ratio for values of 0 to 1, in dB: 10·log₁₀(1/MSE); infinite for equal images. */
export function psnr(image: Float64Array, truth: Float64Array): number {
  return 10 * Math.log10(peak ** 2 / meanSquare(image, truth));
}

/** Means, variances and covariance of two images over one window. */
function windowFigures(a: Float64Array, b: Float64Array, width: number, at: number, side: number) {
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const i = at + y * width + x;
      const [p, q] = [a[i] as number, b[i] as number];
      sa += p;
      sb += q;
      saa += p * p;
      sbb += q * q;
      sab += p * q;
    }
  const n = side * side;
  const [ma, mb] = [sa / n, sb / n];
  return { ma, mb, va: saa / n - ma * ma, vb: sbb / n - mb * mb, cab: sab / n - ma * mb };
}

/**
 * Structural similarity for values of 0 to 1 (Wang et al. 2004), K₁ = 0.01, K₂ = 0.03: the mean over all square windows that
 * lie within the image, their pixels weighted alike, variances over the number of pixels.
 *
 * @param width Of the images, in pixels.
 * @param side Of a window; default 7.
 * @returns 1 for equal images.
 */
export function ssim(image: Float64Array, truth: Float64Array, width: number, side = 7): number {
  const [c1, c2] = [(0.01 * peak) ** 2, (0.03 * peak) ** 2];
  const height = truth.length / width;
  let sum = 0;
  for (let y = 0; y + side <= height; y++)
    for (let x = 0; x + side <= width; x++) {
      const { ma, mb, va, vb, cab } = windowFigures(image, truth, width, y * width + x, side);
      sum += ((2 * ma * mb + c1) * (2 * cab + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
    }
  return sum / ((height - side + 1) * (width - side + 1));
}
