import pytest

from sentiment.errors import UserError
from sentiment.secret_files import read_secret_files


def test_a_secret_is_read_from_the_file_that_is_named(tmp_path):
    (tmp_path / "password").write_text("s3cret \n")
    environment = {"MLFLOW_TRACKING_PASSWORD_FILE": f"{tmp_path}/password", "SSL_CERT_FILE": "/etc/ssl/cert.pem"}
    read_secret_files(environment)
    assert environment == {"MLFLOW_TRACKING_PASSWORD": "s3cret ", "SSL_CERT_FILE": "/etc/ssl/cert.pem"}
    read_secret_files(environment)  # a process below it finds nothing more to do


def test_a_mistake_does_not_show_the_secret(tmp_path):
    (tmp_path / "token").write_text("s3cret")
    both = {"MLFLOW_TRACKING_TOKEN": "other", "MLFLOW_TRACKING_TOKEN_FILE": f"{tmp_path}/token"}
    with pytest.raises(UserError, match="MLFLOW_TRACKING_TOKEN and MLFLOW_TRACKING_TOKEN_FILE are both set") as raised:
        read_secret_files(both)
    assert "s3cret" not in str(raised.value)
    with pytest.raises(UserError, match=r"PGPASSWORD_FILE=/nowhere: the file cannot be read \(FileNotFoundError\)"):
        read_secret_files({"PGPASSWORD_FILE": "/nowhere"})
