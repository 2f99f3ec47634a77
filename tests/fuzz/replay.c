/* replay — run a fuzz target over its corpus (tests/fuzz/corpus/<target>) and every truncation of each input.
 * Prints TAP: one line for the whole corpus. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX ((size_t)1 << 20)

static size_t replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_MAX);
    size_t len = file && data ? fread(data, 1, INPUT_MAX, file) : 0;

    if (file)
        (void)fclose(file);
    for (size_t cut = 0; cut <= len; cut += len > 4096 ? 97 : 1)
        (void)LLVMFuzzerTestOneInput(data, cut);
    (void)LLVMFuzzerTestOneInput(data, len);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    const char *base = strrchr(argv[0], '/');
    char folder[512];
    size_t seen = 0;

    (void)argc;
    base = base ? base + 1 : argv[0];
    int name_len = (int)(strlen(base) - strlen("-replay"));
    (void)snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%.*s", name_len, base);
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);

    DIR *dir = opendir(folder);
    struct dirent *entry = NULL;
    while (dir && (entry = readdir(dir))) {
        char path[1024];

        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        seen += replay_file(path);
    }
    if (dir)
        (void)closedir(dir);
    printf("%s 1 - %.*s corpus of %zu inputs does not crash\n", seen ? "ok" : "not ok", name_len,
           base, seen);
    return seen ? 0 : 1;
}
