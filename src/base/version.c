/* The version that is linked. */
#include <bpnn/version.h>

const char *bpnn_version(void)
{
    return BPNN_VERSION_TEXT;
}
