"""Create a webhook for every alias that is set: ``python create.py https://hooks.example.com/promoted``.

The environment has MLFLOW_TRACKING_URI, and WEBHOOK_SECRET, with which the server signs requests.
"""

import os
import sys

from mlflow import MlflowClient

secret = os.environ.get("WEBHOOK_SECRET", "")
if len(secret) < 32:
    sys.exit("error: WEBHOOK_SECRET is missing or shorter than 32 characters: make one with `openssl rand -hex 32`")
webhook = MlflowClient().create_webhook(
    name="promotions", url=sys.argv[1], events=["model_version_alias.created"], secret=secret
)
print(f"webhook {webhook.webhook_id} sends {webhook.events[0]} to {webhook.url}")
