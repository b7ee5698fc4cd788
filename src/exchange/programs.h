/* Writers of whole predictions in other languages, a file each. */
#ifndef BPNN_EXCHANGE_PROGRAMS_H
#define BPNN_EXCHANGE_PROGRAMS_H

#include "exchange/exchange.h"

bpnn_status bpnn__export_c(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                           bpnn_error *error);
bpnn_status bpnn__export_python(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                                bpnn_error *error);
bpnn_status bpnn__export_javascript(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                                    bpnn_error *error);
bpnn_status bpnn__export_sql(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                             bpnn_error *error);
bpnn_status bpnn__export_excel(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                               bpnn_error *error);

#endif
