"""The batches that networks are trained on: every text once, with its label and weight, among texts of its length."""

import numpy as np
import pytest

TEXTS, WIDTH, PADDING = 1000, 60, 0


@pytest.fixture(scope="module")
def make_batches():
    from sentiment.model.network.batches import make_batches

    return make_batches


@pytest.fixture(scope="module")
def split():
    """Texts that repeat their number, as often as they are long. Their labels and weights are this number, too."""
    lengths = np.random.default_rng(0).integers(0, WIDTH + 1, TEXTS)
    numbers = np.arange(1, TEXTS + 1, dtype=np.int32)
    ids = np.where(np.arange(WIDTH) < lengths[:, None], numbers[:, None], PADDING).astype(np.int32)
    return ids, numbers, numbers.astype(np.float32)


@pytest.mark.parametrize("padding", [None, PADDING])
def test_batches_that_are_read_one_by_one_are_the_same(make_batches, split, padding, monkeypatch):
    def epochs():
        batches = make_batches(split, 32, padding, seed=1)
        return [column for _ in range(2) for batch in batches.as_numpy_iterator() for column in batch]

    copied = epochs()
    monkeypatch.setattr("sentiment.model.network.batches.IN_MEMORY", 100)
    assert all(np.array_equal(one, other) for one, other in zip(copied, epochs(), strict=True))


@pytest.mark.parametrize("padding", [None, PADDING])
def test_each_text_comes_once_with_its_label_and_weight(make_batches, split, padding):
    batches = list(make_batches(split, 32, padding, seed=1).as_numpy_iterator())
    assert [len(labels) for _, labels, _ in batches].count(32) == TEXTS // 32 and len(batches) == -(-TEXTS // 32)
    assert sorted(np.concatenate([labels for _, labels, _ in batches])) == list(split[1])
    for ids, labels, weights in batches:
        assert (weights == labels).all()
        assert all(set(row) <= {label, PADDING} for row, label in zip(ids, labels, strict=True))


def test_a_batch_is_as_wide_as_its_longest_text_and_most_are_narrow(make_batches, split):
    whole = {int(label): row for row, label in zip(*split[:2], strict=True)}
    cells = 0
    for ids, labels, _ in make_batches(split, 32, PADDING, seed=1).as_numpy_iterator():
        width = ids.shape[1]
        assert width == max(1, *(np.count_nonzero(row) for row in ids))
        assert all((whole[int(label)][:width] == row).all() for row, label in zip(ids, labels, strict=True))
        cells += ids.size
    assert cells < 0.65 * split[0].size  # their mean length is half of the longest


def test_the_order_changes_from_epoch_to_epoch_and_comes_again_with_the_seed(make_batches, split):
    def epochs(seed):
        batches = make_batches(split, 32, PADDING, seed)
        return [np.concatenate([labels for _, labels, _ in batches.as_numpy_iterator()]) for _ in range(2)]

    first, second = epochs(1)
    assert (first != second).any() and (first != epochs(2)[0]).any()
    assert all((one == again).all() for one, again in zip((first, second), epochs(1), strict=True))
    widths = [ids.shape[1] for ids, *_ in make_batches(split, 32, PADDING, seed=1).as_numpy_iterator()]
    assert widths != sorted(widths)  # not the short ones first
