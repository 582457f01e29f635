using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  # What an isolate is given where such workers run; without a limit the engine collects garbage late.
  v8Flags = ["--max-old-space-size=96", "--max-semi-space-size=2"],
  services = [(name = "norms", worker = (
    modules = [
      (name = "worker.js", esModule = embed "dist/worker.js"),
      (name = "opnorm.wasm", wasm = embed "dist/opnorm.wasm"),
    ],
    compatibilityDate = "2025-09-01",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "norms")],
);
