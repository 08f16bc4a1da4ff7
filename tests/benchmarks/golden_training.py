"""Hold predictions.csv of a frozen and a fine-tuned run against those of another commit, byte by byte, on this machine.

python tests/benchmarks/golden_training.py COMMIT: both run with one thread; bits are promised on one machine only."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks.report import checkout  # noqa: E402

STUDY = """
name: golden
dataset: {root: sounds, synthetic: 8}
clip: {duration: 3.0}
training: {optimizer: adam, epochs: 2}
split: {seeds: [3]}
latency: {calls: 1, seconds: 0, warmup: 1, batch: null}
models:
  - &small {extends: mobilenet_v2, name: frozen, weights: random, input_size: 96, options: {alpha: 0.35}}
  - {<<: *small, name: solved, training: {optimizer: lbfgs}}
  - {<<: *small, name: finetuned, training: {regime: finetune}}
"""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
ONE_THREAD |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def digests(checkout, folder, sounds=None):
    """Run the study with the suite in ``checkout``; return {model: SHA-256 of its predictions.csv}.

    ``sounds`` are those of another run, for the synthesis is not what is compared."""
    folder.mkdir()
    if sounds:
        shutil.copytree(sounds, folder / "sounds")
    (folder / "study.yaml").write_text(STUDY)
    command = [sys.executable, str(checkout / "run_benchmark.py"), "run", "study.yaml", "--set", "engine.num_cpus=1"]
    subprocess.run(command, cwd=folder, env=os.environ | ONE_THREAD, check=True, stdout=subprocess.DEVNULL)
    found = sorted((folder / "results" / "golden" / "trials").glob("*/*/predictions.csv"))
    return {path.parents[1].name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def main(commit):
    """Print both digests of each model; return 1 where one differs."""
    with tempfile.TemporaryDirectory() as place, checkout(commit) as sources:
        then = digests(sources, Path(place) / "a")
        now = digests(ROOT, Path(place) / "b", Path(place) / "a" / "sounds")
    for model in then:
        print(f"{model}: {then[model][:16]} then, {now.get(model, 'none')[:16]} now")
    return int(then != now)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or ["HEAD~1"]))
