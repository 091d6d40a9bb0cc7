/* Galera aborts where pthread_getschedparam fails with ESRCH, as it does in some containers. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

typedef int function(pthread_t, int *, struct sched_param *);

int pthread_getschedparam(pthread_t thread, int *policy, struct sched_param *parameters) {
  function *original = (function *)dlsym(RTLD_NEXT, "pthread_getschedparam");
  int error = original(thread, policy, parameters);
  if (error != ESRCH) return error;
  *policy = SCHED_OTHER;
  parameters->sched_priority = 0;
  return 0;
}
