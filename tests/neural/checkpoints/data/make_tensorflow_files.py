"""Writes what ``test_formats.py`` reads, with TensorFlow 2.16: ``python make_tensorflow_files.py FOLDER``."""

from __future__ import annotations

import sys

import tensorflow.compat.v1 as tf

tf.disable_eager_execution()

with tf.variable_scope("generator/G_MODEL"):
    for scope in ("A", "B", "C/r1"):
        for i in range(12):
            tf.get_variable(f"{scope}/Conv_{i}/weights", initializer=tf.reshape(tf.range(6.0) + 10.0 * i, (1, 1, 2, 3)))
    tf.get_variable("half", initializer=tf.constant([1.5, -2.0], tf.float16))
    tf.get_variable("bfloat16", initializer=tf.constant([1.5, -2.0], tf.bfloat16))
    tf.get_variable("long", initializer=tf.constant([[1, 2, 3]], tf.int64))
    tf.get_variable("step", initializer=tf.constant(7, tf.int32))
    tf.get_variable("text", initializer=tf.constant(["a", "bc"]))
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    tf.train.Saver().save(session, f"{sys.argv[1]}/small.ckpt", write_meta_graph=False, write_state=False)
