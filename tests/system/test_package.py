"""``-e package``: what it writes is linted, its image's steps give a server in an empty environment."""

import http.client
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import PROJECT, runs, store
from tests.system.processes import free_port, run_here, run_step, wait_until

MODEL = "sentiment"


def program(name):
    """The path of a program, which may be the environment's; skips where there is none."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    return found or pytest.skip(f"{name} is not installed")


@pytest.fixture(scope="module")
def packaged(registered):
    """The folder of a package of version 1, and what the step printed."""
    program("uv")
    pytest.importorskip("cyclonedx_py")
    process = run_step("package", "--image=registry.example.org/team/mood", cwd=registered)
    if re.search("error sending request|dns error|Failed to fetch", process.stderr):
        pytest.skip("the package index cannot be reached")
    assert process.returncode == 0, process.stderr
    return registered / "package-sentiment-1", process.stdout


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def test_it_says_what_it_wrote_and_the_version_can_be_held_to_it(packaged, registered):
    folder, printed = packaged
    assert "sentiment version 1 is in package-sentiment-1" in printed and "Its server was tested" in printed
    assert "docker build -t registry.example.org/team/mood:1 package-sentiment-1" in printed
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    (run,) = runs(registered, "package")
    with store(registered) as client:
        tags = client.get_model_version(MODEL, "1").tags
        logged = {file.path for file in client.list_artifacts(run.info.run_id)}
    summed = subprocess.run(["sha256sum", "SHA256SUMS"], cwd=folder, check=True, capture_output=True, text=True)
    assert tags["package.sbom"] == f"runs:/{run.info.run_id}/sbom.json"
    assert tags["package.sha256"] == summed.stdout.split()[0] and tags["package.run"] == run.info.run_id
    assert logged == {"sbom.json", "licences.md", "requirements.txt", "memory.json", "SHA256SUMS"}
    assert run.data.metrics["peak_memory_mib"] > 100 and run.data.metrics["packages"] > 50


def test_each_package_is_pinned_with_hashes_and_has_a_row_in_bill_and_licences(packaged):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    folder, _ = packaged
    locked = dict(
        re.findall(r"^([\w.-]+)==(\S+) \\\n    --hash=sha256:", (folder / "requirements.txt").read_text(), re.M)
    )
    asked = (folder / "model" / "requirements.txt").read_text().splitlines()
    assert all(locked[name.lower()] == version for name, version in (line.split("==") for line in asked))
    content = json.loads((folder / "sbom.json").read_text())
    some = content | {"components": content["components"][:5]}  # all of them take a quarter of a minute
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(some)) is None
    assert content["metadata"]["component"]["type"] == "machine-learning-model"
    listed = {re.sub("[-_.]+", "-", part["name"]).lower(): part["version"] for part in content["components"]}
    assert listed == locked
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (.+) \|$", (folder / "licences.md").read_text(), re.M)
    licences = {name: licence for name, _, licence in rows[1:]}
    assert len(licences) == len(locked) and licences["scikit-learn"] == "BSD-3-Clause"
    assert licences["vaderSentiment"] == "MIT License"


def test_nothing_of_this_machine_is_in_it(packaged, registered):
    folder, _ = packaged
    for file in folder.rglob("*"):
        if file.is_file() and "project" not in file.parts and file.suffix != ".skops":
            text = file.read_text(encoding="utf-8")
            # MLmodel has the address of the store that the model came from.
            assert str(registered.parent) not in text or file.name == "MLmodel", file


@pytest.mark.parametrize("name", ["Dockerfile", "stack/Dockerfile"])
def test_the_dockerfiles_are_linted_and_end_without_rights_and_installer(packaged, name):
    file = packaged[0] / name
    subprocess.run([program("hadolint"), str(file)], check=True)
    last = file.read_text().rpartition("\nFROM ")[2]
    assert "\nUSER 10001:10001\n" in last and "pip uninstall" in last and "HEALTHCHECK" in last
    assert "apt-get" not in last and " install " not in last


def test_checkov_finds_only_what_the_documentation_says(packaged, tmp_path):
    checkov = Path(os.environ.get("CHECKOV", PROJECT / ".venv-checkov" / "bin" / "checkov"))
    if not checkov.exists():
        pytest.skip("checkov is not installed: .ci/run does it, in an environment of its own")
    folder, _ = packaged
    files = [folder / "Dockerfile", folder / "stack" / "Dockerfile"]
    for overlay in ("dev", "prod"):
        files.append(tmp_path / f"{overlay}.yaml")
        with files[-1].open("w") as rendered:
            command = [program("kubectl"), "kustomize", str(folder / "kubernetes" / "overlays" / overlay)]
            subprocess.run(command, check=True, stdout=rendered)
    options = ["--framework", "dockerfile", "kubernetes", "--output", "json", "--skip-download", "--soft-fail"]
    command = [checkov.with_name("python"), checkov, *options, "--file", *files]
    process = subprocess.run(command, check=True, capture_output=True, text=True)
    found = {part["check_type"]: part for part in json.loads(process.stdout)}
    assert found["dockerfile"]["summary"]["failed"] == 0 and found["dockerfile"]["summary"]["passed"] > 50
    failed = {check["check_id"] for check in found["kubernetes"]["results"]["failed_checks"]}
    assert failed == {"CKV_K8S_43"}  # the image has a tag and no digest: that is known once it has been pushed


def instructions(dockerfile):
    """The instructions of a Dockerfile, each a keyword and its argument."""
    text = re.sub(r"^#.*\n", "", dockerfile.read_text(), flags=re.M).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def test_the_steps_of_the_image_give_a_server_in_an_empty_environment(packaged, tmp_path):
    """The build stage's RUN, then COPY, ENV and ENTRYPOINT of the last one, with the root at ``tmp_path``."""
    folder, _ = packaged
    root = tmp_path / "root"
    shutil.copytree(folder / "model", root / "opt/ml/model"), shutil.copytree(folder / "server", root / "opt/server")
    (root / "tmp").mkdir()
    shutil.copy(folder / "requirements.txt", root / "tmp")
    steps = instructions(folder / "Dockerfile")
    copied = {argument for keyword, argument in steps if keyword == "COPY"}
    assert copied == {
        "requirements.txt /tmp/",
        "--from=build /opt/venv /opt/venv",
        "server /opt/server",
        "model /opt/ml/model",
    }
    (build, _) = [argument for keyword, argument in steps if keyword == "RUN"]
    make, install = re.sub(r"(?<=[ =])/(opt|tmp)\b", rf"{root}/\1", build).split("&&")
    # uv takes pip's options, and a tenth of its time.
    install = re.sub(
        r"^python -m pip --python (\S+) install --no-cache-dir", r"uv pip install -q --python \1", install.strip()
    )
    subprocess.run([sys.executable, *shlex.split(make)[1:]], check=True)
    subprocess.run([program("uv"), *shlex.split(install)[1:]], check=True)
    settings = dict(
        pair.split("=", 1) for keyword, argument in steps if keyword == "ENV" for pair in shlex.split(argument)
    )
    settings = {name: value.replace("/opt", f"{root}/opt") for name, value in settings.items()}
    entry = json.loads(dict(steps)["ENTRYPOINT"])
    port = free_port()
    more = {"PATH": f"{root}/opt/venv/bin:/usr/bin:/bin", "PORT": str(port), "MODEL_PATH": f"{root}/opt/ml/model"}
    entry[0] = f"{root}/opt/venv/bin/{entry[0]}"
    process = subprocess.Popen([*entry, "serve"], cwd=tmp_path, env=settings | more)
    try:

        def ask(method, path, body=None):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read().strip() or "null")

        assert wait_until(lambda: ask("GET", "/ping"), process, 120)[0] == 200
        status, answer = ask("POST", "/invocations", {"inputs": ["A gem.", "Awful."]})
        assert status == 200 and all(set(row) == {"label", "score"} for row in answer["predictions"])
        assert ask("POST", "/invocations", {"inputs": ["A gem.", None]})[0] == 400
        check = json.loads(dict(steps)["HEALTHCHECK"].partition("CMD ")[2])
        check[2] = check[2].replace("8080", str(port))
        subprocess.run([sys.executable, *check[1:]], check=True)
        process.terminate()
        assert process.wait(60) in (0, -15)  # it is not left to be killed
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("overlay", ["dev", "prod"])
def test_the_overlays_are_valid_and_ask_for_the_memory_that_was_measured(packaged, overlay):
    validate = pytest.importorskip("kubernetes_validate")
    folder, _ = packaged
    command = [program("kubectl"), "kustomize", str(folder / "kubernetes" / "overlays" / overlay)]
    rendered = documents(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for document in rendered:
        validate.validate(document, "1.34", strict=True)
    kinds = {document["kind"]: document for document in rendered}
    common = {"Deployment", "NetworkPolicy", "Service", "ServiceAccount"}
    assert set(kinds) == common | ({"HorizontalPodAutoscaler", "PodDisruptionBudget"} if overlay == "prod" else set())
    pod = kinds["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == "registry.example.org/team/mood:1" and pod["securityContext"]["runAsNonRoot"]
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["path"] == "/ping"
    measured = json.loads((folder / "memory.json").read_text())["peak_bytes"] / 2**20
    request, limit = (int(container["resources"][kind]["memory"].removesuffix("Mi")) for kind in ("requests", "limits"))
    assert 1.25 * measured <= request <= 1.25 * measured + 64 and request < limit


def test_the_base_is_valid_without_kubectl_and_the_inference_service_has_a_valid_pod(packaged):
    validate = pytest.importorskip("kubernetes_validate")
    folder, _ = packaged
    for file in (folder / "kubernetes").rglob("*.yaml"):
        for document in documents(file.read_text()):
            if document["kind"] != "Kustomization":
                validate.validate(document, "1.34", strict=True)
    (service,) = documents((folder / "kserve" / "inferenceservice.yaml").read_text())
    assert (service["apiVersion"], service["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    own = {"minReplicas", "maxReplicas"}  # the rest of a predictor is a PodSpec
    pod = {name: value for name, value in service["spec"]["predictor"].items() if name not in own}
    # Knative, which KServe hands it to by default, refuses others of a PodSpec unless its administrator allows them,
    # and a metric of the CPU for its own autoscaler.
    assert set(pod) <= {
        "automountServiceAccountToken",
        "containers",
        "imagePullSecrets",
        "serviceAccountName",
        "volumes",
    }
    validate.validate({"apiVersion": "v1", "kind": "Pod", "metadata": service["metadata"], "spec": pod}, "1.34", True)
    assert pod["containers"][0]["name"] == "kserve-container"  # the name by which KServe finds it
    assert pod["containers"][0]["securityContext"]["runAsNonRoot"]


def test_the_compose_file_is_valid_and_reads_every_secret_from_a_file(packaged, tmp_path):
    folder, _ = packaged
    stack = shutil.copytree(folder / "stack", tmp_path / "stack", ignore=shutil.ignore_patterns("project"))
    pytest.importorskip("check_jsonschema")
    schema = ["--builtin-schema", "vendor.compose-spec", str(stack / "compose.yaml")]
    subprocess.run([sys.executable, "-m", "check_jsonschema", *schema], check=True)
    for _ in range(2):  # a second time it leaves them as they are
        subprocess.run(["./secrets.sh"], cwd=stack, check=True)
    compose = yaml.safe_load((stack / "compose.yaml").read_text())
    for secret in compose["secrets"].values():
        assert (stack / secret["file"]).stat().st_size > 20
    identities = json.loads((stack / "secrets" / "s3.json").read_text())["identities"]
    assert identities[0]["credentials"][0]["secretKey"] == (stack / "secrets" / "s3_secret_key").read_text()
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if name.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"]
            else:
                assert not re.search("PASSWORD|SECRET|TOKEN", name)
    plugin = shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True)
    if plugin and plugin.returncode == 0:
        subprocess.run(["docker", "compose", "config", "--quiet"], cwd=stack, check=True)


@pytest.mark.parametrize(
    "arguments, line",
    [
        (["--version=7"], "error: version=7: sentiment has no such version or alias at "),
        (["--registered_model=nobody"], "error: nobody has no champion at "),
        (["--image=Registry/Mood:1"], "error: image=Registry/Mood:1: expected a name in lower case without a tag"),
        (["--folder=mlruns"], "error: folder=mlruns: it exists, and is not empty"),
        (["--folder=mlflow.db/package"], "error: folder=mlflow.db/package: a folder in mlflow.db cannot be made ("),
    ],
)
def test_mistakes_are_one_line(registered, arguments, line):
    process = run_here("package", *arguments, cwd=registered)
    assert process.returncode == 1 and process.stderr.startswith(line) and process.stderr.count("\n") == 1


def test_without_uv_or_an_index_it_says_so(registered, tmp_path):
    process = run_step(
        "package", f"--folder={tmp_path}/other", cwd=registered, UV_OFFLINE="1", UV_CACHE_DIR=str(tmp_path)
    )
    assert process.returncode == 1 and not os.path.exists(tmp_path / "other")
    assert re.match(
        "error: (uv pip compile failed: |package needs uv: pip install -r requirements-package.txt)", process.stderr
    )
    assert process.stderr.count("\n") == 1
