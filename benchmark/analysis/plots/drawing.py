"""All modules that draw, so that a process imports them at once before there is anything to draw."""

import benchmark.analysis.plots.class_curves
import benchmark.analysis.plots.class_scores
import benchmark.analysis.plots.confusion_chart
import benchmark.analysis.plots.label_curves
import benchmark.analysis.plots.label_matrices
import benchmark.analysis.plots.label_training
import benchmark.analysis.plots.learning_curves
import benchmark.analysis.plots.prediction_bars
import benchmark.analysis.plots.saving
import benchmark.analysis.plots.scatter
import benchmark.analysis.plots.score_plots
import benchmark.analysis.plots.training_progress  # noqa: F401
