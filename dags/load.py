"""Load the splits of an ingest run into a table, in the project's environment: ``python load.py TABLE TAG``.

TAG is the value of the run's tag ``etl.extract``: others may ingest the same corpus meanwhile, with another query.
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
from sentiment.runs import with_result
from sentiment.tracking import DATASET

name, tag = sys.argv[1:]
experiment = mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME", "Default"))
runs = mlflow.search_runs(
    [experiment.experiment_id],
    f"attributes.status = 'FINISHED' and tags.`etl.extract` = '{tag}'",
    output_format="list",
)
if not runs:
    sys.exit(f"error: there is no finished ingest run with the tag etl.extract={tag}: run the task before this one")
run_id = with_result(runs[0]).info.run_id
splits = {file.stem: pd.read_parquet(file) for file in artifacts(run_id, DATASET).glob("*.parquet")}
rows = pd.concat([frame.assign(split=split, ingest_run=run_id) for split, frame in splits.items()])
engine = create_engine(os.environ["WAREHOUSE_URL"])
with engine.begin() as connection:  # all of it or nothing
    if inspect(connection).has_table(name):
        connection.execute(delete(table(name, column("ingest_run"))).where(column("ingest_run") == run_id))
    rows[["id", "text", "label", "split", "ingest_run"]].to_sql(name, connection, if_exists="append", index=False)
print(f"load: {len(rows)} rows of run {run_id} in {name}")
