"""Suggests trials by the samplers of Optuna: the rival of `bench/tune.ts`, which starts it.

Reads JSON lines: {"sampler", "seed", "space"} begins a study, {"value"} is what its last trial gave. Answers
each with the parameters of the next trial and the CPU seconds spent on all suggestions of the study so far.
The functions are in bench/tuning/problems.ts only, so both sides get the same values and the same noise.

Usage: python bench/tune_optuna.py [--auto-sampler DIR]   (DIR: samplers/auto_sampler of OptunaHub's registry)
"""

import argparse
import importlib.util
import json
import sys
import time
import warnings
from pathlib import Path

import optuna
import torch


def read_auto_sampler(folder: str):
    path = Path(folder) / "_sampler.py"
    spec = importlib.util.spec_from_file_location("auto_sampler", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.AutoSampler


def sampler_of(name: str, seed: int, auto_sampler):
    if name == "tpe":
        # `group` is how TPE treats conditional spaces; without conditions it changes nothing.
        return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)
    if name == "gp":
        return optuna.samplers.GPSampler(seed=seed)
    return auto_sampler(seed=seed)


def is_active(parameter: dict, values: dict) -> bool:
    return all(values.get(when["parameter"]) in when["values"] for when in parameter["when"])


def suggest(trial, parameter: dict):
    name, domain = parameter["name"], parameter["domain"]
    if domain["kind"] == "categorical":
        return trial.suggest_categorical(name, domain["choices"])
    pick = trial.suggest_float if domain["kind"] == "float" else trial.suggest_int
    return pick(name, domain["low"], domain["high"], log=domain["scale"] == "log")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--auto-sampler")
    arguments = parser.parse_args()
    auto_sampler = arguments.auto_sampler and read_auto_sampler(arguments.auto_sampler)
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    study, space, trial, spent = None, [], None, 0.0
    print(json.dumps({"optuna": optuna.__version__, "torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        began = time.process_time()
        if "space" in message:
            space, spent = message["space"], 0.0
            study = optuna.create_study(sampler=sampler_of(message["sampler"], message["seed"], auto_sampler))
        else:
            study.tell(trial, message["value"])
        trial = study.ask()
        values = {}
        for parameter in space:
            if is_active(parameter, values):
                values[parameter["name"]] = suggest(trial, parameter)
        spent += time.process_time() - began
        print(json.dumps({"parameters": values, "cpuSeconds": spent}), flush=True)


main()
