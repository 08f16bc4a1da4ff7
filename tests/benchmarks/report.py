"""Time the report of 11 models x 5 folds, imports included, in a fresh process: python tests/benchmarks/report.py"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.fake_results import build_results  # noqa: E402

LIMIT = 15  # seconds, on two slow shared cores


def main():
    """Print the seconds of three reports; exit with 1 if the fastest is over the limit."""
    command = "import sys; from benchmark.analysis.report.report import report; report(sys.argv[1])"
    with tempfile.TemporaryDirectory() as folder:
        study = build_results(Path(folder) / "paper", failed=())
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", command, study], cwd=ROOT, check=True)
            seconds.append(time.perf_counter() - start)
    print("report of 11 models x 5 folds:", ", ".join(f"{value:.1f} s" for value in seconds), f"(limit {LIMIT} s)")
    return int(min(seconds) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
