"""Benchmark pretrained networks on labelled audio: ``python run_benchmark.py --help``."""

from benchmark.cli import main

if __name__ == "__main__":
    main()
