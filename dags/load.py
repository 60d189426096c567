"""Load the splits of a corpus into a table, in the project's environment: ``python load.py TABLE CORPUS``.

They are those of its latest ingest run that was not a part of a chain: another DAG may be at work on another corpus.
WAREHOUSE_URL, in the environment, is a database's URL for SQLAlchemy. The table has the columns id, text, label, split
and ingest_run. A run that is loaded again, as after a retry, replaces its own rows alone.
"""

import os
import sys

import mlflow
import pandas as pd
from sqlalchemy import create_engine, delete, inspect
from sqlalchemy.sql import column, table

from sentiment.artifacts import artifacts
from sentiment.tracking import DATASET, PARENT, with_result
from sentiment.workflow.logged_parameters import given_parameters
from sentiment.workflow.parameters import IngestParameters

name, corpus = sys.argv[1:]
experiment = mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME", "Default"))
runs = mlflow.search_runs(
    [experiment.experiment_id],
    "attributes.status = 'FINISHED' and tags.`mlflow.project.entryPoint` = 'ingest'",
    order_by=["attributes.start_time DESC"],
    output_format="list",
)
own = (run for run in runs if PARENT not in run.data.tags)
run = next((run for run in own if given_parameters(run, IngestParameters).get("corpus") == corpus), None)
if run is None:
    sys.exit(f"error: there is no finished ingest run of {corpus} to load: run the task before this one")
run_id = with_result(run).info.run_id
splits = {file.stem: pd.read_parquet(file) for file in artifacts(run_id, DATASET).glob("*.parquet")}
rows = pd.concat([frame.assign(split=split, ingest_run=run_id) for split, frame in splits.items()])
engine = create_engine(os.environ["WAREHOUSE_URL"])
with engine.begin() as connection:  # all of it or nothing
    if inspect(connection).has_table(name):
        connection.execute(delete(table(name, column("ingest_run"))).where(column("ingest_run") == run_id))
    rows[["id", "text", "label", "split", "ingest_run"]].to_sql(name, connection, if_exists="append", index=False)
print(f"load: {len(rows)} rows of run {run_id} in {name}")
