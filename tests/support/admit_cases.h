/* admit_cases — a table of alterations of a federation's documents, each with the reason that it must be refused for. */
#ifndef HOTLINE_TESTS_SUPPORT_ADMIT_CASES_H
#define HOTLINE_TESTS_SUPPORT_ADMIT_CASES_H

#include "tests/support/papers.h"

struct admit_case {
    const char *name;
    void (*alter)(struct papers *papers);
    const char *reason; /* how the reason begins; "" = admitted without a remark */
};
#define ALTER(name, code)                                                                          \
    static void name(struct papers *p)                                                             \
    {                                                                                              \
        code;                                                                                      \
    }
#define CASE(name, reason)                                                                         \
    {                                                                                              \
#name, name, reason                                                                        \
    }

/* Number of cases whose outcome is another one; each is printed. */
size_t admit_cases_failed(const struct admit_case *cases, size_t count);

#endif
