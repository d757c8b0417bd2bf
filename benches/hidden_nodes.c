/* Connects with a node as so many hidden nodes, says how many are connected, and stays so until its input ends:
     hidden_nodes NODE COOKIE COUNT */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <ei.h>
#include <ei_connect.h>

int main(int argc, char **argv)
{
    if (argc != 4 || ei_init() != 0)
        return 2;
    int count = atoi(argv[3]), connected = 0;
    for (int i = 0; i < count; i++) {
        /* Kept as long as its connection. */
        ei_cnode *node = malloc(sizeof *node);
        struct in_addr here = { .s_addr = htonl(INADDR_LOOPBACK) };
        char alive[32], full[64];
        snprintf(alive, sizeof alive, "hidden%d", i);
        snprintf(full, sizeof full, "%s@127.0.0.1", alive);
        if (ei_connect_xinit(node, "127.0.0.1", alive, full, (Erl_IpAddr)&here, argv[2], 1) < 0)
            break;
        if (ei_connect(node, argv[1]) < 0)
            break;
        connected++;
    }
    printf("%d\n", connected);
    fflush(stdout);
    char c;
    while (read(0, &c, 1) > 0)
        ;
    return 0;
}
