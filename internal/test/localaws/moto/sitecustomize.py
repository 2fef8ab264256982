"""Teaches moto what it lacks.

Python runs this file at its start, because localaws puts this folder on PYTHONPATH.
It loads faster.py, and every file in services/: one for each service of AWS, which adds
methods to moto's own class for that service. A method's name is the call's, put_composite_alarm;
moto finds it by that name, and speaks every protocol for it.
"""

import importlib
import pathlib

import faster

for file in sorted((pathlib.Path(__file__).parent / "services").glob("[a-z]*.py")):
    importlib.import_module(f"services.{file.stem}")

# localaws waits for this line: without it moto runs as it came.
print("taught what moto lacks", flush=True)
