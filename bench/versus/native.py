"""The same work in NumPy, one thread: reads matrices from a file, writes the answer to another, prints the seconds of the best of many runs.

usage: native.py svdvals|svd|fft2 file shape...        complex128 matrices
       native.py product file n                       two real matrices, AᵀB
       native.py spectrum file channels size            a float64 kernel [channels, channels, 3, 3], values over the half spectrum
"""
import os, sys, time
for name in ('OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ[name] = '1'
import numpy as np

task, path, sides = sys.argv[1], sys.argv[2], [int(side) for side in sys.argv[3:]]

def best(work):
    work()
    least, stop = np.inf, time.perf_counter() + 1
    while True:
        start = time.perf_counter()
        answer = work()
        now = time.perf_counter()
        least = min(least, now - start)
        if now > stop:
            return least, answer

if task == 'spectrum':
    c, size = sides
    kernel = np.fromfile(path).reshape(c, c, 3, 3)
    def work():
        symbol = np.fft.rfft2(kernel, s=(size, size)).transpose(2, 3, 0, 1)
        return np.linalg.svd(np.ascontiguousarray(symbol), compute_uv=False)
elif task == 'product':
    a, b = np.fromfile(path).reshape(2, *sides, *sides)
    work = lambda: (a @ b.T).T  # column-major
else:
    a = np.fromfile(path, dtype=complex).reshape(-1, *sides)
    work = {
        'svdvals': lambda: np.linalg.svd(a, compute_uv=False),
        'svd': lambda: np.linalg.svd(a)[1],
        'fft2': lambda: np.fft.fft2(a),
    }[task]
seconds, answer = best(work)
np.ascontiguousarray(answer).tofile(path + '.out')
print(seconds)
