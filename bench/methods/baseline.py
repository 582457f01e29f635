#!/usr/bin/env python3
"""One row of ../shared/native_baseline.py, in processor time: usage baseline.py METHOD SHAPE DTYPE [--no-torch]; one line of JSON {ms, value}.

Its functions are used as they are; the part of that file that runs its own table is left out. SHAPE is one of its names, or `resnet20`: the 19
convolutions of that network one after the other, with their strides.
"""
import json, os, struct, sys, time
threads = {'OPENBLAS_NUM_THREADS': '1', 'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1'}
heap = {'MALLOC_MMAP_MAX_': '0', 'MALLOC_TRIM_THRESHOLD_': '20000000000', 'MALLOC_TOP_PAD_': '268435456'}  # reuse heap pages, as that script does
slower = ('OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE')  # an older kernel than the processor's own, where a machine names one
if any(os.environ.get(name) != value for name, value in {**threads, **heap}.items()) or any(name in os.environ for name in slower):
    kept = {name: value for name, value in os.environ.items() if name not in slower}
    os.execve(sys.executable, [sys.executable, *sys.argv], {**kept, **threads, **heap})
method, shape, dtype = sys.argv[1:4]
root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..', 'shared')
source = open(os.path.join(root, 'native_baseline.py')).read()
first, last = source.index('import json, math'), source.index('# ---------------------------------------------------------------- timing')
scope = {'__name__': 'baseline', 'a': type('Arguments', (), {'no_torch': '--no-torch' in sys.argv, 'threads': 1})()}
exec(source[first:last], scope)
table = source[source.index('def methods('):source.index('def dense_methods(')]
exec(table, scope)
np = scope['np']
real = np.float32 if dtype == 'f32' else np.float64


def resnet20():
    data = open(os.path.join(root, 'models', 'resnet20.safetensors'), 'rb').read()
    length = struct.unpack('<Q', data[:8])[0]
    for name, tensor in json.loads(data[8:8 + length]).items():
        if len(tensor.get('shape', [])) != 4:
            continue
        begin, end = tensor['data_offsets']
        kernel = np.frombuffer(data[8 + length + begin:8 + length + end], '<f4').reshape(tensor['shape'])
        stride = 2 if name.startswith(('layer2.0.conv1', 'layer3.0.conv1')) else 1
        yield kernel, (8 if 'layer3' in name else 16 if 'layer2' in name else 32) * stride, stride


def random():
    seed, sides, size, stride, std = scope['SHAPES'][shape]
    yield scope['seeded'](seed, sides, std), size, stride


layers = [scope['methods'](np.ascontiguousarray(kernel.astype(real)), size, stride)[method]
          for kernel, size, stride in (resnet20() if shape == 'resnet20' else random())]


def run():
    begin = time.process_time()
    value = sum(layer() for layer in layers)
    return (time.process_time() - begin) * 1e3, value


run()
runs, stop = [], time.perf_counter() + 1.5
while len(runs) < 3 or (time.perf_counter() < stop and len(runs) < 100):
    runs.append(run())
print(json.dumps({'ms': sorted(ms for ms, _ in runs)[len(runs) // 2], 'value': runs[0][1]}))
