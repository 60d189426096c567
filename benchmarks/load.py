"""Serving under load: ``-e serve`` with recording off and on, beside a bare scikit-learn pipeline of the same kind.

    NLTK_DATA=… python benchmarks/load.py [seconds]     # prints the table and keeps it in load.md

Eight clients ask for one movie review at a time, each the next as soon as it has its answer: servers in turn, three
rounds each, so that what disturbs one disturbs the others. Memory is that of the server's process, after 1,000 requests
and after the load and 10,000 more.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack

import aiohttp
import mlflow
import numpy as np
import psutil
from project import command
from report import MACHINE, keep
from serving import PAIRS, start, trained

CLIENTS, ROUNDS = 8, 3
BLEND = "simple, blend (the default)"
SERVE, RECORDING = "the champion, `-e serve`", "the champion, `-e serve -P record=true`"


def scoring_process(process):
    """The psutil.Process of the scoring server below a command."""
    children = psutil.Process(process.pid).children(recursive=True)
    return next(child for child in children if "uvicorn" in " ".join(child.cmdline()))


async def ask(port, texts, until):
    """Latencies in milliseconds of what ``CLIENTS`` clients ask, while ``until(count)`` is not true."""
    url, times = f"http://127.0.0.1:{port}/invocations", []

    async def client(session, number):
        while not until(len(times)):
            body = {"inputs": [texts[(number + CLIENTS * len(times)) % len(texts)]]}
            started = time.perf_counter()
            async with session.post(url, json=body) as response:
                assert response.status == 200, await response.text()
                await response.read()
            times.append(1000 * (time.perf_counter() - started))

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(client(session, number) for number in range(CLIENTS)))
    return times


def for_seconds(port, texts, seconds):
    end = time.time() + seconds
    return asyncio.run(ask(port, texts, lambda count: time.time() > end))


def requests(port, texts, count):
    return asyncio.run(ask(port, texts, lambda done: done >= count))


def servers(stack, folder):
    """Ports and processes by name, and the texts."""
    uris, bare, texts = trained(folder)
    version = mlflow.register_model(uris[BLEND], "sentiment").version
    mlflow.MlflowClient().set_registered_model_alias("sentiment", "champion", version)
    scoring = ["mlflow", "models", "serve", "--env-manager", "local", "-m"]
    commands = {
        "bare pipeline, `mlflow models serve`": [*scoring, uris[PAIRS[BLEND]], "-p", "5201"],
        "the champion, `mlflow models serve`": [*scoring, uris[BLEND], "-p", "5202"],
        SERVE: command("serve", "port=5203"),
        RECORDING: command("serve", "port=5204 record=true"),
    }
    ports = {name: 5201 + number for number, name in enumerate(commands)}
    return {
        name: (ports[name], scoring_process(start(stack, folder, given, ports[name])))
        for name, given in commands.items()
    }, texts


def main(seconds):
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        found, texts = servers(stack, folder)
        memory, times = {}, {name: [] for name in found}
        for name, (port, process) in found.items():
            requests(port, texts, 1000)
            memory[name] = process.memory_info().rss
        for _ in range(ROUNDS):
            for name, (port, _) in found.items():
                times[name].append(for_seconds(port, texts, seconds / ROUNDS))
        grown = {}
        for name in (SERVE, RECORDING):
            port, process = found[name]
            requests(port, texts, 10_000)
            grown[name] = process.memory_info().rss / memory[name] - 1
        time.sleep(15)  # the counts are reported
        counts = mlflow.search_runs(["0"], "metrics.requests_recorded >= 0", output_format="list")[0].data.metrics
    figures = {
        name: [(len(one) * ROUNDS / seconds, *np.percentile(one, (50, 95, 99))) for one in rounds]
        for name, rounds in times.items()
    }
    median = {name: [statistics.median(column) for column in zip(*rounds)] for name, rounds in figures.items()}
    base = next(iter(median.values()))
    rows = [
        f"| {name} | {a:.0f} | {p50:.1f} | {p95:.1f} ({p95 / base[2]:.2f}) | {p99:.1f} | {memory[name] / 1e6:.0f} "
        f"| {f'{grown[name]:+.1%}' if name in grown else ''} |"
        for name, (a, p50, p95, p99) in median.items()
    ]
    off, on = median[SERVE], median[RECORDING]
    keep(
        __file__,
        [
            "# Serving under load",
            "",
            f"{MACHINE}, which the clients share; {CLIENTS} clients, {seconds} s each, whole movie reviews (4 kB on "
            f"average), medians of {ROUNDS} rounds in turn; in brackets the ratio to the bare pipeline.",
            "",
            "| | requests/s | p50 ms | p95 ms | p99 ms | MB after 1,000 requests | after 10,000 and more |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
            f"Recording: p95 {on[2] / off[2] - 1:+.1%}; {counts['requests_recorded']:.0f} requests recorded, "
            f"{counts['requests_dropped']:.0f} dropped.",
        ],
    )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
