// OpenCV's ANN_MLP: a step a row, weights in double, its own symmetric sigmoid and initial weights: speed alone compares.
#include "side.h"

#include <opencv2/core.hpp>
#include <opencv2/ml.hpp>

using namespace cv;
using namespace cv::ml;

static Ptr<ANN_MLP> net;
static Ptr<TrainData> data;

const char *side_prepare(const task *k)
{
    if (!k->sigmoid || (k->train && k->batch != 1))
        return "ANN_MLP has neither softmax nor Adam nor batches";
    setNumThreads((int)k->threads);
    Mat size((int)k->depth + 1, 1, CV_32S);
    for (size_t m = 0; m <= k->depth; m++)
        size.at<int>((int)m) = (int)k->size[m];
    net = ANN_MLP::create();
    net->setLayerSizes(size);
    net->setActivationFunction(ANN_MLP::SIGMOID_SYM, 1, 1);
    net->setTermCriteria(TermCriteria(TermCriteria::MAX_ITER, 1, 0)); // more passes would let it stop early
    net->setTrainMethod(ANN_MLP::BACKPROP, SIDE_RATE_SGD, 0.0);
    Mat x((int)k->rows, (int)k->size[0], CV_32F, k->x), t((int)k->rows, (int)k->size[k->depth], CV_32F, k->t);
    data = TrainData::create(x, ROW_SAMPLE, t);
    net->train(data, ANN_MLP::NO_INPUT_SCALE | ANN_MLP::NO_OUTPUT_SCALE);
    return NULL;
}

void side_epoch(const task *)
{
    net->train(data, ANN_MLP::UPDATE_WEIGHTS | ANN_MLP::NO_INPUT_SCALE | ANN_MLP::NO_OUTPUT_SCALE);
}

static void predict(const task *k, size_t first, size_t rows, float *y)
{
    Mat x((int)rows, (int)k->size[0], CV_32F, k->x + first * k->size[0]), out((int)rows, (int)k->size[k->depth], CV_32F, y);
    net->predict(x, out);
}

void side_call(const task *k)
{
    static float *y = (float *)side_memory(k->batch * k->size[k->depth] * sizeof *y);
    predict(k, 0, k->batch, y);
}

void side_outputs(const task *k, size_t rows, float *y)
{
    predict(k, 0, rows, y);
}
