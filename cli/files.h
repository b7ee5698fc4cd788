/* Files the program itself writes, and standard streams. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A file that is written aside and renamed when it is whole; standard output and devices are written directly. */
typedef struct sink {
    FILE *file;
    char *path, *aside; /* behind symbolic links; NULL for standard output and devices */
    const char *shown;
} sink;

/* path NULL or "-" is standard output. Returns an exit code. */
int open_sink(sink *s, const char *path);

/* Ends the file; code 0 makes it appear, another leaves what was there. Returns the exit code. */
int close_sink(sink *s, int code);

/* Whether a file can come to be at path, before hours go into it. Returns an exit code. */
int check_place(const char *path);

/* Do both name one existing file? */
bool same_file(const char *a, const char *b);

/* All of a file ("-" = standard input), at most `limit` bytes, terminated; NULL: said, with *code. */
char *read_whole(const char *path, size_t limit, size_t *size, int *code);

/* A standard stream that is closed would be taken by the next file opened. */
void hold_streams(void);

#endif
