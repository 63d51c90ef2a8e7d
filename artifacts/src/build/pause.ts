/**
 * The program that holds a pod's namespaces open, in C because it is resident once per pod. It reaps orphans, ends on
 * SIGTERM and SIGINT, and answers `-v`, which is the health check of `kubeadm upgrade`.
 */
export function pauseSource(version: string): string {
  return `#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void finish(int number) {
  (void)number;
  _exit(0);
}

static void reap(int number) {
  (void)number;
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
}

int main(int argc, char **argv) {
  for (int index = 1; index < argc; index++) {
    if (strcmp(argv[index], "-v") == 0) {
      puts("pause ${version}");
      return 0;
    }
  }
  struct sigaction end = {.sa_handler = finish};
  struct sigaction child = {.sa_handler = reap, .sa_flags = SA_NOCLDSTOP};
  if (sigaction(SIGTERM, &end, NULL) != 0) return 1;
  if (sigaction(SIGINT, &end, NULL) != 0) return 1;
  if (sigaction(SIGCHLD, &child, NULL) != 0) return 1;
  // Whoever ended before the handler was there sends no signal any more.
  reap(0);
  for (;;) pause();
}
`;
}
