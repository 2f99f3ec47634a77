/* strict_table — short rows for schema tables: one macro a kind of field. A row's order is tag, need, range. */
#ifndef HOTLINE_BASE_STRICT_TABLE_H
#define HOTLINE_BASE_STRICT_TABLE_H

#include "base/strict.h"

#define MUST STRICT_MUST
#define MAY  STRICT_MAY

/* octets of min..max; text of min..max octets; free text that may hold newlines */
#define ROW_OCTETS(t, n, lo, hi)                                                                   \
    {                                                                                              \
        .tag = (t), .need = (n), .min = (lo), .max = (hi)                                          \
    }
#define ROW_EXACT(t, n, len) ROW_OCTETS(t, n, len, len)
#define ROW_TEXT(t, n, lo, hi)                                                                     \
    {                                                                                              \
        .tag = (t), .need = (n), .min = (lo), .max = (hi)                                          \
    }
#define ROW_LINES(t, n, lo, hi)                                                                    \
    {                                                                                              \
        .tag = (t), .need = (n), .min = (lo), .max = (hi), .allows_newlines = true                 \
    }
/* whole number of lo..hi; time; sequence number or version; bool */
#define ROW_NUMBER(t, n, lo, hi)                                                                   \
    {                                                                                              \
        .tag = (t), .need = (n), .min = (lo), .max = (hi)                                          \
    }
#define ROW_MS(t, n)  ROW_NUMBER(t, n, STRICT_MS_MIN, STRICT_MS_MAX)
#define ROW_SEQ(t, n) ROW_NUMBER(t, n, 1, STRICT_SEQ_MAX)
#define ROW_BOOL(t)                                                                                \
    {                                                                                              \
        .tag = (t), .need = MAY                                                                    \
    }
/* enum of lo..hi, closed; open: any positive number, unknown ones too */
#define ROW_ENUM(t, n, lo, hi)                                                                     \
    {                                                                                              \
        .tag = (t), .need = (n), .min = (lo), .max = (hi)                                          \
    }
#define ROW_OPEN(t, n)                                                                             \
    {                                                                                              \
        .tag = (t), .need = (n), .min = 1, .max = INT32_MAX, .is_open = true                       \
    }
/* message; repeated messages; repeated octets, texts, numbers */
#define ROW_MESSAGE(t, n)                                                                          \
    {                                                                                              \
        .tag = (t), .need = (n)                                                                    \
    }
#define ROW_MESSAGES(t, few, many)                                                                 \
    {                                                                                              \
        .tag = (t), .items_min = (few), .items_max = (many)                                        \
    }
#define ROW_ITEMS(t, lo, hi, few, many)                                                            \
    {                                                                                              \
        .tag = (t), .min = (lo), .max = (hi), .items_min = (few), .items_max = (many)              \
    }
#define ROW_OPENS(t, few, many)                                                                    \
    {                                                                                              \
        .tag = (t), .min = 1, .max = INT32_MAX, .is_open = true, .items_min = (few),               \
        .items_max = (many)                                                                        \
    }

#define TABLE(name, rows)                                                                          \
    {                                                                                              \
        &hotline__v1__##name##__descriptor, (rows), sizeof(rows) / sizeof((rows)[0])               \
    }

#endif
