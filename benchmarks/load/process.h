/* What the load generator and the server have used. */
#ifndef PROCESS_H
#define PROCESS_H

struct memory {
    long now;  /* resident, kB */
    long peak; /* its highest since the process started, kB */
};

double own_cpu_seconds(void);
/* User and system time of the processes of --pids, with all their threads. */
double server_cpu_seconds(void);
struct memory server_memory(void);

#endif
