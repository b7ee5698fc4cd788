/* Why a run left the finite numbers, as far as can be told. */
#ifndef BPNN_TRAIN_ADVICE_H
#define BPNN_TRAIN_ADVICE_H

#include "train/trainer.h"

/* Fills result->advice: a number of the data that no rate can help, else the options to change. `first`: nothing was
 * updated yet. */
void bpnn__advise(const bpnn_data *data, bpnn_precision precision, const bpnn__settled *settled, bool first,
                  bpnn_train_result *result);

#endif
