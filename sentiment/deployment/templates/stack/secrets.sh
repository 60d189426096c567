#!/bin/sh
# Makes the secrets of compose.yaml in secrets/, at random; those that are there stay.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
for name in admin_password database_password flask_key s3_secret_key; do
  [ -s "secrets/$name" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$name"
done
[ -s secrets/s3.json ] || cat >secrets/s3.json <<END
{"identities": [{"name": "mlflow",
  "credentials": [{"accessKey": "mlflow", "secretKey": "$(cat secrets/s3_secret_key)"}],
  "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
END
# The containers' users, which are not you, read them; the folder keeps others out.
chmod 444 secrets/*
