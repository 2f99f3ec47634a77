/* shortage — a relay that refuses deposits for its own sake says so once when it begins and once when it ends. */
#include "daemon/shortage.h"

#include <stdio.h>

typedef unsigned long long number;

static void add_free(uint64_t disk_free, char ret_text[static 32])
{
    if (disk_free == UINT64_MAX)
        (void)snprintf(ret_text, 32, "an unknown number of");
    else
        (void)snprintf(ret_text, 32, "%llu", (number)disk_free);
}

static void tell_begin(enum shortage_kind kind, const struct relay_limits *limits,
                       uint64_t disk_free, char *line)
{
    uint64_t reserve =
        limits->flash_reserve < limits->disk_min ? limits->flash_reserve : limits->disk_min;
    char octets[32];

    add_free(disk_free, octets);
    if (kind == SHORTAGE_SPACE)
        (void)snprintf(line, SHORTAGE_LINE_SIZE,
                       "ALARM: deposits are refused, there is no room: %s octets free, %llu needed "
                       "(disk_min; FLASH is taken down to %llu); make room, senders come again",
                       octets, (number)limits->disk_min, (number)(limits->disk_min - reserve));
    else
        (void)snprintf(line, SHORTAGE_LINE_SIZE,
                       "ALARM: deposits are refused, too much waits for the disk, or memory is "
                       "short: %s octets free; look at the disk's speed, senders come again",
                       octets);
}

static void tell_end(enum shortage_kind kind, uint64_t refused, uint64_t disk_free, char *line)
{
    char octets[32];

    add_free(disk_free, octets);
    (void)snprintf(line, SHORTAGE_LINE_SIZE,
                   "deposits are taken again: %s (%s octets free); %llu were refused meanwhile",
                   kind == SHORTAGE_SPACE ? "there is room" : "what waited is written", octets,
                   (number)refused);
}

bool shortages_step(struct shortages *shortages, const struct relay_status *status,
                    const struct relay_limits *limits, uint64_t disk_free, int64_t mono_ms,
                    char ret_line[static SHORTAGE_LINE_SIZE])
{
    const uint64_t refused[SHORTAGE_KINDS] = {status->refused_space, status->refused_busy};

    for (size_t kind = 0; kind < SHORTAGE_KINDS; kind++) {
        bool has_refused = refused[kind] != shortages->of[kind].refused;

        if (has_refused)
            shortages->of[kind].last_ms = mono_ms;
        if (has_refused && !shortages->of[kind].is_short) {
            shortages->of[kind].is_short = true;
            shortages->of[kind].told = shortages->of[kind].refused;
            shortages->of[kind].refused = refused[kind];
            tell_begin((enum shortage_kind)kind, limits, disk_free, ret_line);
            return true;
        }
        shortages->of[kind].refused = refused[kind];
        if (!shortages->of[kind].is_short || (kind == SHORTAGE_SPACE && !status->has_space) ||
            mono_ms - shortages->of[kind].last_ms < SHORTAGE_CALM_MS)
            continue;
        shortages->of[kind].is_short = false;
        tell_end((enum shortage_kind)kind, refused[kind] - shortages->of[kind].told, disk_free,
                 ret_line);
        return true;
    }
    return false;
}
