/* cmocka_all — cmocka with the headers it needs before it. */
#ifndef HOTLINE_TESTS_SUPPORT_CMOCKA_ALL_H
#define HOTLINE_TESTS_SUPPORT_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
