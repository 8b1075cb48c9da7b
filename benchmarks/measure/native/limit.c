/* The limit in C: reads files of those named on the command line after the
   codec and inflates every block. Each line on standard input says which, "from
   to", counted from 0, without the last; it is answered with a line: entries,
   bytes out, and the nanoseconds of CPU of each file. Built by native.go. */
#include <fcntl.h>
#include <libdeflate.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef WITH_ZSTD
#include <zstd.h>
#endif

static void die(const char *what, const char *file) {
  fprintf(stderr, "%s: %s\n", file, what);
  exit(1);
}

static int64_t varint(const uint8_t **p, const uint8_t *end) {
  uint64_t v = 0;
  for (int shift = 0; *p < end && shift < 64; shift += 7) {
    uint8_t c = *(*p)++;
    v |= (uint64_t)(c & 127) << shift;
    if (c < 128) return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
  }
  return -1;
}

static int64_t cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* as the other side does; there is one thread */
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  int zstd = !strcmp(argv[1], "zstandard");
  struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
#ifdef WITH_ZSTD
  ZSTD_DCtx *z = ZSTD_createDCtx();
#else
  if (zstd) die("built without libzstd", "native");
#endif
  uint8_t *in = NULL, *out = NULL;
  size_t incap = 0, outcap = 1 << 20;
  out = malloc(outcap);
  int64_t *times = malloc(argc * sizeof *times); /* by file; the first two are unused */
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    int from = 0, to = 0;
    if (sscanf(line, "%d %d", &from, &to) != 2 || from < 0 || to < from || to > argc - 2) die("no such files", line);
    int64_t last = cpu(), entries = 0, raw = 0;
    for (int i = 2 + from; i < 2 + to; i++) {
      int fd = open(argv[i], O_RDONLY);
      struct stat st;
      if (fd < 0 || fstat(fd, &st)) die("cannot be opened", argv[i]);
      size_t n = st.st_size, got = 0;
      if (n > incap) in = realloc(in, incap = n + n / 8);
      while (got < n) {
        ssize_t k = read(fd, in + got, n - got);
        if (k <= 0) die("cannot be read", argv[i]);
        got += k;
      }
      close(fd);
      const uint8_t *p = in + 4, *end = in + n;
      for (int64_t c; (c = varint(&p, end)) > 0;)
        for (; c > 0; c--)
          for (int kv = 0; kv < 2; kv++) {
            int64_t l = varint(&p, end);
            if (l < 0 || l > end - p) die("no Avro file", argv[i]);
            p += l;
          }
      p += 16;
      while (p < end) {
        int64_t count = varint(&p, end), size = varint(&p, end);
        if (size < 0 || size > end - p - 16) die("no Avro file", argv[i]);
        size_t len = 0;
        for (;;) {
          int again = 0;
#ifdef WITH_ZSTD
          if (zstd) {
            len = ZSTD_decompressDCtx(z, out, outcap, p, size);
            again = ZSTD_isError(len);
          } else
#endif
          {
            enum libdeflate_result r = libdeflate_deflate_decompress(d, p, size, out, outcap, &len);
            if (r == LIBDEFLATE_BAD_DATA) die("bad deflate data", argv[i]);
            again = r == LIBDEFLATE_INSUFFICIENT_SPACE;
          }
          if (!again) break;
          if (outcap > 1u << 30) die("a block is too large", argv[i]);
          out = realloc(out, outcap *= 2);
        }
        entries += count;
        raw += len;
        p += size + 16;
      }
      int64_t now = cpu();
      times[i] = now - last;
      last = now;
    }
    printf("%lld %lld", (long long)entries, (long long)raw);
    for (int i = 2 + from; i < 2 + to; i++) printf(" %lld", (long long)times[i]);
    printf("\n");
    fflush(stdout);
  }
  return 0;
}
