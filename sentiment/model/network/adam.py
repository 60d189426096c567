"""Adam as TensorFlow's fused kernel: one pass over the weights instead of the eight of Keras's own implementation."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

SHARE = 0.02  # least share of a step's weights in the average
AVERAGE_EVERY = 5  # steps, once the share is that small: averaging in each takes a third of a step


class FusedAdam(keras.optimizers.Adam):
    """Adam (Kingma and Ba 2015, section 2, in the efficient order of its last paragraph).

    On a CPU, most of a training step of a small network over a large vocabulary is this update. The gradients of a row
    of an embedding are summed before they are squared. Keras's Adam adds the squares of the summands instead, which
    makes words that are frequent in a batch learn more slowly.

    An average of the weights (Polyak and Juditsky 1992) is evaluated and kept. At first a step counts in proportion to
    its number (Lacoste-Julien, Schmidt and Bach 2012), so that nothing is left of the initial weights after a few
    steps; then it is an exponential moving average.
    """

    def __init__(self, learning_rate: Any, **kwargs: Any) -> None:
        super().__init__(learning_rate, use_ema=True, **kwargs)
        self.schedule = learning_rate  # Keras only gives its current value

    def _backend_apply_gradients(self, grads: Sequence[Any], trainable_variables: Sequence[Any]) -> None:
        # Keras's own adds a dozen operations per weight, and tracing them takes longer than a short fit.
        rate, done = tf.cast(self.learning_rate, tf.float32), tf.cast(self.iterations, tf.float32)
        powers = tf.pow(self.beta_1, done + 1), tf.pow(self.beta_2, done + 1)
        kept = 1.0 - rate * (self.weight_decay or 0.0)
        for gradient, variable in zip(grads, trainable_variables):
            weight, index = variable.value, self._get_variable_index(variable)
            if self.weight_decay and self._use_weight_decay(variable):
                weight.assign(weight * kept)  # before the update (Loshchilov and Hutter 2019, algorithm 2)
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle,
                m=self._momentums[index].value.handle,
                v=self._velocities[index].value.handle,
                beta1_power=powers[0],
                beta2_power=powers[1],
                lr=rate,
                beta1=self.beta_1,
                beta2=self.beta_2,
                epsilon=self.epsilon,
                grad=tf.convert_to_tensor(gradient),
            )

        def average_weights() -> None:
            moved = every * tf.maximum(SHARE, 2.0 / (done + 2.0))
            for variable, average in zip(self._trainable_variables, self._model_variables_moving_average):
                average.value.assign_sub((average.value - variable.value) * moved)

        every = tf.where(done < 2.0 / SHARE, 1.0, float(AVERAGE_EVERY))
        as_it_is = tf.autograph.experimental.do_not_convert  # converting takes longer than tracing
        tf.cond(done % every == 0, as_it_is(average_weights), as_it_is(lambda: None))

    @tf.function(autograph=False)
    def swap_average(self) -> None:
        """Exchange the weights and their average."""
        for variable, average in zip(self._trainable_variables, self._model_variables_moving_average):
            weight, mean = tf.identity(variable.value), tf.identity(average.value)
            variable.value.assign(mean)
            average.value.assign(weight)


class SwapAverage(keras.callbacks.SwapEMAWeights):
    """Keras's callback, with one call for all weights, which are exchanged without rounding."""

    def _tf_swap_variables(self, optimizer: FusedAdam) -> None:
        optimizer.swap_average()
