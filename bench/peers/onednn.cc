// oneDNN, prediction: one inner product a layer with bias and activation fused, weights in its own layout, softmax last.
#include "side.h"

#include <cstring>
#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

using namespace dnnl;
using tag = memory::format_tag;

static std::vector<primitive> primitives;
static std::vector<std::unordered_map<int, memory>> arguments;
static engine *cpu;
static dnnl::stream *line;
static memory input, output;

static memory::desc dense(size_t rows, size_t cols)
{
    return memory::desc({(memory::dim)rows, (memory::dim)cols}, memory::data_type::f32, tag::nc);
}

static primitive_attr fused(const task *k, bool hidden)
{
    primitive_attr attributes;
    post_ops after;
    if (k->sigmoid || hidden)
        after.append_eltwise(1.f, k->sigmoid ? algorithm::eltwise_logistic : k->activation[0] == 't' ? algorithm::eltwise_tanh : algorithm::eltwise_relu, 0.f, 0.f);
    attributes.set_post_ops(after);
    return attributes;
}

static memory layer(const task *k, size_t m, memory from)
{
    memory::dim in = (memory::dim)k->size[m - 1], out = (memory::dim)k->size[m];
    memory::desc w({out, in}, memory::data_type::f32, tag::any), b({out}, memory::data_type::f32, tag::x);
    auto to = dense(k->batch, k->size[m]);
    inner_product_forward::primitive_desc chosen({prop_kind::forward_inference, from.get_desc(), w, b, to}, fused(k, m < k->depth), *cpu);
    memory given({{out, in}, memory::data_type::f32, tag::io}, *cpu, k->w + side_weights(k, m)); // s_{m-1} x s_m
    memory weights(chosen.weights_desc(), *cpu), bias(b, *cpu, k->w + side_biases(k, m)), y(to, *cpu);
    reorder(given, weights).execute(*line, given, weights);
    line->wait();
    primitives.push_back(inner_product_forward(chosen));
    arguments.push_back({{DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, y}});
    return y;
}

const char *side_prepare(const task *k)
{
    if (k->train)
        return "oneDNN is measured in prediction";
    omp_set_num_threads((int)k->threads);
    cpu = new engine(engine::kind::cpu, 0);
    line = new dnnl::stream(*cpu);
    memory y = input = memory(dense(k->batch, k->size[0]), *cpu, k->x);
    for (size_t m = 1; m <= k->depth; m++)
        y = layer(k, m, y);
    if (k->classes) {
        primitives.push_back(softmax_forward({{prop_kind::forward_inference, y.get_desc(), 1}, *cpu}));
        arguments.push_back({{DNNL_ARG_SRC, y}, {DNNL_ARG_DST, y}});
    }
    output = y;
    return NULL;
}

void side_epoch(const task *)
{
}

void side_call(const task *)
{
    for (size_t i = 0; i < primitives.size(); i++)
        primitives[i].execute(*line, arguments[i]);
    line->wait();
}

void side_outputs(const task *k, size_t rows, float *y)
{
    size_t out = k->size[k->depth];
    for (size_t r = 0; r < rows; r += k->batch) {
        input.set_data_handle(k->x + r * k->size[0]);
        side_call(k);
        std::memcpy(y + r * out, output.get_data_handle(), k->batch * out * sizeof *y);
    }
    input.set_data_handle(k->x);
}
