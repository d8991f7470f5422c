// Answers GET /hello?name=Ada. Change it, run `sh build.sh`, and reload the page.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex(int c) {
  return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

// The percent-decoded value of a parameter, cut to fit; 0 if the query does not have it.
static int param(const char *query, const char *name, char *out, size_t size) {
  size_t name_length = strlen(name);
  while (query && *query) {
    size_t part = strcspn(query, "&");
    if (part > name_length && strncmp(query, name, name_length) == 0 && query[name_length] == '=') {
      const char *end = query + part;
      size_t length = 0;
      for (const char *p = query + name_length + 1; p < end && length + 1 < size; p++) {
        if (*p == '%' && end - p > 2 && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2])) {
          out[length++] = (char)(hex(p[1]) * 16 + hex(p[2]));
          p += 2;
        } else {
          out[length++] = *p == '+' ? ' ' : *p;
        }
      }
      out[length] = 0;
      return 1;
    }
    query += part + (query[part] == '&');
  }
  return 0;
}

int main(void) {
  char name[256] = "world";
  param(getenv("QUERY_STRING"), "name", name, sizeof name);
  puts("Content-Type: text/plain; charset=utf-8\n");
  printf("Hello, %s!\nI am a WebAssembly handler written in C.\n", name);
  return 0;
}
