/* admit_cases — alter, sign again, admit, compare the reason. */
#include "tests/support/admit_cases.h"

#include <stdio.h>
#include <string.h>

static bool holds(const struct admit_case *one)
{
    struct papers *papers = papers_open();
    char reason[160] = "";

    one->alter(papers);
    int err = papers_admit(papers, NULL, reason);
    papers_close(papers);
    bool is_refused = one->reason[0] != '\0';
    bool fits = is_refused ? strncmp(reason, one->reason, strlen(one->reason)) == 0 : !reason[0];
    if (fits && (err != HL_OK) == is_refused)
        return true;
    (void)fprintf(stderr, "%s: wanted \"%s\", was %d \"%s\"\n", one->name, one->reason, err,
                  reason);
    return false;
}

size_t admit_cases_failed(const struct admit_case *cases, size_t count)
{
    size_t failed = 0;

    for (size_t i = 0; i < count; i++)
        failed += !holds(&cases[i]);
    return failed;
}
