"""Run DAGs to their end, in an environment that has Airflow: ``python run_dags.py FOLDER``.

Standard input has a JSON list of pairs: the name of a DAG and its parameters. Standard output ends with a line of JSON:
for each pair the state of the run, of its tasks, and what they returned.
"""

import json
import sys
from datetime import timedelta

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db

folder = sys.argv[1]
DagBundlesManager().sync_bundles_to_db()
found = []
for name, parameters in json.load(sys.stdin):
    # Read anew for each run: a DAG keeps the parameters of the run before.
    bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder")
    assert not bag.import_errors, bag.import_errors
    sync_bag_to_db(bag, "dags-folder", None)
    for task in bag.dags[name].tasks:
        task.retry_delay = timedelta(0)  # what fails is tried again at once
    run = bag.dags[name].test(run_conf=parameters)
    found.append({"state": run.state, "tasks": {task.task_id: task.state for task in run.get_task_instances()}})
print(json.dumps(found))
