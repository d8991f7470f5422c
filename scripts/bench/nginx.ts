/** nginx as a peer for files: one process, no access log, everything below a directory of its own. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, type ServerCommand } from "./child.ts";

/** nginx serving `root`, taking `FILE.gz` for a client that takes gzip; or why it cannot be had. */
export function nginx(
  name: string,
  dir: string,
  root: string,
  path: string,
): ServerCommand | { readonly reason: string } {
  // Debian keeps it where only root's search path leads.
  const program = Bun.which("nginx", { PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` });
  if (program === null)
    return { reason: "nginx is not installed (apt install nginx-light, brew install nginx)" };
  const { stderr } = Bun.spawnSync([program, "-V"]);
  if (!stderr.includes("http_gzip_static_module"))
    return { reason: `${program} has no http_gzip_static_module` };
  const port = freePort();
  const prefix = join(dir, `nginx-${port}`);
  mkdirSync(prefix);
  writeFileSync(join(prefix, "nginx.conf"), configuration(prefix, root, port));
  const argv = [program, "-p", prefix, "-c", join(prefix, "nginx.conf"), "-e", join(prefix, "error.log")];
  return { name, argv, path, url: `http://127.0.0.1:${port}` };
}

function configuration(prefix: string, root: string, port: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `  ${kind}_temp_path ${prefix}/${kind};`)
    .join("\n");
  return `daemon off;
master_process off;
pid ${prefix}/nginx.pid;
events { worker_connections 1024; }
http {
${temporary}
  types { text/html html; text/plain txt; application/octet-stream bin; }
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  gzip_static on;
  open_file_cache max=100 inactive=60s;
  server {
    listen 127.0.0.1:${port};
    root ${root};
  }
}
`;
}
