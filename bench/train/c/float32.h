/* Float32 rows in memory and the two vector loops of a row's step, with AVX2 and FMA. */
#ifndef ZIPML_BENCH_FLOAT32_H
#define ZIPML_BENCH_FLOAT32_H

#include <immintrin.h>
#include <stddef.h>

/* Rows are padded with zeros to a multiple of this many floats, and start at a multiple of 32 bytes. */
#define LANES 8

/* Sum of a[i] * x[i]; eight sums side by side hide the latency of the additions. */
static inline float dot(const float *restrict a, const float *restrict x, size_t n) {
  __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    s0 = _mm256_fmadd_ps(_mm256_load_ps(a + i), _mm256_load_ps(x + i), s0);
    s1 = _mm256_fmadd_ps(_mm256_load_ps(a + i + 8), _mm256_load_ps(x + i + 8), s1);
    s2 = _mm256_fmadd_ps(_mm256_load_ps(a + i + 16), _mm256_load_ps(x + i + 16), s2);
    s3 = _mm256_fmadd_ps(_mm256_load_ps(a + i + 24), _mm256_load_ps(x + i + 24), s3);
    s4 = _mm256_fmadd_ps(_mm256_load_ps(a + i + 32), _mm256_load_ps(x + i + 32), s4);
    s5 = _mm256_fmadd_ps(_mm256_load_ps(a + i + 40), _mm256_load_ps(x + i + 40), s5);
    s6 = _mm256_fmadd_ps(_mm256_load_ps(a + i + 48), _mm256_load_ps(x + i + 48), s6);
    s7 = _mm256_fmadd_ps(_mm256_load_ps(a + i + 56), _mm256_load_ps(x + i + 56), s7);
  }
  for (; i < n; i += 8) s0 = _mm256_fmadd_ps(_mm256_load_ps(a + i), _mm256_load_ps(x + i), s0);
  s0 = _mm256_add_ps(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)),
                     _mm256_add_ps(_mm256_add_ps(s4, s5), _mm256_add_ps(s6, s7)));
  __m128 h = _mm_add_ps(_mm256_castps256_ps128(s0), _mm256_extractf128_ps(s0, 1));
  h = _mm_add_ps(h, _mm_movehl_ps(h, h));
  h = _mm_add_ss(h, _mm_movehdup_ps(h));
  return _mm_cvtss_f32(h);
}

/* x[i] += c * a[i]. With several threads on one x this is Hogwild!: no lock, no atomic operation, updates may be lost. */
static inline void axpy(float c, const float *restrict a, float *restrict x, size_t n) {
  const __m256 f = _mm256_set1_ps(c);
  size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    __m256 x0 = _mm256_fmadd_ps(f, _mm256_load_ps(a + i), _mm256_load_ps(x + i));
    __m256 x1 = _mm256_fmadd_ps(f, _mm256_load_ps(a + i + 8), _mm256_load_ps(x + i + 8));
    __m256 x2 = _mm256_fmadd_ps(f, _mm256_load_ps(a + i + 16), _mm256_load_ps(x + i + 16));
    __m256 x3 = _mm256_fmadd_ps(f, _mm256_load_ps(a + i + 24), _mm256_load_ps(x + i + 24));
    _mm256_store_ps(x + i, x0);
    _mm256_store_ps(x + i + 8, x1);
    _mm256_store_ps(x + i + 16, x2);
    _mm256_store_ps(x + i + 24, x3);
  }
  for (; i < n; i += 8)
    _mm256_store_ps(x + i, _mm256_fmadd_ps(f, _mm256_load_ps(a + i), _mm256_load_ps(x + i)));
}

#endif
