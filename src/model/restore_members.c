/* The members of an ensemble from its file: one description of network and columns, tensors and training of each. */
#include "base/memory.h"
#include "model/restore.h"
#include "net/net.h"

bool bpnn__make_members(bpnn__restoring *r, bpnn_model *whole, size_t count)
{
    whole->members = bpnn__alloc(count, sizeof *whole->members);
    for (size_t k = 0; whole->members && k < count; k++) {
        whole->members[k] = bpnn__alloc(1, sizeof *whole->members[k]);
        if (!whole->members[k])
            break;
        whole->member_count = k + 1;
    }
    if (whole->member_count < count) {
        bpnn__refuse_memory(&r->source);
        return false;
    }
    r->model = whole->members[0];
    r->member = 1;
    return true;
}

/* The columns of the first member, without its numbers. */
static void borrow(bpnn__restoring *r, const bpnn_model *first)
{
    bpnn_model *model = r->model;
    model->borrows = true;
    model->library = first->library;
    model->arithmetic = first->arithmetic;
    model->schema = first->schema;
    model->schema.mean = model->schema.scale = model->schema.target_mean = model->schema.target_scale = NULL;
    model->schema.features =
        bpnn__copy_bytes(first->schema.features, first->schema.feature_count * sizeof *first->schema.features);
    if (!model->schema.features)
        bpnn__refuse_memory(&r->source);
}

static void read_member(bpnn__restoring *r, const bpnn_model *first, json_t *object)
{
    if (r->model != first) {
        bpnn_net_options options = bpnn_net_describe(first->net);
        borrow(r, first);
        if (r->source.status == BPNN_OK)
            bpnn__restore_net(r, &options);
        if (r->source.status == BPNN_OK)
            bpnn__restore_numbers(r);
    }
    bpnn__scope s = bpnn__scope_open(&r->source, object, "members");
    bpnn__restore_training(r, &s);
    bpnn__scope_close(&s);
    bpnn__model_link(r->model);
}

void bpnn__restore_members(bpnn__restoring *r, bpnn_model *whole, json_t *members)
{
    const bpnn_model *first = whole->members[0];
    for (size_t k = 0; k < whole->member_count && r->source.status == BPNN_OK; k++) {
        r->model = whole->members[k];
        r->member = k + 1;
        read_member(r, first, json_array_get(members, k));
    }
    r->model = whole;
    r->member = 0;
    if (r->source.status != BPNN_OK)
        return;
    whole->schema = first->schema;
    whole->net = first->net;
    whole->arithmetic = first->arithmetic;
    whole->library = bpnn__copy_text(first->library);
    if (!whole->library)
        bpnn__refuse_memory(&r->source);
}
