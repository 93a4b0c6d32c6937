import { dotTile, gradientTile } from "./table-tiles";

// Unequal levels: a code stands for an entry of its column's table. Neighbouring columns have different tables, so sixteen
// rows are transposed: a register then holds one column, and a byte shuffle looks up sixteen codes of 4 bits at once. Codes
// of 8 bits, and the last rows, are looked up one by one.

export function dotTable(
  width: i32,
  rows: usize,
  stride: usize,
  count: i32,
  columns: i32,
  tables: usize,
  model: usize,
  out: usize,
): void {
  const tiled = width == 4 ? count & ~15 : 0;
  for (let r = 0; r < tiled; r += 16)
    dotTile(rows + <usize>r * stride, stride, columns, tables, model, out + (<usize>r << 3));
  for (let r = tiled; r < count; r++)
    store<f64>(out + (<usize>r << 3), <f64>dotOne(width, rows + <usize>r * stride, columns, tables, model));
}

export function gradientTable(
  width: i32,
  rows: usize,
  stride: usize,
  count: i32,
  columns: i32,
  tables: usize,
  residuals: usize,
  out: usize,
): void {
  const tiled = width == 4 ? count & ~15 : 0;
  for (let r = 0; r < tiled; r += 16)
    gradientTile(rows + <usize>r * stride, stride, columns, tables, residuals + (<usize>r << 1), out);
  if (tiled == count) return;
  const rest = rows + <usize>tiled * stride;
  gradientSome(width, rest, stride, count - tiled, columns, tables, residuals + (<usize>tiled << 1), out);
}

@inline
function dotOne(width: i32, row: usize, columns: i32, tables: usize, model: usize): i64 {
  const mask = (1 << width) - 1;
  let sum: i64 = 0;
  let c = 0;
  for (; c < columns; row += 16)
    for (let shift = 0; shift < 16 && c < columns; shift += width) {
      const end = min(c + 8, columns);
      for (let lane = row; c < end; lane += 2) {
        const code = (<i32>load<u16>(lane) >> shift) & mask;
        const entry = <i32>load<i16>(tables + (<usize>((c << width) + code) << 1));
        sum += <i64>(entry * <i32>load<i16>(model + (<usize>c << 1)));
        c++;
      }
    }
  return sum;
}

function gradientSome(
  width: i32,
  rows: usize,
  stride: usize,
  count: i32,
  columns: i32,
  tables: usize,
  residuals: usize,
  out: usize,
): void {
  const mask = (1 << width) - 1;
  const perBlock = 128 / width;
  for (let c = 0; c < columns; c++) {
    let lane = rows + (<usize>(c / perBlock) << 4) + (<usize>(c & 7) << 1);
    const shift = ((c % perBlock) >> 3) * width;
    const table = tables + (<usize>(c << width) << 1);
    let sum: i64 = 0;
    for (let r = 0; r < count; r++) {
      const code = (<i32>load<u16>(lane) >> shift) & mask;
      sum += <i64>(<i32>load<i16>(table + (<usize>code << 1)) * <i32>load<i16>(residuals + (<usize>r << 1)));
      lane += stride;
    }
    const at = out + (<usize>c << 3);
    store<f64>(at, load<f64>(at) + <f64>sum);
  }
}
