/* A workbook in which every step is a live formula: columns, encoded inputs, sums and activations of the layers, values and labels. Each has
 * a sheet (an ensemble's members have their own ones); numbers of the model stand in cells. Names are texts in cells and never part of a
 * formula. No cell has a stored result: whoever opens the workbook computes it. */
#include "base/error.h"
#include "base/memory.h"
#include "exchange/excel_cell.h"
#include "exchange/formula.h"
#include "exchange/programs.h"
#include "exchange/row.h"
#include "exchange/zip.h"
#include "net/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 20, FIRST_ROW = 2, NAME = 64 };

static const bpnn__style numbers = {"", "NA()", "NA()", "NA()", 8};
static const bpnn__dialect dialect = {"IF(",    ",",    ",",    ")",    "EXP(", "TANH(",
                                      "ATANH(", "SIN(", "COS(", "ABS(", "ERF(", &numbers};

/* A workbook being written. */
typedef struct book {
    const bpnn_model *model;
    size_t members, sheets;
    bpnn__zip zip;
    bpnn__text list, relations, types; /* of the sheets */
    bpnn__text sheet;                  /* the one at work */
    bpnn__text formula;                /* the cell at work */
} book;

/* ---- cells ---- */

static void begin_cell(book *b, size_t c, size_t row, const char *type)
{
    char name[CELL];
    column_name(name, c);
    bpnn__put(&b->sheet, "<c r=\"%s%zu\"%s>", name, row, type);
}

static void add_text(book *b, size_t c, size_t row, const char *prefix, const char *text, const char *suffix)
{
    begin_cell(b, c, row, " t=\"inlineStr\"");
    bpnn__text_add(&b->sheet, "<is><t xml:space=\"preserve\">");
    bpnn__text_add(&b->sheet, prefix);
    put_xml(&b->sheet, text);
    bpnn__text_add(&b->sheet, suffix);
    bpnn__text_add(&b->sheet, "</t></is></c>");
}

static void add_number(book *b, size_t c, size_t row, double value)
{
    if (isnan(value))
        return;
    begin_cell(b, c, row, "");
    bpnn__put(&b->sheet, "<v>%g</v></c>", value);
}

/* b->formula becomes a cell. */
static void add_formula(book *b, size_t c, size_t row, bool text)
{
    begin_cell(b, c, row, text ? " t=\"str\"" : "");
    bpnn__text_add(&b->sheet, "<f>");
    if (b->formula.data)
        put_xml(&b->sheet, b->formula.data);
    bpnn__text_add(&b->sheet, "</f></c>");
    b->sheet.failed |= b->formula.failed;
    bpnn__text_free(&b->formula);
    b->formula = (bpnn__text){0};
}

static void begin_row(book *b, size_t row)
{
    bpnn__put(&b->sheet, "<row r=\"%zu\">", row);
}

static void end_row(book *b)
{
    bpnn__text_add(&b->sheet, "</row>\n");
}

/* ---- sheets ---- */

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define MAIN "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define OFFICE "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE "http://schemas.openxmlformats.org/package/2006/"
#define WORKBOOK "application/vnd.openxmlformats-officedocument.spreadsheetml."

/* "Layer 2", of an ensemble's third member "Layer 3.2"; m 0: none */
static void sheet_name(const book *b, char name[NAME], const char *kind, size_t k, size_t m)
{
    if (b->members > 1 && m > 0)
        snprintf(name, NAME, "%s %zu.%zu", kind, k + 1, m);
    else if (b->members > 1 || m > 0)
        snprintf(name, NAME, "%s %zu", kind, m > 0 ? m : k + 1);
    else
        snprintf(name, NAME, "%s", kind);
}

static void begin_sheet(book *b, const char *name)
{
    size_t n = ++b->sheets;
    bpnn__put(&b->list, "<sheet name=\"%s\" sheetId=\"%zu\" r:id=\"rId%zu\"/>", name, n, n);
    bpnn__put(&b->relations,
              "<Relationship Id=\"rId%zu\" Type=\"" OFFICE "/worksheet\" Target=\"worksheets/sheet%zu.xml\"/>", n, n);
    bpnn__put(&b->types,
              "<Override PartName=\"/xl/worksheets/sheet%zu.xml\" ContentType=\"" WORKBOOK "worksheet+xml\"/>", n);
    bpnn__text_add(&b->sheet, XML "<worksheet xmlns=\"" MAIN "\"><sheetData>\n");
}

static void end_sheet(book *b)
{
    char name[NAME];
    snprintf(name, sizeof name, "xl/worksheets/sheet%zu.xml", b->sheets);
    bpnn__text_add(&b->sheet, "</sheetData></worksheet>\n");
    bpnn__zip_add(&b->zip, name, &b->sheet);
    bpnn__text_free(&b->sheet);
    b->sheet = (bpnn__text){0};
}

/* "'Layer 2'!" */
static void put_sheet(book *b, const char *kind, size_t k, size_t m)
{
    char name[NAME];
    sheet_name(b, name, kind, k, m);
    bpnn__put(&b->formula, "'%s'!", name);
}

/* ---- the sheets of names and numbers ---- */

/* Column A: classes; from column B on the levels of every column of the table. */
static void add_names(book *b)
{
    const bpnn__schema *s = &b->model->schema;
    size_t rows = s->class_count;
    for (size_t f = 0; f < s->feature_count; f++)
        rows = s->features[f].categorical && s->features[f].level_count > rows ? s->features[f].level_count : rows;
    begin_sheet(b, "Names");
    for (size_t r = 0; r < rows; r++) {
        begin_row(b, r + 1);
        if (r < s->class_count)
            add_text(b, 0, r + 1, "", s->classes[r], "");
        for (size_t f = 0; f < s->feature_count; f++)
            if (s->features[f].categorical && r < s->features[f].level_count)
                add_text(b, f + 1, r + 1, "", s->features[f].levels[r], "");
        end_row(b);
    }
    end_sheet(b);
}

/* Rows of the sheet of scaling. */
enum { FILL = 1, MEAN, SCALE, TARGET_MEAN, TARGET_SCALE };

static void add_scaling(book *b, size_t k)
{
    const bpnn__schema *s = &bpnn_model_member(b->model, k)->schema;
    char name[NAME];
    sheet_name(b, name, "Scaling", k, 0);
    begin_sheet(b, name);
    for (size_t row = FILL; row <= TARGET_SCALE; row++) {
        begin_row(b, row);
        for (size_t f = 0; row <= SCALE && f < s->feature_count; f++)
            if (!s->features[f].categorical)
                add_number(b, s->features[f].first, row,
                           row == FILL   ? s->features[f].fill
                           : row == MEAN ? s->mean[s->features[f].first]
                                         : s->scale[s->features[f].first]);
        for (size_t i = 0; row > SCALE && s->task == BPNN_TASK_REGRESSION && i < s->target_count; i++)
            add_number(b, i, row, row == TARGET_MEAN ? s->target_mean[i] : s->target_scale[i]);
        end_row(b);
    }
    end_sheet(b);
}

/* A row a unit: its weights, then its bias. */
static void add_weights(book *b, size_t k, size_t m)
{
    const bpnn_net *net = bpnn_model_member(b->model, k)->net;
    size_t in = bpnn__net_size(net, m - 1);
    char name[NAME];
    sheet_name(b, name, "Weights", k, m);
    begin_sheet(b, name);
    for (size_t i = 0; i < bpnn__net_size(net, m); i++) {
        begin_row(b, i + 1);
        for (size_t j = 0; j < in; j++)
            add_number(b, j, i + 1, bpnn__weight_of(net, m, j, i));
        add_number(b, in, i + 1, bpnn__bias_of(net, m, i));
        end_row(b);
    }
    end_sheet(b);
}

/* ---- the sheets of formulas ---- */

static void put_scaling(book *b, size_t k, size_t c, size_t row)
{
    put_sheet(b, "Scaling", k, 0);
    put_place(&b->formula, c, row, true);
}

/* IF(ISNUMBER(cell),yes, */
static void put_is_number(book *b, size_t f, size_t row, const char *yes)
{
    bpnn__text_add(&b->formula, "IF(ISNUMBER(Predict!");
    put_place(&b->formula, f, row, false);
    bpnn__put(&b->formula, "),%s", yes);
}

static void put_scaled(book *b, size_t k, size_t f, size_t row)
{
    const bpnn__schema *s = &b->model->schema;
    size_t first = s->features[f].first;
    bpnn__text_add(&b->formula, "(");
    put_is_number(b, f, row, "Predict!");
    put_place(&b->formula, f, row, false);
    bpnn__text_add(&b->formula, ",");
    if (s->missing == BPNN_MISSING_ERROR)
        bpnn__text_add(&b->formula, "NA()");
    else
        put_scaling(b, k, first, FILL);
    bpnn__text_add(&b->formula, ")-");
    put_scaling(b, k, first, MEAN);
    bpnn__text_add(&b->formula, ")/");
    put_scaling(b, k, first, SCALE);
}

static void add_input(book *b, size_t k, size_t f, size_t i, size_t row)
{
    const bpnn__feature *at = &b->model->schema.features[f];
    if (at->categorical && i < at->level_count) {
        bpnn__text_add(&b->formula, "IF(EXACT(Predict!");
        put_place(&b->formula, f, row, false);
        bpnn__text_add(&b->formula, ",Names!");
        put_place(&b->formula, f + 1, i + 1, true);
        bpnn__text_add(&b->formula, "),1,0)");
    } else if (at->categorical) {
        bpnn__text_add(&b->formula, "IF(Predict!");
        put_place(&b->formula, f, row, false);
        bpnn__text_add(&b->formula, "=\"\",1,0)");
    } else if (i > 0) {
        put_is_number(b, f, row, "0,1)");
    } else {
        put_scaled(b, k, f, row);
    }
    add_formula(b, at->first + i, row, false);
}

static void add_inputs(book *b, size_t k)
{
    const bpnn__schema *s = &b->model->schema;
    char name[NAME];
    sheet_name(b, name, "Inputs", k, 0);
    begin_sheet(b, name);
    for (size_t row = FIRST_ROW; row < FIRST_ROW + ROWS; row++) {
        begin_row(b, row);
        for (size_t f = 0; f < s->feature_count; f++)
            for (size_t i = 0; i < s->features[f].width; i++)
                add_input(b, k, f, i, row);
        end_row(b);
    }
    end_sheet(b);
}

/* Outputs of layer m: the second half of its sheet. */
static void put_outputs(book *b, size_t k, size_t m, size_t row)
{
    size_t count = bpnn__net_size(b->model->net, m), first = m == 0 ? 0 : count;
    put_sheet(b, m == 0 ? "Inputs" : "Layer", k, m);
    put_range(&b->formula, first, first + count - 1, row, false);
}

static void add_sum(book *b, size_t k, size_t m, size_t i, size_t row)
{
    size_t in = bpnn__net_size(b->model->net, m - 1);
    bpnn__text_add(&b->formula, "SUMPRODUCT(");
    put_outputs(b, k, m - 1, row);
    bpnn__text_add(&b->formula, ",");
    put_sheet(b, "Weights", k, m);
    put_range(&b->formula, 0, in - 1, i + 1, true);
    bpnn__text_add(&b->formula, ")+");
    put_sheet(b, "Weights", k, m);
    put_place(&b->formula, in, i + 1, true);
    add_formula(b, i, row, false);
}

/* EXP(e-MAX(..))/SUMPRODUCT(EXP(..-MAX(..))), or its logarithm */
static void put_softmax(book *b, size_t i, size_t count, size_t row, bool logarithm)
{
    bpnn__text most = {0}, *to = &b->formula;
    bpnn__text_add(&most, "MAX(");
    put_range(&most, 0, count - 1, row, false);
    bpnn__text_add(&most, ")");
    if (most.data) {
        bpnn__text_add(to, logarithm ? "" : "EXP(");
        put_place(to, i, row, false);
        bpnn__put(to, "-%s%sSUMPRODUCT(EXP(", most.data, logarithm ? "-LN(" : ")/");
        put_range(to, 0, count - 1, row, false);
        bpnn__put(to, "-%s))%s", most.data, logarithm ? ")" : "");
    }
    to->failed |= most.failed;
    bpnn__text_free(&most);
}

static void add_output(book *b, const bpnn_activation *activation, size_t i, size_t count, size_t row)
{
    bpnn__text x = {0};
    put_place(&x, i, row, false);
    if (bpnn__over_row(activation->kind))
        put_softmax(b, i, count, row, activation->kind == BPNN_ACT_LOG_SOFTMAX);
    else if (x.data)
        bpnn__put_activation(&b->formula, &dialect, activation, x.data);
    b->formula.failed |= x.failed;
    bpnn__text_free(&x);
    add_formula(b, count + i, row, false);
}

static void add_layer(book *b, size_t k, size_t m)
{
    size_t count = bpnn__net_size(b->model->net, m);
    char name[NAME];
    sheet_name(b, name, "Layer", k, m);
    begin_sheet(b, name);
    for (size_t row = FIRST_ROW; row < FIRST_ROW + ROWS; row++) {
        begin_row(b, row);
        for (size_t i = 0; i < count; i++)
            add_sum(b, k, m, i, row);
        for (size_t i = 0; i < count; i++)
            add_output(b, &b->model->net->layers[m - 1].activation, i, count, row);
        end_row(b);
    }
    end_sheet(b);
}

/* Output i of the network as a name: 'Layer 2'!$A2 */
static void put_last(const book *b, bpnn__text *to, size_t k, size_t i, size_t row)
{
    size_t depth = b->model->net->depth;
    char name[NAME];
    sheet_name(b, name, "Layer", k, depth);
    bpnn__put(to, "'%s'!", name);
    put_place(to, bpnn__net_size(b->model->net, depth) + i, row, false);
}

/* Values: first the shares (regression: none), then the values. */
static void add_share(book *b, size_t k, size_t i, size_t row)
{
    bpnn__text x = {0};
    put_last(b, &x, k, i, row);
    if (x.data)
        bpnn__put_share(&b->formula, &dialect, bpnn_model_member(b->model, 0), x.data);
    b->formula.failed |= x.failed;
    bpnn__text_free(&x);
    add_formula(b, i, row, false);
}

static void put_value(book *b, size_t k, size_t i, size_t shares, size_t row)
{
    const bpnn_model *first = bpnn_model_member(b->model, 0);
    bpnn__text *to = &b->formula;
    if (first->schema.task == BPNN_TASK_REGRESSION) {
        put_last(b, to, k, i, row);
        bpnn__text_add(to, "*");
        put_scaling(b, k, i, TARGET_SCALE);
        bpnn__text_add(to, "+");
        put_scaling(b, k, i, TARGET_MEAN);
    } else if (first->schema.task == BPNN_TASK_BINARY) {
        bpnn__text_add(to, i ? "" : "1-");
        put_place(to, 0, row, false);
    } else if (bpnn__is_distribution(first)) {
        put_place(to, i, row, false);
    } else {
        bpnn__text_add(to, "IF(SUM(");
        put_range(to, 0, shares - 1, row, false);
        bpnn__text_add(to, ")>0,");
        put_place(to, i, row, false);
        bpnn__text_add(to, "/SUM(");
        put_range(to, 0, shares - 1, row, false);
        bpnn__put(to, "),1/%zu)", shares);
    }
}

static size_t share_count(const book *b)
{
    return b->model->schema.task == BPNN_TASK_REGRESSION ? 0 : bpnn__net_size(b->model->net, b->model->net->depth);
}

static void add_values(book *b, size_t k)
{
    size_t shares = share_count(b), values = bpnn__value_count(b->model);
    char name[NAME];
    sheet_name(b, name, "Values", k, 0);
    begin_sheet(b, name);
    for (size_t row = FIRST_ROW; row < FIRST_ROW + ROWS; row++) {
        begin_row(b, row);
        for (size_t i = 0; i < shares; i++)
            add_share(b, k, i, row);
        for (size_t i = 0; i < values; i++) {
            put_value(b, k, i, shares, row);
            add_formula(b, shares + i, row, false);
        }
        end_row(b);
    }
    end_sheet(b);
}

/* ---- the first sheet ---- */

static void add_headers(book *b)
{
    const bpnn__schema *s = &b->model->schema;
    size_t c = s->feature_count, values = bpnn__value_count(b->model);
    bool classes = s->task != BPNN_TASK_REGRESSION;
    begin_row(b, 1);
    for (size_t f = 0; f < s->feature_count; f++)
        add_text(b, f, 1, "", s->features[f].name, "");
    if (classes || values == 1)
        add_text(b, c++, 1, "", "prediction", "");
    for (size_t i = 0; (classes || values > 1) && i < values; i++)
        add_text(b, c++, 1, classes ? "p(" : "", classes ? s->classes[i] : s->targets[i], classes ? ")" : "");
    end_row(b);
}

static void add_cell(book *b, size_t f, size_t row, double x)
{
    const bpnn__feature *at = &b->model->schema.features[f];
    if (!at->categorical)
        add_number(b, f, row, x);
    else if (x >= 0 && x < (double)at->level_count)
        add_text(b, f, row, "", at->levels[(size_t)x], "");
    else if (!isnan(x))
        add_text(b, f, row, "", "not seen in training", "");
}

static void put_label(book *b, size_t first, size_t row)
{
    const bpnn__schema *s = &b->model->schema;
    bpnn__text *to = &b->formula, range = {0};
    size_t last = first + s->class_count - 1;
    bpnn__text_add(to, "INDEX(Names!");
    put_place(to, 0, 1, true);
    bpnn__text_add(to, ":");
    put_place(to, 0, s->class_count, true);
    bpnn__text_add(to, ",");
    if (s->task == BPNN_TASK_BINARY) {
        bpnn__text_add(to, "IF(");
        put_place(to, last, row, false);
        bpnn__text_add(to, ">=0.5,2,1))");
    } else {
        if (b->members > 1) {
            put_range(&range, first, last, row, false);
        } else {
            put_last(b, &range, 0, 0, row);
            bpnn__text_add(&range, ":");
            put_place(&range, 2 * s->class_count - 1, row, false);
        }
        if (range.data)
            bpnn__put(to, "MATCH(MAX(%s),%s,0))", range.data, range.data);
        to->failed |= range.failed;
        bpnn__text_free(&range);
    }
}

static void put_mean(book *b, size_t i, size_t row)
{
    bpnn__text_add(&b->formula, "(");
    for (size_t k = 0; k < b->members; k++) {
        bpnn__text_add(&b->formula, k ? "+" : "");
        put_sheet(b, "Values", k, 0);
        put_place(&b->formula, share_count(b) + i, row, false);
    }
    bpnn__put(&b->formula, ")/%zu", b->members);
}

static void add_predictions(book *b, const double *raw)
{
    const bpnn__schema *s = &b->model->schema;
    bool classes = s->task != BPNN_TASK_REGRESSION;
    begin_sheet(b, "Predict");
    add_headers(b);
    for (size_t row = FIRST_ROW; row < FIRST_ROW + ROWS; row++, raw += s->feature_count) {
        begin_row(b, row);
        for (size_t f = 0; f < s->feature_count; f++)
            add_cell(b, f, row, raw[f]);
        if (classes) {
            put_label(b, s->feature_count + 1, row);
            add_formula(b, s->feature_count, row, true);
        }
        for (size_t i = 0; i < bpnn__value_count(b->model); i++) {
            put_mean(b, i, row);
            add_formula(b, s->feature_count + classes + i, row, false);
        }
        end_row(b);
    }
    end_sheet(b);
}

/* ---- the workbook ---- */

static void add_part(book *b, const char *name, const char *head, const bpnn__text *body, const char *tail)
{
    bpnn__text part = {0};
    bpnn__text_add(&part, XML);
    bpnn__text_add(&part, head);
    if (body && body->data)
        bpnn__text_add(&part, body->data);
    bpnn__text_add(&part, tail);
    part.failed |= body && body->failed;
    bpnn__zip_add(&b->zip, name, &part);
    bpnn__text_free(&part);
}

static void add_frame(book *b)
{
    add_part(b, "xl/workbook.xml", "<workbook xmlns=\"" MAIN "\" xmlns:r=\"" OFFICE "\"><sheets>", &b->list,
             "</sheets><calcPr calcId=\"191029\" fullCalcOnLoad=\"1\"/></workbook>\n");
    add_part(b, "xl/_rels/workbook.xml.rels", "<Relationships xmlns=\"" PACKAGE "relationships\">", &b->relations,
             "</Relationships>\n");
    add_part(b, "_rels/.rels",
             "<Relationships xmlns=\"" PACKAGE "relationships\"><Relationship Id=\"rId1\" Type=\"" OFFICE
             "/officeDocument\" Target=\"xl/workbook.xml\"/>",
             NULL, "</Relationships>\n");
    add_part(b, "[Content_Types].xml",
             "<Types xmlns=\"" PACKAGE "content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd."
             "openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/>"
             "<Override PartName=\"/xl/workbook.xml\" ContentType=\"" WORKBOOK "sheet.main+xml\"/>",
             &b->types, "</Types>\n");
    bpnn__zip_finish(&b->zip);
    bpnn__text_free(&b->list);
    bpnn__text_free(&b->relations);
    bpnn__text_free(&b->types);
}

bpnn_status bpnn__export_excel(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                               bpnn_error *error)
{
    book b = {.model = model, .members = bpnn_model_members(model), .zip = {.out = buffer}};
    (void)options;
    bpnn_status status = bpnn__check_excel(model, error);
    if (status != BPNN_OK)
        return status;
    double *raw = bpnn__alloc(ROWS * model->schema.feature_count, sizeof *raw);
    if (!raw)
        return bpnn__fail_memory(error);
    bpnn__row_draw(model, 0, ROWS, raw);
    add_predictions(&b, raw);
    bpnn__free(raw);
    for (size_t k = 0; k < b.members; k++) {
        add_inputs(&b, k);
        for (size_t m = 1; m <= model->net->depth; m++)
            add_layer(&b, k, m);
        add_values(&b, k);
        add_scaling(&b, k);
        for (size_t m = 1; m <= model->net->depth; m++)
            add_weights(&b, k, m);
    }
    add_names(&b);
    add_frame(&b);
    return BPNN_OK;
}
