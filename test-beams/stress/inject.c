/* Makes calls of the system on internet sockets fail, for `injected.erl`: preloaded into an emulator.
   The file named by INJECT holds "OPERATION ERRNO SKIP COUNT": after SKIP calls of OPERATION the next COUNT fail. Operations are
   open, accept, connect, read and write, whichever call an emulator uses for them. The file is read again when it changes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char what[16];
static int number, skip, count;
static struct timespec seen;
static __thread int inside;

static int fails(const char *operation) {
    const char *name = getenv("INJECT");
    struct stat st;
    int yes = 0;
    if (!name || inside) return 0;
    inside = 1;
    pthread_mutex_lock(&lock);
    if (stat(name, &st) == 0 && memcmp(&seen, &st.st_mtim, sizeof seen) != 0) {
        FILE *f = fopen(name, "re");
        seen = st.st_mtim;
        if (!f || fscanf(f, "%15s %d %d %d", what, &number, &skip, &count) != 4) count = 0;
        if (f) fclose(f);
    }
    if (count > 0 && strcmp(operation, what) == 0) {
        if (skip > 0) skip--;
        else { count--; yes = 1; }
    }
    pthread_mutex_unlock(&lock);
    inside = 0;
    if (yes) errno = number;
    return yes;
}

static int ours(int fd) {
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    int before = errno;
    int yes = getsockname(fd, (struct sockaddr *)&a, &n) == 0 && a.ss_family == AF_INET;
    errno = before;
    return yes;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define WRAP(type, name, operation, guard, formal, actual) \
    type name formal { REAL(name); if ((guard) && fails(operation)) return -1; return real actual; }

WRAP(int, socket, "open", f == AF_INET, (int f, int t, int p), (f, t, p))
WRAP(int, accept, "accept", 1, (int s, struct sockaddr *a, socklen_t *n), (s, a, n))
WRAP(int, accept4, "accept", 1, (int s, struct sockaddr *a, socklen_t *n, int f), (s, a, n, f))
WRAP(int, connect, "connect", ours(s), (int s, const struct sockaddr *a, socklen_t n), (s, a, n))
WRAP(ssize_t, recv, "read", ours(s), (int s, void *b, size_t n, int f), (s, b, n, f))
WRAP(ssize_t, recvfrom, "read", ours(s), (int s, void *b, size_t n, int f, struct sockaddr *a, socklen_t *l), (s, b, n, f, a, l))
WRAP(ssize_t, recvmsg, "read", ours(s), (int s, struct msghdr *m, int f), (s, m, f))
WRAP(ssize_t, send, "write", ours(s), (int s, const void *b, size_t n, int f), (s, b, n, f))
WRAP(ssize_t, sendto, "write", ours(s), (int s, const void *b, size_t n, int f, const struct sockaddr *a, socklen_t l), (s, b, n, f, a, l))
WRAP(ssize_t, sendmsg, "write", ours(s), (int s, const struct msghdr *m, int f), (s, m, f))
WRAP(ssize_t, writev, "write", ours(s), (int s, const struct iovec *v, int n), (s, v, n))
