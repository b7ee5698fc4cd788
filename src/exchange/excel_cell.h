/* Places and texts of a workbook's cells. */
#ifndef BPNN_EXCHANGE_EXCEL_CELL_H
#define BPNN_EXCHANGE_EXCEL_CELL_H

#include "exchange/exchange.h"
#include "exchange/put.h"

#include <stdio.h>

/* excel_check.c: USAGE where the model does not fit a workbook. */
bpnn_status bpnn__check_excel(const bpnn_model *model, bpnn_error *error);

enum { CELL = 32 };

/* "A", .. "XFD" for columns 0 .. */
static inline void column_name(char name[CELL], size_t c)
{
    char back[CELL];
    size_t n = 0;
    for (c++; c > 0; c = (c - 1) / 26)
        back[n++] = (char)('A' + (c - 1) % 26);
    for (size_t i = 0; i < n; i++)
        name[i] = back[n - 1 - i];
    name[n] = '\0';
}

/* Column c from 0, row from 1, $ before the column and, with `fixed`, before the row. */
static inline void put_place(bpnn__text *to, size_t c, size_t row, bool fixed)
{
    char name[CELL];
    column_name(name, c);
    bpnn__put(to, fixed ? "$%s$%zu" : "$%s%zu", name, row);
}

static inline void put_range(bpnn__text *to, size_t first, size_t last, size_t row, bool fixed)
{
    put_place(to, first, row, fixed);
    bpnn__text_add(to, ":");
    put_place(to, last, row, fixed);
}

/* XML; what XML cannot hold as _xHHHH_, which spreadsheets read back, and so the beginning of texts that look like it. */
static inline void put_xml(bpnn__text *to, const char *text)
{
    while (*text) {
        const char *from = text;
        uint32_t c = bpnn__next_character(&text);
        char escape[CELL];
        bool looks = c == '_' && *text == 'x';
        if (looks || (c < 32 && c != '\t' && c != '\n') || c == 0xfffe || c == 0xffff) {
            snprintf(escape, sizeof escape, "_x%04X_", (unsigned)c);
            bpnn__text_add(to, escape);
        } else if (c == '&' || c == '<' || c == '>') {
            bpnn__text_add(to, c == '&' ? "&amp;" : c == '<' ? "&lt;" : "&gt;");
        } else {
            bpnn__text_add_bytes(to, from, (size_t)(text - from));
        }
    }
}

#endif
