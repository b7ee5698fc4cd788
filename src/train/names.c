#include "train/names.h"

#include <string.h>

const char *bpnn__list_names(char *text, const char *const *names, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(names[i]);
        if (size + length + 3 > BPNN__NAMES_SIZE)
            break;
        if (size > 0) {
            text[size++] = ',';
            text[size++] = ' ';
        }
        memcpy(text + size, names[i], length);
        size += length;
    }
    text[size] = '\0';
    return count ? text : "none";
}
