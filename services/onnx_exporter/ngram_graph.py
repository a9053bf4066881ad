"""Joins the sparse n-gram branch to an exported graph, as ONNX operators over the same token ids.

The branch keeps float32 at every precision: it takes a fraction of a millisecond, and its long
vector of features would quantise badly.
"""

from itertools import chain

import onnx
from onnx import helper, numpy_helper

from libs.heads.torch_ngrams import PAIR_SHIFT, NgramBranch

FEATURES, UNIT, SCORES, SUM = (f"ngrams/{step}" for step in ("features", "unit", "scores", "sum"))
NGRAM_NODES = (FEATURES, UNIT, SCORES, SUM)
_WEIGHTS, _BIAS = "ngrams/weights", "ngrams/bias"


def join_ngrams(model: onnx.ModelProto, branch: NgramBranch, *, output: str) -> None:
    """Add the branch's scores to the graph's `output`, which keeps its name."""
    graph = model.graph
    (encoder,) = (node for node in graph.node if output in node.output)
    encoder_logits = f"encoder/{output}"
    encoder.output[list(encoder.output).index(output)] = encoder_logits
    graph.initializer.extend(
        [
            numpy_helper.from_array(branch.weights.numpy(), _WEIGHTS),
            numpy_helper.from_array(branch.bias.numpy(), _BIAS),
        ]
    )
    graph.node.extend(
        [
            _features(branch),
            helper.make_node("LpNormalization", [FEATURES], [UNIT], name=UNIT, axis=-1, p=2),
            # No Gemm, nor an Add that would make it one: the quantizer takes a Gemm apart and
            # quantises a MatMul of another name than the one that it was told to leave.
            helper.make_node("MatMul", [UNIT, _WEIGHTS], [SCORES], name=SCORES),
            helper.make_node("Sum", [encoder_logits, SCORES, _BIAS], [output], name=SUM),
        ]
    )


def _features(branch: NgramBranch) -> onnx.NodeProto:
    """Return the operator from token ids to inverse document frequencies of what occurs."""
    keys = branch.keys
    tokens, pairs = keys[keys < 1 << PAIR_SHIFT], keys[keys >= 1 << PAIR_SHIFT]
    firsts, seconds = (pairs >> PAIR_SHIFT) - 1, pairs & ((1 << PAIR_SHIFT) - 1)
    pair_ids = chain.from_iterable(zip(firsts.tolist(), seconds.tolist(), strict=True))
    return helper.make_node(
        "TfIdfVectorizer",
        ["input_ids"],
        [FEATURES],
        name=FEATURES,
        mode="IDF",
        min_gram_length=1,
        max_gram_length=2 if len(pairs) else 1,
        max_skip_count=0,
        ngram_counts=[0, len(tokens)] if len(pairs) else [0],
        ngram_indexes=list(range(len(keys))),
        pool_int64s=[*tokens.tolist(), *pair_ids],
        weights=branch.idf.tolist(),
    )
