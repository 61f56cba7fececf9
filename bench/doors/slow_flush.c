/* Makes a disk slower: each fdatasync and fsync takes SLOW_FLUSH_US microseconds more. Loaded with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static int then(const char *name, int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *more = getenv("SLOW_FLUSH_US");
    if (more)
        usleep((useconds_t)atoi(more));
    return real(file);
}

int fdatasync(int file) { return then("fdatasync", file); }
int fsync(int file) { return then("fsync", file); }
