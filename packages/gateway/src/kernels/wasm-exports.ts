type Numbers<Count extends number, Have extends number[] = []> = Have["length"] extends Count
  ? Have
  : Numbers<Count, [...Have, number]>;

/** A function of the module that takes `Count` numbers: pointers and counts as int32, the rest as doubles. */
type Call<Count extends number, Result = void> = (...values: Numbers<Count>) => Result;

/** What the compiled module exports. A pointer above 2³¹ wraps to a negative int32 and back. */
export interface WasmExports {
  readonly dot1: Call<6>;
  readonly dot2: Call<6>;
  readonly dot4: Call<11, number>;
  readonly dot8: Call<6>;
  readonly dotLattice: Call<6>;
  readonly gradient1: Call<6>;
  readonly gradient2: Call<6>;
  readonly gradient4: Call<8>;
  readonly gradient8: Call<6>;
  readonly gradientLattice: Call<6>;
  readonly dotTable: Call<8>;
  readonly gradientTable: Call<8>;
  readonly dotFloats: Call<6>;
  readonly gradientFloats: Call<6>;
  readonly hogwildRows: Call<7>;
  readonly gramRows: Call<8>;
  readonly columnSums: Call<7>;
  readonly packRows: Call<7>;
  readonly unpackRows: Call<7>;
  readonly unpackWire: Call<6, number>;
  readonly packWire: Call<5>;
  readonly encodeRows: Call<18, number>;
  readonly decodeRows: Call<9>;
  readonly fillWords: Call<7>;
  readonly largest: Call<2, number>;
  readonly roundVector: Call<11, number>;
  readonly multiply: Call<4, number>;
  readonly assembleGradient: Call<10>;
  readonly descend: Call<5>;
  readonly formResiduals: Call<5, number>;
  readonly widenModel: Call<6>;
}
