#!/usr/bin/env python3
"""best_exact_pruned of ../shared/native_baseline.py on the 19 convolutions of ResNet-20 at n = 32, 16, 8 (float32, one thread): one line of milliseconds.

Its functions are used as they are, in the environment it makes for itself; the part of that file that runs its own table is left out.
"""
import json, os, struct, sys, time
wanted = {'OPENBLAS_NUM_THREADS': '1', 'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1',
          'MALLOC_MMAP_MAX_': '0', 'MALLOC_TRIM_THRESHOLD_': '20000000000', 'MALLOC_TOP_PAD_': '268435456'}  # reuse heap pages: a third of the time
slower = ('OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE')  # an older kernel than the processor's own, where a machine names one
if any(os.environ.get(name) != value for name, value in wanted.items()) or any(name in os.environ for name in slower):
    kept = {name: value for name, value in os.environ.items() if name not in slower}
    os.execve(sys.executable, [sys.executable, *sys.argv], {**kept, **wanted})
root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'shared')
source = open(os.path.join(root, 'native_baseline.py')).read()
start, end = source.index('import json, math'), source.index('# ---------------------------------------------------------------- timing')
scope = {'__name__': 'baseline', 'a': type('Arguments', (), {'no_torch': '--no-torch' in sys.argv, 'threads': 1})()}
exec(source[start:end], scope)
np = scope['np']
data = open(os.path.join(root, 'models', 'resnet20.safetensors'), 'rb').read()
length = struct.unpack('<Q', data[:8])[0]
header = json.loads(data[8:8 + length])
kernels = []
for name, tensor in header.items():
    if len(tensor.get('shape', [])) != 4: continue
    first, last = tensor['data_offsets']
    size = 8 if 'layer3' in name else 16 if 'layer2' in name else 32
    kernels.append((np.frombuffer(data[8 + length + first:8 + length + last], '<f4').reshape(tensor['shape']).copy(), size))
def run():
    started = time.perf_counter()
    for kernel, size in kernels: scope['exact_pruned'](kernel, size, 1)
    return (time.perf_counter() - started) * 1e3
run()
print(json.dumps({'layers': len(kernels), 'ms': sorted(run() for _ in range(9))[4]}))
