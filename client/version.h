/* version — of this program. */
#ifndef HOTLINE_CLIENT_VERSION_H
#define HOTLINE_CLIENT_VERSION_H

#define HOTLINE_VERSION "0.1.0"

#endif
