"""Adam as TensorFlow's fused kernel: one pass over the weights instead of the eight of Keras's own implementation."""

from functools import partial
from typing import Any

import keras
import tensorflow as tf

MOMENTUM, AVERAGE_EVERY = 0.9, 5  # of the average of the weights: in each of so many steps


class FusedAdam(keras.optimizers.Adam):
    """Adam (Kingma and Ba 2015, section 2, in the efficient order of its last paragraph).

    On a CPU, most of a training step of a small network over a large vocabulary is this update. The gradients of a row
    of an embedding are summed before they are squared. Keras's Adam adds the squares of the summands instead, which
    makes words that are frequent in a batch learn more slowly.

    What is evaluated and kept is an exponential moving average of the weights (Polyak and Juditsky 1992).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, use_ema=True, ema_momentum=MOMENTUM, **kwargs)

    def _update_model_variables_moving_average(self, trainable_variables: Any) -> None:
        # Once a step, this would take a third of the step.
        average = partial(super()._update_model_variables_moving_average, trainable_variables)
        as_it_is = tf.autograph.experimental.do_not_convert  # converting Keras's code takes half a second
        tf.cond(self.iterations % AVERAGE_EVERY == 0, as_it_is(average), as_it_is(lambda: None))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        dtype = variable.dtype
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.constant(self.beta_1, dtype), step),
            beta2_power=tf.pow(tf.constant(self.beta_2, dtype), step),
            lr=tf.cast(learning_rate, dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),
        )
