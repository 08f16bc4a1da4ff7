"""What pyproject.toml cannot say: the data that lie beside the packages are installed inside ``benchmark``."""

from setuptools import find_packages, setup

SHIPPED = {f"benchmark.shipped.{folder.replace('/', '.')}": folder for folder in ("configs", "results/published")}

setup(
    packages=[*find_packages(include=["benchmark", "benchmark.*", "spectrograms"]), *SHIPPED],
    package_dir=SHIPPED,
    package_data={
        "benchmark.analysis.report.page": ["templates/*"],
        "benchmark.shipped.configs": ["*", "models/*", "features/*"],
        "benchmark.shipped.results.published": ["*"],
    },
)
