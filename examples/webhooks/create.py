"""Have the tracking server tell a URL of each alias that is set: ``python create.py https://hooks.example.com/promoted``.

The environment has MLFLOW_TRACKING_URI, and in WEBHOOK_SECRET what the server signs with.
"""

import os
import sys

from mlflow import MlflowClient

webhook = MlflowClient().create_webhook(
    name="promotions", url=sys.argv[1], events=["model_version_alias.created"], secret=os.environ["WEBHOOK_SECRET"]
)
print(f"webhook {webhook.webhook_id} sends {webhook.events[0]} to {webhook.url}")
