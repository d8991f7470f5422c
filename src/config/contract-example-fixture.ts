/** The examples of the contract, as far as this version has their keys. Numbers, sizes and booleans are the defaults. */

export const siteExample = `
[[route]]
path    = "/api/*"
module  = "api.wasm"
kind    = "wagi"
methods = ["GET", "POST"]
argv    = ["\${SCRIPT_NAME}", "\${ARGS}"]
env     = { GREETING = "hi" }
files   = ["data/**"]
scratch = "16 MiB"
preload = false
timeout_ms = 1000
idle_ms    = 10000
cpu_ms     = 200
memory_max = "64 MiB"
body_max   = "10 MiB"
chunked    = false
max_concurrency = 64
breaker = { failures = 5, window_s = 10, rate = 0.5, min_requests = 20, open_s = 5 }
probe = { path = "/api/health", status = [200, 299], headers = {} }

[assets]
dir   = "public"
spa   = false
cache = { "assets/**" = "public, max-age=31536000, immutable" }
headers = { "**" = { "X-Frame-Options" = "DENY" } }
`;

export const nodeExample = `
[server]
addr = "0.0.0.0:8080"
admin = "127.0.0.1:9080"
admin_hosts = []
threads = 1
patch_max = "512 MiB"
release_header = true
trusted_proxies = []
tls = { cert = "c.pem", key = "k.pem" }
admin_tls = { cert = "ac.pem", key = "ak.pem" }
shutdown_grace_ms = 10000
log = { format = "text", redact = ["X-Api-Key"] }

[[site]]
name  = "default"
hosts = ["*"]
dir   = "site"
keys  = ["RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"]
keys_threshold = 1
retired_keys = []
keep_releases = 5
watch = { window_s = 60, min_requests = 200, error_rate_above = 0.01 }
[[site.mount]]
host = "/var/lib/app"
guest = "/data"
mode = "rw"
[site.limits]
cpu_share = 100
memory_max = "256 MiB"
max_connections = 200
max_pending = 100
max_requests = 1000
rate_per_second = 0
rate_per_client = 0
guest_memory_max = "128 MiB"
guest_timeout_ms_max = 30000
guest_cpu_ms_max = 10000
[site.canary]
percent = 5
window_s = 60
min_requests = 1000
min_clients = 10
error_rate_above = 0.001
p99_ratio_max = 2.0
webhook = "http://hooks.example/canary"
cookie = false
`;
