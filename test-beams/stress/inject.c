/* Makes calls of the system on internet sockets fail, for `injected.erl` and `storm.erl`: preloaded into an emulator.
   The file named by INJECT holds "OPERATION ERRNO SKIP COUNT": after SKIP calls of OPERATION the next COUNT fail. Operations are
   open, accept, connect, read and write, whichever call an emulator uses for them. The file is read again when it changes.
   "storm SEED PARTIAL AGAIN FAIL" instead works on every call by chance, each in 100,000: reads and writes take a part
   of what they could, or say EAGAIN; every operation fails with an error that it may have; "mild" lets reads fail by resets only. What is held back so is no lie to
   whoever watches edges: the descriptor's readiness is told anew.
   "datagrams SEED LOST AGAIN FAIL" is the like for datagrams, also those of Unix-domain sockets: some are lost without a word. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char what[16];
static int number, skip, count, rate;
static unsigned long long dice;
static struct stat seen;
static __thread int inside;

enum verdict { PASS, FAIL, PARTIAL, LOST };
enum kind { OTHER, INTERNET, DATAGRAMS, LOCAL_DATAGRAMS };

/* Under the lock. */
static unsigned roll(unsigned below) {
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (unsigned)(dice >> 20) % below;
}

static enum verdict storm(const char *operation, int mild) {
    static const int opens[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM}, accepts[] = {EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM},
        reads[] = {EINTR, ENOBUFS, ENOMEM, ECONNRESET}, writes[] = {EINTR, ENOBUFS, ENOMEM, EPIPE, ECONNRESET};
#define ONE(a) (a[roll(sizeof a / sizeof *a)])
    int moves = *operation == 'r' || *operation == 'w';
    unsigned r = roll(100000);
    /* There are few connections for the bytes. */
    if (r < (unsigned)rate * (moves ? 1 : 20)) {
        errno = *operation == 'o' ? ONE(opens) : *operation == 'a' ? ONE(accepts) : *operation == 'c' ? EINTR
            : *operation == 'r' ? mild ? ECONNRESET : ONE(reads) : ONE(writes);
        return FAIL;
    }
    if (!moves) return PASS;
    r -= rate;
    if (r < (unsigned)count) {
        errno = EAGAIN;
        return FAIL;
    }
    r -= count;
    return r < (unsigned)skip ? PARTIAL : PASS;
}

static enum verdict datagrams(const char *operation) {
    static const int opens[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM}, reads[] = {EINTR, ENOBUFS, ENOMEM, ECONNREFUSED},
        writes[] = {EINTR, ENOBUFS, ENOMEM, ECONNREFUSED};
    int moves = *operation == 'r' || *operation == 'w';
    unsigned r = roll(100000);
    if (r < (unsigned)rate * (moves ? 1 : 20)) {
        errno = *operation == 'o' ? ONE(opens) : *operation == 'c' ? ENOBUFS : *operation == 'r' ? ONE(reads) : ONE(writes);
        return FAIL;
    }
    if (!moves) return PASS;
    r -= rate;
    if (r < (unsigned)count) {
        errno = EAGAIN;
        return FAIL;
    }
    r -= count;
    return *operation == 'w' && r < (unsigned)skip ? LOST : PASS;
}

static enum verdict judge(const char *operation, enum kind kind) {
    const char *name = getenv("INJECT");
    struct stat st;
    enum verdict v = PASS;
    int error = errno;
    if (!name || inside || kind == OTHER) return PASS;
    inside = 1;
    pthread_mutex_lock(&lock);
    if (stat(name, &st) == 0
        && (seen.st_ino != st.st_ino || memcmp(&seen.st_mtim, &st.st_mtim, sizeof st.st_mtim) != 0)) {
        FILE *f = fopen(name, "re");
        seen = st;
        rate = 0;
        if (!f || fscanf(f, "%15s %d %d %d %d", what, &number, &skip, &count, &rate) < 4) *what = 0;
        if (f) fclose(f);
        dice = number * 0x9e3779b97f4a7c15ull + 1;
    }
    errno = error;
    if (strcmp(what, "datagrams") == 0) v = kind == INTERNET ? PASS : datagrams(operation);
    else if (kind == LOCAL_DATAGRAMS) v = PASS;
    else if (strcmp(what, "storm") == 0 || strcmp(what, "mild") == 0) v = storm(operation, *what == 'm');
    else if (strcmp(operation, what) == 0 && count > 0) {
        if (skip > 0) skip--;
        else { count--; errno = number; v = FAIL; }
    }
    pthread_mutex_unlock(&lock);
    inside = 0;
    return v;
}

static enum kind kind_of(int family, int type) {
    int datagrams = (type & 15) == SOCK_DGRAM;
    return family == AF_INET ? datagrams ? DATAGRAMS : INTERNET : family == AF_UNIX && datagrams ? LOCAL_DATAGRAMS : OTHER;
}

static enum kind kind(int fd) {
    int family, type, before = errno;
    socklen_t n = sizeof family, m = sizeof type;
    enum kind k = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &n) == 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &m) == 0
        ? kind_of(family, type) : OTHER;
    errno = before;
    return k;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* Who watches a descriptor's edges. */
#define FDS 4096
#define SETS 4
static struct watch { int set; struct epoll_event event; } watches[FDS][SETS];
static pthread_mutex_t watching = PTHREAD_MUTEX_INITIALIZER;

int epoll_ctl(int set, int op, int fd, struct epoll_event *event) {
    REAL(epoll_ctl);
    int done, error, i;
    pthread_mutex_lock(&watching);
    done = real(set, op, fd, event);
    error = errno;
    if (done == 0 && fd >= 0 && fd < FDS) {
        struct watch *w = watches[fd], *found = NULL;
        for (i = 0; i < SETS && !found; i++) if (w[i].set == set + 1) found = w + i;
        for (i = 0; i < SETS && !found; i++) if (w[i].set == 0) found = w + i;
        if (found) {
            found->set = op == EPOLL_CTL_DEL ? 0 : set + 1;
            if (op != EPOLL_CTL_DEL) found->event = *event;
        }
    }
    pthread_mutex_unlock(&watching);
    errno = error;
    return done;
}

static void tell_again(int fd) {
    static int (*real)(int, int, int, struct epoll_event *);
    int error = errno, i;
    if (!real) real = (int (*)(int, int, int, struct epoll_event *))dlsym(RTLD_NEXT, "epoll_ctl");
    if (fd < 0 || fd >= FDS) return;
    pthread_mutex_lock(&watching);
    for (i = 0; i < SETS; i++) {
        struct watch *w = &watches[fd][i];
        if (w->set && (w->event.events & EPOLLET) && !(w->event.events & EPOLLONESHOT)) real(w->set - 1, EPOLL_CTL_MOD, fd, &w->event);
    }
    pthread_mutex_unlock(&watching);
    errno = error;
}

static size_t part(size_t n) {
    if (n < 2) return n;
    pthread_mutex_lock(&lock);
    n = 1 + roll(n > 1u << 30 ? 1u << 30 : (unsigned)n);
    pthread_mutex_unlock(&lock);
    return n;
}

static size_t size(const struct iovec *v, size_t n) {
    size_t all = 0;
    while (n-- > 0) all += v++->iov_len;
    return all;
}

/* The first part of these, in `to`: how many there are. */
static int cut(const struct iovec *from, int n, struct iovec *to, int room) {
    size_t all;
    int i;
    if (n > room) n = room;
    all = part(size(from, (size_t)n));
    for (i = 0; i < n && all > 0; i++) {
        to[i] = from[i];
        if (to[i].iov_len > all) to[i].iov_len = all;
        all -= to[i].iov_len;
    }
    return i;
}

#define WRAP(type, name, operation, kind, formal, actual) \
    type name formal { REAL(name); if (judge(operation, kind) == FAIL) return -1; return real actual; }

WRAP(int, socket, "open", kind_of(f, t), (int f, int t, int p), (f, t, p))
WRAP(int, accept, "accept", INTERNET, (int s, struct sockaddr *a, socklen_t *n), (s, a, n))
WRAP(int, accept4, "accept", INTERNET, (int s, struct sockaddr *a, socklen_t *n, int f), (s, a, n, f))
WRAP(int, connect, "connect", kind(s), (int s, const struct sockaddr *a, socklen_t n), (s, a, n))

/* MOVES shortens what is moved by `shorten`, which may declare; `all` is how much there is of it. */
#define MOVES(name, operation, formal, actual, shorten, all) \
    ssize_t name formal { \
        REAL(name); \
        enum verdict v = judge(operation, kind(s)); \
        ssize_t done = -1; \
        if (v == PASS) return real actual; \
        if (v == LOST) return (ssize_t)(all); \
        if (v == PARTIAL) { shorten; done = real actual; } \
        if (v == PARTIAL || errno == EAGAIN) tell_again(s); \
        return done; \
    }
#define SHORT_MESSAGE struct iovec some[64]; struct msghdr c = *m; c.msg_iovlen = cut(m->msg_iov, (int)m->msg_iovlen, some, 64); c.msg_iov = some; m = &c

MOVES(recv, "read", (int s, void *b, size_t n, int f), (s, b, n, f), n = part(n), n)
MOVES(recvfrom, "read", (int s, void *b, size_t n, int f, struct sockaddr *a, socklen_t *l), (s, b, n, f, a, l), n = part(n), n)
MOVES(send, "write", (int s, const void *b, size_t n, int f), (s, b, n, f), n = part(n), n)
MOVES(sendto, "write", (int s, const void *b, size_t n, int f, const struct sockaddr *a, socklen_t l), (s, b, n, f, a, l), n = part(n), n)
MOVES(sendmsg, "write", (int s, const struct msghdr *m, int f), (s, m, f), SHORT_MESSAGE, size(m->msg_iov, m->msg_iovlen))

ssize_t recvmsg(int s, struct msghdr *m, int f) {
    REAL(recvmsg);
    enum verdict v = judge("read", kind(s));
    ssize_t done = -1;
    if (v == PASS) return real(s, m, f);
    if (v == PARTIAL) {
        struct iovec some[64], *all = m->msg_iov;
        size_t n = m->msg_iovlen;
        m->msg_iovlen = cut(all, (int)n, some, 64);
        m->msg_iov = some;
        done = real(s, m, f);
        m->msg_iov = all;
        m->msg_iovlen = n;
    }
    if (v == PARTIAL || errno == EAGAIN) tell_again(s);
    return done;
}

ssize_t writev(int s, const struct iovec *v, int n) {
    REAL(writev);
    enum verdict verdict = judge("write", kind(s));
    ssize_t done = -1;
    if (verdict == PASS) return real(s, v, n);
    if (verdict == LOST) return (ssize_t)size(v, (size_t)n);
    if (verdict == PARTIAL) {
        struct iovec some[64];
        n = cut(v, n, some, 64);
        done = real(s, some, n);
    }
    if (verdict == PARTIAL || errno == EAGAIN) tell_again(s);
    return done;
}

/* The same calls by their numbers. */
long syscall(long number, ...) {
    REAL(syscall);
    long a[6];
    va_list rest;
    int i;
    va_start(rest, number);
    for (i = 0; i < 6; i++) a[i] = va_arg(rest, long);
    va_end(rest);
    switch (number) {
    case SYS_recvfrom: return recvfrom((int)a[0], (void *)a[1], (size_t)a[2], (int)a[3], (struct sockaddr *)a[4], (socklen_t *)a[5]);
    case SYS_sendto: return sendto((int)a[0], (void *)a[1], (size_t)a[2], (int)a[3], (struct sockaddr *)a[4], (socklen_t)a[5]);
    case SYS_sendmsg: return sendmsg((int)a[0], (struct msghdr *)a[1], (int)a[2]);
    case SYS_recvmsg: return recvmsg((int)a[0], (struct msghdr *)a[1], (int)a[2]);
    default: return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}
