/*
 * The C peer of the training benchmark: least squares by stochastic gradient descent in float32, rows read from memory
 * once. With several threads it is Hogwild! (Niu et al., 2011): slices of the rows, one model, no lock.
 *
 *   sgd FEATURES TARGETS ROWS COLUMNS
 *
 * FEATURES holds rows x columns float32, TARGETS a float32 a row. Commands come on standard input, one a line, and each is
 * answered by one line:
 *
 *   epoch STEP BATCH THREADS   seconds of one pass; BATCH rows a step, 1 for the classic algorithm. Larger batches write
 *                              the shared model less often, each thread gathering its gradient by itself
 *   model                      the weights, with spaces between
 *   reset                      0; the model is 0 again
 *   read THREADS               seconds of reading all rows once without using them for anything but a sum
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "float32.h"

typedef struct {
  const float *features;
  const float *targets;
  float *model;
  size_t rows, columns, stride;
} Data;

typedef enum { EPOCH, READ } Work;

typedef struct {
  const Data *data;
  Work work;
  float step;
  size_t batch;
  size_t from, to;
  double result;
} Task;

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what) {
  fprintf(stderr, "sgd: %s\n", what);
  exit(1);
}

static float *allocate(size_t floats) {
  size_t huge = (size_t)2 << 20;
  size_t bytes = (floats * sizeof(float) + huge - 1) / huge * huge;
  void *memory = NULL;
  if (posix_memalign(&memory, huge, bytes) != 0) fail("out of memory");
  madvise(memory, bytes, MADV_HUGEPAGE);
  memset(memory, 0, bytes);
  return memory;
}

static void load(const char *path, float *to, size_t rows, size_t columns, size_t stride) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail("a data file can't be opened");
  for (size_t r = 0; r < rows; r++)
    if (fread(to + r * stride, sizeof(float), columns, file) != columns) fail("a data file is too short");
  fclose(file);
}

static void epoch(const Data *data, float step, size_t from, size_t to) {
  for (size_t r = from; r < to; r++) {
    const float *row = data->features + r * data->stride;
    const float residual = dot(row, data->model, data->stride) - data->targets[r];
    axpy(-step * residual, row, data->model, data->stride);
  }
}

static void batchedEpoch(const Data *data, float step, size_t batch, size_t from, size_t to) {
  float *gradient = allocate(data->stride);
  for (size_t start = from; start < to; start += batch) {
    const size_t end = start + batch < to ? start + batch : to;
    memset(gradient, 0, data->stride * sizeof(float));
    for (size_t r = start; r < end; r++) {
      const float *row = data->features + r * data->stride;
      axpy(dot(row, data->model, data->stride) - data->targets[r], row, gradient, data->stride);
    }
    axpy(-step / (float)batch, gradient, data->model, data->stride);
  }
  free(gradient);
}

static double readAll(const Data *data, size_t from, size_t to) {
  __m256 s[8];
  for (int k = 0; k < 8; k++) s[k] = _mm256_setzero_ps();
  const float *end = data->features + to * data->stride;
  const float *a = data->features + from * data->stride;
  for (; a + 64 <= end; a += 64)
    for (int k = 0; k < 8; k++) s[k] = _mm256_xor_ps(s[k], _mm256_load_ps(a + 8 * k));
  for (int k = 1; k < 8; k++) s[0] = _mm256_xor_ps(s[0], s[k]);
  float parts[8];
  _mm256_storeu_ps(parts, s[0]);
  return (double)parts[0];
}

static void *run(void *argument) {
  Task *task = argument;
  if (task->work == EPOCH) {
    if (task->batch == 1) epoch(task->data, task->step, task->from, task->to);
    else batchedEpoch(task->data, task->step, task->batch, task->from, task->to);
  }
  if (task->work == READ) task->result = readAll(task->data, task->from, task->to);
  return NULL;
}

/* Runs the work on all threads, a slice of neighbouring rows each; the sum of their results. */
static double onThreads(const Data *data, size_t threads, Work work, float step, size_t batch,
                        double *took) {
  pthread_t *ids = calloc(threads, sizeof *ids);
  Task *tasks = calloc(threads, sizeof *tasks);
  if (ids == NULL || tasks == NULL) fail("out of memory");
  const double start = seconds();
  for (size_t t = 0; t < threads; t++) {
    tasks[t] = (Task){data, work, step, batch, data->rows * t / threads, data->rows * (t + 1) / threads, 0};
    if (t > 0 && pthread_create(&ids[t], NULL, run, &tasks[t]) != 0) fail("no thread");
  }
  run(&tasks[0]);
  double sum = tasks[0].result;
  for (size_t t = 1; t < threads; t++) {
    pthread_join(ids[t], NULL);
    sum += tasks[t].result;
  }
  *took = seconds() - start;
  free(ids);
  free(tasks);
  return sum;
}

int main(int count, char **arguments) {
  if (count != 5) fail("usage: sgd FEATURES TARGETS ROWS COLUMNS");
  const size_t rows = strtoull(arguments[3], NULL, 10);
  const size_t columns = strtoull(arguments[4], NULL, 10);
  if (rows == 0 || columns == 0) fail("rows and columns must be at least 1");
  const size_t stride = (columns + LANES - 1) / LANES * LANES;
  float *features = allocate(rows * stride);
  float *targets = allocate(rows);
  load(arguments[1], features, rows, columns, stride);
  load(arguments[2], targets, rows, 1, 1);
  const Data data = {features, targets, allocate(stride), rows, columns, stride};
  puts("ready");
  fflush(stdout);
  char line[128];
  while (fgets(line, sizeof line, stdin) != NULL) {
    double took = 0;
    if (strncmp(line, "epoch ", 6) == 0) {
      char *rest = NULL;
      const float step = strtof(line + 6, &rest);
      const size_t batch = strtoull(rest, &rest, 10);
      const size_t threads = strtoull(rest, NULL, 10);
      if (batch == 0 || threads == 0) fail("batch and threads must be at least 1");
      onThreads(&data, threads, EPOCH, step, batch, &took);
      printf("%.9g\n", took);
    } else if (strncmp(line, "model", 5) == 0) {
      for (size_t j = 0; j < columns; j++) printf(j == 0 ? "%.9g" : " %.9g", (double)data.model[j]);
      puts("");
    } else if (strncmp(line, "reset", 5) == 0) {
      memset(data.model, 0, stride * sizeof(float));
      puts("0");
    } else if (strncmp(line, "read", 4) == 0) {
      const size_t threads = strtoull(line + 4, NULL, 10);
      if (threads == 0) fail("threads must be at least 1");
      onThreads(&data, threads, READ, 0, 1, &took);
      printf("%.9g\n", took);
    } else {
      fail("unknown command");
    }
    fflush(stdout);
  }
  return 0;
}
