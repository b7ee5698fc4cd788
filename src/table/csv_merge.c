/* Putting the pieces of a CSV file together, in the order of the file. */
#include "base/error.h"
#include "base/memory.h"
#include "table/csv_pass.h"

#include <string.h>

/* The codes of a piece's words become those of the table's. */
static bpnn_status recode(bpnn__dictionary *words, const bpnn__dictionary *own, bpnn__block *block, size_t c,
                          bpnn_error *error)
{
    uint32_t *cells = bpnn__block_column(block, c), *code = bpnn__alloc(own->count, sizeof *code);
    bool wide = bpnn__block_is_wide(block, c), same = true;
    for (size_t w = 0; code && w < own->count; w++) {
        const char *word = bpnn__dictionary_word(own, w);
        size_t found = bpnn__dictionary_add(words, word, strlen(word));
        if (found == SIZE_MAX) {
            bpnn__free(code);
            return bpnn__fail_memory(error);
        }
        code[w] = (uint32_t)found;
        same = same && found == w;
    }
    for (size_t r = 0; code && !same && r < block->rows; r++) {
        double x = bpnn__block_cell(block, r, c);
        if (x != x)
            continue;
        x = (double)code[(size_t)x];
        if (wide)
            memcpy(cells + 2 * r, &x, sizeof x);
        else
            cells[r] = (uint32_t)x;
    }
    bpnn__free(code);
    return code ? BPNN_OK : bpnn__fail_memory(error);
}

/* Dictionaries of the table come into being with the first word. */
static bpnn_status merge_words(bpnn__pass *p, bpnn__chunk *k, size_t c, bpnn_error *error)
{
    bpnn__column *column = &p->table->columns[c];
    bpnn__dictionary *own = k->words ? k->words[c] : NULL;
    if (!own || own->count == 0)
        return BPNN_OK;
    bpnn_status status = recode(column->words, own, &k->desk.block, c, error);
    /* narrow cells hold codes below 2^26, and a round adds far fewer words than half of them */
    p->csv.wide[c] = p->csv.wide[c] || column->words->count >= BPNN__NARROW_LIMIT / 2;
    bpnn__dictionary_clear(own);
    return status;
}

static bpnn_status merge_columns(bpnn__pass *p, bpnn__chunk *k, bpnn_error *error)
{
    bpnn_table *t = p->table;
    bpnn_status status = BPNN_OK;
    for (size_t c = 0; c < t->column_count && status == BPNN_OK; c++) {
        bpnn__column *column = &t->columns[c];
        column->missing += k->found[c].missing;
        p->csv.wide[c] = p->csv.wide[c] || k->wide[c];
        if (k->found[c].first_text != UINT32_MAX) {
            p->text_next[c] = true;
            column->all_numbers = false;
            if (column->first_text == SIZE_MAX)
                column->first_text = t->rows + k->found[c].first_text;
        }
        status = merge_words(p, k, c, error);
    }
    return status;
}

static bpnn_status merge_rows(bpnn__pass *p, bpnn__chunk *k, bpnn_error *error)
{
    bpnn_table *t = p->table;
    bpnn_status status = merge_columns(p, k, error);
    for (size_t i = 0; i < k->note_count && status == BPNN_OK; i++)
        if (!bpnn__table_note_line(t, t->rows + k->notes[i].row, p->line + k->notes[i].line + 1))
            status = bpnn__fail_memory(error);
    if (status != BPNN_OK || k->desk.block.rows == 0)
        return status;
    return bpnn__table_add_block(t, &k->desk.block) ? BPNN_OK : bpnn__fail_memory(error);
}

bpnn_status bpnn__csv_merge(bpnn__pass *p, bpnn__chunk *k, bpnn_error *error)
{
    if (k->status != BPNN_OK) {
        k->error.line += k->error.line ? p->line : 0;
        if (error)
            *error = k->error;
        return k->status;
    }
    p->again = p->again || k->again;
    bpnn_status status = BPNN_OK;
    if (!p->again)
        status = merge_rows(p, k, error);
    for (size_t c = 0; p->again && c < p->table->column_count; c++)
        p->text_next[c] = p->text_next[c] || k->found[c].first_text != UINT32_MAX;
    p->line += k->lines;
    return status;
}
