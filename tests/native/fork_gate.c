/* Fork while another thread stays inside of libcrypto, as the gate of csrc/fork.c sees it, and does not come out.
 *
 * Prints what went well: the child may enter, the parent goes on and finds the gate as before, and a fork waits again for
 * a thread that does come out. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fork.h"

static atomic_int inside;
static atomic_int leave;
static atomic_int passes;

static void *stay(void *unused) {
    fj_fork_hold_off();
    atomic_store(&inside, 1);
    while (!atomic_load(&leave)) {
        usleep(1000);
    }
    fj_fork_let();
    return unused;
}

/* Inside, but for moments; a fork that did not wait for one of them would see an odd number. */
static void *pass(void *unused) {
    fj_fork_hold_off();
    atomic_store(&inside, 1);
    while (!atomic_load(&leave)) {
        atomic_fetch_add(&passes, 1);
        usleep(20000);
        atomic_fetch_add(&passes, 1);
        fj_fork_pass();
    }
    fj_fork_let();
    return unused;
}

static int status_of_child(int (*work)(void)) {
    int status = 1;
    const pid_t pid = fork();
    if (pid == 0) {
        alarm(20); /* a child that hangs ends by it */
        _exit(work());
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static int enter_and_leave(void) {
    fj_fork_hold_off();
    fj_fork_let();
    return 0;
}

static int saw_a_moment(void) {
    return atomic_load(&passes) % 2;
}

static pthread_t start(void *(*work)(void *)) {
    pthread_t thread;
    atomic_store(&inside, 0);
    atomic_store(&leave, 0);
    if (pthread_create(&thread, NULL, work, NULL) != 0) {
        exit(2);
    }
    while (!atomic_load(&inside)) {
        usleep(1000);
    }
    return thread;
}

static void end(pthread_t thread) {
    atomic_store(&leave, 1);
    pthread_join(thread, NULL);
}

int main(void) {
    if (!fj_fork_watch()) {
        return 2;
    }
    pthread_t thread = start(stay);
    if (status_of_child(enter_and_leave) == 0) {
        puts("child entered");
    }
    end(thread);
    fj_fork_hold_off();
    fj_fork_let();
    if (status_of_child(enter_and_leave) == 0) {
        puts("parent went on");
    }
    thread = start(pass);
    int waited = 1;
    for (int i = 0; i < 5; i++) {
        waited = waited && status_of_child(saw_a_moment) == 0;
    }
    end(thread);
    if (waited) {
        puts("next fork waited");
    }
    return 0;
}
