/* The functions of the C interface that take a variable number of arguments.
 *
 * Terms are words without a meaning here. Formats are those of the C library and, besides, %T: a term.
 * A format is cut at its conversions; each is handed to the C library with its own argument.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef uint64_t term;

/* In Rust. */
extern term enif_make_tuple_from_array(void *env, const term *elements, unsigned n);
extern term enif_make_list_from_array(void *env, const term *elements, unsigned n);
/* Writes a term's text: its length, at most `size` - 1 bytes of it and a zero into `to`. */
extern size_t oxbeam_print_term(term t, char *to, size_t size);

enum { FEW = 32 };

static void take(term *to, unsigned n, va_list ap)
{
    unsigned i;
    for (i = 0; i < n; i++)
        to[i] = va_arg(ap, term);
}

#define COLLECT(make)                                                   \
    term few[FEW], *all = few, made;                                    \
    va_list ap;                                                         \
    if (n > FEW && !(all = malloc(n * sizeof(term))))                   \
        abort();                                                        \
    va_start(ap, n);                                                    \
    take(all, n, ap);                                                   \
    va_end(ap);                                                         \
    made = make(env, all, n);                                           \
    if (all != few)                                                     \
        free(all);                                                      \
    return made

term enif_make_tuple(void *env, unsigned n, ...)
{
    COLLECT(enif_make_tuple_from_array);
}

term enif_make_list(void *env, unsigned n, ...)
{
    COLLECT(enif_make_list_from_array);
}

/* Text on its way: into a stream, or into a buffer of which `at` bytes are wanted. */
struct out {
    FILE *file;
    char *buffer;
    size_t size, at;
};

static void put(struct out *o, const char *text, size_t n)
{
    if (o->file)
        fwrite(text, 1, n, o->file);
    else if (o->at + 1 < o->size) {
        size_t room = o->size - 1 - o->at;
        memcpy(o->buffer + o->at, text, n < room ? n : room);
    }
    o->at += n;
}

/* A piece that may be longer than the usual buffer. */
#define PIECE(call)                                                     \
    do {                                                                \
        char usual[512], *text = usual;                                 \
        int n;                                                          \
        size_t room = sizeof usual;                                     \
        n = (call);                                                     \
        if (n >= (int)sizeof usual) {                                   \
            room = (size_t)n + 1;                                       \
            if (!(text = malloc(room)))                                 \
                abort();                                                \
            n = (call);                                                 \
        }                                                               \
        if (n > 0)                                                      \
            put(o, text, (size_t)n);                                    \
        if (text != usual)                                              \
            free(text);                                                 \
    } while (0)

#define ONE(type)                                                       \
    do {                                                                \
        type value = va_arg(ap, type);                                  \
        if (stars == 2)                                                 \
            PIECE(snprintf(text, room, spec, star[0], star[1], value)); \
        else if (stars == 1)                                            \
            PIECE(snprintf(text, room, spec, star[0], value));          \
        else                                                            \
            PIECE(snprintf(text, room, spec, value));                   \
    } while (0)

static void format(struct out *o, const char *f, va_list ap)
{
    while (*f) {
        const char *start = f;
        char spec[64];
        size_t n = 0;
        int stars = 0, star[2] = {0, 0}, longs = 0, shorts = 0, kind = 0;
        while (*f && *f != '%')
            f++;
        if (f != start)
            put(o, start, (size_t)(f - start));
        if (!*f)
            return;
        spec[n++] = *f++;
        for (; *f && strchr("-+ #0123456789.*", *f); f++) {
            if (*f == '*' && stars < 2)
                star[stars++] = va_arg(ap, int);
            if (n < sizeof spec - 8)
                spec[n++] = *f;
        }
        for (; *f && strchr("hlLqjzt", *f); f++) {
            longs += *f == 'l';
            shorts += *f == 'h';
            if (*f != 'l' && *f != 'h')
                kind = *f;
            if (n < sizeof spec - 2)
                spec[n++] = *f;
        }
        if (!*f)
            return;
        spec[n++] = *f;
        spec[n] = 0;
        switch (*f++) {
        case 'd': case 'i':
            if (kind == 'z' || kind == 't') ONE(ssize_t);
            else if (kind == 'j') ONE(intmax_t);
            else if (longs > 1 || kind == 'q' || kind == 'L') ONE(long long);
            else if (longs) ONE(long);
            else ONE(int);
            break;
        case 'u': case 'x': case 'X': case 'o': case 'b':
            if (kind == 'z' || kind == 't') ONE(size_t);
            else if (kind == 'j') ONE(uintmax_t);
            else if (longs > 1 || kind == 'q' || kind == 'L') ONE(unsigned long long);
            else if (longs) ONE(unsigned long);
            else ONE(unsigned);
            break;
        case 'c':
            ONE(int);
            break;
        case 'e': case 'E': case 'f': case 'F': case 'g': case 'G': case 'a': case 'A':
            if (kind == 'L') ONE(long double);
            else ONE(double);
            break;
        case 's':
            ONE(const char *);
            break;
        case 'p':
            ONE(void *);
            break;
        case 'n': {
            int *where = va_arg(ap, int *);
            if (where)
                *where = (int)o->at;
            break;
        }
        case 'T': {
            term value = va_arg(ap, term);
            PIECE((int)oxbeam_print_term(value, text, room));
            break;
        }
        case '%':
            put(o, "%", 1);
            break;
        default:
            put(o, spec, n);
        }
    }
}

int enif_vfprintf(FILE *file, const char *f, va_list ap)
{
    struct out o = {file, NULL, 0, 0};
    format(&o, f, ap);
    return (int)o.at;
}

int enif_vsnprintf(char *buffer, size_t size, const char *f, va_list ap)
{
    struct out o = {NULL, buffer, size, 0};
    format(&o, f, ap);
    if (size)
        buffer[o.at < size ? o.at : size - 1] = 0;
    return (int)o.at;
}

int enif_fprintf(FILE *file, const char *f, ...)
{
    int n;
    va_list ap;
    va_start(ap, f);
    n = enif_vfprintf(file, f, ap);
    va_end(ap);
    return n;
}

int enif_snprintf(char *buffer, size_t size, const char *f, ...)
{
    int n;
    va_list ap;
    va_start(ap, f);
    n = enif_vsnprintf(buffer, size, f, ap);
    va_end(ap);
    return n;
}

/* In Rust: an option with its argument, which each but the first has. */
extern int oxbeam_set_option(void *env, int option, void *argument);

int enif_set_option(void *env, int option, ...)
{
    enum { DELAY_HALT = 1 };
    void *argument = NULL;
    if (option != DELAY_HALT) {
        va_list ap;
        va_start(ap, option);
        argument = va_arg(ap, void *);
        va_end(ap);
    }
    return oxbeam_set_option(env, option, argument);
}

/* Referenced from Rust, so that the linker keeps this file. */
void *const oxbeam_variadic[] = {
    (void *)enif_make_tuple, (void *)enif_make_list, (void *)enif_vfprintf,
    (void *)enif_vsnprintf, (void *)enif_fprintf, (void *)enif_snprintf, (void *)enif_set_option,
};
