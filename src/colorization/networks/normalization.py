"""Computes batch normalization in a single kernel."""

import keras
from keras import layers, ops

FUSED_DTYPES = ("float32", "bfloat16", "float16")  # of FusedBatchNormV3


@keras.saving.register_keras_serializable(package="colorization")
class FusedBatchNormalization(layers.BatchNormalization):
    """Keras' batch normalization for feature maps (N, H, W, C), by TensorFlow's fused kernel.

    Keras' own layer is slower: it consists of elementary operations, in float32 whatever the
    policy, each of which reads and writes the whole feature map. Gradients and moving statistics
    are the same. Other backends and dtypes use Keras' own layer.
    """

    def call(self, inputs: keras.KerasTensor, training: bool | None = None) -> keras.KerasTensor:
        """Return (N, H, W, C), normalized by the batch in training, else by moving statistics."""
        dtype = keras.backend.standardize_dtype(inputs.dtype)
        if keras.config.backend() != "tensorflow" or dtype not in FUSED_DTYPES:
            return super().call(inputs, training=training)
        if training and self.trainable:
            normalized, mean, variance = self._fused(inputs, mean=[], variance=[], training=True)
            # The kernel returns the unbiased variance; Keras averages the biased one.
            count = ops.cast(ops.size(inputs[..., 0]), "float32")
            self._update_average(self.moving_mean, mean)
            self._update_average(self.moving_variance, variance * ((count - 1) / count))
            return normalized
        return self._fused(inputs, self.moving_mean, self.moving_variance, training=False)[0]

    def _fused(
        self, inputs: keras.KerasTensor, mean: object, variance: object, training: bool
    ) -> tuple[keras.KerasTensor, ...]:
        """Return normalized inputs, mean and variance; for training, pass [] for the latter two."""
        import tensorflow as tf  # noqa: PLC0415 (other backends do not need it)

        return tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(self.gamma),
            offset=tf.convert_to_tensor(self.beta),
            mean=tf.convert_to_tensor(mean, tf.float32),
            variance=tf.convert_to_tensor(variance, tf.float32),
            epsilon=self.epsilon,
            is_training=training,
        )[:3]

    def _update_average(self, moving: keras.Variable, batch_value: keras.KerasTensor) -> None:
        moving.assign(moving * self.momentum + batch_value * (1 - self.momentum))
