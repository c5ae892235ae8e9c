"""Measures SecretFlow SPU at what Abraham's painters do: one JSON object a line (name, baseline, value).

Three parties in three processes on loopback, ABY3, 64-bit ring; the network 8 -> 256 -> 64 -> 3072 with secret
weights and inputs, with sine and with ReLU; CPU is each party's own, averaged over the three; bytes are what all
three send together.
"""

import json
import multiprocessing
import os
import re
import socket
import tempfile
import time

SIZES = [8, 256, 64, 3072]
PARTIES = 3
REPEATS = 5


def network(activation):
    """The forward pass and one step of plain gradient descent, as JAX functions of (weights, inputs, ...)."""
    import jax
    import jax.numpy as jnp

    bend = jnp.sin if activation == "sine" else jax.nn.relu

    def paint(weights, z):
        for w, b in weights[:-1]:
            z = bend(z @ w + b)
        w, b = weights[-1]
        return z @ w + b

    def step(weights, z, target):
        loss = lambda weights: jnp.sum((paint(weights, z) - target) ** 2) / z.shape[0]
        gradients = jax.grad(loss)(weights)
        return [(w - 0.01 * dw, b - 0.01 * db) for (w, b), (dw, db) in zip(weights, gradients)]

    return paint, step


def programs(activation):
    """Name, function and arguments of each program that is measured."""
    import numpy as np

    paint, step = network(activation)
    draw = np.random.default_rng(1)
    weights = [
        (
            draw.normal(0, fan_in**-0.5, (fan_in, fan_out)).astype(np.float32),
            np.zeros(fan_out, np.float32),
        )
        for fan_in, fan_out in zip(SIZES, SIZES[1:])
    ]
    noise = lambda rows, columns: draw.normal(size=(rows, columns)).astype(np.float32)
    return [
        ("paint", paint, (weights, noise(1, 8))),
        ("paint64", paint, (weights, noise(64, 8))),
        ("step64", step, (weights, noise(64, 8), noise(64, 3072))),
    ]


def bytes_in(log, start):
    """What SPU's profile, which it writes to the standard output from `start` on, says was sent."""
    log.seek(start)
    found = re.findall(r"total send bytes (\d+)", log.read().decode(errors="replace"))
    return int(found[-1]) if found else None


def party(rank, addresses, activation, results):
    """One party: compiles and runs every program, and reports its CPU milliseconds and sent bytes."""
    log = tempfile.TemporaryFile()
    os.dup2(log.fileno(), 1)
    import jax
    import spu
    import spu.libspu as libspu
    import spu.utils.frontend as frontend

    description = libspu.link.Desc()
    for index, address in enumerate(addresses):
        description.add_party(f"party{index}", address)
    link = libspu.link.create_brpc(description, rank)
    config = libspu.RuntimeConfig(protocol=libspu.ProtocolKind.ABY3, field=libspu.FieldType.FM64)
    runtime = spu.Runtime(link, config)
    with_profile = libspu.RuntimeConfig(config)
    with_profile.enable_pphlo_profile = True
    profiled = spu.Runtime(link.spawn(), with_profile)
    io = spu.Io(PARTIES, config)
    for name, function, arguments in programs(activation):
        leaves, _ = jax.tree_util.tree_flatten(arguments)
        names = [f"{name}-{index}" for index in range(len(leaves))]
        for leaf, key in zip(leaves, names):
            shares = io.make_shares(leaf, libspu.Visibility.VIS_SECRET)
            runtime.set_var(key, shares[rank])
            profiled.set_var(key, shares[rank])
        executable, _ = frontend.compile(
            frontend.Kind.JAX,
            function,
            arguments,
            {},
            names,
            [libspu.Visibility.VIS_SECRET] * len(names),
            lambda outputs: [f"{name}-out-{index}" for index in range(len(outputs))],
        )
        runtime.run(executable)
        cpu = []
        for _ in range(REPEATS):
            begun = time.process_time()
            runtime.run(executable)
            cpu.append((time.process_time() - begun) * 1e3)
        # The profile costs time of its own, so bytes are read off a runtime of their own.
        start = os.fstat(log.fileno()).st_size
        profiled.run(executable)
        results.put((name, sorted(cpu)[len(cpu) // 2], bytes_in(log, start)))


def free_addresses():
    sockets = [socket.socket() for _ in range(PARTIES)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return addresses


def main():
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    context = multiprocessing.get_context("spawn")
    for activation, baseline in [("sine", "SPU 0.9.5 ABY3, sine"), ("ReLU", "SPU 0.9.5 ABY3, ReLU")]:
        results = context.Queue()
        addresses = free_addresses()
        parties = [
            context.Process(target=party, args=(rank, addresses, activation, results)) for rank in range(PARTIES)
        ]
        for one in parties:
            one.start()
        found = {}
        for _ in range(3 * PARTIES):
            name, cpu, sent = results.get(timeout=600)
            found.setdefault(name, []).append((cpu, sent))
        for one in parties:
            one.join(timeout=60)
        mean = {name: sum(cpu for cpu, _ in measured) / PARTIES for name, measured in found.items()}
        total = {
            name: sum(sent for _, sent in measured)
            for name, measured in found.items()
            if all(sent is not None for _, sent in measured)
        }
        for suffix, values in [("cpu_ms_per_painter", mean), ("bytes_total", total)]:
            for name, value in values.items():
                # What is compared is backward and update; the gradient's program runs the forward pass too.
                value -= values.get("paint64", 0) if name == "step64" else 0
                print(json.dumps({"name": f"{name}_{suffix}", "baseline": baseline, "value": value}))


if __name__ == "__main__":
    main()
