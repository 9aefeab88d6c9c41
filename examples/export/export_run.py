"""Writes a run of Weft for Weights & Biases or MLflow, without a network.

    export_run.py RUN --to wandb|mlflow [--out FOLDER] [--project NAME]

    wandb   an offline run below FOLDER/wandb, which `wandb sync` sends when it may
    mlflow  a tracking store, FOLDER/mlflow.db, which `mlflow ui --backend-store-uri sqlite:///…` shows

The package of that name must be installed (wandb 0.31, mlflow-skinny 3.17 with sqlalchemy and alembic); Weft needs
neither. Steps count through all stages. Exit codes: 0 done, 2 wrong usage, 66 no run there.
"""
import argparse
import json
import os
import sys
from datetime import datetime, timezone
from pathlib import Path


def flat(value, path=""):
    """The leaves of JSON as {"stages.0.steps": 600}."""
    if isinstance(value, (dict, list)) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {name: leaf for key, inner in pairs for name, leaf in flat(inner, f"{path}.{key}" if path else str(key)).items()}
    return {path: value}


def milliseconds(time):
    return int(datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp() * 1000)


def read(folder):
    """(recipe, lock, rows of (step, milliseconds, {name: value}), name → value at the end)"""
    recipe, lock = (json.loads((folder / name).read_text()) for name in ("recipe.json", "weft.lock"))
    begins, done = {}, 0
    for stage in recipe["stages"]:
        begins[stage["name"]] = done
        done += stage["steps"]
    rows, summary = [], {}
    for line in (folder / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["event"] == "step":
            values = {f"{event['stage']}/loss/{name}": loss for name, loss in event["losses"].items()}
            values |= {f"{event['stage']}/{key}": event[key] for key in ("learning_rate", "gradient_norm", "seconds")}
        elif event["event"] == "measure":
            values = {f"{event['stage']}/val/{name}": value for name, value in event["values"].items()}
        elif event["event"] == "evaluation":
            summary |= {f"{event['split']}/{name}": value for name, value in event["values"].items()}
            continue
        else:
            continue
        known = {name: value for name, value in values.items() if value is not None}  # null: not finite
        rows.append((begins[event["stage"]] + event["step"], milliseconds(event["time"]), known))
    return recipe, lock, rows, summary


def to_wandb(folder, out, project):
    import wandb
    os.environ["WANDB_MODE"] = "offline"
    recipe, lock, rows, summary = read(folder)
    run = wandb.init(project=project, name=folder.name, dir=str(out), mode="offline", config=recipe | {"weft.lock": lock})
    last = {}
    for step, _, values in rows:  # a step is logged once there, with all that is known of it
        last.setdefault(step, {}).update(values)
    for step in sorted(last):
        run.log(last[step], step=step)
    run.summary.update(summary)
    run.finish()


def to_mlflow(folder, out, project):
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag
    recipe, lock, rows, summary = read(folder)
    client = MlflowClient(tracking_uri=f"sqlite:///{out.resolve()}/mlflow.db")
    found = client.get_experiment_by_name(project)
    experiment = found.experiment_id if found else client.create_experiment(project)
    run = client.create_run(experiment, run_name=folder.name, start_time=rows[0][1] if rows else None)
    longest = 6000  # of a parameter's value
    params = [Param(name, str(value)[:longest]) for name, value in flat(recipe).items()]
    tags = [RunTag(f"weft.{name}", str(value)) for name, value in flat(lock).items()]
    metrics = [Metric(name, value, time, step) for step, time, values in rows for name, value in values.items()]
    end = rows[-1][:2] if rows else (0, 0)
    metrics += [Metric(name, value, end[1], end[0]) for name, value in summary.items() if value is not None]
    for begin in range(0, max(len(params), len(tags)), 100):  # as many as one call takes
        client.log_batch(run.info.run_id, params=params[begin:begin + 100], tags=tags[begin:begin + 100])
    for begin in range(0, len(metrics), 1000):
        client.log_batch(run.info.run_id, metrics=metrics[begin:begin + 1000])
    client.set_terminated(run.info.run_id, end_time=end[1] or None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--to", choices=["wandb", "mlflow"], required=True)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--project", default="weft")
    options = parser.parse_args()
    missing = [name for name in ("recipe.json", "weft.lock", "events.jsonl") if not (options.run / name).is_file()]
    if missing:
        print(f"{options.run} is no run folder: it has no {', '.join(missing)}. Name the folder that `weft train` printed.",
              file=sys.stderr)
        return 66
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        (to_wandb if options.to == "wandb" else to_mlflow)(options.run, options.out, options.project)
    except ModuleNotFoundError as error:
        parser.error(f"the package {error.name} is not installed. Install it: pip install "
                     f"{'wandb' if options.to == 'wandb' else 'mlflow-skinny sqlalchemy alembic'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
