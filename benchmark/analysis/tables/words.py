"""Sentences on numbers that several tables share."""

ZERO = "A precision or recall of 0/0 counts as 0."
POOLED = "Scores: of the confusion matrix summed over folds and seeds; ± std: of accuracy over trials."
INTERVAL = "Accuracy: 95 % Wilson interval over the clips tested per seed."
MACRO = (
    "Macro averages: 95 % interval, Wilson's with the variance of a bootstrap of test clips within classes (of groups, "
    "kept whole, where clips come in groups)."
)
TIMING = "Latency: ms per clip, batch 1, CPU, preprocessing inside the model included."
THROUGHPUT = "Clips/s: in batches of 32, where timed."
