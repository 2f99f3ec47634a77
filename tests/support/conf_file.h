/* conf_file — a hotlined.conf of a test's own, in /tmp: relative paths in it begin there. */
#ifndef HOTLINE_TESTS_SUPPORT_CONF_FILE_H
#define HOTLINE_TESTS_SUPPORT_CONF_FILE_H

#define CONF_HEX64 "35dbd1ba17be4fb903aea5979614a58c910ffbb5ddd13f471dea23557ed4d894"
/* What must be said, and nothing else. */
#define CONF_GOOD                                                                                  \
    "name = \"r1\"\nns = \"" CONF_HEX64 "\"\nroot = \"" CONF_HEX64                                 \
    "\"\nstate_dir = \"/var/lib/r1\"\n"                                                            \
    "federation = \"directory\"\nlisten = {\"127.0.0.1:7401\", \"[::1]:7402\"}\n"

extern char conf_path[64];

/* A test's setup and teardown. */
int conf_file_up(void **state);
int conf_file_down(void **state);
/* One text after the other is all that stands in it. */
void conf_file_write(const char *text, const char *more);

#endif
